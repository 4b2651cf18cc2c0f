"""A shop that two people claim (`ownership`): who says what, and what was decided."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from safeconduct.foundation.ids import new_id


def _claim_id() -> str:
    return new_id("own")


def _word_id() -> str:
    return new_id("owd")


class OwnershipClaim(models.Model):
    """Somebody says that a shop is theirs, or not only others' (`ownership`): who, since when changes wait, what was
    decided and why, by whom, and what a second person made of the appeal. ``claimant``: empty for somebody without an
    account, whose `contact` is sealed. One open claim for each shop; drafts of the public form are not open."""

    id = models.CharField(primary_key=True, max_length=30, default=_claim_id, editable=False)
    seller_key = models.BigIntegerField()
    claimant = models.ForeignKey("parties.User", models.PROTECT, related_name="+", null=True)
    contact = models.BinaryField(null=True)
    relation = models.CharField(max_length=16)
    state = models.CharField(max_length=10)
    opened_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=16, blank=True, default="")
    why = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey("parties.User", models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    appeal_until = models.DateTimeField(null=True)
    appealed_at = models.DateTimeField(null=True)
    final_finding = models.CharField(max_length=16, blank=True, default="")
    final_why = models.TextField(blank=True, default="")
    final_by = models.ForeignKey("parties.User", models.PROTECT, related_name="+", null=True)
    final_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ownership_claim"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller_key"],
                condition=Q(state__in=["waiting", "open", "appealed"]),
                name="ownership_claim_one",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "waiting", "open", "decided", "appealed", "closed"]),
                name="ownership_claim_state",
            ),
            models.CheckConstraint(
                condition=Q(claimant__isnull=True, contact__isnull=False)
                | Q(claimant__isnull=False, contact__isnull=True),
                name="ownership_claim_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "waiting", "open"], decided_by__isnull=True, finding="")
                | (
                    Q(state__in=["decided", "appealed", "closed"], decided_by__isnull=False)
                    & ~Q(finding="")
                    & ~Q(why="")
                ),
                name="ownership_claim_decided_with_reasons",
            ),
            models.CheckConstraint(
                condition=(~Q(state="closed") & Q(final_by__isnull=True, final_finding=""))
                | (Q(state="closed", final_by__isnull=False) & ~Q(final_by=F("decided_by")) & ~Q(final_why="")),
                name="ownership_claim_appeal_by_another",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-opened_at", "-id"], name="ownership_claim_latest")]


class OwnershipWord(models.Model):
    """What somebody says in a claim, and what they show for it: sealed under the claim. ``side``: `claimant`, `shop` or
    `staff`. Rows are only added."""

    id = models.CharField(primary_key=True, max_length=30, default=_word_id, editable=False)
    claim = models.ForeignKey(OwnershipClaim, models.PROTECT, related_name="words")
    side = models.CharField(max_length=10)
    author = models.CharField(max_length=60, blank=True)
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "ownership_word"
        indexes: ClassVar = [models.Index(fields=["claim", "at", "id"], name="ownership_word_of_claim")]

"""What stands beside payout accounts: what one of the staff proposes and another agrees to, and what sellers object."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Proposed(models.TextChoices):
    """What two people of the staff do together."""

    END_STOP = "end_stop", "end a stop of payouts"
    GIVE_BACK = "give_back", "give an account back"


class PayoutProposal(models.Model):
    """Something that a second person has to agree to. ``target``: the stop or the account; ``why``: the reasons, which
    the seller reads. ``agreed``: whether it was done, where it is closed. One open proposal for each target.
    """

    id = models.CharField(primary_key=True, max_length=30)
    kind = models.CharField(max_length=10, choices=Proposed.choices)
    target = models.CharField(max_length=30)
    seller_key = models.BigIntegerField()
    proposed_by = models.CharField(max_length=60)
    why = models.TextField()
    at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=60, blank=True, default="")
    agreed = models.BooleanField(default=False)

    class Meta:
        db_table = "payout_proposal"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target"], condition=Q(closed_at=None), name="payout_proposal_one_a_target"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by="", agreed=False)
                | (Q(closed_at__gte=F("at")) & ~Q(closed_by="")),
                name="payout_proposal_closed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(agreed=False) | ~Q(closed_by=F("proposed_by")), name="payout_proposal_two_people"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="payout_proposal_has_reasons"),
        ]


class PayoutContest(models.Model):
    """A seller's objection to a link with another shop that is paid to the same account. ``written_by``: the person;
    ``answer``: what the staff decided about the account, with reasons. One open objection for each account.
    """

    id = models.CharField(primary_key=True, max_length=30)
    account_id = models.CharField(max_length=30)
    seller_key = models.BigIntegerField()
    written_by = models.CharField(max_length=60)
    text = models.TextField()
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=60, blank=True, default="")
    answer = models.TextField(blank=True, default="")

    class Meta:
        db_table = "payout_contest"
        indexes: ClassVar = [models.Index(fields=["account_id", "at", "id"], name="payout_contest_of_account")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account_id"], condition=Q(answered_at=None), name="payout_contest_one_open"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by="", answer="")
                | (Q(answered_at__gte=F("at")) & ~Q(answered_by="") & ~Q(answer="")),
                name="payout_contest_answered_with_reasons",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="payout_contest_says_something"),
        ]

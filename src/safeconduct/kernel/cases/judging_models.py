"""What stands beside a decision: the proposal that a second person confirms, and the blind second review. No seller and
no buyer sees either; who judges is not for the parties."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.words import ProposalState
from safeconduct.kernel.parties.models import User

_ANSWERED = ["confirmed", "returned"]


class Proposal(models.Model):
    """A decision above an amount as one person has proposed it: it moves nothing until a second person confirms it.

    ``name``: the step that it is; ``outcome``, ``facts``, ``why``: what came with it, never changed.
    ``at_stake_minor``: what the case is about, or the outcome where that is more; ``above_minor``: the amount it
    exceeds. What may be written later, once, is what became of it. ``why_returned``: for its author alone.
    """

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="proposals")
    state_name = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    outcome = models.JSONField()
    facts = models.JSONField(default=dict)
    why = models.TextField(blank=True, default="")
    at_stake_minor = models.BigIntegerField()
    above_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_role = models.CharField(max_length=16)
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in ProposalState], default="waiting")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_role = models.CharField(max_length=16, null=True)
    answered_at = models.DateTimeField(null=True)
    why_returned = models.TextField(blank=True, default="")

    class Meta:
        db_table = "case_proposal"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(at_stake_minor__gt=F("above_minor")), name="case_proposal_is_above"),
            models.CheckConstraint(condition=~Q(outcome={}), name="case_proposal_has_an_outcome"),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("proposed_by")),
                name="case_proposal_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", answered_at__isnull=True, answered_by__isnull=True)
                | Q(state__in=["replaced", "lapsed"], answered_at__isnull=False, answered_by__isnull=True)
                | Q(
                    state__in=_ANSWERED, answered_at__isnull=False, answered_by__isnull=False,
                    answered_role="approver",
                ),
                name="case_proposal_answered",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(why_returned=""), name="case_proposal_returned_with_a_reason"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="waiting"), name="case_proposal_one_waits"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["case", "at"], name="case_proposal_of_case"),
            models.Index(fields=["at", "id"], condition=Q(state="waiting"), name="case_proposal_waiting"),
        ]


class BlindReview(models.Model):
    """A decision that was chosen to be taken once more by somebody who does not know it. It changes nothing.

    ``share_bp``: the share of decisions, in hundredths of a percent, that was in force when it was chosen. The three
    parts, ``amount_minor`` and ``says`` are the blind reviewer's; ``differs``: in which parts from the first, empty
    where the two agree. ``looked_by``: the lead who looked at a disagreement, and what they ``found``.
    """

    id = models.CharField(primary_key=True, max_length=30)
    outcome = models.OneToOneField("cases.StoredOutcome", models.PROTECT, related_name="blind_review")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    share_bp = models.SmallIntegerField()
    chosen_at = models.DateTimeField()
    taken_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    taken_role = models.CharField(max_length=16, null=True)
    taken_at = models.DateTimeField(null=True)
    remedy = models.CharField(max_length=20, blank=True, default="")
    liability = models.CharField(max_length=20, blank=True, default="")
    standing = models.CharField(max_length=16, blank=True, default="")
    amount_minor = models.BigIntegerField(null=True)
    says = models.TextField(blank=True, default="")
    differs = ArrayField(models.CharField(max_length=10), default=list)
    given_at = models.DateTimeField(null=True)
    looked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    looked_at = models.DateTimeField(null=True)
    found = models.TextField(blank=True, default="")

    class Meta:
        db_table = "case_blind_review"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(taken_by__isnull=True, taken_at__isnull=True)
                | Q(taken_by__isnull=False, taken_at__isnull=False, taken_role="blind_reviewer"),
                name="case_blind_review_taken",
            ),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True, remedy="", liability="", standing="", says="")
                | (
                    Q(given_at__isnull=False, taken_by__isnull=False)
                    & ~Q(remedy="") & ~Q(liability="") & ~Q(standing="") & ~Q(says="")
                ),
                name="case_blind_review_in_three_parts",
            ),
            models.CheckConstraint(
                condition=Q(looked_at__isnull=True, looked_by__isnull=True, found="")
                | (Q(looked_at__isnull=False, looked_by__isnull=False, given_at__isnull=False) & ~Q(differs=[])
                   & ~Q(found="")),
                name="case_blind_review_looked_at",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["chosen_at", "id"], condition=Q(given_at__isnull=True), name="case_blind_review_open"),
            models.Index(fields=["given_at"], condition=Q(given_at__isnull=False), name="case_blind_review_given"),
            models.Index(
                fields=["given_at", "id"],
                condition=Q(given_at__isnull=False, looked_at__isnull=True) & ~Q(differs=[]),
                name="case_blind_review_to_look_at",
            ),
        ]

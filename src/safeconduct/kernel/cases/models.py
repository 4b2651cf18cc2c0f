"""Cases as they are stored. `seller_key` stands in a row where the seller may see it, and nowhere else: row-level
security goes by it. Of a case, `state` changes in `machine.transition` alone; a trigger asks for the step beside it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.clock_models import NEVER as NEVER
from safeconduct.kernel.cases.clock_models import ClockPause as ClockPause
from safeconduct.kernel.cases.clock_models import Deadline as Deadline
from safeconduct.kernel.cases.desk_models import CaseAssignment as CaseAssignment
from safeconduct.kernel.cases.desk_models import CaseLook as CaseLook
from safeconduct.kernel.cases.desk_models import CaseMacro as CaseMacro
from safeconduct.kernel.cases.evidence_models import Evidence as Evidence
from safeconduct.kernel.cases.evidence_models import EvidenceChunk as EvidenceChunk
from safeconduct.kernel.cases.evidence_models import Exhibit as Exhibit
from safeconduct.kernel.cases.judging_models import BlindReview as BlindReview
from safeconduct.kernel.cases.judging_models import Proposal as Proposal
from safeconduct.kernel.cases.outside_models import OutsideBody as OutsideBody
from safeconduct.kernel.cases.outside_models import Referral as Referral
from safeconduct.kernel.cases.words import (
    Disclosure,
    Liability,
    MessageKind,
    OfferState,
    Remedy,
    Role,
    Standing,
    Status,
    Turn,
    Verdict,
)
from safeconduct.kernel.parties.models import User

_SEATS = ["mediator", "arbiter", "reviewer", "approver", "blind_reviewer"]


class PublishedWorkflow(models.Model):
    """A workflow of a kind with a preset in it, in force from a day on. Texts never change; a case keeps the one of its
    day. A second person approves what was not shipped."""

    id = models.CharField(primary_key=True, max_length=30)
    kind = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    text = models.TextField()
    preset = models.TextField(blank=True, default="")
    since = models.DateTimeField()
    written_by = models.CharField(max_length=40)
    approved_by = models.CharField(max_length=40, blank=True, default="")
    why = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "case_workflow"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "since"], name="case_workflow_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(written_by="shipped") | (~Q(approved_by="") & ~Q(approved_by=F("written_by"))),
                name="case_workflow_second_person",
            ),
        ]


class Case(models.Model):
    """A matter between parties. ``key``: the opener's, the same never opens a second. ``about``: what it is about, as
    an id of another room. ``step``: the number of its latest step, also its revision."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    workflow = models.ForeignKey(PublishedWorkflow, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    about = models.CharField(max_length=60, blank=True, default="")
    order_key = models.BigIntegerField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    route = models.CharField(max_length=40, blank=True, default="")
    carrier = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=60)
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in Status])
    step = models.IntegerField()
    since = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome_id = models.CharField(max_length=30, null=True)
    platform_misses = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "case_file"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="case_status"),
            models.CheckConstraint(
                condition=~Q(status__in=["decided", "appealed", "closed"]) | Q(outcome_id__isnull=False),
                name="case_never_decided_without_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at__isnull=True)),
                name="case_closed_at",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True, currency="") | (Q(amount_minor__gte=0) & ~Q(currency="")),
                name="case_amount_has_a_currency",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "opened_at", "id"], name="case_of_seller"),
            models.Index(fields=["order_key"], name="case_of_order"),
            models.Index(fields=["about"], name="case_about"),
            models.Index(fields=["status", "since", "id"], name="case_by_status"),
            models.Index(fields=["kind", "opened_at", "id"], name="case_by_kind"),
        ]


class Party(models.Model):
    """A party of a case, where the case stands for it, and by which zone and holidays it works.

    ``key``: the pseudonym of a buyer or rights owner, a seller's key. ``done``: it has done its part of a step that
    each side takes.
    """

    pk = models.CompositePrimaryKey("case", "role")
    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in Role])
    seller_key = models.BigIntegerField()
    key = models.BigIntegerField(null=True)
    zone = models.CharField(max_length=64, default="UTC")
    country = models.CharField(max_length=2, blank=True, default="")
    language = models.CharField(max_length=16, default="en")
    turn = models.CharField(max_length=16, choices=[(t.value, t.value) for t in Turn])
    done = models.BooleanField(default=False)

    class Meta:
        db_table = "case_party"
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "role", "turn"], name="case_party_turn"),
            models.Index(fields=["key"], name="case_party_key"),
            models.Index(fields=["country"], name="case_party_country"),
            models.Index(fields=["language"], name="case_party_language"),
        ]


class Seat(models.Model):
    """Who mediates, decides, reviews: a person has one seat in a case, ever. That is the table's key."""

    pk = models.CompositePrimaryKey("case", "person")
    case = models.ForeignKey(Case, models.PROTECT, related_name="seats")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_seat"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(role__in=_SEATS), name="case_seat_role"),
            models.UniqueConstraint(fields=["case", "person", "role"], name="case_seat_role_of"),
            models.UniqueConstraint(
                fields=["case", "role"], condition=Q(left_at__isnull=True), name="case_seat_one_at_a_time"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["person"], condition=Q(left_at__isnull=True), name="case_seat_mine")]


class Step(models.Model):
    """One line of a case's history: never changed. ``why``: the words of who took it, for all parties to read."""

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey(Case, models.PROTECT, related_name="steps")
    seller_key = models.BigIntegerField()
    number = models.IntegerField()
    name = models.CharField(max_length=60)
    from_state = models.CharField(max_length=60, blank=True)
    to_state = models.CharField(max_length=60)
    role = models.CharField(max_length=16)
    actor = models.CharField(max_length=80)
    why = models.TextField(blank=True, default="")
    money = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    outcome_id = models.CharField(max_length=30, null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "case_step"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "number"], name="case_step_number")]


class CaseMessage(models.Model):
    """Something one side says in a case, sealed. ``readers``: the roles it is for; without the seller among them,
    `seller_key` is empty."""

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey(Case, models.PROTECT, related_name="messages")
    seller_key = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in MessageKind])
    role = models.CharField(max_length=16)
    actor = models.CharField(max_length=80)
    readers = ArrayField(models.CharField(max_length=16))
    template = models.CharField(max_length=60, blank=True, default="")
    sealed = models.BinaryField()
    offer = models.JSONField(null=True)
    offer_state = models.CharField(max_length=10, blank=True, default="")
    answered_by = models.CharField(max_length=80, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "case_message"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["words", "note"], offer__isnull=True, offer_state="")
                | Q(kind__in=["offer", "proposal"], offer__isnull=False, offer_state__in=[s.value for s in OfferState]),
                name="case_message_offer",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["case", "at", "id"], name="case_message_of_case"),
        ]


class StoredOutcome(models.Model):
    """An outcome: its three parts and the statement of reasons, which cannot be left out.

    ``facts`` are the reasons whole, for staff; ``told`` what the parties are told of them. ``considered``: evidence.
    ``shares``: who bears how much, in minor units, where several pay. ``replaces``: the outcome that was appealed.
    ``appeal_until`` is empty of a final one, and where ``appeal_paused``: a pause without end stood when it was made,
    and the case's clock says until when it can be appealed, once the pause has an end. ``proposal_id``: where a second
    person had to confirm it, what they confirmed; ``second_above_minor``: because more than this was at stake.
    """

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey(Case, models.PROTECT, related_name="outcomes")
    seller_key = models.BigIntegerField()
    remedy = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Remedy])
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    liability = models.CharField(max_length=20, choices=[(word.value, word.value) for word in Liability])
    shares = models.JSONField(default=dict)
    standing = models.CharField(max_length=16, choices=[(s.value, s.value) for s in Standing])
    rule = models.CharField(max_length=120)
    rule_version = models.CharField(max_length=60)
    facts = models.JSONField()
    told = models.JSONField()
    disclosure = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Disclosure])
    category = models.CharField(max_length=60, blank=True, default="")
    withheld_basis = models.TextField(blank=True, default="")
    withheld_until = models.DateField(null=True)
    considered = ArrayField(models.CharField(max_length=30), default=list)
    missing = models.JSONField(default=list)
    cure = models.JSONField(default=dict)
    redress = models.JSONField(default=dict)
    automated = models.BooleanField()
    decided_by = models.CharField(max_length=30, null=True)
    decided_role = models.CharField(max_length=16, null=True)
    approved_by = models.CharField(max_length=30, null=True)
    approved_role = models.CharField(max_length=16, null=True)
    proposal_id = models.CharField(max_length=30, null=True)
    second_above_minor = models.BigIntegerField(null=True)
    appeal_until = models.DateTimeField(null=True)
    appeal_paused = models.BooleanField(default=False, db_default=False)
    final = models.BooleanField()
    replaces = models.CharField(max_length=30, null=True)
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in Verdict], blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "case_outcome"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(facts={}) & ~Q(told={}) & ~Q(rule="") & ~Q(rule_version=""),
                name="case_outcome_never_silent",
            ),
            models.CheckConstraint(
                condition=~Q(disclosure="withheld") | (~Q(withheld_basis="") & Q(withheld_until__isnull=False)),
                name="case_outcome_withheld_with_basis_and_date",
            ),
            models.CheckConstraint(condition=~Q(disclosure="category") | ~Q(category=""), name="case_outcome_category"),
            models.CheckConstraint(
                condition=Q(automated=True) | Q(decided_by__isnull=False, decided_role__isnull=False),
                name="case_outcome_of_a_person",
            ),
            models.CheckConstraint(
                condition=Q(final=True, appeal_paused=False)
                | Q(appeal_until__isnull=False, appeal_paused=False)
                | Q(final=False, appeal_until__isnull=True, appeal_paused=True),
                name="case_outcome_can_be_appealed",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True, currency="") | (Q(amount_minor__gte=0) & ~Q(currency="")),
                name="case_outcome_amount_has_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True, verdict="") | (Q(replaces__isnull=False) & ~Q(verdict="")),
                name="case_outcome_verdict",
            ),
            models.UniqueConstraint(fields=["replaces"], name="case_outcome_replaced_once"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, proposal_id__isnull=True, second_above_minor__isnull=True)
                | Q(approved_by__isnull=False, proposal_id__isnull=False, second_above_minor__gte=0),
                name="case_outcome_confirmed_as_proposed",
            ),
            models.UniqueConstraint(
                fields=["case", "approved_by"], condition=Q(approved_by__isnull=False),
                name="case_outcome_another_second_person_each_time",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["case", "at"], name="case_outcome_of_case"),
            models.Index(fields=["at"], name="case_outcome_by_time"),
        ]

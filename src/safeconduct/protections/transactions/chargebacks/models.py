"""Bank disputes as they are stored: the mirror, its history, the answer of each stage, standing authorisations."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from safeconduct.foundation.ids import new_id
from safeconduct.protections.transactions.chargebacks.mirror import Stage, Status

_STAGES = [(one.value, one.value) for one in Stage]


def _dispute_id() -> str:
    return new_id("pdp")


def _step_id() -> str:
    return new_id("pds")


def _answer_id() -> str:
    return new_id("ban")


def _warning_id() -> str:
    return new_id("efw")


def _document_id() -> str:
    return new_id("bdo")


def _authorisation_id() -> str:
    return new_id("dau")


class BankDispute(models.Model):
    """A bank's dispute as of everything that was told of it (`mirror.Mirror`); all of it follows from events, but
    ``to_staff_at``: when it was handed to the staff because nobody's answer was ready.

    ``dispute_key``, ``order_key``: pseudonyms; ``ref``: the processor's id. ``code_key``: the entry of the reason
    codes, "" for one that is in no table. Without a ``seller_key`` only the staff see it: nobody told whose order it
    is.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_dispute_id)
    dispute_key = models.BigIntegerField(unique=True)
    seller_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    ref = models.CharField(max_length=200, db_collation="C")
    processor = models.CharField(max_length=120)
    network = models.CharField(max_length=40)
    network_code = models.CharField(max_length=40)
    code_key = models.CharField(max_length=60)
    reason = models.CharField(max_length=80)
    stage = models.CharField(max_length=20, choices=_STAGES)
    status = models.CharField(max_length=30, choices=[(one.value, one.value) for one in Status])
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    due_of_table = models.BooleanField()
    answerable = models.BooleanField()
    reviewed = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True)
    reopened = models.SmallIntegerField()
    evidence_offer = models.CharField(max_length=200)
    seen_moment = models.BigIntegerField()
    to_staff_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bank_dispute"
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-opened_at", "-id"], name="bank_dispute_of_seller"),
            models.Index(fields=["-opened_at", "-id"], name="bank_dispute_newest"),
            models.Index(fields=["order_key"], condition=Q(order_key__isnull=False), name="bank_dispute_of_order"),
            models.Index(fields=["stage", "-opened_at", "-id"], name="bank_dispute_by_stage"),
            models.Index(
                fields=["due_at", "id"], name="bank_dispute_due",
                condition=Q(status__in=["needs_response", "warning_needs_response"], due_at__isnull=False),
            ),
            models.Index(
                fields=["code_key", "status"], condition=Q(status__in=["won", "lost"]), name="bank_dispute_decided"
            ),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="bank_dispute_amount"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | Q(status__in=["won", "lost", "warning_closed", "prevented"]),
                name="bank_dispute_closed",
            ),
        ]  # fmt: skip


class DisputeStep(models.Model):
    """One thing that happened to a dispute; never changed. ``actor``: who did it, "" where the bank told it.
    ``sha256``: of the pack, where it is about one.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_step_id)
    dispute = models.ForeignKey(BankDispute, on_delete=models.PROTECT, db_index=False, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    what = models.CharField(max_length=20)
    stage = models.CharField(max_length=20)
    status = models.CharField(max_length=30)
    actor = models.CharField(max_length=40, blank=True, default="")
    why = models.CharField(max_length=500, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "bank_dispute_step"
        indexes: ClassVar = [models.Index(fields=["dispute", "id"], name="bank_dispute_steps")]


class AnswerState(models.TextChoices):
    """The life of an answer. ``queued``: somebody said *send*, and it cannot be changed any more."""

    STAGED = "staged", "staged"
    QUEUED = "queued", "queued"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class AnswerKind(models.TextChoices):
    """To fight a dispute, or to accept it."""

    FIGHT = "fight", "fight"
    ACCEPT = "accept", "accept"


class DefenceAuthorisation(models.Model):
    """A seller's standing word that a staged pack with its required items may be sent before the bank's last hour."""

    id = models.CharField(primary_key=True, max_length=30, default=_authorisation_id)
    seller_key = models.BigIntegerField()
    given_by = models.CharField(max_length=40)
    given_at = models.DateTimeField()
    revoked_by = models.CharField(max_length=40, blank=True, default="")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "defence_authorisation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller_key"], condition=Q(revoked_at__isnull=True), name="defence_authorisation_one"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("given_at")),
                name="defence_authorisation_order",
            ),
        ]


class BankAnswer(models.Model):
    """The answer to one stage of a dispute: there is one, and what was sent is never changed (a trigger holds it).

    ``manifest``: number, document and salted hash of each exhibit; ``missing``: what was required and not there;
    ``earlier``: what Compelling Evidence 3.0 said, by profile (`earlier_words.stored`), without values and orders.
    ``authorisation``: by whose standing word it was sent, where no person did. ``next_try_at``: when it is sent or sent
    again. ``how``: over the processor's interface, or downloaded and handed in by a person.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_answer_id)
    dispute = models.ForeignKey(BankDispute, on_delete=models.PROTECT, db_index=False, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    stage = models.CharField(max_length=20, choices=_STAGES)
    kind = models.CharField(max_length=10, choices=AnswerKind)
    state = models.CharField(max_length=10, choices=AnswerState, default=AnswerState.STAGED)
    language = models.CharField(max_length=10)
    percent = models.SmallIntegerField()
    complete = models.BooleanField()
    missing = models.JSONField()
    earlier = models.JSONField(null=True)
    left_out = models.JSONField()
    manifest = models.JSONField()
    sha256 = models.CharField(max_length=64, blank=True)
    fields = models.BinaryField()
    staged_at = models.DateTimeField()
    staged_by = models.CharField(max_length=40)
    queued_at = models.DateTimeField(null=True)
    queued_by = models.CharField(max_length=40, blank=True, default="")
    authorisation = models.ForeignKey(
        DefenceAuthorisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    next_try_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        db_table = "bank_answer"
        indexes: ClassVar = [
            models.Index(fields=["next_try_at", "id"], condition=Q(state="queued"), name="bank_answer_to_send")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dispute", "stage"], name="bank_answer_once"),
            models.CheckConstraint(
                condition=Q(state="staged") | (Q(queued_at__isnull=False) & ~Q(queued_by="")),
                name="bank_answer_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(authorisation__isnull=True) | Q(complete=True), name="bank_answer_authorised_if_complete"
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | (Q(sent_at__isnull=False) & ~Q(how="")), name="bank_answer_sent"
            ),
        ]


class AnswerFile(models.Model):
    """The pack of an answer, sealed: for the bank with clear data, for the seller masked."""

    answer = models.OneToOneField(BankAnswer, on_delete=models.PROTECT, primary_key=True, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    bank = models.BinaryField()
    copy = models.BinaryField()

    class Meta:
        db_table = "bank_answer_file"


class BankDocument(models.Model):
    """A file that somebody gave for banks, cleaned and sealed; never changed but that it is removed.

    Without a ``dispute`` it is kept for all that ask for it: terms of a ``version``, papers of an offer
    (``listing_key``). ``since``: of terms, the first day on which they were shown. Without a ``seller_key`` and a
    dispute it is the marketplace's, for all its sellers. ``by_role``: the role of who gave it. ``scanned_by``: what
    found it clean, "" where no scanner is configured.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_document_id)
    dispute = models.ForeignKey(BankDispute, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    document = models.CharField(max_length=40)
    title = models.CharField(max_length=120, blank=True, default="")
    version = models.CharField(max_length=40, blank=True, default="")
    since = models.DateField(null=True)
    listing_key = models.BigIntegerField(null=True)
    media_type = models.CharField(max_length=40)
    size_bytes = models.IntegerField()
    page_count = models.SmallIntegerField()
    sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()
    scanned_by = models.CharField(max_length=20, blank=True, default="")
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=40)
    by_role = models.CharField(max_length=20)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        db_table = "bank_document"
        indexes: ClassVar = [
            models.Index(
                fields=["dispute", "id"], condition=Q(dispute__isnull=False), name="bank_document_of_dispute"
            ),
            models.Index(fields=["seller_key", "id"], condition=Q(dispute__isnull=True), name="bank_document_kept"),
            models.Index(fields=["added_by"], include=["size_bytes"], name="bank_document_of_person"),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dispute", "seller_key", "document", "sha256"], condition=Q(removed_at__isnull=True),
                nulls_distinct=False, name="bank_document_once",
            ),
            models.CheckConstraint(
                condition=Q(size_bytes__gt=0, page_count__gt=0) & Q(size_bytes__lte=2_000_000, page_count__lte=6),
                name="bank_document_size",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="bank_document_removed_by_whom",
            ),
        ]  # fmt: skip


class WarningState(models.TextChoices):
    """What the seller did about a warning: nothing yet, a refund, or to wait for what the bank does."""

    OPEN = "open", "open"
    REFUND = "refund", "refund"
    WAIT = "wait", "wait"


class EarlyWarning(models.Model):
    """An issuer's report that a payment was fraud, before there is a dispute: the first about an order.

    ``to_hold``: it was not sent yet when the warning came, so the order is to be held; ``held_by``: the decision that
    holds it, "-" where nothing was left to hold. ``dispute``: what became of it, where the bank went on.
    ``amount_minor``: as the warning tells it, else the order's.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_warning_id)
    event_id = models.CharField(max_length=30, unique=True)
    order_key = models.BigIntegerField(null=True)
    seller_key = models.BigIntegerField(null=True)
    processor = models.CharField(max_length=120)
    reason = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    warned_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=WarningState, default=WarningState.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=40, blank=True, default="")
    to_hold = models.BooleanField()
    held_by = models.CharField(max_length=30, blank=True, default="")
    dispute = models.ForeignKey(BankDispute, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        db_table = "early_warning"
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-warned_at", "-id"], name="early_warning_of_seller"),
            models.Index(fields=["-warned_at", "-id"], name="early_warning_newest"),
            models.Index(fields=["id"], condition=Q(to_hold=True, held_by=""), name="early_warning_to_hold"),
            models.Index(
                fields=["-warned_at", "-id"], condition=Q(state="open", dispute__isnull=True),
                name="early_warning_waits",
            ),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order_key"], condition=Q(order_key__isnull=False), name="early_warning_first"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by="")
                | (~Q(state="open") & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="early_warning_decided_by_whom",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="early_warning_amount"),
        ]  # fmt: skip

"""Claims as they are stored.

Rows say what happened; what follows from them (freeze, hold, recovery, end) is brought up to date by `settling.settle`
and checked by the database. Sums of a part are kept by triggers: no login writes them. What a bank took hits a payment
of perhaps several sellers, so those rows are the platform's; each seller sees its own share.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome, Defence, Item, RefundState


class Payment(models.Model):
    """What a buyer paid at once. ``key``: the caller's name of it, never a card number or a name."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=120, unique=True)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        db_table = "claim_payment"


class Line(models.Model):
    """An order line that was ever in trouble; an order without lines has one, of an empty name."""

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    order_key = models.BigIntegerField()
    name = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "claim_line"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_key", "name"], name="claim_line_once")]


class Part(models.Model):
    """What a payment paid for a line, with its part of shipping and tax, and what went back of it.

    ``running_minor``: refunds under way. ``sent_minor``: refunds that went out. ``bank_minor``: what banks took, less
    what they gave back. ``excess_minor``: what the buyer has got beyond what was paid. The limit on refunds holds for
    each part, and so for each payment and each line.
    """

    id = models.CharField(primary_key=True, max_length=30)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="parts")
    line = models.ForeignKey(Line, models.PROTECT, related_name="parts")
    seller_key = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    running_minor = models.BigIntegerField(db_default=0)
    sent_minor = models.BigIntegerField(db_default=0)
    bank_minor = models.BigIntegerField(db_default=0)
    excess_minor = models.GeneratedField(
        expression=Greatest(Value(0), F("sent_minor") + F("bank_minor") - F("amount_minor")),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta:
        db_table = "claim_part"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "line"], name="claim_part_once"),
            models.CheckConstraint(
                condition=Q(running_minor__gte=0)
                & Q(sent_minor__gte=0)
                & Q(amount_minor__gte=F("running_minor") + F("sent_minor")),
                name="claim_part_never_sends_more_than_captured",
            ),
        ]


class Claim(models.Model):
    """One order line in trouble. ``buyer_country``, ``seller_country``, ``way``: the route by which law is looked up.
    ``hold_key``: the one hold in the ledger, "" where there is none; ``holds``: how many there have been."""

    id = models.CharField(primary_key=True, max_length=30)
    line = models.ForeignKey(Line, models.PROTECT, related_name="claims")
    seller_key = models.BigIntegerField()
    order_key = models.BigIntegerField()
    buyer_country = models.CharField(max_length=2, blank=True, default="")
    seller_country = models.CharField(max_length=2, blank=True, default="")
    way = models.CharField(max_length=40, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    frozen_at = models.DateTimeField(null=True)
    hold_key = models.CharField(max_length=200, blank=True, default="")
    holds = models.IntegerField(default=0)

    class Meta:
        db_table = "claim"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line"], condition=Q(closed_at=None), name="claim_one_active_for_a_line"),
            models.CheckConstraint(condition=Q(closed_at=None) | Q(frozen_at=None), name="claim_closed_is_not_frozen"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "opened_at", "id"], name="claim_of_seller"),
            models.Index(fields=["order_key"], name="claim_of_order"),
            models.Index(fields=["opened_at", "id"], condition=Q(closed_at=None), name="claim_active"),
        ]


class Channel(models.Model):
    """One way in which the claim is pursued. ``about``: the matter in its own room (a dispute, a case, a return);
    ``round``: a bank that comes back, as with a second chargeback, is the next one. ``claimed_minor``: what the buyer
    or bank wants of this line. ``hold_until``: the longest that money is held for it."""

    id = models.CharField(primary_key=True, max_length=30)
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="channels")
    seller_key = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in ChannelKind])
    about = models.CharField(max_length=60)
    round = models.SmallIntegerField(default=1)
    case_id = models.CharField(max_length=30, blank=True, default="")
    claimed_minor = models.BigIntegerField()
    hold_until = models.DateTimeField()
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, default="")

    class Meta:
        db_table = "claim_channel"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["claim", "kind", "about", "round"], name="claim_channel_joins_once"),
            models.CheckConstraint(condition=Q(kind__in=[k.value for k in ChannelKind]), name="claim_channel_kind"),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="")
                | (Q(ended_at__isnull=False) & Q(outcome__in=[o.value for o in ChannelOutcome])),
                name="claim_channel_ends_with_an_outcome",
            ),
            models.CheckConstraint(condition=Q(claimed_minor__gte=0), name="claim_channel_claims_no_less_than_nothing"),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "about"], name="claim_channel_about")]


class Refund(models.Model):
    """Money to a buyer. ``key``: the caller's, once for ever. ``told``: the shop had sent it before we were asked.
    ``by_bank_minor``: what a bank has paid of it instead. ``called_off_minor``: what a later decision took off before
    it went out; ``not_again_minor``: what it took off the bank's part, not to be sent should the bank give that back.
    ``matter``: the duty of law it fulfils, as `floors` names it; ``due_at``: until when. An item outside the cap has no
    part."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=200, unique=True)
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="refunds")
    part = models.ForeignKey(Part, models.PROTECT, null=True, related_name="refunds")
    seller_key = models.BigIntegerField()
    item = models.CharField(max_length=20, choices=[(i.value, i.value) for i in Item])
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    by_bank_minor = models.BigIntegerField(default=0)
    called_off_minor = models.BigIntegerField(db_default=0)
    not_again_minor = models.BigIntegerField(db_default=0)
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in RefundState])
    told = models.BooleanField(default=False)
    matter = models.CharField(max_length=60, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    requested_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "claim_refund"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & Q(by_bank_minor__gte=0) & Q(amount_minor__gte=F("by_bank_minor")),
                name="claim_refund_amount",
            ),
            models.CheckConstraint(
                condition=Q(called_off_minor__gte=0, not_again_minor__gte=0)
                & Q(amount_minor__gte=F("by_bank_minor") + F("called_off_minor"))
                & Q(by_bank_minor__gte=F("not_again_minor")),
                name="claim_refund_called_off",
            ),
            models.CheckConstraint(
                condition=Q(item="refund", part__isnull=False)
                | (Q(item__in=["statutory_damages", "return_freight"], part=None, by_bank_minor=0)),
                name="claim_refund_counts_against_its_part",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "frozen"], ended_at=None)
                | Q(state__in=["sent", "failed", "paid_by_bank"], ended_at__isnull=False),
                name="claim_refund_state",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["claim"], name="claim_refund_of_claim"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["requested", "frozen"]), name="claim_refund_running"
            ),
            models.Index(
                fields=["seller_key", "due_at", "id"],
                condition=Q(state__in=["requested", "frozen"]),
                name="claim_refund_running_of_seller",
            ),
        ]

    @property
    def to_send_minor(self) -> int:
        """What is to be sent of it, or was."""
        return self.amount_minor - self.by_bank_minor - self.called_off_minor


class BankDebit(models.Model):
    """What a bank took, or below zero gave back, whatever was refunded before. ``amount_minor`` in the bank's currency;
    ``paid_minor``: the same in the currency of the payment. ``about``: the bank's matter, as in its channels."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=200, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="debits")
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in ChannelKind])
    about = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "claim_bank_debit"
        indexes: ClassVar = [models.Index(fields=["about"], name="claim_bank_debit_about")]


class BankShare(models.Model):
    """What of a debit fell on a part; the shares of a debit add up to it in both currencies."""

    pk = models.CompositePrimaryKey("debit", "part")
    debit = models.ForeignKey(BankDebit, models.PROTECT, related_name="shares")
    part = models.ForeignKey(Part, models.PROTECT, related_name="shares")
    seller_key = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()

    class Meta:
        db_table = "claim_bank_share"


class Recovery(models.Model):
    """What is to be got back because the buyer was paid twice for a part: as much as the part's excess."""

    part = models.OneToOneField(Part, models.PROTECT, primary_key=True, related_name="recovery")
    seller_key = models.BigIntegerField()
    due_minor = models.BigIntegerField()
    defence = models.CharField(max_length=30, choices=[(d.value, d.value) for d in Defence])
    since = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "claim_recovery"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due_minor__gt=0, settled_at=None) | Q(due_minor=0, settled_at__isnull=False),
                name="claim_recovery_state",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["since", "part"], condition=Q(settled_at=None), name="claim_recovery_due")
        ]


class SharedEvidence(models.Model):
    """A piece of evidence that belongs to the claim, and so to every channel of it."""

    pk = models.CompositePrimaryKey("claim", "evidence_id")
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="evidence")
    evidence_id = models.CharField(max_length=30)
    seller_key = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "claim_evidence"


class Step(models.Model):
    """The history of a claim; the record has a line for each."""

    id = models.CharField(primary_key=True, max_length=30)
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="steps")
    seller_key = models.BigIntegerField()
    number = models.IntegerField()
    verb = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    role = models.CharField(max_length=20)
    actor = models.CharField(max_length=80)
    why = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "claim_step"
        constraints: ClassVar = [models.UniqueConstraint(fields=["claim", "number"], name="claim_step_number")]

"""Returns as they are stored, each beside its case: what was asked for, what left, what came back, and what a named
person found about each line. That nothing is taken off without that person and evidence is the database's business."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.parties.models import User
from safeconduct.protections.returns.words import (
    HUB_PAYERS,
    LESSENED,
    Acceptance,
    Cost,
    Duties,
    Grade,
    NoTravel,
    Payer,
    Reason,
    Reception,
    Wish,
)


class Hub(models.Model):
    """A local address of the marketplace for parcels that come back, as it was named, from a time on. Only its end is
    written later: another address, or other goods, is another version of the same ``code``.

    ``country``: where it stands; ``serves``: from which buyers' countries it takes parcels; ``goods``: the product
    categories it takes, empty for all. ``paid_by``: who pays for its work, which is taking in, keeping and sending on;
    the way there is `Return.freight`. ``until_at``: None as long as no end is known. ``named_key``, ``ended_key``: the
    machine's key, where no person did it.
    """

    id = models.CharField(primary_key=True, max_length=30)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    country = models.CharField(max_length=2)
    serves = ArrayField(models.CharField(max_length=2))
    goods = ArrayField(models.CharField(max_length=80), default=list)
    paid_by = models.CharField(max_length=10, choices=[(p.value, p.value) for p in HUB_PAYERS])
    address = models.CharField(max_length=500)
    since = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    named_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    named_key = models.CharField(max_length=60, blank=True, default="")
    named_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    ended_key = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "return_hub"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(until_at__isnull=True), name="return_hub_has_one_open_version"
            ),
            models.CheckConstraint(
                condition=~Q(code="") & ~Q(name="") & ~Q(address="") & ~Q(serves=[]), name="return_hub_can_be_sent_to"
            ),
            models.CheckConstraint(
                condition=Q(named_by__isnull=False, named_key="") | Q(named_by__isnull=True) & ~Q(named_key=""),
                name="return_hub_was_named_by_one",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True, ended_by__isnull=True, ended_key="")
                | Q(until_at__gte=F("since"), ended_by__isnull=False, ended_key="")
                | Q(until_at__gte=F("since"), ended_by__isnull=True) & ~Q(ended_key=""),
                name="return_hub_was_ended_by_one",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-since", "-id"], name="return_hub_newest")]


class Return(models.Model):
    """Goods of one order on their way back. ``announced``: false for a parcel that came without authorisation.

    ``statutory``, ``floors``, ``until_at``: the right that law gave when it was asked for; ``law_due_at``: by when law
    wants the money paid. ``in_window``: the marketplace's own window, by the numbers named in `terms`. ``whole``: all
    of the order comes back, so that weights can be compared. ``left``, ``back``: weight_g, serial, photo_hash as noted.
    ``category``: the product category, as the order told it. ``authorisation``: what the buyer writes on the parcel.
    ``send_to``: where it goes, as the buyer reads it; ``hub``: what the place is called, "" where it has no name.
    ``at_hub``: the marketplace's own local address that these are of, None for one of the seller; ``directed_at``: when
    the seller said so, None where it follows from the rule (`hubs`). ``written_rule`` and ``keeper_pays``: by which
    rule the buyer may keep the goods, and who pays then.
    """

    id = models.CharField(primary_key=True, max_length=30)
    case = models.OneToOneField(Case, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    order_key = models.BigIntegerField()
    order_ref = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    announced = models.BooleanField(default=True)
    reason = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Reason])
    wish = models.CharField(max_length=10, choices=[(w.value, w.value) for w in Wish])
    freight = models.CharField(max_length=10, choices=[(p.value, p.value) for p in Payer])
    duties = models.CharField(max_length=3, blank=True, default="", choices=[(d.value, d.value) for d in Duties])
    no_travel = models.CharField(max_length=12, blank=True, default="", choices=[(n.value, n.value) for n in NoTravel])
    buyer_country = models.CharField(max_length=2, blank=True, default="")
    buyer_zone = models.CharField(max_length=64, default="UTC")
    statutory = models.BooleanField()
    floors = ArrayField(models.CharField(max_length=60), default=list)
    until_at = models.DateTimeField(null=True)
    in_window = models.BooleanField()
    terms = models.CharField(max_length=60)
    whole = models.BooleanField()
    left = models.JSONField(default=dict)
    back = models.JSONField(default=dict)
    category = models.CharField(max_length=200, blank=True, default="", db_default="")
    authorisation = models.CharField(max_length=10)
    send_to = models.CharField(max_length=500, blank=True, default="")
    hub = models.CharField(max_length=60, blank=True, default="")
    at_hub = models.ForeignKey(Hub, models.PROTECT, null=True, related_name="+", db_index=False)
    directed_at = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking = models.CharField(max_length=120, blank=True, default="")
    written_rule = models.CharField(max_length=120, blank=True, default="")
    keeper_pays = models.CharField(max_length=10, blank=True, default="", choices=[(p.value, p.value) for p in Payer])
    delivered_at = models.DateTimeField(null=True)
    requested_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    law_due_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_file"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(written_rule="", keeper_pays="") | (~Q(written_rule="") & ~Q(keeper_pays="")),
                name="return_kept_goods_name_their_payer",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="return_amount"),
            models.UniqueConstraint(fields=["authorisation"], name="return_authorisation_names_one"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-requested_at", "-id"], name="return_of_seller"),
            models.Index(fields=["order_key"], name="return_of_order"),
            models.Index(
                fields=["seller_key", "buyer_country", "-directed_at"], condition=Q(directed_at__isnull=False),
                name="return_directed",
            ),
            models.Index(fields=["at_hub"], condition=Q(at_hub__isnull=False), name="return_of_hub"),
            models.Index(fields=["law_due_at"], condition=Q(law_due_at__isnull=False), name="return_law_due"),
        ]  # fmt: skip


class ReturnLine(models.Model):
    """One line of a return, on two axes: where it is (reception), and whether it is taken for what it should be
    (acceptance). ``name``: of the order line; "" stands for the order as a whole."""

    pk = models.CompositePrimaryKey("returned", "name")
    returned = models.ForeignKey(Return, models.PROTECT, related_name="lines")
    name = models.CharField(max_length=60, blank=True, default="")
    seller_key = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    reception = models.CharField(max_length=16, choices=[(r.value, r.value) for r in Reception])
    acceptance = models.CharField(max_length=14, choices=[(a.value, a.value) for a in Acceptance])
    grade = models.CharField(max_length=1, blank=True, default="", choices=[(g.value, g.value) for g in Grade])
    take_off_minor = models.BigIntegerField(default=0)
    late_minor = models.BigIntegerField(default=0)
    evidence = ArrayField(models.CharField(max_length=30), default=list)
    judged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_line"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(take_off_minor__gte=0)
                & Q(late_minor__gte=0)
                & Q(amount_minor__gte=F("take_off_minor") + F("late_minor")),
                name="return_line_takes_off_what_is_there",
            ),
            models.CheckConstraint(
                condition=(Q(take_off_minor=0, late_minor=0) & ~Q(grade__in=sorted(LESSENED)))
                | (Q(judged_by__isnull=False) & ~Q(evidence=[])),
                name="return_line_lessened_by_a_person_with_evidence",
            ),
        ]


class ReturnCost(models.Model):
    """What a return cost beside the goods, once for each kind: how much, who paid it out, and the paper that says so,
    in the currency of the return, as a named person noted it or a machine of the marketplace (``noted_key``: its key).
    What follows for the books is computed (`bearing`).

    ``recovered_at``: when the carrier paid for it, or customs gave it back; ``sent_at``: when the buyer got what was
    owed.
    """

    pk = models.CompositePrimaryKey("returned", "kind")
    returned = models.ForeignKey(Return, models.PROTECT, related_name="costs")
    kind = models.CharField(max_length=14, choices=[(c.value, c.value) for c in Cost])
    seller_key = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    paid_by = models.CharField(max_length=10, choices=[(p.value, p.value) for p in Payer])
    source = models.CharField(max_length=120)
    noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    noted_key = models.CharField(max_length=60, blank=True, default="", db_default="")
    noted_at = models.DateTimeField()
    recovered_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_cost"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0) & ~Q(source=""), name="return_cost_has_a_paper"),
            models.CheckConstraint(
                condition=Q(noted_by__isnull=False, noted_key="") | Q(noted_by__isnull=True) & ~Q(noted_key=""),
                name="return_cost_was_noted_by_one",
            ),
            models.CheckConstraint(
                condition=Q(kind="return_freight", paid_by__in=["buyer", "seller", "platform"])
                | Q(kind="first_leg", paid_by="seller")
                | Q(kind="duty", paid_by__in=["buyer", "seller"])
                | Q(kind="quota", paid_by="buyer"),
                name="return_cost_was_paid_by_who_can",
            ),
        ]


class Reimbursement(models.Model):
    """A seller's claim on the fund for a return, once for each; decided in a case of its own. ``ground``: why;
    ``most_minor``: what the terms allow for that ground."""

    id = models.CharField(primary_key=True, max_length=30)
    returned = models.OneToOneField(Return, models.PROTECT, related_name="reimbursement")
    case = models.OneToOneField(Case, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    ground = models.CharField(max_length=30)
    most_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    filed_at = models.DateTimeField()

    class Meta:
        db_table = "return_reimbursement"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(most_minor__gt=0), name="return_reimbursement_is_for_something")
        ]
        indexes: ClassVar = [models.Index(fields=["seller_key", "filed_at"], name="reimbursement_of_seller")]

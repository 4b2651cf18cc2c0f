"""Each reading of personal data in clear, and the investigations for whose time a seller is not shown some of them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Embargo(models.Model):
    """An investigation: what the staff reads about a seller between `begun_at` and its end is shown to the seller only
    after that end, with the basis. ``until`` is never put off; `ended_at` ends it early."""

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    basis = models.CharField(max_length=200)
    why = models.TextField()
    begun_at = models.DateTimeField()
    until = models.DateTimeField()
    set_by = models.CharField(max_length=60)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True)

    class Meta:
        db_table = "reading_embargo"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("begun_at")), name="reading_embargo_ends"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | Q(ended_at__isnull=False, ended_at__lte=F("until")) & ~Q(ended_by=""),
                name="reading_embargo_ended_early",
            ),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(why=""), name="reading_embargo_has_a_basis"),
        ]
        indexes: ClassVar = [models.Index(fields=["seller_key", "-until"], name="reading_embargo_of_seller")]


class Reading(models.Model):
    """One reading. ``concerns``: whose data it is (a seller's key); ``seller_key``: the seller who may see this row,
    empty while an embargo runs. ``subject_key``: the person whose data was read. ``alias``: how the reader is called
    towards the seller: a pseudonym for staff, the person's id for a member of the shop. ``batch``: the lease, export
    or case that it was part of.

    Rows never change, but for `seller_key`, which is filled in when an embargo has ended. After 36 months
    `reading_forget` deletes them.
    """

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField(null=True)
    concerns = models.BigIntegerField(null=True)
    subject_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    fields = ArrayField(models.TextField())
    scene = models.CharField(max_length=40)
    why = models.TextField(blank=True)
    batch = models.CharField(max_length=60, blank=True)
    side = models.CharField(max_length=8)
    role = models.CharField(max_length=40)
    actor = models.CharField(max_length=60)
    alias = models.CharField(max_length=60)
    embargo = models.ForeignKey(Embargo, models.PROTECT, related_name="+", null=True)
    embargo_basis = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "reading"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(side__in=["staff", "seller", "machine"]), name="reading_side"),
            models.CheckConstraint(
                condition=~Q(scene="") & ~Q(role="") & ~Q(actor=""), name="reading_says_who_and_why"
            ),
            models.CheckConstraint(
                condition=Q(seller_key__isnull=True) | Q(seller_key=F("concerns")), name="reading_shown_to_its_seller"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-id"], name="reading_of_seller"),
            models.Index(fields=["concerns", "-id"], name="reading_about_seller"),
            models.Index(fields=["actor", "-id"], name="reading_by_actor"),
            models.Index(fields=["order_key", "-id"], name="reading_of_order"),
            models.Index(fields=["scene", "-id"], name="reading_for_scene"),
            models.Index(fields=["subject_key", "-id"], name="reading_of_subject"),
            models.Index(fields=["at"], name="reading_by_time"),
            models.Index(
                fields=["embargo"], condition=Q(seller_key__isnull=True, embargo__isnull=False),
                name="reading_under_embargo",
            ),
        ]  # fmt: skip


class PaymentDefence(models.Model):
    """What answers a bank about one order, sealed, until `until` (`readings.defence`). ``moment``: of its event."""

    order_key = models.BigIntegerField(primary_key=True)
    moment = models.BigIntegerField()
    until = models.DateTimeField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "payment_defence"
        indexes: ClassVar = [
            models.Index(fields=["until"], name="payment_defence_until"),
            models.Index(fields=["moment"], name="payment_defence_moment"),
        ]

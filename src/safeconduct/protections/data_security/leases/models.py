"""Leases of buyers' data, files with contacts, the right to make them, and the rows of them that nobody honest uses."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Paid(models.TextChoices):
    """What a lease was taken out of: the order's own one reveal before it is shipped, or the shop's tenth."""

    ORDER = "order", "the order's own"
    TENTH = "tenth", "the tenth"


class ContactExport(models.Model):
    """A file with contacts that somebody made. The file itself is not kept. ``orders``: how many it holds;
    ``canaries``: how many rows of it belong to nobody; ``decision_id``: the decision about it, empty where none was
    made."""

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    person_id = models.CharField(max_length=60)
    role = models.CharField(max_length=40)
    scene = models.CharField(max_length=40)
    fields = ArrayField(models.TextField())
    placed_from = models.DateTimeField()
    placed_until = models.DateTimeField()
    orders = models.IntegerField()
    canaries = models.IntegerField()
    decision_id = models.CharField(max_length=30, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "contact_export"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(orders__gt=0, canaries__gt=0), name="contact_export_carries_canaries"),
        ]
        indexes: ClassVar = [models.Index(fields=["seller_key", "-id"], name="contact_export_of_seller")]


class BuyerLease(models.Model):
    """One person of a shop may see one order's recipient, for one scene, until `expires_at`."""

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    order_key = models.BigIntegerField()
    person_id = models.CharField(max_length=60)
    role = models.CharField(max_length=40)
    scene = models.CharField(max_length=40)
    paid = models.CharField(max_length=8, choices=Paid)
    export = models.ForeignKey(ContactExport, models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "buyer_lease"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_key"], condition=Q(paid="order"), name="buyer_lease_one_of_order"),
            models.CheckConstraint(condition=Q(paid__in=["order", "tenth"]), name="buyer_lease_paid"),
            models.CheckConstraint(
                condition=Q(
                    scene__in=["ship_label_carrier", "manual_ship", "dropship", "pickup", "after_sale", "care"]
                ),
                name="buyer_lease_scene",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("at")), name="buyer_lease_expires"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "at"], name="buyer_lease_of_seller"),
            models.Index(fields=["order_key", "person_id", "-expires_at"], name="buyer_lease_of_order"),
        ]


class ContactRight(models.Model):
    """A member may make files with contacts, besides the owners, who always may."""

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    person_id = models.CharField(max_length=60)
    given_by = models.CharField(max_length=60)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True)

    class Meta:
        db_table = "contact_right"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller_key", "person_id"], condition=Q(ended_at__isnull=True), name="contact_right_once"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("given_at")), name="contact_right_expires"),
        ]


class Canary(models.Model):
    """A row of one file that belongs to nobody. Its keys are pseudonyms: whatever comes in with its address, telephone
    or e-mail meets them. ``sealed``: the row as it stands in the file."""

    id = models.CharField(primary_key=True, max_length=30)
    export = models.ForeignKey(ContactExport, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    address_key = models.BigIntegerField(unique=True)
    phone_key = models.BigIntegerField(unique=True)
    email_key = models.BigIntegerField(unique=True, null=True)
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "canary"


class CanaryTouch(models.Model):
    """Something came in with what stands only in a canary. ``moment``: of the event; ``judged_at``: when the engine
    was asked about it."""

    id = models.CharField(primary_key=True, max_length=30)
    canary = models.ForeignKey(Canary, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField()
    moment = models.BigIntegerField()
    at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)
    decision_id = models.CharField(max_length=30, blank=True)

    class Meta:
        db_table = "canary_touch"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["canary", "moment"], name="canary_touch_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["at"], condition=Q(judged_at__isnull=True), name="canary_touch_to_judge"),
            models.Index(fields=["seller_key", "-id"], name="canary_touch_of_seller"),
            models.Index(fields=["at"], name="canary_touch_by_time"),
        ]

"""The log: events as they were received, and what stands beside them.

The fact table, the decision queue and the roll-ups are not models: they belong to the hand-written path and are made
by the migration `0001_tables`, after the catalogue.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from safeconduct.foundation.ids import new_id


def _delivery_id() -> str:
    return new_id("dlv")


class EventKind(models.IntegerChoices):
    """How an event came into the log."""

    LIVE = 0, "live"
    HISTORY = 1, "imported history"
    UNKNOWN = 2, "of a type the catalogue does not know"


class Event(models.Model):
    """A fact from outside, immutable. `data` holds no personal field; those are sealed."""

    moment = models.BigIntegerField(primary_key=True)
    id = models.CharField(max_length=30, unique=True)
    source = models.CharField(max_length=120)
    source_id = models.CharField(max_length=200)
    type = models.CharField(max_length=80)
    kind = models.SmallIntegerField(choices=EventKind)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    seller_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    data = models.JSONField()

    class Meta:
        db_table = "event"
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "source_id"], name="event_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["order_key", "moment"], name="event_by_order", condition=models.Q(order_key__isnull=False)
            ),
            models.Index(fields=["seller_key", "moment"], name="event_by_seller"),
            models.Index(fields=["type", "moment"], name="event_by_type"),
        ]


class EventBody(models.Model):
    """The envelope as it came, sealed: personal fields live here and in the pseudonym registry only."""

    moment = models.BigIntegerField(primary_key=True)
    sealed = models.BinaryField()

    class Meta:
        db_table = "event_body"


class DeliveryState(models.TextChoices):
    READ = "read", "read"
    REFUSED = "refused", "refused"


class Delivery(models.Model):
    """A webhook as a connector received it: stored before it is mapped, so that nothing is ever lost to a mapping."""

    id = models.CharField(primary_key=True, max_length=30, default=_delivery_id)
    connector = models.CharField(max_length=40)
    digest = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=DeliveryState)
    reason = models.TextField(blank=True)
    topic = models.CharField(max_length=120, blank=True)
    events = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    sealed = models.BinaryField()

    class Meta:
        db_table = "delivery"
        constraints: ClassVar = [models.UniqueConstraint(fields=["connector", "digest"], name="delivery_once")]
        indexes: ClassVar = [models.Index(fields=["connector", "received_at"], name="delivery_by_connector")]


class Rate(models.Model):
    """One unit of `currency` in the reporting currency, in force from a day until the next entry, with its source."""

    pk = models.CompositePrimaryKey("currency", "target", "day")
    currency = models.CharField(max_length=3)
    target = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "rate"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_positive")]

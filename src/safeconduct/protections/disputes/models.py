"""Disputes as they are stored: what the house keeps beside a case, and sellers' standing authorisations."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.words import Remedy
from safeconduct.protections.disputes.burden import ClaimType


class Opened(models.TextChoices):
    """How a dispute came in."""

    API = "api", "api"
    LINK = "link", "link"
    EVENT = "event", "event"


class Authorisation(models.Model):
    """A seller's word that drafts of records may be sent before a deadline ends. ``given_by``, ``ended_by``: people.

    It holds facts from records only: never a declaration, an admission or an offer.
    """

    id = models.CharField(primary_key=True, max_length=30)
    seller_key = models.BigIntegerField()
    given_by = models.CharField(max_length=40)
    given_at = models.DateTimeField()
    ended_by = models.CharField(max_length=40, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dispute_authorisation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller_key"], condition=Q(ended_at=None), name="dispute_authorisation_one_a_seller"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__gte=F("given_at")) & ~Q(ended_by="")),
                name="dispute_authorisation_ended_by_someone",
            ),
        ]


class Dispute(models.Model):
    """What a case of the kind "dispute" is about. ``number``: as people say it, DSP-4021. ``order_ref``: the shop's.

    ``asked``: what the buyer wants, as a remedy. ``sent_under``: the authorisation under which the answer was sent, and
    ``sent_at`` when. ``return_by``: until when the buyer sends the goods back, where the outcome is a refund on return;
    ``paid_at``: when the outcome had been carried out. ``ended_at``: when its case closed. ``buyer_key``: a pseudonym.
    One dispute of an order at a time.
    """

    number = models.BigAutoField(primary_key=True)
    case_id = models.CharField(max_length=30, unique=True)
    claim_id = models.CharField(max_length=30)
    seller_key = models.BigIntegerField()
    buyer_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField()
    order_ref = models.CharField(max_length=200)
    type = models.CharField(max_length=30, choices=[(t.value, t.value) for t in ClaimType])
    asked = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Remedy])
    opened = models.CharField(max_length=10, choices=Opened)
    opened_at = models.DateTimeField()
    sent_under = models.ForeignKey(Authorisation, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    return_by = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dispute"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_key"], condition=Q(ended_at=None), name="dispute_one_of_an_order"),
            models.CheckConstraint(
                condition=Q(sent_under=None, sent_at=None) | Q(sent_under__isnull=False, sent_at__isnull=False),
                name="dispute_sent_under_an_authorisation",
            ),
            models.CheckConstraint(condition=Q(type__in=[t.value for t in ClaimType]), name="dispute_type"),
            models.CheckConstraint(
                condition=Q(asked__in=["refund", "partial_refund", "refund_on_return", "replacement"]),
                name="dispute_asks_for_what_can_be_offered",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_key", "number"], name="dispute_of_order"),
            models.Index(fields=["seller_key", "number"], name="dispute_of_seller"),
            models.Index(
                fields=["return_by"], condition=Q(return_by__isnull=False, paid_at=None), name="dispute_return_due"
            ),
        ]

    def __str__(self) -> str:
        return f"DSP-{self.number}"

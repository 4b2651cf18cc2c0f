"""Holds on data, and the proof of what was deleted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

_SCOPES = ["seller", "order", "case"]


class LegalHold(models.Model):
    """Data that must stay, whatever the schedule or a request says: of a seller, an order, or a case, until a day.

    ``ref``: as it was named. ``order_key``: of the order, or of the case's order. Holds end and are never deleted.
    """

    id = models.CharField(primary_key=True, max_length=30)
    scope = models.CharField(max_length=8, choices=[(s, s) for s in _SCOPES])
    ref = models.CharField(max_length=200)
    seller_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    case_id = models.CharField(max_length=30, blank=True, default="")
    basis = models.TextField()
    until = models.DateTimeField()
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "legal_hold"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scope="seller", seller_key__isnull=False, order_key__isnull=True, case_id="")
                | Q(scope="order", seller_key__isnull=True, order_key__isnull=False, case_id="")
                | (Q(scope="case", seller_key__isnull=True) & ~Q(case_id="")),
                name="legal_hold_has_one_scope",
            ),
            models.CheckConstraint(condition=~Q(basis=""), name="legal_hold_has_a_basis"),
            models.CheckConstraint(condition=Q(until__gt=F("placed_at")), name="legal_hold_ends_later"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller_key"], condition=Q(ended_at__isnull=True), name="legal_hold_of_seller"),
            models.Index(fields=["order_key"], condition=Q(ended_at__isnull=True), name="legal_hold_of_order"),
            models.Index(fields=["placed_at", "id"], name="legal_hold_by_time"),
        ]


class RetentionRun(models.Model):
    """One batch that was deleted, written in the transaction that deleted it. Never changed.

    ``first_at``, ``last_at``: from when the data was. ``sha256``: of the ids in order, one a line; who still has one of
    these ids can ask, and nobody can read it back.
    """

    id = models.CharField(primary_key=True, max_length=30)
    line = models.CharField(max_length=40)
    cutoff = models.DateTimeField()
    rows = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "retention_run"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rows__gt=0), name="retention_run_deleted_something"),
            models.CheckConstraint(condition=Q(last_at__lt=F("cutoff")), name="retention_run_past_its_time"),
        ]
        indexes: ClassVar = [models.Index(fields=["at", "id"], name="retention_run_by_time")]

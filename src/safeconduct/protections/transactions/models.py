"""Coverage as it is stored: templates with their life, one row an order, and the history of every change."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from safeconduct.foundation.ids import new_id
from safeconduct.protections.transactions.chargebacks.models import (
    AnswerFile,
    BankAnswer,
    BankDispute,
    DefenceAuthorisation,
    DisputeStep,
)
from safeconduct.protections.transactions.coverage.words import Action, State

__all__ = (
    "AnswerFile", "BankAnswer", "BankDispute", "Coverage", "CoverageStep", "CoverageUsage", "DefenceAuthorisation",
    "DisputeStep", "TemplateState", "TemplateVersion",
)  # fmt: skip


def _template_id() -> str:
    return new_id("ctv")


class TemplateState(models.TextChoices):
    """The life of a template's version. What was live stays live: an order keeps the version of its day."""

    DRAFT = "draft", "draft"
    LIVE = "live", "live"
    REJECTED = "rejected", "rejected"


class TemplateVersion(models.Model):
    """A version of the coverage template. Of those that are live, the latest that is valid on an order's day counts.

    ``written_by``, ``approved_by``: users' ids, or the name of what shipped it. A second person approves.
    """

    id = models.CharField(primary_key=True, max_length=30, default=_template_id)
    name = models.CharField(max_length=60)
    number = models.IntegerField()
    state = models.CharField(max_length=10, choices=TemplateState, default=TemplateState.DRAFT)
    valid_from = models.DateField()
    text = models.TextField()
    written_by = models.CharField(max_length=40)
    written_at = models.DateTimeField()
    approved_by = models.CharField(max_length=40, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    why = models.TextField(blank=True, default="")

    class Meta:
        db_table = "coverage_template"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "number"], name="coverage_template_number"),
            models.UniqueConstraint(
                fields=["valid_from"], condition=Q(state=TemplateState.LIVE), name="coverage_template_one_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(state=TemplateState.LIVE)
                | (Q(approved_at__isnull=False) & ~Q(approved_by="") & ~Q(approved_by=models.F("written_by")))
                | Q(written_by="shipped"),
                name="coverage_template_second_person",
            ),
        ]


class Coverage(models.Model):
    """An order's coverage as of the last event or term that was looked at. All of it follows from facts and template.

    ``amount_minor``, ``up_to_minor``, ``pays_minor``, and ``advance_minor``, what the fund pays for now while banks
    decide: minor units of the reporting currency. ``order_minor`` and ``order_currency``: as the buyer paid.
    ``ship_by_at``: the nearest open term of the seller. ``next_at``: when something changes by itself or the seller is
    to be warned. ``seen_moment``: the events up to which it is true. ``rulings``: risk decisions, as lists
    [microseconds, moment, action].
    """

    order_key = models.BigIntegerField(primary_key=True)
    seller_key = models.BigIntegerField()
    order_ref = models.CharField(max_length=200, db_collation="C")
    placed_at = models.DateTimeField()
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    order_minor = models.BigIntegerField(null=True)
    order_currency = models.CharField(max_length=3, blank=True)
    ship_country = models.CharField(max_length=2, blank=True)
    action = models.CharField(max_length=10, blank=True, choices=[(a.value, a.value) for a in Action])
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in State])
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    ship_by_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    up_to_minor = models.BigIntegerField(null=True)
    pays_minor = models.BigIntegerField(default=0)
    advance_minor = models.BigIntegerField(db_default=0)
    rulings = models.JSONField()
    certificate = models.JSONField()
    digest = models.BigIntegerField()
    template = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, db_index=False, related_name="+")
    seen_moment = models.BigIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "coverage"
        indexes: ClassVar = [
            models.Index(fields=["seller_key", "-placed_at", "-order_key"], name="coverage_of_seller"),
            models.Index(fields=["seller_key", "state", "-placed_at", "-order_key"], name="coverage_by_state"),
            models.Index(
                fields=["seller_key", "action", "-placed_at", "-order_key"], name="coverage_by_action",
                condition=~Q(action__in=["", "allow"]),
            ),
            models.Index(fields=["seller_key", "order_ref", "order_key"], name="coverage_by_ref"),
            models.Index(
                fields=["seller_key", "ship_by_at"], condition=Q(ship_by_at__isnull=False), name="coverage_to_do"
            ),
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="coverage_due"),
            models.Index(
                fields=["template"], include=["up_to_minor"], name="coverage_open",
                condition=Q(state__in=["active", "protected", "partly", "claimed"]),
            ),
            models.Index(
                fields=["order_key"], condition=Q(state__in=["claimed", "paid", "denied"]), name="coverage_of_claims"
            ),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pays_minor__gte=0), name="coverage_pays_nothing_back"),
            models.CheckConstraint(
                condition=Q(pays_minor=0) | Q(amount_minor__gte=models.F("pays_minor")), name="coverage_pays_a_loss"
            ),
            models.CheckConstraint(
                condition=Q(advance_minor=0)
                | Q(advance_minor__gt=0, amount_minor__gte=models.F("pays_minor") + models.F("advance_minor")),
                name="coverage_advances_a_loss",
            ),
        ]


class CoverageStep(models.Model):
    """One change of an order's coverage; never changed itself. ``positions``: cause → [state, reason, pays_minor]."""

    id = models.CharField(primary_key=True, max_length=30)
    order_key = models.BigIntegerField()
    seller_key = models.BigIntegerField()
    at = models.DateTimeField()
    written_at = models.DateTimeField(db_default=Now())
    moment = models.BigIntegerField()
    state = models.CharField(max_length=10)
    positions = models.JSONField()
    up_to_minor = models.BigIntegerField(null=True)
    template_id = models.CharField(max_length=30)

    class Meta:
        db_table = "coverage_step"
        indexes: ClassVar = [models.Index(fields=["order_key", "id"], name="coverage_step_of_order")]


class CoverageUsage(models.Model):
    """What the fund has paid for a seller's orders of a calendar year (UTC, by the day of the order), and what it pays
    for now while banks decide; both count against the limits of the year."""

    pk = models.CompositePrimaryKey("seller_key", "year")
    seller_key = models.BigIntegerField()
    year = models.SmallIntegerField()
    paid_minor = models.BigIntegerField()
    claims = models.IntegerField()
    advanced_minor = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "coverage_usage"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(paid_minor__gte=0), name="coverage_usage_positive"),
            models.CheckConstraint(condition=Q(advanced_minor__gte=0), name="coverage_usage_advanced"),
        ]

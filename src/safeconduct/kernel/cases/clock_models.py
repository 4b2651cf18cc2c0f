"""Clocks of cases as they are stored, and the stretches in which they stand still."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from safeconduct.kernel.cases.words import ClockState, PauseScope

#: Where a deadline without an end is sorted among the others: a pause without an end stops it, or its event is awaited.
NEVER: Final = datetime(9000, 1, 1, tzinfo=UTC)


class Deadline(models.Model):
    """One clock. ``wake_at``: when the sweeper looks at it next, for a reminder or because it is due. ``round`` 2 is
    the platform's last chance. ``calendar`` and ``library``: by what `due_at` was computed; ``floor``: the law that
    moved it."""

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="deadlines")
    seller_key = models.BigIntegerField()
    key = models.CharField(max_length=60)
    state_name = models.CharField(max_length=60)
    owner = models.CharField(max_length=16)
    platform = models.BooleanField()
    round = models.SmallIntegerField(default=1)
    term = models.CharField(max_length=120)
    extensions = ArrayField(models.CharField(max_length=120), default=list)
    calendar = models.JSONField()
    library = models.CharField(max_length=40)
    floor = models.CharField(max_length=60, blank=True, default="")
    starts_on = models.CharField(max_length=60, blank=True, default="")
    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    reminded = models.SmallIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in ClockState])
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_deadline"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state__in=["waiting", "running"]), name="case_deadline_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], ended_at__isnull=True)
                | (~Q(state__in=["waiting", "running"]) & Q(ended_at__isnull=False, wake_at__isnull=True)),
                name="case_deadline_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(started_at__isnull=False), name="case_deadline_started"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="case_deadline_due"),
            models.Index(fields=["case", "made_at"], name="case_deadline_of_case"),
            models.Index(
                fields=["ended_at"], condition=Q(state="missed", platform=True), name="case_deadline_platform_missed"
            ),
            models.Index(fields=["seller_key", "due_at"], condition=Q(state="running"), name="case_deadline_of_seller"),
            models.Index(fields=["platform", "due_at"], condition=Q(state="running"), name="case_deadline_running"),
            models.Index(
                F("platform"),
                Coalesce("due_at", Value(NEVER)),
                F("id"),
                condition=Q(state__in=["waiting", "running"]),
                name="case_deadline_queue",
            ),
            models.Index(
                fields=["ended_at"],
                condition=Q(owner="seller", state__in=["met", "missed"]),
                name="case_deadline_of_sellers_ended",
            ),
        ]


class ClockPause(models.Model):
    """A stretch in which clocks stand still, and why: shown with every deadline it moved. It never ends in the past."""

    id = models.CharField(primary_key=True, max_length=30)
    scope = models.CharField(max_length=10, choices=[(s.value, s.value) for s in PauseScope])
    value = models.CharField(max_length=60, blank=True, default="")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    why = models.JSONField()
    declared_by = models.CharField(max_length=40)
    declared_at = models.DateTimeField()
    spread_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_pause"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")), name="case_pause_order"
            ),
            models.CheckConstraint(
                condition=Q(scope="everyone", value="") | (~Q(scope="everyone") & ~Q(value="")),
                name="case_pause_value",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-declared_at", "-id"], condition=~Q(declared_by="engine"), name="case_pause_of_people"
            ),
            models.Index(fields=["value"], condition=Q(scope="case"), name="case_pause_of_case"),
        ]

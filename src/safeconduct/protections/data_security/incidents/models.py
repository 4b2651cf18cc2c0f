"""Incidents as they are stored: what happened, who is affected, the clocks, and the proof of what was sent."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from safeconduct.protections.data_security.incidents.regimes import Addressee, Judged, Operator, Risk


class Incident(models.Model):
    """Something that happened to personal data. ``aware_at``: when the operator knew, from which every clock runs.

    ``what``, ``consequences``, ``measures``, ``advice``: the words the messages are written from; nobody is named in
    them. ``categories``: kinds of data by `words.CATEGORIES`. ``established``: where the operator is established.
    ``revision``: counts changes, so that two people do not overwrite each other.
    """

    id = models.CharField(primary_key=True, max_length=30)
    title = models.CharField(max_length=200)
    what = models.TextField()
    consequences = models.TextField(blank=True, default="")
    measures = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="")
    contact = models.CharField(max_length=300, blank=True, default="")
    aware_at = models.DateTimeField()
    categories = ArrayField(models.CharField(max_length=40))
    established = ArrayField(models.CharField(max_length=2), default=list)
    upstream = ArrayField(models.CharField(max_length=40), default=list)
    operator = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Operator])
    risk = models.CharField(max_length=12, choices=[(r.value, r.value) for r in Risk])
    major = models.CharField(max_length=8, choices=[(j.value, j.value) for j in Judged])
    revision = models.IntegerField(default=1)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "data_incident"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(aware_at__lte=models.F("opened_at")), name="data_incident_known_first"),
            models.CheckConstraint(condition=Q(risk__in=list(Risk)), name="data_incident_risk"),
            models.CheckConstraint(condition=Q(major__in=list(Judged)), name="data_incident_major"),
        ]
        indexes: ClassVar = [models.Index(fields=["aware_at", "id"], name="data_incident_by_time")]


class AffectedPeople(models.Model):
    """How many people of a place are affected, and how that is known: counted by us, or entered by a person."""

    pk = models.CompositePrimaryKey("incident", "place")
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="people")
    place = models.CharField(max_length=6)
    people = models.IntegerField()
    counted = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        db_table = "data_incident_people"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(people__gte=0), name="data_incident_people_not_negative"),
        ]


class Proof(models.Model):
    """That something was sent: to whom, how, when, and the text or the hash of the file. Never changed."""

    id = models.CharField(primary_key=True, max_length=30)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    sent_to = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    text = models.TextField(blank=True, default="")
    file_name = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    why_late = models.TextField(blank=True, default="")
    recorded_by = models.CharField(max_length=60)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "data_incident_proof"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="data_proof_has_a_hash"),
            models.CheckConstraint(condition=~Q(text="") | ~Q(file_name=""), name="data_proof_text_or_file"),
            models.CheckConstraint(condition=Q(sent_at__lte=models.F("recorded_at")), name="data_proof_sent_first"),
        ]


class IncidentClock(models.Model):
    """One duty of one regime. ``due_at`` None: at once, or it waits for the clock it runs from (``started_at`` None).

    ``warned_percent``: how much of the time had run when it was last said, 100 when it was missed; ``wake_at``: when
    the sweep looks again. ``lapsed_at``: it does not apply any more, as the incident was judged.
    """

    id = models.CharField(primary_key=True, max_length=30)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="clocks")
    regime = models.CharField(max_length=40)
    clock = models.CharField(max_length=40)
    to = models.CharField(max_length=10, choices=[(a.value, a.value) for a in Addressee])
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    half_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True)
    warned_percent = models.SmallIntegerField(default=0)
    wake_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    proof = models.ForeignKey(Proof, models.PROTECT, null=True, related_name="clocks")

    class Meta:
        db_table = "data_incident_clock"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "regime", "clock"], name="data_incident_clock_once"),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, proof__isnull=True)
                | Q(stopped_at__isnull=False, proof__isnull=False),
                name="data_incident_clock_stops_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(wake_at__isnull=True) | Q(due_at__isnull=False, stopped_at__isnull=True),
                name="data_incident_clock_wakes_while_it_runs",
            ),
            models.CheckConstraint(condition=Q(warned_percent__in=[0, 50, 80, 100]), name="data_incident_clock_warned"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="data_incident_clock_wake"),
        ]

    @property
    def runs(self) -> bool:
        """Whether something is still to be done."""
        return self.stopped_at is None and self.lapsed_at is None

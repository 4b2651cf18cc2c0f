"""Signing in: the browsers that are known, the sessions, and wrong passwords."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from safeconduct.foundation.ids import new_id


def _staff_device_id() -> str:
    return new_id("sdv")


class SignInDevice(models.Model):
    """A browser that a person has signed in with before. Only the hash of its cookie is kept."""

    id = models.CharField(primary_key=True, max_length=30)
    person = models.ForeignKey("parties.User", models.CASCADE, related_name="+")
    cookie_hash = models.BinaryField(unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        db_table = "sign_in_device"


class SignInSession(models.Model):
    """A sign-in and how long it lasts (`sessions`). The key of the session is kept only as a hash, where it came from
    only sealed; `traits` are keyed hashes of address and browser (`traits`), `score` how unusual they were for the
    person. ``factor``: the strongest one that was used; empty for a session that is older than this table.
    ``directory``: the company's directory's name for it, as a keyed hash (`directory_sessions`)."""

    id = models.CharField(primary_key=True, max_length=30)
    person = models.ForeignKey("parties.User", models.CASCADE, related_name="+")
    key_hash = models.BinaryField(unique=True)
    device = models.CharField(max_length=30, blank=True)
    origin = models.BinaryField()
    traits = ArrayField(models.BigIntegerField())
    score = models.FloatField(null=True)
    factor = models.CharField(max_length=16, blank=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=20, blank=True, default="")
    directory = models.BinaryField(null=True)

    class Meta:
        db_table = "sign_in_session"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_why="") | (Q(ended_at__isnull=False) & ~Q(ended_why="")),
                name="sign_in_session_ended_why",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-started_at"], name="sign_in_session_of_person"),
            models.Index(fields=["-started_at"], name="sign_in_session_latest"),
            models.Index(fields=["last_seen_at"], name="sign_in_session_by_age"),
            models.Index(
                fields=["person"], condition=Q(directory__isnull=False, ended_at__isnull=True),
                name="sign_in_session_of_directory",
            ),
        ]  # fmt: skip


class StaffDevice(models.Model):
    """A browser that a member of staff works with (`staff_devices`). ``device``: the id of the known browser, which may
    be forgotten before; ``browser``: what it called itself then. Without ``approved_at`` it waits."""

    class How(models.TextChoices):
        """Who let it in."""

        FIRST_PASSKEY = "first_passkey"
        ADMINISTRATOR = "administrator"
        OPERATOR = "operator"
        KNOWN_BEFORE = "known_before"

    id = models.CharField(primary_key=True, max_length=30, default=_staff_device_id, editable=False)
    person = models.ForeignKey("parties.User", models.CASCADE, related_name="+")
    device = models.CharField(max_length=30)
    browser = models.CharField(max_length=60, blank=True)
    asked_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey("parties.User", models.PROTECT, related_name="+", null=True)
    how = models.CharField(max_length=16, choices=How, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "staff_device"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device"], condition=Q(ended_at__isnull=True), name="staff_device_once"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True, how="")
                | (Q(approved_at__isnull=False) & ~Q(how="")),
                name="staff_device_let_in_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(how="administrator") | (Q(approved_by__isnull=False) & ~Q(approved_by=F("person"))),
                name="staff_device_two_people",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["asked_at", "id"], condition=Q(ended_at__isnull=True, approved_at__isnull=True),
                name="staff_device_waiting",
            ),
        ]  # fmt: skip


class SignInFailures(models.Model):
    """Wrong passwords since the last right one: per address and known device; `device` is empty for all unknown ones
    together. `address_hash` is a keyed hash, so that addresses without an account are counted alike."""

    pk = models.CompositePrimaryKey("address_hash", "device")
    address_hash = models.BinaryField()
    device = models.CharField(max_length=30, blank=True)
    failures = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "sign_in_failures"

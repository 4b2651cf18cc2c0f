"""Signing in: the browsers that are known, the sessions, and wrong passwords."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


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

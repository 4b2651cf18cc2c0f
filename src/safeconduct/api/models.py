"""What the gate of the API remembers: answers that a retry gets again, and how often a key came."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from safeconduct.foundation.ids import new_id


def _key_id() -> str:
    """Keys are of `kernel.parties` now; the first migration still names this."""
    return new_id("key")


class IdempotentAnswer(models.Model):
    """The answer to a POST, kept under its Idempotency-Key: same key and body replays it, another body is a 409."""

    pk = models.CompositePrimaryKey("api_key", "key")
    api_key = models.CharField(max_length=30)
    key = models.CharField(max_length=255)
    body_hash = models.BinaryField()
    status = models.SmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "idempotent_answer"
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotent_answer_by_age")]


class RateWindow(models.Model):
    """How many requests a key made in one minute; under `refused/` and a connector, how many forged deliveries came."""

    pk = models.CompositePrimaryKey("api_key", "minute")
    api_key = models.CharField(max_length=30)
    minute = models.DateTimeField()
    requests = models.IntegerField()

    class Meta:
        db_table = "rate_window"

"""Keys of the API and the answers that a retry gets again."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from safeconduct.foundation.ids import new_id


def _key_id() -> str:
    return new_id("key")


class ApiKey(models.Model):
    """A key of a machine. Only its hash is kept; `hint` is its beginning, to tell keys apart."""

    id = models.CharField(primary_key=True, max_length=30, default=_key_id)
    name = models.CharField(max_length=120)
    hint = models.CharField(max_length=12)
    secret_hash = models.BinaryField(unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        db_table = "api_key"


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

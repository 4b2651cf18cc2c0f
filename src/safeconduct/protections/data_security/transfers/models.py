"""Where data goes, and how many people it was about: counted exactly, by pseudonym."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from safeconduct.protections.data_security.transfers.thresholds import Mechanism
from safeconduct.protections.data_security.transfers.words import Role


class TransferDestination(models.Model):
    """Somebody in a country who is given personal data. ``mechanism``, ``reference``, ``good_until``: what makes it
    lawful above thresholds. Destinations end and are never deleted."""

    id = models.CharField(primary_key=True, max_length=30)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    role = models.CharField(max_length=12, choices=[(r.value, r.value) for r in Role])
    purpose = models.CharField(max_length=300)
    categories = ArrayField(models.CharField(max_length=40))
    mechanism = models.CharField(
        max_length=24, blank=True, default="", choices=[(m.value, m.value) for m in Mechanism]
    )  # fmt: skip
    reference = models.CharField(max_length=200, blank=True, default="")
    good_until = models.DateField(null=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "transfer_destination"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name", "country"], condition=Q(ended_at__isnull=True), name="transfer_destination_once"
            ),
            models.CheckConstraint(
                condition=Q(mechanism="", reference="", good_until__isnull=True)
                | (~Q(mechanism="") & ~Q(reference="") & Q(good_until__isnull=False)),
                name="transfer_destination_mechanism_whole",
            ),
        ]


class TransferSubject(models.Model):
    """One person whose data went out in a year: to a destination, or under a law (``scope``), of a class (``kind``)."""

    pk = models.CompositePrimaryKey("scope", "year", "kind", "subject_key")
    scope = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    kind = models.CharField(max_length=12)
    subject_key = models.BigIntegerField()

    class Meta:
        db_table = "transfer_subject"


class TransferCounter(models.Model):
    """How many rows `TransferSubject` has for a scope, year and class; kept in the statement that adds them."""

    pk = models.CompositePrimaryKey("scope", "year", "kind")
    scope = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    kind = models.CharField(max_length=12)
    people = models.IntegerField()

    class Meta:
        db_table = "transfer_counter"

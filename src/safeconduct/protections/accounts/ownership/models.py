"""Papers of a claim to a shop (`papers`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safeconduct.foundation.ids import new_id


def _paper_id() -> str:
    return new_id("owp")


class OwnershipPaper(models.Model):
    """A file that a side of a claim brings: `number` tells it from the others, for both sides alike. What it was called
    is not kept. ``received_sha256``: of the bytes as they came; ``sha256``: as they are kept. ``scanned_by``: empty
    where no scanner is configured. Rows are added, and deleted by the schedule of retention."""

    id = models.CharField(primary_key=True, max_length=30, default=_paper_id, editable=False)
    claim = models.ForeignKey("parties.OwnershipClaim", models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=10)
    author = models.CharField(max_length=60, blank=True)
    media_type = models.CharField(max_length=40)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    received_sha256 = models.CharField(max_length=64)
    scanned_by = models.CharField(max_length=20, blank=True)
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "ownership_paper"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["claim", "number"], name="ownership_paper_numbered"),
            models.UniqueConstraint(fields=["claim", "side", "sha256"], name="ownership_paper_brought_once"),
            models.CheckConstraint(condition=Q(side__in=["claimant", "shop"]), name="ownership_paper_of_a_side"),
            models.CheckConstraint(condition=Q(number__gte=1), name="ownership_paper_number"),
        ]
        indexes: ClassVar = [models.Index(fields=["author"], name="ownership_paper_of_author")]

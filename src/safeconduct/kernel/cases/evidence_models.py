"""Evidence as it is stored: what it is, its bytes, and the cases in which it is shown."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Source, Visibility


class Evidence(models.Model):
    """A piece of evidence: immutable, found by what it is (SHA-256) within its holder, the order or the case it was
    collected for. ``sha256`` is of the bytes as they are kept, `received_sha256` as they came, with their metadata.
    ``gist``: what those who do not see it are told. ``shredded_at``: its bytes are gone."""

    id = models.CharField(primary_key=True, max_length=30)
    holder = models.CharField(max_length=60)
    seller_key = models.BigIntegerField()
    order_key = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=40, choices=[(k.value, k.value) for k in EvidenceKind])
    source = models.CharField(max_length=20, choices=[(s.value, s.value) for s in Source])
    given_by = models.CharField(max_length=16)
    visibility = models.CharField(max_length=12, choices=[(v.value, v.value) for v in Visibility])
    gist = models.JSONField()
    sha256 = models.CharField(max_length=64)
    received_sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=40)
    size_bytes = models.BigIntegerField()
    chunks = models.IntegerField()
    captured_at = models.DateTimeField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=80)
    scanned_by = models.CharField(max_length=60, blank=True, default="")
    shredded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_evidence"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["holder", "kind", "sha256", "given_by", "visibility"], name="case_evidence_once"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="case_evidence_not_empty"),
            models.CheckConstraint(condition=~Q(gist={}), name="case_evidence_has_a_gist"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_key"], name="case_evidence_of_order"),
            models.Index(
                fields=["added_by"], condition=Q(shredded_at__isnull=True), include=["size_bytes"],
                name="case_evidence_of_person",
            ),
        ]  # fmt: skip


class EvidenceChunk(models.Model):
    """The bytes, sealed, in pieces of a mebibyte. Without `seller_key` the seller's login does not see them."""

    pk = models.CompositePrimaryKey("evidence", "number")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="pieces")
    number = models.IntegerField()
    seller_key = models.BigIntegerField(null=True)
    sealed = models.BinaryField()

    class Meta:
        db_table = "case_evidence_chunk"


class Exhibit(models.Model):
    """A piece of evidence in a case. The same piece serves every case about its order."""

    pk = models.CompositePrimaryKey("case", "evidence")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="exhibits")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="exhibits")
    seller_key = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=80)

    class Meta:
        db_table = "case_exhibit"

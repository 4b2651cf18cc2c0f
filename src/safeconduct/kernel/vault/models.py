"""Pseudonyms, and the key store: tables named `vault_…`, backed up apart from the data (docs/operations.md)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Pseudonym(models.Model):
    """One entity. Facts and decisions carry only `key`, a random number.

    ``blind`` is an HMAC of kind and normalised value under a key of its own: it finds the row, and says nothing without
    that key. ``blind_before``: that under the earlier root key, while it is being replaced (`root_keys`). ``sealed`` is
    the value itself, for kinds that may name a person under a key that needs the row's salt (`Salt`). Deleting the row
    unlinks the entity from all history, which is never rewritten.
    """

    pk = models.CompositePrimaryKey("entity", "blind")
    entity = models.TextField()
    blind = models.BinaryField()
    key = models.BigIntegerField(unique=True)
    sealed = models.BinaryField()
    blind_before = models.BinaryField(null=True)

    class Meta:
        db_table = "pseudonym"
        indexes: ClassVar = [
            models.Index(fields=["key"], name="pseudonym_moved", condition=models.Q(blind_before__isnull=False))
        ]


class RootKeyUse(models.Model):
    """A root key under which rows of this database are found, by its name, which is no secret. It is told apart from
    the key store and goes with the data: a backup says so which root key file it needs.

    Nothing is registered by a process that lacks a key in use, or would write with one that is retired.
    """

    name = models.CharField(primary_key=True, max_length=40)
    used_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "root_key_use"


class RegionKey(models.Model):
    """A version of a region's key, which wraps data keys. ``superseded_at``: since when the next one does; ``made_at``:
    None where it is older than that is written down."""

    version = models.IntegerField(primary_key=True)
    region = models.CharField(max_length=40)
    superseded_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vault_region_key"


class RegionWrap(models.Model):
    """A region's key as one root wrapped it. While the root is being replaced, a key is wrapped by both."""

    pk = models.CompositePrimaryKey("region_key", "root")
    region_key = models.ForeignKey(RegionKey, on_delete=models.CASCADE, db_column="version", db_index=False)
    root = models.CharField(max_length=300)
    sealed = models.BinaryField()

    class Meta:
        db_table = "vault_region_wrap"


class StoredKey(models.Model):
    """A data key, wrapped by a region's key. Deleting the row destroys what it sealed.

    ``restricted_to`` and ``erase_at``: erasure was asked for, and law or an open claim keeps the data until then for
    these purposes only. No foreign key on the region's: every new order would lock that one row.
    """

    id = models.BigIntegerField(primary_key=True)
    subject = models.TextField()
    purpose = models.CharField(max_length=40)
    region_version = models.IntegerField()
    wrapped = models.BinaryField()
    restricted_to = ArrayField(models.CharField(max_length=40), null=True)
    erase_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vault_key"
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "purpose"], name="vault_key_of_subject")]
        indexes: ClassVar = [
            models.Index(fields=["erase_at"], name="vault_key_due", condition=models.Q(erase_at__isnull=False))
        ]


class Salt(models.Model):
    """What the key of one pseudonym's value is derived with; without it nobody can derive it again."""

    key = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField()
    restricted_to = ArrayField(models.CharField(max_length=40), null=True)
    erase_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vault_salt"
        indexes: ClassVar = [
            models.Index(fields=["erase_at"], name="vault_salt_due", condition=models.Q(erase_at__isnull=False))
        ]


class Ground(models.Model):
    """Why a subject's data of a purpose must be kept until a date, and for whom: a law, an open claim.

    It changes nothing until erasure is asked for. ``readers``: the purposes that may open the data from then on.
    """

    id = models.CharField(primary_key=True, max_length=30)
    subject = models.TextField()
    purpose = models.CharField(max_length=40)
    basis = models.CharField(max_length=200)
    until = models.DateTimeField()
    readers = ArrayField(models.CharField(max_length=40))
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vault_ground"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject", "purpose", "basis"], name="vault_ground_once", condition=models.Q(ended_at=None)
            )
        ]


class ErasureReceipt(models.Model):
    """A signed note of what was destroyed and what stays. With it the destruction is repeated after a restore."""

    id = models.CharField(primary_key=True, max_length=30)
    at = models.DateTimeField()
    note = models.TextField()
    shown_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vault_receipt"
        indexes: ClassVar = [
            models.Index(fields=["at"], name="vault_receipt_unshown", condition=models.Q(shown_at__isnull=True))
        ]

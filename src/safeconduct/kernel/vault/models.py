"""Pseudonyms: which random number stands for a card, a buyer, an address in the whole log."""

from __future__ import annotations

from django.db import models


class Pseudonym(models.Model):
    """One entity. Facts and decisions carry only `key`, a random number.

    ``blind`` is an HMAC of kind and normalised value under a key of its own: it finds the row, and says nothing without
    that key. ``sealed`` is the value itself. Deleting the row unlinks the entity from all history, which is never
    rewritten.
    """

    pk = models.CompositePrimaryKey("entity", "blind")
    entity = models.TextField()
    blind = models.BinaryField()
    key = models.BigIntegerField(unique=True)
    sealed = models.BinaryField()

    class Meta:
        db_table = "pseudonym"

"""What is to be written into the record."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Leaf(models.Model):
    """One line of the record, written in the transaction of what it records; a sequencer appends it to the log.

    ``body``: what a line of a kind without `Subjects` says; empty for the others, whose content is read from their
    rows. It is committed to, and never published.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    body = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "leaf"

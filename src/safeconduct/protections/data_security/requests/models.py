"""What people ask about their own data, and the archives they are given."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.parties.models import User
from safeconduct.protections.data_security.requests.words import OPEN, Identified, Kind, State


class DataRequest(models.Model):
    """One request. Of a member: ``person``, and the shop it was asked in. Of a buyer: the order whose link they came
    by, and ``buyer_key``, their pseudonym.

    ``rule``: by which term it is due. ``words``: what they wrote, sealed. ``identified``: how it was checked who they
    are; ``tries``: failed checks. ``statement``: what was done, as codes, counts and times. ``rest_at``: when what had
    to stay is erased by itself; ``overdue_at``: when it was noted that the answer is late.
    """

    id = models.CharField(primary_key=True, max_length=30)
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in Kind])
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State])
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    buyer_key = models.BigIntegerField(null=True)
    place = models.CharField(max_length=6, blank=True, default="")
    language = models.CharField(max_length=16, default="en")
    rule = models.CharField(max_length=40)
    words = models.BinaryField(null=True)
    identified = models.CharField(
        max_length=10, blank=True, default="", choices=[(i.value, i.value) for i in Identified]
    )  # fmt: skip
    tries = models.SmallIntegerField(default=0)
    statement = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    extended_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    rest_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "data_request"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    person__isnull=False, seller_key__isnull=False, order_key__isnull=True, buyer_key__isnull=True
                )
                | Q(person__isnull=True, seller_key__isnull=True, order_key__isnull=False, buyer_key__isnull=False),
                name="data_request_of_one_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["identified", "approved", "done"]) | ~Q(identified=""),
                name="data_request_identified_before_it_is_answered",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(OPEN), answered_at__isnull=True)
                | (~Q(state__in=list(OPEN)) & Q(answered_at__isnull=False)),
                name="data_request_answered_at",
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("asked_at")), name="data_request_due_later"),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(state__in=list(OPEN)), name="data_request_once_a_person"
            ),
            models.UniqueConstraint(
                fields=["buyer_key", "kind"], condition=Q(state__in=list(OPEN)), name="data_request_once_a_buyer"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["asked_at", "id"], name="data_request_by_time"),
            models.Index(fields=["due_at", "id"], condition=Q(state__in=list(OPEN)), name="data_request_due"),
            models.Index(fields=["person", "asked_at"], name="data_request_of_person"),
            models.Index(fields=["buyer_key", "asked_at"], name="data_request_of_buyer"),
            models.Index(fields=["rest_at"], condition=Q(rest_at__isnull=False), name="data_request_rest"),
        ]

    @property
    def open(self) -> bool:
        """Whether it still waits for something."""
        return self.state in OPEN


class RequestArchive(models.Model):
    """The archive of a request, sealed. ``good_until``: how long it can be fetched; it is deleted by the schedule."""

    request = models.OneToOneField(DataRequest, models.PROTECT, primary_key=True, related_name="archive")
    sealed = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.IntegerField()
    made_at = models.DateTimeField()
    good_until = models.DateTimeField()

    class Meta:
        db_table = "data_request_archive"
        indexes: ClassVar = [models.Index(fields=["made_at"], name="data_request_archive_made")]

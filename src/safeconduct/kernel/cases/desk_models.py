"""What the staff's daily work with cases keeps: who looks at a case, who looks after it, and texts that are ready to be
adapted. No seller and no buyer sees any of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.words import MacroPurpose
from safeconduct.kernel.parties.models import User


class CaseLook(models.Model):
    """A member of staff has a case open, from ``since``; past ``until`` the row says nothing and may go."""

    pk = models.CompositePrimaryKey("case", "person")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "case_look"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(until__gt=F("since")), name="case_look_ends")]
        indexes: ClassVar = [models.Index(fields=["until"], name="case_look_until")]


class CaseAssignment(models.Model):
    """Who looks after a case, and who said so. It is no seat: whoever looks after a case decides nothing by that."""

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="assignments")
    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    assigned_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_assignment"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at__isnull=True), name="case_assignment_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("at")), name="case_assignment_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person"], condition=Q(ended_at__isnull=True), name="case_assignment_mine")
        ]


class CaseMacro(models.Model):
    """One version of a text that staff choose on the page of a case and adapt before they send it.

    ``code``: the same in all its versions. ``kind``: the kind of case it is offered in; "" for all. ``texts``: by
    language, with the same values in braces in each (`macros.VALUES`). Offered from ``since`` until ``ended_at``.
    """

    id = models.CharField(primary_key=True, max_length=30)
    code = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    purpose = models.CharField(max_length=10, choices=[(p.value, p.value) for p in MacroPurpose])
    kind = models.CharField(max_length=60, blank=True, default="")
    name = models.CharField(max_length=120)
    texts = models.JSONField()
    since = models.DateTimeField()
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        db_table = "case_macro"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="case_macro_version"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(ended_at__isnull=True), name="case_macro_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[p.value for p in MacroPurpose], version__gte=1), name="case_macro_purpose"
            ),
            models.CheckConstraint(
                condition=Q(texts__has_keys=["en", "zh", "es"]), name="case_macro_in_three_languages"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__gte=F("since"), ended_by__isnull=False),
                name="case_macro_ended_by_someone",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["-since", "-id"], name="case_macro_newest"),
            models.Index(
                fields=["purpose", "name", "id"], condition=Q(ended_at__isnull=True), name="case_macro_in_force"
            ),
        ]

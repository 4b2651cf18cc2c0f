"""Bodies outside the house that a seller or a buyer can take a decision to, and the cases that were taken there."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from safeconduct.kernel.cases.words import BodyWay, Finding, Followed, ReferralState, Role
from safeconduct.kernel.parties.models import User


def of_sellers() -> list[str]:
    """Whose cases a body takes where nothing else is said."""
    return [Role.SELLER.value]


class OutsideBody(models.Model):
    """A body as the marketplace has named it, from a day on; only its end is written later.

    ``way``: what kind of body (`redress.yaml` has what law fixes of it). ``kinds``: the kinds of case it takes,
    ``sellers`` the countries of sellers; empty for all. ``takes_from``: whose cases: of sellers, of buyers, or of both;
    law may leave no choice. ``certified_by``, ``certified_until``: of a certified one.
    ``refer_within``: a term from the decision on, where the body's own rules set one; ``decides_within`` likewise until
    it answers. ``pays``: who bears its costs, by language. ``source``: where this is written, read on ``read_on``.
    """

    id = models.CharField(primary_key=True, max_length=30)
    way = models.CharField(max_length=10, choices=[(w.value, w.value) for w in BodyWay])
    name = models.CharField(max_length=160)
    url = models.CharField(max_length=400)
    certified_by = models.CharField(max_length=160, blank=True, default="")
    certified_until = models.DateField(null=True)
    kinds = ArrayField(models.CharField(max_length=60), default=list)
    sellers = ArrayField(models.CharField(max_length=2), default=list)
    takes_from = ArrayField(models.CharField(max_length=10), default=of_sellers, db_default=["seller"])
    refer_within = models.CharField(max_length=120, blank=True, default="")
    decides_within = models.CharField(max_length=120, blank=True, default="")
    pays = models.JSONField()
    source = models.CharField(max_length=400)
    read_on = models.DateField()
    since = models.DateTimeField()
    named_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        db_table = "case_outside_body"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["way", "name"], condition=Q(ended_at__isnull=True), name="case_outside_body_once"
            ),
            models.CheckConstraint(condition=Q(url__startswith="https://"), name="case_outside_body_https"),
            models.CheckConstraint(
                condition=Q(way="certified", certified_until__isnull=False) & ~Q(certified_by="")
                | ~Q(way="certified") & Q(certified_until__isnull=True, certified_by=""),
                name="case_outside_body_certified_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(source="") & Q(pays__has_keys=["en", "zh", "es"]),
                name="case_outside_body_says_where_it_is_written",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__gte=F("since"), ended_by__isnull=False),
                name="case_outside_body_ended_by_someone",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-since", "-id"], name="case_outside_body_newest")]


class Referral(models.Model):
    """A case that one of its parties (``referred_role``) has taken to an outside body. The case itself stays as it was
    decided.

    ``due_at``: by when the body answers, where law or its own rules say; ``extended_at``: when it took more time.
    ``engaged_at``: since when the marketplace takes part. ``found``, ``found_on``, ``says``: what the body found, when,
    and in which words. ``fees_minor``: what the marketplace repays of the seller's costs. ``followed``: what it made
    of it, ``why`` if nothing; ``outcome_id``: the new decision.
    """

    id = models.CharField(primary_key=True, max_length=30)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="referrals")
    seller_key = models.BigIntegerField()
    body = models.ForeignKey(OutsideBody, models.PROTECT, related_name="+", db_index=False)
    outcome_before = models.CharField(max_length=30)
    referred_at = models.DateTimeField()
    referred_by = models.CharField(max_length=80)
    referred_role = models.CharField(max_length=10, default=Role.SELLER.value, db_default="seller")
    due_at = models.DateTimeField(null=True)
    extended_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True)
    engaged_at = models.DateTimeField(null=True)
    engaged_by = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in ReferralState])
    found = models.CharField(max_length=16, choices=[(f.value, f.value) for f in Finding], blank=True, default="")
    found_on = models.DateField(null=True)
    says = models.JSONField(default=dict)
    fees_minor = models.BigIntegerField(null=True)
    fees_currency = models.CharField(max_length=3, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=80, blank=True, default="")
    followed = models.CharField(max_length=14, choices=[(f.value, f.value) for f in Followed], blank=True, default="")
    why = models.JSONField(default=dict)
    outcome_id = models.CharField(max_length=30, null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_referral"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(referred_role__in=["seller", "buyer"]), name="case_referral_by_a_party"),
            models.UniqueConstraint(fields=["case"], condition=Q(state="referred"), name="case_referral_one_at_a_time"),
            models.UniqueConstraint(fields=["case"], condition=Q(state="answered"), name="case_referral_answered_once"),
            models.CheckConstraint(
                condition=Q(state="answered", found_on__isnull=False, answered_at__isnull=False) & ~Q(found="")
                | ~Q(state="answered") & Q(found="", found_on__isnull=True, fees_minor__isnull=True, followed=""),
                name="case_referral_answered_with_a_finding",
            ),
            models.CheckConstraint(
                condition=Q(fees_minor__isnull=True, fees_currency="") | Q(fees_minor__gt=0) & ~Q(fees_currency=""),
                name="case_referral_fees_have_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(followed="followed", outcome_id__isnull=False)
                | Q(followed="not_followed", outcome_id__isnull=True) & ~Q(why={})
                | Q(followed="", outcome_id__isnull=True),
                name="case_referral_followed_or_said_why_not",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["case", "referred_at"], name="case_referral_of_case"),
            models.Index(fields=["-referred_at", "-id"], name="case_referral_newest"),
            models.Index(fields=["seller_key", "-referred_at", "-id"], name="case_referral_of_seller"),
            models.Index(
                fields=["due_at"], condition=Q(state="referred", late_at__isnull=True), name="case_referral_due"
            ),
            models.Index(fields=["referred_at", "id"], condition=Q(closed_at__isnull=True), name="case_referral_open"),
        ]

    @property
    def nothing_follows(self) -> bool:
        """Whether the body has found against who turned to it: then the decision stays."""
        lost = Finding.FOR_SELLER if self.referred_role == Role.BUYER else Finding.AGAINST_SELLER
        return self.found == lost

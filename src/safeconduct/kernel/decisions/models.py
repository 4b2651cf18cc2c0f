"""Policies and their versions, decisions and their reasons, and what people do about them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.parties.models import User

ACTIONS = [(action.value, action.value) for action in Action]


def _version_id() -> str:
    return new_id("pol")


def _label_id() -> str:
    return new_id("lab")


def _entry_id() -> str:
    return new_id("ent")


class VersionState(models.TextChoices):
    """The life of a policy version. Text never changes once it has left `draft`."""

    DRAFT = "draft", "draft"
    SHADOW = "shadow", "in shadow"
    CHALLENGER = "challenger", "challenger"
    LIVE = "live", "live"
    RETIRED = "retired", "retired"


class PolicyVersion(models.Model):
    """One text of a policy. Publishing needs a second person; every version is kept."""

    id = models.CharField(primary_key=True, max_length=30, default=_version_id, editable=False)
    policy = models.CharField(max_length=80)
    number = models.IntegerField()
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    text = models.TextField()
    note = models.TextField(blank=True)
    rollout_percent = models.SmallIntegerField(default=100)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approval_asked_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    revision = models.IntegerField(default=1)

    class Meta:
        db_table = "policy_version"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number"),
            models.UniqueConstraint(fields=["policy"], condition=Q(state="live"), name="policy_one_live"),
            models.UniqueConstraint(fields=["policy"], condition=Q(state="challenger"), name="policy_one_challenger"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(author__isnull=True) | ~Q(approved_by=F("author")),
                name="policy_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "challenger"]) | Q(approved_by__isnull=False) | Q(author__isnull=True),
                name="policy_approved_when_live",
            ),
            models.CheckConstraint(condition=Q(rollout_percent__range=(1, 100)), name="policy_rollout_percent"),
        ]


class PolicyStep(models.Model):
    """What was done with a policy version, by whom, why."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="steps")
    verb = models.CharField(max_length=20)
    actor = models.CharField(max_length=40)
    why = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "policy_step"


class Mute(models.Model):
    """A rule that is evaluated but does not act: snoozed by a person, or stopped by the brake.

    ``entity_key`` null mutes it for everyone, else for that entity only.
    """

    class Cause(models.TextChoices):
        SNOOZE = "snooze", "snoozed"
        BRAKE = "brake", "stopped by the brake"

    id = models.BigAutoField(primary_key=True)
    policy = models.CharField(max_length=80)
    rule = models.CharField(max_length=80)
    entity_key = models.BigIntegerField(null=True)
    cause = models.CharField(max_length=10, choices=Cause)
    actor = models.CharField(max_length=40)
    why = models.TextField()
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "mute"
        indexes: ClassVar = [models.Index(fields=["policy"], condition=Q(ended_at__isnull=True), name="mute_in_force")]


class DecisionKind(models.TextChoices):
    """Live decisions act; shadow ones are only kept; an override is a person's, and takes the place of another."""

    LIVE = "live", "live"
    SHADOW = "shadow", "in shadow"
    OVERRIDE = "override", "by a person"


class Decision(models.Model):
    """What was decided about an event, with all that is needed to explain and to repeat it.

    ``values`` are the numbers the rules saw; ``reasons`` is the statement of reasons, without which no adverse decision
    can be stored. ``standing`` is false once a newer decision about the same event and policy has taken its place.
    """

    id = models.CharField(primary_key=True, max_length=30)
    moment = models.BigIntegerField()
    version = models.ForeignKey(PolicyVersion, models.PROTECT, db_index=False, related_name="+")
    policy = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=DecisionKind)
    action = models.CharField(max_length=10, choices=ACTIONS)
    seller_key = models.BigIntegerField(null=True)
    order_key = models.BigIntegerField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    fired = ArrayField(models.TextField())
    unknown = ArrayField(models.TextField())
    muted = ArrayField(models.TextField())
    allowed_by = models.CharField(max_length=80, blank=True)
    values = models.JSONField()
    reasons = models.JSONField()
    control = models.BooleanField(default=False)
    latency_us = models.IntegerField()
    decided_at = models.DateTimeField()
    decided_moment = models.BigIntegerField()
    standing = models.BooleanField(default=True)
    replaces = models.CharField(max_length=30, blank=True)
    actor = models.CharField(max_length=40, default="engine")

    class Meta:
        db_table = "decision"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["moment", "policy"], condition=Q(kind="live"), name="decision_once"),
            models.UniqueConstraint(
                fields=["moment", "version"], condition=Q(kind="shadow"), name="decision_shadow_once"
            ),
            models.UniqueConstraint(
                fields=["moment", "policy"],
                condition=Q(standing=True) & ~Q(kind="shadow"),
                name="decision_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(action="allow") | Q(reasons__statement__0__isnull=False), name="decision_never_silent"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["policy", "-moment"], name="decision_by_policy"),
            models.Index(fields=["seller_key", "-moment"], name="decision_by_seller"),
            models.Index(fields=["order_key"], condition=Q(order_key__isnull=False), name="decision_by_order"),
            models.Index(fields=["version", "moment"], name="decision_by_version"),
            models.Index(
                fields=["action", "-moment"], condition=Q(standing=True) & ~Q(action="allow"), name="decision_adverse"
            ),
            # Most decisions fire no rule: the statistics of rules read the few that do.
            models.Index(
                fields=["version"],
                condition=Q(kind="live") & Q(order_key__isnull=False) & ~Q(fired=[]),
                name="decision_spoken",
            ),
        ]


class Review(models.Model):
    """A decision that waits for a person. The platform has a clock too: `due_at`.

    ``asked_by`` and ``asked_why``: the member of the seller who asked for a second look, or ``buyer``, and their words.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"

    decision = models.OneToOneField(Decision, models.PROTECT, primary_key=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    due_at = models.DateTimeField()
    amount_minor = models.BigIntegerField(null=True)
    top_reason = models.CharField(max_length=80)
    assigned_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=ACTIONS, blank=True)
    asked_by = models.CharField(max_length=30, blank=True, default="")
    asked_why = models.TextField(blank=True, default="")

    class Meta:
        db_table = "review"
        indexes: ClassVar = [
            models.Index(fields=["due_at", "decision"], condition=Q(state="open"), name="review_by_due"),
            models.Index(fields=["-amount_minor", "decision"], condition=Q(state="open"), name="review_by_amount"),
        ]


class RuleCount(models.Model):
    """How often a rule fired in one batch; appended, never updated, and summed when read."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+", db_index=False)  # `rule_count_by_rule`
    rule = models.CharField(max_length=80)
    hour = models.DateTimeField()
    decided = models.IntegerField()
    fired = models.IntegerField()
    unknown = models.IntegerField()
    muted = models.IntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "rule_count"
        indexes: ClassVar = [models.Index(fields=["version", "rule", "hour"], name="rule_count_by_rule")]


class LabelKind(models.TextChoices):
    """What an order turned out to be."""

    FRAUD = "fraud", "fraud"
    ABUSE = "abuse", "abuse"
    GOOD = "good", "good"


class Label(models.Model):
    """What became known later about an order: by the API, by CSV, or from a later event."""

    id = models.CharField(primary_key=True, max_length=30, default=_label_id)
    order_key = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=LabelKind)
    origin = models.CharField(max_length=40)
    moment = models.BigIntegerField()
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "label"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_key", "kind", "origin"], name="label_once")]


class ListKind(models.TextChoices):
    ALLOW = "allow", "allow"
    DENY = "deny", "deny"
    CUSTOM = "custom", "custom"


class WatchList(models.Model):
    """A list that policies may ask for membership. `entity` is the kind of entity, or "text" for plain values."""

    name = models.CharField(primary_key=True, max_length=80)
    kind = models.CharField(max_length=8, choices=ListKind)
    entity = models.CharField(max_length=40)
    purpose = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "watch_list"


class ListEntry(models.Model):
    """One member of a list, from one moment until another. Entries end and are kept, so that the past can be asked."""

    id = models.CharField(primary_key=True, max_length=30, default=_entry_id)
    watch_list = models.ForeignKey(WatchList, models.PROTECT, related_name="entries", db_index=False)
    key = models.BigIntegerField(null=True)
    text = models.CharField(max_length=200, blank=True)
    from_moment = models.BigIntegerField()
    until_moment = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=40)
    why = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "list_entry"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(why=""), name="list_entry_has_a_reason"),
            models.CheckConstraint(condition=Q(key__isnull=False) | ~Q(text=""), name="list_entry_is_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["watch_list", "key"], name="list_entry_by_key"),
            models.Index(fields=["watch_list", "text"], name="list_entry_by_text"),
            models.Index(fields=["until_moment"], name="list_entry_by_end"),
        ]


class ModelVersion(models.Model):
    """A trained model: its artefact, how it was trained, and how it measured up."""

    id = models.CharField(primary_key=True, max_length=30)
    name = models.CharField(max_length=80)
    number = models.IntegerField()
    state = models.CharField(max_length=10, default="trained")
    artefact = models.BinaryField()
    digest = models.CharField(max_length=64)
    inputs = ArrayField(models.TextField())
    report = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "model_version"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "number"], name="model_version_number"),
            models.UniqueConstraint(fields=["name"], condition=Q(state="live"), name="model_one_live"),
        ]

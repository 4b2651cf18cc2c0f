"""Notices, their copies for each person, how a person wants mail, and webhooks with their deliveries."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import User


def _endpoint_id() -> str:
    return new_id("whe")


class Urgency(models.TextChoices):
    """How a notice goes by mail. `now`: at once, to everyone whom it concerns, at any hour. `soon`: as the person has
    settled. `digest`: with the day's collection."""

    NOW = "now", "now"
    SOON = "soon", "soon"
    DIGEST = "digest", "digest"


class MailState(models.TextChoices):
    """What has become of the mail of a copy."""

    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    UNWANTED = "unwanted", "not wanted"
    GIVEN_UP = "given_up", "given up"


class StoredNotice(models.Model):
    """A notice. `key` is the sender's: the same key never makes a second one. `values` are what the text of its `code`
    names: ids, amounts, times, sentences of rules; never a buyer's personal data."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=200, unique=True)
    code = models.CharField(max_length=60)
    seller_key = models.BigIntegerField(null=True)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    values = models.JSONField()
    urgency = models.CharField(max_length=8, choices=Urgency)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "notice"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(seller_key__isnull=False) | Q(person__isnull=False), name="notice_has_a_receiver"
            ),
            models.CheckConstraint(condition=Q(urgency__in=["now", "soon", "digest"]), name="notice_urgency"),
        ]
        indexes: ClassVar = [models.Index(fields=["seller_key", "at"], name="notice_of_seller")]


class NoticeCopy(models.Model):
    """One person's copy of a notice: read or not, and what has become of its mail.

    ``mail_at`` is when its mail is looked at next, and while one is being sent, when another process may try.
    ``mail_id`` names the mail it went or goes with, and becomes the Message-ID: a mail that is tried again is the same.
    """

    pk = models.CompositePrimaryKey("notice", "person")
    notice = models.ForeignKey(StoredNotice, models.PROTECT, related_name="copies")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    seller_key = models.BigIntegerField(null=True)
    urgency = models.CharField(max_length=8, choices=Urgency)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail_state = models.CharField(max_length=8, choices=MailState, default=MailState.WAITING)
    mail_at = models.DateTimeField()
    mail_id = models.CharField(max_length=30, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    problem = models.CharField(max_length=80, blank=True, default="")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notice_copy"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(mail_state="sent") | (Q(mailed_at__isnull=False) & ~Q(mail_id="")),
                name="notice_copy_sent_when",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "at", "notice"], name="notice_copy_inbox"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notice_copy_unread"),
            models.Index(fields=["mail_at"], condition=Q(mail_state="waiting"), name="notice_copy_due"),
            models.Index(fields=["at"], condition=Q(mail_state="given_up"), name="notice_copy_given_up"),
            models.Index(fields=["mail_id"], condition=~Q(mail_id=""), name="notice_copy_of_mail"),
        ]


class SentMail(models.Model):
    """What can be asked of a mail by the code at its foot (`codes`). `about`: its notice's code, or another word."""

    code = models.CharField(primary_key=True, max_length=12)
    mail_id = models.CharField(max_length=30, unique=True)
    about = models.CharField(max_length=60)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    seller_key = models.BigIntegerField(null=True)
    to_masked = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "sent_mail"
        indexes: ClassVar = [models.Index(fields=["at"], name="sent_mail_by_age")]


class Pace(models.TextChoices):
    """How a person wants mail: each notice at once, once a day and urgent ones at once, or urgent ones only."""

    NOW = "now", "each at once"
    DAILY = "daily", "once a day"
    URGENT = "urgent", "urgent ones only"


class MailSetting(models.Model):
    """How a person wants mail. Hours are of the person's own zone; quiet hours may run over midnight.

    Urgent notices come at once whatever stands here.
    """

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="mail_setting")
    digest = models.CharField(max_length=8, choices=Pace, default=Pace.NOW)
    daily_hour = models.SmallIntegerField(default=8)
    quiet_from_hour = models.SmallIntegerField(null=True)
    quiet_until_hour = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "mail_setting"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(daily_hour__range=(0, 23)), name="mail_setting_daily_hour"),
            models.CheckConstraint(
                condition=Q(quiet_from_hour__isnull=True, quiet_until_hour__isnull=True)
                | Q(quiet_from_hour__range=(0, 23), quiet_until_hour__range=(0, 23)),
                name="mail_setting_quiet_hours",
            ),
            models.CheckConstraint(condition=Q(digest__in=["now", "daily", "urgent"]), name="mail_setting_digest"),
        ]


class Endpoint(models.Model):
    """Where the marketplace's own system takes messages. The secret is sealed; during a change of secret the earlier
    one signs too, until `previous_until`.

    ``failing_since``: the first failure since the last success, ``failures``: how many there were. From
    `webhooks.BREAKER` of them on nothing is tried before ``paused_until``, and then one delivery at a time.
    """

    class Off(models.TextChoices):
        PERSON = "person", "switched off by a person"
        GONE = "gone", "the receiver answered 410 Gone"
        FAILING = "failing", "nothing was accepted for days"

    id = models.CharField(primary_key=True, max_length=30, default=_endpoint_id, editable=False)
    url = models.CharField(max_length=500)
    name = models.CharField(max_length=80, blank=True)
    kinds = ArrayField(models.CharField(max_length=40))
    secret = models.BinaryField()
    previous_secret = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True)
    off = models.CharField(max_length=8, choices=Off, blank=True, default="")
    off_since = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "webhook_endpoint"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(off="", off_since__isnull=True) | (~Q(off="") & Q(off_since__isnull=False)),
                name="webhook_endpoint_off_since",
            ),
            models.CheckConstraint(
                condition=Q(previous_secret__isnull=True, previous_until__isnull=True)
                | Q(previous_secret__isnull=False, previous_until__isnull=False),
                name="webhook_endpoint_previous_secret",
            ),
        ]

    @property
    def enabled(self) -> bool:
        """Whether messages are delivered to it."""
        return not self.off


class EndpointStep(models.Model):
    """What was done to an endpoint, by whom, and why."""

    class Verb(models.TextChoices):
        CREATED = "created", "created"
        CHANGED = "changed", "changed"
        ROTATED = "rotated", "secret changed"
        ON = "on", "switched on"
        OFF = "off", "switched off"
        RESENT = "resent", "messages resent"

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="steps")
    verb = models.CharField(max_length=8, choices=Verb)
    actor = models.CharField(max_length=40)
    role = models.CharField(max_length=40)
    why = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "webhook_step"


class StoredMessage(models.Model):
    """A message for the marketplace's systems. `id` is the receiver's idempotency key, `key` the sender's."""

    id = models.CharField(primary_key=True, max_length=30)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40)
    seller_key = models.BigIntegerField(null=True)
    data = models.JSONField()
    at = models.DateTimeField()
    spread_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_message"
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(spread_at__isnull=True), name="webhook_message_to_spread"),
            models.Index(fields=["at"], name="webhook_message_at"),
        ]


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "waiting"
    DELIVERED = "delivered", "delivered"
    GIVEN_UP = "given_up", "given up"


class WebhookDelivery(models.Model):
    """One message on its way to one endpoint. `due_at`: the next attempt; while one runs, when another may be made."""

    id = models.CharField(primary_key=True, max_length=30)
    message = models.ForeignKey(StoredMessage, models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="deliveries")
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    status = models.SmallIntegerField(null=True)
    problem = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_delivery"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "endpoint"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False), name="webhook_delivery_when"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "due_at"], condition=Q(state="waiting"), name="webhook_delivery_next"),
            models.Index(fields=["endpoint", "created_at", "id"], name="webhook_delivery_log"),
        ]


class WebhookAttempt(models.Model):
    """One attempt: the answer's status or what went wrong, and how long it took. What was answered is not kept: it may
    name people."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="log")
    at = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    latency_ms = models.IntegerField()
    problem = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "webhook_attempt"

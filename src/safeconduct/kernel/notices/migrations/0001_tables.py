import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.notices.models
from safeconduct.kernel.create_models import CreateModels

#: Addresses that people had until lately: what matters most is told there too, so that a thief who changes the address
#: does not change who hears of it. They are sealed, as those of people are, and kept as they stood there.
FORMER_ADDRESSES = """
CREATE TABLE mail_former_address (
    person_id varchar(30) NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    address text NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, address)
);
CREATE INDEX mail_former_address_oldest ON mail_former_address (ended_at);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Endpoint",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.notices.models._endpoint_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("url", models.CharField(max_length=500)),
                    ("name", models.CharField(blank=True, max_length=80)),
                    (
                        "kinds",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    ("secret", models.BinaryField()),
                    ("previous_secret", models.BinaryField(null=True)),
                    ("previous_until", models.DateTimeField(null=True)),
                    (
                        "off",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("person", "switched off by a person"),
                                ("gone", "the receiver answered 410 Gone"),
                                ("failing", "nothing was accepted for days"),
                            ],
                            default="",
                            max_length=8,
                        ),
                    ),
                    ("off_since", models.DateTimeField(null=True)),
                    ("failing_since", models.DateTimeField(null=True)),
                    ("created_by", models.CharField(max_length=40)),
                    ("created_at", models.DateTimeField()),
                    ("failures", models.IntegerField(default=0)),
                    ("paused_until", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "webhook_endpoint",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("off", ""), ("off_since__isnull", True)),
                                models.Q(models.Q(("off", ""), _negated=True), ("off_since__isnull", False)),
                                _connector="OR",
                            ),
                            name="webhook_endpoint_off_since",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("previous_secret__isnull", True), ("previous_until__isnull", True)),
                                models.Q(("previous_secret__isnull", False), ("previous_until__isnull", False)),
                                _connector="OR",
                            ),
                            name="webhook_endpoint_previous_secret",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="MailSetting",
                fields=[
                    (
                        "person",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="mail_setting",
                            serialize=False,
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "digest",
                        models.CharField(
                            choices=[("now", "each at once"), ("daily", "once a day"), ("urgent", "urgent ones only")],
                            default="now",
                            max_length=8,
                        ),
                    ),
                    ("daily_hour", models.SmallIntegerField(default=8)),
                    ("quiet_from_hour", models.SmallIntegerField(null=True)),
                    ("quiet_until_hour", models.SmallIntegerField(null=True)),
                ],
                options={
                    "db_table": "mail_setting",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("daily_hour__range", (0, 23))), name="mail_setting_daily_hour"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("quiet_from_hour__isnull", True), ("quiet_until_hour__isnull", True)),
                                models.Q(("quiet_from_hour__range", (0, 23)), ("quiet_until_hour__range", (0, 23))),
                                _connector="OR",
                            ),
                            name="mail_setting_quiet_hours",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("digest__in", ["now", "daily", "urgent"])), name="mail_setting_digest"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="StoredMessage",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=200, unique=True)),
                    ("kind", models.CharField(max_length=40)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("data", models.JSONField()),
                    ("at", models.DateTimeField()),
                    ("spread_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "webhook_message",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("spread_at__isnull", True)),
                            fields=["id"],
                            name="webhook_message_to_spread",
                        ),
                        models.Index(fields=["at"], name="webhook_message_at"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="StoredNotice",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=200, unique=True)),
                    ("code", models.CharField(max_length=60)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("values", models.JSONField()),
                    (
                        "urgency",
                        models.CharField(
                            choices=[("now", "now"), ("soon", "soon"), ("digest", "digest")], max_length=8
                        ),
                    ),
                    ("url", models.CharField(blank=True, max_length=300)),
                    ("at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "notice",
                    "indexes": [models.Index(fields=["seller_key", "at"], name="notice_of_seller")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("seller_key__isnull", False), ("person__isnull", False), _connector="OR"
                            ),
                            name="notice_has_a_receiver",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("urgency__in", ["now", "soon", "digest"])), name="notice_urgency"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="NoticeCopy",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "notice", "person", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    (
                        "urgency",
                        models.CharField(
                            choices=[("now", "now"), ("soon", "soon"), ("digest", "digest")], max_length=8
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    ("read_at", models.DateTimeField(null=True)),
                    (
                        "mail_state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("sent", "sent"),
                                ("unwanted", "not wanted"),
                                ("given_up", "given up"),
                            ],
                            default="waiting",
                            max_length=8,
                        ),
                    ),
                    ("mail_at", models.DateTimeField()),
                    ("mail_id", models.CharField(blank=True, default="", max_length=30)),
                    ("attempts", models.SmallIntegerField(default=0)),
                    ("problem", models.CharField(blank=True, default="", max_length=80)),
                    ("mailed_at", models.DateTimeField(null=True)),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    (
                        "notice",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="copies",
                            to="notices.storednotice",
                        ),
                    ),
                ],
                options={
                    "db_table": "notice_copy",
                    "indexes": [
                        models.Index(fields=["person", "at", "notice"], name="notice_copy_inbox"),
                        models.Index(
                            condition=models.Q(("read_at__isnull", True)), fields=["person"], name="notice_copy_unread"
                        ),
                        models.Index(
                            condition=models.Q(("mail_state", "waiting")), fields=["mail_at"], name="notice_copy_due"
                        ),
                        models.Index(
                            condition=models.Q(("mail_state", "given_up")), fields=["at"], name="notice_copy_given_up"
                        ),
                        models.Index(
                            condition=models.Q(("mail_id", ""), _negated=True),
                            fields=["mail_id"],
                            name="notice_copy_of_mail",
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("mail_state", "sent"), _negated=True),
                                models.Q(("mailed_at__isnull", False), models.Q(("mail_id", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="notice_copy_sent_when",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="WebhookDelivery",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    (
                        "state",
                        models.CharField(
                            choices=[("waiting", "waiting"), ("delivered", "delivered"), ("given_up", "given up")],
                            default="waiting",
                            max_length=10,
                        ),
                    ),
                    ("due_at", models.DateTimeField()),
                    ("attempts", models.SmallIntegerField(default=0)),
                    ("status", models.SmallIntegerField(null=True)),
                    ("problem", models.CharField(blank=True, default="", max_length=120)),
                    ("created_at", models.DateTimeField()),
                    ("delivered_at", models.DateTimeField(null=True)),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="deliveries",
                            to="notices.endpoint",
                        ),
                    ),
                    (
                        "message",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="deliveries",
                            to="notices.storedmessage",
                        ),
                    ),
                ],
                options={
                    "db_table": "webhook_delivery",
                    "indexes": [
                        models.Index(fields=["endpoint", "created_at", "id"], name="webhook_delivery_log"),
                        models.Index(
                            condition=models.Q(("state", "waiting")),
                            fields=["endpoint", "due_at"],
                            name="webhook_delivery_next",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("message", "endpoint"), name="webhook_delivery_once"),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "delivered"), _negated=True),
                                ("delivered_at__isnull", False),
                                _connector="OR",
                            ),
                            name="webhook_delivery_when",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="WebhookAttempt",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("at", models.DateTimeField()),
                    ("status", models.SmallIntegerField(null=True)),
                    ("latency_ms", models.IntegerField()),
                    ("problem", models.CharField(blank=True, max_length=120)),
                    (
                        "delivery",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="log",
                            to="notices.webhookdelivery",
                        ),
                    ),
                ],
                options={
                    "db_table": "webhook_attempt",
                },
            ),
            migrations.CreateModel(
                name="EndpointStep",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    (
                        "verb",
                        models.CharField(
                            choices=[
                                ("created", "created"),
                                ("changed", "changed"),
                                ("rotated", "secret changed"),
                                ("on", "switched on"),
                                ("off", "switched off"),
                                ("resent", "messages resent"),
                            ],
                            max_length=8,
                        ),
                    ),
                    ("actor", models.CharField(max_length=40)),
                    ("role", models.CharField(max_length=40)),
                    ("why", models.CharField(blank=True, max_length=200)),
                    ("at", models.DateTimeField()),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="notices.endpoint"
                        ),
                    ),
                ],
                options={
                    "db_table": "webhook_step",
                },
            ),
            migrations.CreateModel(
                name="SentMail",
                fields=[
                    ("code", models.CharField(max_length=12, primary_key=True, serialize=False)),
                    ("mail_id", models.CharField(max_length=30, unique=True)),
                    ("about", models.CharField(max_length=60)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("to_masked", models.CharField(max_length=80)),
                    ("at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "sent_mail",
                    "indexes": [models.Index(fields=["at"], name="sent_mail_by_age")],
                },
            ),
        ),
        migrations.RunSQL(FORMER_ADDRESSES),
    ]

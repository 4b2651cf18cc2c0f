import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.decisions.models
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="WatchList",
                fields=[
                    ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                    (
                        "kind",
                        models.CharField(
                            choices=[("allow", "allow"), ("deny", "deny"), ("custom", "custom")], max_length=8
                        ),
                    ),
                    ("entity", models.CharField(max_length=40)),
                    ("purpose", models.TextField(blank=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "db_table": "watch_list",
                },
            ),
            migrations.CreateModel(
                name="Label",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.decisions.models._label_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("order_key", models.BigIntegerField()),
                    (
                        "kind",
                        models.CharField(
                            choices=[("fraud", "fraud"), ("abuse", "abuse"), ("good", "good")], max_length=8
                        ),
                    ),
                    ("origin", models.CharField(max_length=40)),
                    ("moment", models.BigIntegerField()),
                    ("note", models.TextField(blank=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "db_table": "label",
                    "constraints": [models.UniqueConstraint(fields=("order_key", "kind", "origin"), name="label_once")],
                },
            ),
            migrations.CreateModel(
                name="ModelVersion",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("name", models.CharField(max_length=80)),
                    ("number", models.IntegerField()),
                    ("state", models.CharField(default="trained", max_length=10)),
                    ("artefact", models.BinaryField()),
                    ("digest", models.CharField(max_length=64)),
                    ("inputs", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("report", models.JSONField()),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "db_table": "model_version",
                    "constraints": [
                        models.UniqueConstraint(fields=("name", "number"), name="model_version_number"),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "live")), fields=("name",), name="model_one_live"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Mute",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("policy", models.CharField(max_length=80)),
                    ("rule", models.CharField(max_length=80)),
                    ("entity_key", models.BigIntegerField(null=True)),
                    (
                        "cause",
                        models.CharField(
                            choices=[("snooze", "snoozed"), ("brake", "stopped by the brake")], max_length=10
                        ),
                    ),
                    ("actor", models.CharField(max_length=40)),
                    ("why", models.TextField()),
                    ("since", models.DateTimeField(default=django.utils.timezone.now)),
                    ("until", models.DateTimeField(null=True)),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("ended_by", models.CharField(blank=True, max_length=40)),
                ],
                options={
                    "db_table": "mute",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("ended_at__isnull", True)), fields=["policy"], name="mute_in_force"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="PolicyVersion",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.decisions.models._version_id,
                            editable=False,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("policy", models.CharField(max_length=80)),
                    ("number", models.IntegerField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("draft", "draft"),
                                ("shadow", "in shadow"),
                                ("challenger", "challenger"),
                                ("live", "live"),
                                ("retired", "retired"),
                            ],
                            default="draft",
                            max_length=12,
                        ),
                    ),
                    ("text", models.TextField()),
                    ("note", models.TextField(blank=True)),
                    ("rollout_percent", models.SmallIntegerField(default=100)),
                    ("approval_asked_at", models.DateTimeField(null=True)),
                    ("published_at", models.DateTimeField(null=True)),
                    ("retired_at", models.DateTimeField(null=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("revision", models.IntegerField(default=1)),
                    (
                        "approved_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "author",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "policy_version",
                    "constraints": [
                        models.UniqueConstraint(fields=("policy", "number"), name="policy_version_number"),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "live")), fields=("policy",), name="policy_one_live"
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "challenger")),
                            fields=("policy",),
                            name="policy_one_challenger",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("approved_by__isnull", True),
                                ("author__isnull", True),
                                models.Q(("approved_by", models.F("author")), _negated=True),
                                _connector="OR",
                            ),
                            name="policy_second_person",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state__in", ["live", "challenger"]), _negated=True),
                                ("approved_by__isnull", False),
                                ("author__isnull", True),
                                _connector="OR",
                            ),
                            name="policy_approved_when_live",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("rollout_percent__range", (1, 100))), name="policy_rollout_percent"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="PolicyStep",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("verb", models.CharField(max_length=20)),
                    ("actor", models.CharField(max_length=40)),
                    ("why", models.TextField(blank=True)),
                    ("at", models.DateTimeField(default=django.utils.timezone.now)),
                    (
                        "version",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="steps",
                            to="decisions.policyversion",
                        ),
                    ),
                ],
                options={
                    "db_table": "policy_step",
                },
            ),
            migrations.CreateModel(
                name="Decision",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("moment", models.BigIntegerField()),
                    ("policy", models.CharField(max_length=80)),
                    (
                        "kind",
                        models.CharField(
                            choices=[("live", "live"), ("shadow", "in shadow"), ("override", "by a person")],
                            max_length=10,
                        ),
                    ),
                    (
                        "action",
                        models.CharField(
                            choices=[
                                ("allow", "allow"),
                                ("challenge", "challenge"),
                                ("review", "review"),
                                ("block", "block"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("fired", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("unknown", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("muted", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("allowed_by", models.CharField(blank=True, max_length=80)),
                    ("values", models.JSONField()),
                    ("reasons", models.JSONField()),
                    ("control", models.BooleanField(default=False)),
                    ("latency_us", models.IntegerField()),
                    ("decided_at", models.DateTimeField()),
                    ("decided_moment", models.BigIntegerField()),
                    ("standing", models.BooleanField(default=True)),
                    ("replaces", models.CharField(blank=True, max_length=30)),
                    ("actor", models.CharField(default="engine", max_length=40)),
                    (
                        "version",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="decisions.policyversion",
                        ),
                    ),
                ],
                options={
                    "db_table": "decision",
                    "indexes": [
                        models.Index(fields=["policy", "-moment"], name="decision_by_policy"),
                        models.Index(fields=["seller_key", "-moment"], name="decision_by_seller"),
                        models.Index(
                            condition=models.Q(("order_key__isnull", False)),
                            fields=["order_key"],
                            name="decision_by_order",
                        ),
                        models.Index(fields=["version", "moment"], name="decision_by_version"),
                        models.Index(
                            condition=models.Q(("standing", True), models.Q(("action", "allow"), _negated=True)),
                            fields=["action", "-moment"],
                            name="decision_adverse",
                        ),
                        models.Index(
                            condition=models.Q(
                                ("kind", "live"), ("order_key__isnull", False), models.Q(("fired", []), _negated=True)
                            ),
                            fields=["version"],
                            name="decision_spoken",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("kind", "live")), fields=("moment", "policy"), name="decision_once"
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("kind", "shadow")),
                            fields=("moment", "version"),
                            name="decision_shadow_once",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("standing", True), models.Q(("kind", "shadow"), _negated=True)),
                            fields=("moment", "policy"),
                            name="decision_one_standing",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("action", "allow"), ("reasons__statement__0__isnull", False), _connector="OR"
                            ),
                            name="decision_never_silent",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="RuleCount",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("rule", models.CharField(max_length=80)),
                    ("hour", models.DateTimeField()),
                    ("decided", models.IntegerField()),
                    ("fired", models.IntegerField()),
                    ("unknown", models.IntegerField()),
                    ("muted", models.IntegerField()),
                    ("amount_minor", models.BigIntegerField()),
                    (
                        "version",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="decisions.policyversion",
                        ),
                    ),
                ],
                options={
                    "db_table": "rule_count",
                    "indexes": [models.Index(fields=["version", "rule", "hour"], name="rule_count_by_rule")],
                },
            ),
            migrations.CreateModel(
                name="ListEntry",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.decisions.models._entry_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("key", models.BigIntegerField(null=True)),
                    ("text", models.CharField(blank=True, max_length=200)),
                    ("from_moment", models.BigIntegerField()),
                    ("until_moment", models.BigIntegerField(null=True)),
                    ("actor", models.CharField(max_length=40)),
                    ("why", models.TextField()),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    (
                        "watch_list",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="entries",
                            to="decisions.watchlist",
                        ),
                    ),
                ],
                options={
                    "db_table": "list_entry",
                    "indexes": [
                        models.Index(fields=["watch_list", "key"], name="list_entry_by_key"),
                        models.Index(fields=["watch_list", "text"], name="list_entry_by_text"),
                        models.Index(fields=["until_moment"], name="list_entry_by_end"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("why", ""), _negated=True), name="list_entry_has_a_reason"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("key__isnull", False), models.Q(("text", ""), _negated=True), _connector="OR"
                            ),
                            name="list_entry_is_something",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Review",
                fields=[
                    (
                        "decision",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            serialize=False,
                            to="decisions.decision",
                        ),
                    ),
                    (
                        "state",
                        models.CharField(choices=[("open", "open"), ("done", "done")], default="open", max_length=6),
                    ),
                    ("due_at", models.DateTimeField()),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("top_reason", models.CharField(max_length=80)),
                    ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("done_at", models.DateTimeField(null=True)),
                    (
                        "outcome",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("allow", "allow"),
                                ("challenge", "challenge"),
                                ("review", "review"),
                                ("block", "block"),
                            ],
                            max_length=10,
                        ),
                    ),
                    (
                        "assigned_to",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("asked_by", models.CharField(blank=True, default="", max_length=30)),
                    ("asked_why", models.TextField(blank=True, default="")),
                ],
                options={
                    "db_table": "review",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("state", "open")), fields=["due_at", "decision"], name="review_by_due"
                        ),
                        models.Index(
                            condition=models.Q(("state", "open")),
                            fields=["-amount_minor", "decision"],
                            name="review_by_amount",
                        ),
                    ],
                },
            ),
        ),
    ]

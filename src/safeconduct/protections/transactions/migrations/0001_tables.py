import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import safeconduct.protections.transactions.chargebacks.models
import safeconduct.protections.transactions.models
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="CoverageStep",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("order_key", models.BigIntegerField()),
                    ("seller_key", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                    ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ("moment", models.BigIntegerField()),
                    ("state", models.CharField(max_length=10)),
                    ("positions", models.JSONField()),
                    ("up_to_minor", models.BigIntegerField(null=True)),
                    ("template_id", models.CharField(max_length=30)),
                ],
                options={
                    "db_table": "coverage_step",
                    "indexes": [models.Index(fields=["order_key", "id"], name="coverage_step_of_order")],
                },
            ),
            migrations.CreateModel(
                name="CoverageUsage",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "seller_key", "year", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("year", models.SmallIntegerField()),
                    ("paid_minor", models.BigIntegerField()),
                    ("claims", models.IntegerField()),
                    ("advanced_minor", models.BigIntegerField(db_default=0)),
                ],
                options={
                    "db_table": "coverage_usage",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("paid_minor__gte", 0)), name="coverage_usage_positive"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("advanced_minor__gte", 0)), name="coverage_usage_advanced"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="TemplateVersion",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.models._template_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("name", models.CharField(max_length=60)),
                    ("number", models.IntegerField()),
                    (
                        "state",
                        models.CharField(
                            choices=[("draft", "draft"), ("live", "live"), ("rejected", "rejected")],
                            default="draft",
                            max_length=10,
                        ),
                    ),
                    ("valid_from", models.DateField()),
                    ("text", models.TextField()),
                    ("written_by", models.CharField(max_length=40)),
                    ("written_at", models.DateTimeField()),
                    ("approved_by", models.CharField(blank=True, default="", max_length=40)),
                    ("approved_at", models.DateTimeField(null=True)),
                    ("why", models.TextField(blank=True, default="")),
                ],
                options={
                    "db_table": "coverage_template",
                    "constraints": [
                        models.UniqueConstraint(fields=("name", "number"), name="coverage_template_number"),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "live")),
                            fields=("valid_from",),
                            name="coverage_template_one_a_day",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "live"), _negated=True),
                                models.Q(
                                    ("approved_at__isnull", False),
                                    models.Q(("approved_by", ""), _negated=True),
                                    models.Q(("approved_by", models.F("written_by")), _negated=True),
                                ),
                                ("written_by", "shipped"),
                                _connector="OR",
                            ),
                            name="coverage_template_second_person",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Coverage",
                fields=[
                    ("order_key", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_ref", models.CharField(db_collation="C", max_length=200)),
                    ("placed_at", models.DateTimeField()),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("currency", models.CharField(max_length=3)),
                    ("order_minor", models.BigIntegerField(null=True)),
                    ("order_currency", models.CharField(blank=True, max_length=3)),
                    ("ship_country", models.CharField(blank=True, max_length=2)),
                    (
                        "action",
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
                        "state",
                        models.CharField(
                            choices=[
                                ("quoted", "quoted"),
                                ("active", "active"),
                                ("protected", "protected"),
                                ("partly", "partly"),
                                ("void", "void"),
                                ("claimed", "claimed"),
                                ("paid", "paid"),
                                ("denied", "denied"),
                                ("ended", "ended"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("shipped_at", models.DateTimeField(null=True)),
                    ("delivered_at", models.DateTimeField(null=True)),
                    ("ship_by_at", models.DateTimeField(null=True)),
                    ("next_at", models.DateTimeField(null=True)),
                    ("warned_at", models.DateTimeField(null=True)),
                    ("up_to_minor", models.BigIntegerField(null=True)),
                    ("pays_minor", models.BigIntegerField(default=0)),
                    ("rulings", models.JSONField()),
                    ("certificate", models.JSONField()),
                    ("digest", models.BigIntegerField()),
                    ("seen_moment", models.BigIntegerField()),
                    ("changed_at", models.DateTimeField()),
                    (
                        "template",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.templateversion",
                        ),
                    ),
                    ("advance_minor", models.BigIntegerField(db_default=0)),
                ],
                options={
                    "db_table": "coverage",
                    "indexes": [
                        models.Index(fields=["seller_key", "-placed_at", "-order_key"], name="coverage_of_seller"),
                        models.Index(
                            fields=["seller_key", "state", "-placed_at", "-order_key"], name="coverage_by_state"
                        ),
                        models.Index(
                            condition=models.Q(("action__in", ["", "allow"]), _negated=True),
                            fields=["seller_key", "action", "-placed_at", "-order_key"],
                            name="coverage_by_action",
                        ),
                        models.Index(fields=["seller_key", "order_ref", "order_key"], name="coverage_by_ref"),
                        models.Index(
                            condition=models.Q(("ship_by_at__isnull", False)),
                            fields=["seller_key", "ship_by_at"],
                            name="coverage_to_do",
                        ),
                        models.Index(
                            condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="coverage_due"
                        ),
                        models.Index(
                            condition=models.Q(("state__in", ["active", "protected", "partly", "claimed"])),
                            fields=["template"],
                            include=("up_to_minor",),
                            name="coverage_open",
                        ),
                        models.Index(
                            condition=models.Q(("state__in", ["claimed", "paid", "denied"])),
                            fields=["order_key"],
                            name="coverage_of_claims",
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("pays_minor__gte", 0)), name="coverage_pays_nothing_back"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("pays_minor", 0), ("amount_minor__gte", models.F("pays_minor")), _connector="OR"
                            ),
                            name="coverage_pays_a_loss",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("advance_minor", 0),
                                models.Q(
                                    ("advance_minor__gt", 0),
                                    (
                                        "amount_minor__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("pays_minor"), "+", models.F("advance_minor")
                                        ),
                                    ),
                                ),
                                _connector="OR",
                            ),
                            name="coverage_advances_a_loss",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="BankDispute",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._dispute_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("dispute_key", models.BigIntegerField(unique=True)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("ref", models.CharField(db_collation="C", max_length=200)),
                    ("processor", models.CharField(max_length=120)),
                    ("network", models.CharField(max_length=40)),
                    ("network_code", models.CharField(max_length=40)),
                    ("code_key", models.CharField(max_length=60)),
                    ("reason", models.CharField(max_length=80)),
                    (
                        "stage",
                        models.CharField(
                            choices=[
                                ("inquiry", "inquiry"),
                                ("chargeback", "chargeback"),
                                ("second_chargeback", "second_chargeback"),
                                ("pre_arbitration", "pre_arbitration"),
                                ("arbitration", "arbitration"),
                            ],
                            max_length=20,
                        ),
                    ),
                    (
                        "status",
                        models.CharField(
                            choices=[
                                ("warning_needs_response", "warning_needs_response"),
                                ("warning_under_review", "warning_under_review"),
                                ("warning_closed", "warning_closed"),
                                ("needs_response", "needs_response"),
                                ("under_review", "under_review"),
                                ("won", "won"),
                                ("lost", "lost"),
                                ("prevented", "prevented"),
                            ],
                            max_length=30,
                        ),
                    ),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("currency", models.CharField(max_length=3)),
                    ("opened_at", models.DateTimeField()),
                    ("due_at", models.DateTimeField(null=True)),
                    ("due_of_table", models.BooleanField()),
                    ("answerable", models.BooleanField()),
                    ("closed_at", models.DateTimeField(null=True)),
                    ("reopened", models.SmallIntegerField()),
                    ("evidence_offer", models.CharField(max_length=200)),
                    ("seen_moment", models.BigIntegerField()),
                    ("to_staff_at", models.DateTimeField(null=True)),
                    ("reviewed", models.BooleanField(default=False)),
                ],
                options={
                    "db_table": "bank_dispute",
                    "indexes": [
                        models.Index(fields=["seller_key", "-opened_at", "-id"], name="bank_dispute_of_seller"),
                        models.Index(fields=["-opened_at", "-id"], name="bank_dispute_newest"),
                        models.Index(
                            condition=models.Q(("order_key__isnull", False)),
                            fields=["order_key"],
                            name="bank_dispute_of_order",
                        ),
                        models.Index(
                            condition=models.Q(
                                ("due_at__isnull", False), ("status__in", ["needs_response", "warning_needs_response"])
                            ),
                            fields=["due_at", "id"],
                            name="bank_dispute_due",
                        ),
                        models.Index(
                            condition=models.Q(("status__in", ["won", "lost"])),
                            fields=["code_key", "status"],
                            name="bank_dispute_decided",
                        ),
                        models.Index(fields=["stage", "-opened_at", "-id"], name="bank_dispute_by_stage"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("amount_minor__gte", 0)), name="bank_dispute_amount"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("closed_at__isnull", True),
                                ("status__in", ["won", "lost", "warning_closed", "prevented"]),
                                _connector="OR",
                            ),
                            name="bank_dispute_closed",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="DefenceAuthorisation",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._authorisation_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("given_by", models.CharField(max_length=40)),
                    ("given_at", models.DateTimeField()),
                    ("revoked_by", models.CharField(blank=True, default="", max_length=40)),
                    ("revoked_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "defence_authorisation",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("revoked_at__isnull", True)),
                            fields=("seller_key",),
                            name="defence_authorisation_one",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("revoked_at__isnull", True), ("revoked_at__gte", models.F("given_at")), _connector="OR"
                            ),
                            name="defence_authorisation_order",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="BankAnswer",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._answer_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    (
                        "stage",
                        models.CharField(
                            choices=[
                                ("inquiry", "inquiry"),
                                ("chargeback", "chargeback"),
                                ("second_chargeback", "second_chargeback"),
                                ("pre_arbitration", "pre_arbitration"),
                                ("arbitration", "arbitration"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("kind", models.CharField(choices=[("fight", "fight"), ("accept", "accept")], max_length=10)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("staged", "staged"),
                                ("queued", "queued"),
                                ("sent", "sent"),
                                ("failed", "failed"),
                            ],
                            default="staged",
                            max_length=10,
                        ),
                    ),
                    ("language", models.CharField(max_length=10)),
                    ("percent", models.SmallIntegerField()),
                    ("complete", models.BooleanField()),
                    ("missing", models.JSONField()),
                    ("left_out", models.JSONField()),
                    ("manifest", models.JSONField()),
                    ("sha256", models.CharField(blank=True, max_length=64)),
                    ("fields", models.BinaryField()),
                    ("staged_at", models.DateTimeField()),
                    ("staged_by", models.CharField(max_length=40)),
                    ("queued_at", models.DateTimeField(null=True)),
                    ("queued_by", models.CharField(blank=True, default="", max_length=40)),
                    ("next_try_at", models.DateTimeField(null=True)),
                    ("attempts", models.SmallIntegerField(default=0)),
                    ("problem", models.CharField(blank=True, default="", max_length=200)),
                    ("sent_at", models.DateTimeField(null=True)),
                    ("how", models.CharField(blank=True, default="", max_length=10)),
                    (
                        "dispute",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.bankdispute",
                        ),
                    ),
                    (
                        "authorisation",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.defenceauthorisation",
                        ),
                    ),
                    ("earlier", models.JSONField(null=True)),
                ],
                options={
                    "db_table": "bank_answer",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("state", "queued")),
                            fields=["next_try_at", "id"],
                            name="bank_answer_to_send",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("dispute", "stage"), name="bank_answer_once"),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state", "staged"),
                                models.Q(("queued_at__isnull", False), models.Q(("queued_by", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="bank_answer_by_whom",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("authorisation__isnull", True), ("complete", True), _connector="OR"),
                            name="bank_answer_authorised_if_complete",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "sent"), _negated=True),
                                models.Q(("sent_at__isnull", False), models.Q(("how", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="bank_answer_sent",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="AnswerFile",
                fields=[
                    (
                        "answer",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="+",
                            serialize=False,
                            to="transactions.bankanswer",
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("bank", models.BinaryField()),
                    ("copy", models.BinaryField()),
                ],
                options={
                    "db_table": "bank_answer_file",
                },
            ),
            migrations.CreateModel(
                name="DisputeStep",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._step_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("what", models.CharField(max_length=20)),
                    ("stage", models.CharField(max_length=20)),
                    ("status", models.CharField(max_length=30)),
                    ("actor", models.CharField(blank=True, default="", max_length=40)),
                    ("why", models.CharField(blank=True, default="", max_length=500)),
                    ("sha256", models.CharField(blank=True, default="", max_length=64)),
                    ("at", models.DateTimeField()),
                    (
                        "dispute",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.bankdispute",
                        ),
                    ),
                ],
                options={
                    "db_table": "bank_dispute_step",
                    "indexes": [models.Index(fields=["dispute", "id"], name="bank_dispute_steps")],
                },
            ),
            migrations.CreateModel(
                name="BankDocument",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._document_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("document", models.CharField(max_length=40)),
                    ("title", models.CharField(blank=True, default="", max_length=120)),
                    ("version", models.CharField(blank=True, default="", max_length=40)),
                    ("listing_key", models.BigIntegerField(null=True)),
                    ("media_type", models.CharField(max_length=40)),
                    ("size_bytes", models.IntegerField()),
                    ("page_count", models.SmallIntegerField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("sealed", models.BinaryField()),
                    ("scanned_by", models.CharField(blank=True, default="", max_length=20)),
                    ("added_at", models.DateTimeField()),
                    ("added_by", models.CharField(max_length=40)),
                    ("by_role", models.CharField(max_length=20)),
                    ("removed_at", models.DateTimeField(null=True)),
                    ("removed_by", models.CharField(blank=True, default="", max_length=40)),
                    (
                        "dispute",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.bankdispute",
                        ),
                    ),
                    ("since", models.DateField(null=True)),
                ],
                options={
                    "db_table": "bank_document",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("dispute__isnull", False)),
                            fields=["dispute", "id"],
                            name="bank_document_of_dispute",
                        ),
                        models.Index(
                            condition=models.Q(("dispute__isnull", True)),
                            fields=["seller_key", "id"],
                            name="bank_document_kept",
                        ),
                        models.Index(fields=["added_by"], include=("size_bytes",), name="bank_document_of_person"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("removed_at__isnull", True)),
                            fields=("dispute", "seller_key", "document", "sha256"),
                            name="bank_document_once",
                            nulls_distinct=False,
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("page_count__gt", 0),
                                ("size_bytes__gt", 0),
                                ("page_count__lte", 6),
                                ("size_bytes__lte", 2000000),
                            ),
                            name="bank_document_size",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("removed_at__isnull", True), ("removed_by", "")),
                                models.Q(("removed_at__isnull", False), models.Q(("removed_by", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="bank_document_removed_by_whom",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="EarlyWarning",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.protections.transactions.chargebacks.models._warning_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("event_id", models.CharField(max_length=30, unique=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("processor", models.CharField(max_length=120)),
                    ("reason", models.CharField(max_length=80)),
                    ("amount_minor", models.BigIntegerField(null=True)),
                    ("currency", models.CharField(max_length=3)),
                    ("warned_at", models.DateTimeField()),
                    (
                        "state",
                        models.CharField(
                            choices=[("open", "open"), ("refund", "refund"), ("wait", "wait")],
                            default="open",
                            max_length=10,
                        ),
                    ),
                    ("decided_at", models.DateTimeField(null=True)),
                    ("decided_by", models.CharField(blank=True, default="", max_length=40)),
                    ("to_hold", models.BooleanField()),
                    ("held_by", models.CharField(blank=True, default="", max_length=30)),
                    (
                        "dispute",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="transactions.bankdispute",
                        ),
                    ),
                ],
                options={
                    "db_table": "early_warning",
                    "indexes": [
                        models.Index(fields=["seller_key", "-warned_at", "-id"], name="early_warning_of_seller"),
                        models.Index(fields=["-warned_at", "-id"], name="early_warning_newest"),
                        models.Index(
                            condition=models.Q(("held_by", ""), ("to_hold", True)),
                            fields=["id"],
                            name="early_warning_to_hold",
                        ),
                        models.Index(
                            condition=models.Q(("dispute__isnull", True), ("state", "open")),
                            fields=["-warned_at", "-id"],
                            name="early_warning_waits",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("order_key__isnull", False)),
                            fields=("order_key",),
                            name="early_warning_first",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("decided_at__isnull", True), ("decided_by", ""), ("state", "open")),
                                models.Q(
                                    models.Q(("state", "open"), _negated=True),
                                    ("decided_at__isnull", False),
                                    models.Q(("decided_by", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="early_warning_decided_by_whom",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("amount_minor__gte", 0)), name="early_warning_amount"
                        ),
                    ],
                },
            ),
        ),
    ]

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Payment",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=120, unique=True)),
                    ("currency", models.CharField(max_length=3)),
                    ("at", models.DateTimeField()),
                ],
                options={
                    "db_table": "claim_payment",
                },
            ),
            migrations.CreateModel(
                name="BankDebit",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=200, unique=True)),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("platform_dispute", "platform_dispute"),
                                ("inquiry", "inquiry"),
                                ("chargeback", "chargeback"),
                                ("pre_dispute", "pre_dispute"),
                                ("return", "return"),
                                ("refund_request", "refund_request"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("about", models.CharField(max_length=60)),
                    ("currency", models.CharField(max_length=3)),
                    ("amount_minor", models.BigIntegerField()),
                    ("paid_minor", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                    (
                        "payment",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="debits", to="claims.payment"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_bank_debit",
                    "indexes": [models.Index(fields=["about"], name="claim_bank_debit_about")],
                },
            ),
            migrations.CreateModel(
                name="Line",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_key", models.BigIntegerField()),
                    ("name", models.CharField(blank=True, default="", max_length=60)),
                    ("currency", models.CharField(max_length=3)),
                ],
                options={
                    "db_table": "claim_line",
                    "constraints": [models.UniqueConstraint(fields=("order_key", "name"), name="claim_line_once")],
                },
            ),
            migrations.CreateModel(
                name="Part",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("amount_minor", models.BigIntegerField()),
                    ("running_minor", models.BigIntegerField(db_default=0)),
                    ("sent_minor", models.BigIntegerField(db_default=0)),
                    ("bank_minor", models.BigIntegerField(db_default=0)),
                    (
                        "excess_minor",
                        models.GeneratedField(
                            db_persist=True,
                            expression=django.db.models.functions.comparison.Greatest(
                                models.Value(0),
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("sent_minor"), "+", models.F("bank_minor")
                                    ),
                                    "-",
                                    models.F("amount_minor"),
                                ),
                            ),
                            output_field=models.BigIntegerField(),
                        ),
                    ),
                    (
                        "line",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="claims.line"
                        ),
                    ),
                    (
                        "payment",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="claims.payment"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_part",
                    "constraints": [
                        models.UniqueConstraint(fields=("payment", "line"), name="claim_part_once"),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("running_minor__gte", 0),
                                ("sent_minor__gte", 0),
                                (
                                    "amount_minor__gte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("running_minor"), "+", models.F("sent_minor")
                                    ),
                                ),
                            ),
                            name="claim_part_never_sends_more_than_captured",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Claim",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_key", models.BigIntegerField()),
                    ("buyer_country", models.CharField(blank=True, default="", max_length=2)),
                    ("seller_country", models.CharField(blank=True, default="", max_length=2)),
                    ("way", models.CharField(blank=True, default="", max_length=40)),
                    ("opened_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(null=True)),
                    ("frozen_at", models.DateTimeField(null=True)),
                    ("hold_key", models.CharField(blank=True, default="", max_length=200)),
                    ("holds", models.IntegerField(default=0)),
                    (
                        "line",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="claims", to="claims.line"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim",
                    "indexes": [
                        models.Index(fields=["seller_key", "opened_at", "id"], name="claim_of_seller"),
                        models.Index(fields=["order_key"], name="claim_of_order"),
                        models.Index(
                            condition=models.Q(("closed_at", None)), fields=["opened_at", "id"], name="claim_active"
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("closed_at", None)),
                            fields=("line",),
                            name="claim_one_active_for_a_line",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("closed_at", None), ("frozen_at", None), _connector="OR"),
                            name="claim_closed_is_not_frozen",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Recovery",
                fields=[
                    (
                        "part",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="recovery",
                            serialize=False,
                            to="claims.part",
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("due_minor", models.BigIntegerField()),
                    (
                        "defence",
                        models.CharField(
                            choices=[
                                ("credit_already_issued", "credit_already_issued"),
                                ("more_than_captured", "more_than_captured"),
                            ],
                            max_length=30,
                        ),
                    ),
                    ("since", models.DateTimeField()),
                    ("settled_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "claim_recovery",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("settled_at", None)),
                            fields=["since", "part"],
                            name="claim_recovery_due",
                        )
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("due_minor__gt", 0), ("settled_at", None)),
                                models.Q(("due_minor", 0), ("settled_at__isnull", False)),
                                _connector="OR",
                            ),
                            name="claim_recovery_state",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="BankShare",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "debit", "part", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("amount_minor", models.BigIntegerField()),
                    ("paid_minor", models.BigIntegerField()),
                    (
                        "debit",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="claims.bankdebit"
                        ),
                    ),
                    (
                        "part",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="claims.part"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_bank_share",
                },
            ),
            migrations.CreateModel(
                name="Refund",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("key", models.CharField(max_length=200, unique=True)),
                    ("seller_key", models.BigIntegerField()),
                    (
                        "item",
                        models.CharField(
                            choices=[
                                ("refund", "refund"),
                                ("statutory_damages", "statutory_damages"),
                                ("return_freight", "return_freight"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("amount_minor", models.BigIntegerField()),
                    ("currency", models.CharField(max_length=3)),
                    ("by_bank_minor", models.BigIntegerField(default=0)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("requested", "requested"),
                                ("frozen", "frozen"),
                                ("sent", "sent"),
                                ("failed", "failed"),
                                ("paid_by_bank", "paid_by_bank"),
                            ],
                            max_length=12,
                        ),
                    ),
                    ("told", models.BooleanField(default=False)),
                    ("matter", models.CharField(blank=True, default="", max_length=60)),
                    ("due_at", models.DateTimeField(null=True)),
                    ("requested_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="claims.claim"
                        ),
                    ),
                    (
                        "part",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="refunds",
                            to="claims.part",
                        ),
                    ),
                    ("called_off_minor", models.BigIntegerField(db_default=0)),
                    ("not_again_minor", models.BigIntegerField(db_default=0)),
                ],
                options={
                    "db_table": "claim_refund",
                    "indexes": [
                        models.Index(fields=["claim"], name="claim_refund_of_claim"),
                        models.Index(
                            condition=models.Q(("state__in", ["requested", "frozen"])),
                            fields=["due_at", "id"],
                            name="claim_refund_running",
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("amount_minor__gt", 0),
                                ("by_bank_minor__gte", 0),
                                ("amount_minor__gte", models.F("by_bank_minor")),
                            ),
                            name="claim_refund_amount",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("item", "refund"), ("part__isnull", False)),
                                models.Q(
                                    ("by_bank_minor", 0),
                                    ("item__in", ["statutory_damages", "return_freight"]),
                                    ("part", None),
                                ),
                                _connector="OR",
                            ),
                            name="claim_refund_counts_against_its_part",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at", None), ("state__in", ["requested", "frozen"])),
                                models.Q(
                                    ("ended_at__isnull", False), ("state__in", ["sent", "failed", "paid_by_bank"])
                                ),
                                _connector="OR",
                            ),
                            name="claim_refund_state",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("called_off_minor__gte", 0),
                                ("not_again_minor__gte", 0),
                                (
                                    "amount_minor__gte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("by_bank_minor"), "+", models.F("called_off_minor")
                                    ),
                                ),
                                ("by_bank_minor__gte", models.F("not_again_minor")),
                            ),
                            name="claim_refund_called_off",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="SharedEvidence",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "claim", "evidence_id", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("evidence_id", models.CharField(max_length=30)),
                    ("seller_key", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="claims.claim"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_evidence",
                },
            ),
            migrations.CreateModel(
                name="Step",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("number", models.IntegerField()),
                    ("verb", models.CharField(max_length=40)),
                    ("facts", models.JSONField(default=dict)),
                    ("role", models.CharField(max_length=20)),
                    ("actor", models.CharField(max_length=80)),
                    ("why", models.TextField(blank=True, default="")),
                    ("at", models.DateTimeField()),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="claims.claim"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_step",
                    "constraints": [models.UniqueConstraint(fields=("claim", "number"), name="claim_step_number")],
                },
            ),
            migrations.CreateModel(
                name="Channel",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("platform_dispute", "platform_dispute"),
                                ("inquiry", "inquiry"),
                                ("chargeback", "chargeback"),
                                ("pre_dispute", "pre_dispute"),
                                ("return", "return"),
                                ("refund_request", "refund_request"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("about", models.CharField(max_length=60)),
                    ("round", models.SmallIntegerField(default=1)),
                    ("case_id", models.CharField(blank=True, default="", max_length=30)),
                    ("claimed_minor", models.BigIntegerField()),
                    ("hold_until", models.DateTimeField()),
                    ("opened_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("outcome", models.CharField(blank=True, default="", max_length=12)),
                    (
                        "claim",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="channels", to="claims.claim"
                        ),
                    ),
                ],
                options={
                    "db_table": "claim_channel",
                    "indexes": [models.Index(fields=["kind", "about"], name="claim_channel_about")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("claim", "kind", "about", "round"), name="claim_channel_joins_once"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "kind__in",
                                    [
                                        "platform_dispute",
                                        "inquiry",
                                        "chargeback",
                                        "pre_dispute",
                                        "return",
                                        "refund_request",
                                    ],
                                )
                            ),
                            name="claim_channel_kind",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at", None), ("outcome", "")),
                                models.Q(
                                    ("ended_at__isnull", False),
                                    ("outcome__in", ["won", "lost", "accepted", "withdrawn", "settled", "moved"]),
                                ),
                                _connector="OR",
                            ),
                            name="claim_channel_ends_with_an_outcome",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("claimed_minor__gte", 0)),
                            name="claim_channel_claims_no_less_than_nothing",
                        ),
                    ],
                },
            ),
        ),
    ]

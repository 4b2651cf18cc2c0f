import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import safeconduct.protections.returns.words
from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cases", "0001_tables"),
        ("parties", "0001_tables"),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Hub",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("code", models.CharField(max_length=40)),
                    ("name", models.CharField(max_length=60)),
                    ("country", models.CharField(max_length=2)),
                    (
                        "serves",
                        django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), size=None),
                    ),
                    (
                        "goods",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=80), default=list, size=None
                        ),
                    ),
                    (
                        "paid_by",
                        models.CharField(choices=[("seller", "seller"), ("platform", "platform")], max_length=10),
                    ),
                    ("address", models.CharField(max_length=500)),
                    ("since", models.DateTimeField()),
                    ("until_at", models.DateTimeField(null=True)),
                    ("named_key", models.CharField(blank=True, default="", max_length=60)),
                    ("named_at", models.DateTimeField()),
                    ("ended_key", models.CharField(blank=True, default="", max_length=60)),
                    (
                        "ended_by",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "named_by",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "db_table": "return_hub",
                    "indexes": [models.Index(fields=["-since", "-id"], name="return_hub_newest")],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("until_at__isnull", True)),
                            fields=("code",),
                            name="return_hub_has_one_open_version",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("code", ""), _negated=True),
                                models.Q(("name", ""), _negated=True),
                                models.Q(("address", ""), _negated=True),
                                models.Q(("serves", []), _negated=True),
                            ),
                            name="return_hub_can_be_sent_to",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("named_by__isnull", False), ("named_key", "")),
                                models.Q(("named_by__isnull", True), models.Q(("named_key", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="return_hub_was_named_by_one",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_by__isnull", True), ("ended_key", ""), ("until_at__isnull", True)),
                                models.Q(
                                    ("ended_by__isnull", False), ("ended_key", ""), ("until_at__gte", models.F("since"))
                                ),
                                models.Q(
                                    ("ended_by__isnull", True),
                                    ("until_at__gte", models.F("since")),
                                    models.Q(("ended_key", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="return_hub_was_ended_by_one",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Return",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("order_key", models.BigIntegerField()),
                    ("order_ref", models.CharField(max_length=200)),
                    ("currency", models.CharField(max_length=3)),
                    ("amount_minor", models.BigIntegerField()),
                    ("announced", models.BooleanField(default=True)),
                    (
                        "reason",
                        models.CharField(
                            choices=[
                                ("no_reason", "no_reason"),
                                ("not_as_described", "not_as_described"),
                                ("wrong_item", "wrong_item"),
                                ("defective", "defective"),
                                ("damaged_in_transit", "damaged_in_transit"),
                                ("customs_refused", "customs_refused"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("wish", models.CharField(choices=[("refund", "refund"), ("exchange", "exchange")], max_length=10)),
                    (
                        "freight",
                        models.CharField(
                            choices=[
                                ("buyer", "buyer"),
                                ("seller", "seller"),
                                ("carrier", "carrier"),
                                ("platform", "platform"),
                            ],
                            max_length=10,
                        ),
                    ),
                    (
                        "duties",
                        models.CharField(
                            blank=True, choices=[("ddp", "ddp"), ("ddu", "ddu")], default="", max_length=3
                        ),
                    ),
                    (
                        "no_travel",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("counterfeit", "counterfeit"),
                                ("recalled", "recalled"),
                                ("dangerous", "dangerous"),
                            ],
                            default="",
                            max_length=12,
                        ),
                    ),
                    ("buyer_country", models.CharField(blank=True, default="", max_length=2)),
                    ("buyer_zone", models.CharField(default="UTC", max_length=64)),
                    ("statutory", models.BooleanField()),
                    (
                        "floors",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=60), default=list, size=None
                        ),
                    ),
                    ("until_at", models.DateTimeField(null=True)),
                    ("in_window", models.BooleanField()),
                    ("terms", models.CharField(max_length=60)),
                    ("whole", models.BooleanField()),
                    ("left", models.JSONField(default=dict)),
                    ("back", models.JSONField(default=dict)),
                    ("hub", models.CharField(blank=True, default="", max_length=60)),
                    ("carrier", models.CharField(blank=True, default="", max_length=60)),
                    ("tracking", models.CharField(blank=True, default="", max_length=120)),
                    ("written_rule", models.CharField(blank=True, default="", max_length=120)),
                    (
                        "keeper_pays",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("buyer", "buyer"),
                                ("seller", "seller"),
                                ("carrier", "carrier"),
                                ("platform", "platform"),
                            ],
                            default="",
                            max_length=10,
                        ),
                    ),
                    ("delivered_at", models.DateTimeField(null=True)),
                    ("requested_at", models.DateTimeField()),
                    ("sent_at", models.DateTimeField(null=True)),
                    ("received_at", models.DateTimeField(null=True)),
                    ("law_due_at", models.DateTimeField(null=True)),
                    (
                        "case",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
                        ),
                    ),
                    ("authorisation", models.CharField(max_length=10)),
                    ("send_to", models.CharField(blank=True, default="", max_length=500)),
                    ("category", models.CharField(blank=True, db_default="", default="", max_length=200)),
                    ("directed_at", models.DateTimeField(null=True)),
                    (
                        "at_hub",
                        models.ForeignKey(
                            db_index=False,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="returns.hub",
                        ),
                    ),
                ],
                options={
                    "db_table": "return_file",
                    "indexes": [
                        models.Index(fields=["seller_key", "-requested_at", "-id"], name="return_of_seller"),
                        models.Index(fields=["order_key"], name="return_of_order"),
                        models.Index(
                            condition=models.Q(("law_due_at__isnull", False)),
                            fields=["law_due_at"],
                            name="return_law_due",
                        ),
                        models.Index(
                            condition=models.Q(("directed_at__isnull", False)),
                            fields=["seller_key", "buyer_country", "-directed_at"],
                            name="return_directed",
                        ),
                        models.Index(
                            condition=models.Q(("at_hub__isnull", False)), fields=["at_hub"], name="return_of_hub"
                        ),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("keeper_pays", ""), ("written_rule", "")),
                                models.Q(
                                    models.Q(("written_rule", ""), _negated=True),
                                    models.Q(("keeper_pays", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="return_kept_goods_name_their_payer",
                        ),
                        models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="return_amount"),
                        models.UniqueConstraint(fields=("authorisation",), name="return_authorisation_names_one"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Reimbursement",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("ground", models.CharField(max_length=30)),
                    ("most_minor", models.BigIntegerField()),
                    ("currency", models.CharField(max_length=3)),
                    ("filed_at", models.DateTimeField()),
                    (
                        "case",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
                        ),
                    ),
                    (
                        "returned",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="reimbursement",
                            to="returns.return",
                        ),
                    ),
                ],
                options={
                    "db_table": "return_reimbursement",
                    "indexes": [models.Index(fields=["seller_key", "filed_at"], name="reimbursement_of_seller")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("most_minor__gt", 0)), name="return_reimbursement_is_for_something"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ReturnLine",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "returned", "name", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("name", models.CharField(blank=True, default="", max_length=60)),
                    ("seller_key", models.BigIntegerField()),
                    ("amount_minor", models.BigIntegerField()),
                    (
                        "reception",
                        models.CharField(
                            choices=[
                                ("awaiting", "awaiting"),
                                ("in_transit", "in_transit"),
                                ("received", "received"),
                                ("lost_in_transit", "lost_in_transit"),
                                ("short_shipped", "short_shipped"),
                                ("wrong_item", "wrong_item"),
                                ("empty_package", "empty_package"),
                                ("not_sent", "not_sent"),
                            ],
                            max_length=16,
                        ),
                    ),
                    (
                        "acceptance",
                        models.CharField(
                            choices=[
                                ("pending", "pending"),
                                ("accepted", "accepted"),
                                ("rejected", "rejected"),
                                ("manual_review", "manual_review"),
                            ],
                            max_length=14,
                        ),
                    ),
                    (
                        "grade",
                        models.CharField(
                            blank=True,
                            choices=[("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("E", "E"), ("F", "F")],
                            default="",
                            max_length=1,
                        ),
                    ),
                    ("take_off_minor", models.BigIntegerField(default=0)),
                    ("late_minor", models.BigIntegerField(default=0)),
                    (
                        "evidence",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=30), default=list, size=None
                        ),
                    ),
                    ("judged_at", models.DateTimeField(null=True)),
                    (
                        "judged_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "returned",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="returns.return"
                        ),
                    ),
                ],
                options={
                    "db_table": "return_line",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("take_off_minor__gte", 0),
                                ("late_minor__gte", 0),
                                (
                                    "amount_minor__gte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("take_off_minor"), "+", models.F("late_minor")
                                    ),
                                ),
                            ),
                            name="return_line_takes_off_what_is_there",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("late_minor", 0),
                                    ("take_off_minor", 0),
                                    models.Q(
                                        (
                                            "grade__in",
                                            [
                                                safeconduct.protections.returns.words.Grade["USED_OR_DAMAGED_BY_BUYER"],
                                                safeconduct.protections.returns.words.Grade["PARTS_MISSING"],
                                                safeconduct.protections.returns.words.Grade["DIFFERENT_OR_EMPTY"],
                                            ],
                                        ),
                                        _negated=True,
                                    ),
                                ),
                                models.Q(("judged_by__isnull", False), models.Q(("evidence", []), _negated=True)),
                                _connector="OR",
                            ),
                            name="return_line_lessened_by_a_person_with_evidence",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="ReturnCost",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "returned", "kind", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("return_freight", "return_freight"),
                                ("first_leg", "first_leg"),
                                ("duty", "duty"),
                                ("quota", "quota"),
                            ],
                            max_length=14,
                        ),
                    ),
                    ("seller_key", models.BigIntegerField()),
                    ("amount_minor", models.BigIntegerField()),
                    (
                        "paid_by",
                        models.CharField(
                            choices=[
                                ("buyer", "buyer"),
                                ("seller", "seller"),
                                ("carrier", "carrier"),
                                ("platform", "platform"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("source", models.CharField(max_length=120)),
                    ("noted_at", models.DateTimeField()),
                    ("recovered_at", models.DateTimeField(null=True)),
                    ("sent_at", models.DateTimeField(null=True)),
                    (
                        "noted_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "returned",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="costs", to="returns.return"
                        ),
                    ),
                    ("noted_key", models.CharField(blank=True, db_default="", default="", max_length=60)),
                ],
                options={
                    "db_table": "return_cost",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("amount_minor__gte", 0), models.Q(("source", ""), _negated=True)),
                            name="return_cost_has_a_paper",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("kind", "return_freight"), ("paid_by__in", ["buyer", "seller", "platform"])),
                                models.Q(("kind", "first_leg"), ("paid_by", "seller")),
                                models.Q(("kind", "duty"), ("paid_by__in", ["buyer", "seller"])),
                                models.Q(("kind", "quota"), ("paid_by", "buyer")),
                                _connector="OR",
                            ),
                            name="return_cost_was_paid_by_who_can",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("noted_by__isnull", False), ("noted_key", "")),
                                models.Q(("noted_by__isnull", True), models.Q(("noted_key", ""), _negated=True)),
                                _connector="OR",
                            ),
                            name="return_cost_was_noted_by_one",
                        ),
                    ],
                },
            ),
        ),
    ]

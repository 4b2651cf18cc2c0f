"""Warnings of issuers before there is a dispute."""

import django.db.models.deletion
from django.db import migrations, models

import safeconduct.protections.transactions.chargebacks.models


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0004_bank_documents"),
    ]

    operations = [
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
                    models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="early_warning_amount"),
                ],
            },
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models

from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Authorisation",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("given_by", models.CharField(max_length=40)),
                    ("given_at", models.DateTimeField()),
                    ("ended_by", models.CharField(blank=True, default="", max_length=40)),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "dispute_authorisation",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at", None)),
                            fields=("seller_key",),
                            name="dispute_authorisation_one_a_seller",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at", None), ("ended_by", "")),
                                models.Q(
                                    ("ended_at__gte", models.F("given_at")), models.Q(("ended_by", ""), _negated=True)
                                ),
                                _connector="OR",
                            ),
                            name="dispute_authorisation_ended_by_someone",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Dispute",
                fields=[
                    ("number", models.BigAutoField(primary_key=True, serialize=False)),
                    ("case_id", models.CharField(max_length=30, unique=True)),
                    ("claim_id", models.CharField(max_length=30)),
                    ("seller_key", models.BigIntegerField()),
                    ("buyer_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField()),
                    ("order_ref", models.CharField(max_length=200)),
                    (
                        "type",
                        models.CharField(
                            choices=[
                                ("not_received", "not_received"),
                                ("not_as_described", "not_as_described"),
                                ("damaged", "damaged"),
                                ("wrong_or_missing", "wrong_or_missing"),
                                ("not_genuine", "not_genuine"),
                                ("refund_not_paid", "refund_not_paid"),
                            ],
                            max_length=30,
                        ),
                    ),
                    (
                        "asked",
                        models.CharField(
                            choices=[
                                ("nothing", "nothing"),
                                ("refund", "refund"),
                                ("partial_refund", "partial_refund"),
                                ("refund_on_return", "refund_on_return"),
                                ("replacement", "replacement"),
                                ("reimburse", "reimburse"),
                                ("release", "release"),
                                ("take_down", "take_down"),
                                ("restore", "restore"),
                                ("restrict", "restrict"),
                                ("reinstate", "reinstate"),
                            ],
                            max_length=20,
                        ),
                    ),
                    (
                        "opened",
                        models.CharField(choices=[("api", "api"), ("link", "link"), ("event", "event")], max_length=10),
                    ),
                    ("opened_at", models.DateTimeField()),
                    ("sent_at", models.DateTimeField(null=True)),
                    ("return_by", models.DateTimeField(null=True)),
                    ("paid_at", models.DateTimeField(null=True)),
                    ("ended_at", models.DateTimeField(null=True)),
                    (
                        "sent_under",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="disputes.authorisation",
                        ),
                    ),
                ],
                options={
                    "db_table": "dispute",
                    "indexes": [
                        models.Index(fields=["order_key", "number"], name="dispute_of_order"),
                        models.Index(fields=["seller_key", "number"], name="dispute_of_seller"),
                        models.Index(
                            condition=models.Q(("paid_at", None), ("return_by__isnull", False)),
                            fields=["return_by"],
                            name="dispute_return_due",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at", None)),
                            fields=("order_key",),
                            name="dispute_one_of_an_order",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("sent_at", None), ("sent_under", None)),
                                models.Q(("sent_at__isnull", False), ("sent_under__isnull", False)),
                                _connector="OR",
                            ),
                            name="dispute_sent_under_an_authorisation",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                (
                                    "type__in",
                                    [
                                        "not_received",
                                        "not_as_described",
                                        "damaged",
                                        "wrong_or_missing",
                                        "not_genuine",
                                        "refund_not_paid",
                                    ],
                                )
                            ),
                            name="dispute_type",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("asked__in", ["refund", "partial_refund", "refund_on_return", "replacement"])
                            ),
                            name="dispute_asks_for_what_can_be_offered",
                        ),
                    ],
                },
            ),
        ),
    ]

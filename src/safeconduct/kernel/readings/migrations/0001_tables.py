import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Embargo",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField()),
                    ("basis", models.CharField(max_length=200)),
                    ("why", models.TextField()),
                    ("begun_at", models.DateTimeField()),
                    ("until", models.DateTimeField()),
                    ("set_by", models.CharField(max_length=60)),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("ended_by", models.CharField(blank=True, max_length=60)),
                ],
                options={
                    "db_table": "reading_embargo",
                    "indexes": [models.Index(fields=["seller_key", "-until"], name="reading_embargo_of_seller")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("until__gt", models.F("begun_at"))), name="reading_embargo_ends"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("ended_at__isnull", True), ("ended_by", "")),
                                models.Q(
                                    ("ended_at__isnull", False),
                                    ("ended_at__lte", models.F("until")),
                                    models.Q(("ended_by", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="reading_embargo_ended_early",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("basis", ""), _negated=True), models.Q(("why", ""), _negated=True)
                            ),
                            name="reading_embargo_has_a_basis",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Reading",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("concerns", models.BigIntegerField(null=True)),
                    ("subject_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("fields", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                    ("scene", models.CharField(max_length=40)),
                    ("why", models.TextField(blank=True)),
                    ("batch", models.CharField(blank=True, max_length=60)),
                    ("side", models.CharField(max_length=8)),
                    ("role", models.CharField(max_length=40)),
                    ("actor", models.CharField(max_length=60)),
                    ("alias", models.CharField(max_length=60)),
                    ("embargo_basis", models.CharField(blank=True, max_length=200)),
                    ("at", models.DateTimeField()),
                    (
                        "embargo",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="readings.embargo",
                        ),
                    ),
                ],
                options={
                    "db_table": "reading",
                    "indexes": [
                        models.Index(fields=["seller_key", "-id"], name="reading_of_seller"),
                        models.Index(fields=["concerns", "-id"], name="reading_about_seller"),
                        models.Index(fields=["actor", "-id"], name="reading_by_actor"),
                        models.Index(fields=["order_key", "-id"], name="reading_of_order"),
                        models.Index(fields=["scene", "-id"], name="reading_for_scene"),
                        models.Index(fields=["subject_key", "-id"], name="reading_of_subject"),
                        models.Index(
                            condition=models.Q(("embargo__isnull", False), ("seller_key__isnull", True)),
                            fields=["embargo"],
                            name="reading_under_embargo",
                        ),
                        models.Index(fields=["at"], name="reading_by_time"),
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("side__in", ["staff", "seller", "machine"])), name="reading_side"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("scene", ""), _negated=True),
                                models.Q(("role", ""), _negated=True),
                                models.Q(("actor", ""), _negated=True),
                            ),
                            name="reading_says_who_and_why",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("seller_key__isnull", True), ("seller_key", models.F("concerns")), _connector="OR"
                            ),
                            name="reading_shown_to_its_seller",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="PaymentDefence",
                fields=[
                    ("order_key", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("moment", models.BigIntegerField()),
                    ("until", models.DateTimeField()),
                    ("sealed", models.BinaryField()),
                ],
                options={
                    "db_table": "payment_defence",
                    "indexes": [
                        models.Index(fields=["until"], name="payment_defence_until"),
                        models.Index(fields=["moment"], name="payment_defence_moment"),
                    ],
                },
            ),
        ),
    ]

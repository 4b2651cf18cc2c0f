import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0007_pauses"),
        ("returns", "0004_costs_by_machines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="return",
            name="category",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="return",
            name="directed_at",
            field=models.DateTimeField(null=True),
        ),
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
                ("paid_by", models.CharField(choices=[("seller", "seller"), ("platform", "platform")], max_length=10)),
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
            },
        ),
        migrations.AddField(
            model_name="return",
            name="at_hub",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="returns.hub",
            ),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(
                condition=models.Q(("directed_at__isnull", False)),
                fields=["seller_key", "buyer_country", "-directed_at"],
                name="return_directed",
            ),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(condition=models.Q(("at_hub__isnull", False)), fields=["at_hub"], name="return_of_hub"),
        ),
        migrations.AddIndex(
            model_name="hub",
            index=models.Index(fields=["-since", "-id"], name="return_hub_newest"),
        ),
        migrations.AddConstraint(
            model_name="hub",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_at__isnull", True)), fields=("code",), name="return_hub_has_one_open_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="hub",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code", ""), _negated=True),
                    models.Q(("name", ""), _negated=True),
                    models.Q(("address", ""), _negated=True),
                    models.Q(("serves", []), _negated=True),
                ),
                name="return_hub_can_be_sent_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="hub",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("named_by__isnull", False), ("named_key", "")),
                    models.Q(("named_by__isnull", True), models.Q(("named_key", ""), _negated=True)),
                    _connector="OR",
                ),
                name="return_hub_was_named_by_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="hub",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_by__isnull", True), ("ended_key", ""), ("until_at__isnull", True)),
                    models.Q(("ended_by__isnull", False), ("ended_key", ""), ("until_at__gte", models.F("since"))),
                    models.Q(
                        ("ended_by__isnull", True),
                        ("until_at__gte", models.F("since")),
                        models.Q(("ended_key", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="return_hub_was_ended_by_one",
            ),
        ),
    ]

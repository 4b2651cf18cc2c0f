import django.utils.timezone
from django.db import migrations, models

from safeconduct.kernel.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="RateWindow",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "api_key", "minute", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("api_key", models.CharField(max_length=30)),
                    ("minute", models.DateTimeField()),
                    ("requests", models.IntegerField()),
                ],
                options={
                    "db_table": "rate_window",
                },
            ),
            migrations.CreateModel(
                name="IdempotentAnswer",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "api_key", "key", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("api_key", models.CharField(max_length=30)),
                    ("key", models.CharField(max_length=255)),
                    ("body_hash", models.BinaryField()),
                    ("status", models.SmallIntegerField(null=True)),
                    ("answer", models.BinaryField(null=True)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "db_table": "idempotent_answer",
                    "indexes": [models.Index(fields=["created_at"], name="idempotent_answer_by_age")],
                },
            ),
        ),
    ]

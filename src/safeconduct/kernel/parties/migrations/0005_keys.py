import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import safeconduct.kernel.parties.models

#: A key of before has as long as a new one: nobody's shop stands still on the day of the change.
EVERY_KEY_ENDS = "UPDATE api_key SET expires_at = now() + interval '180 days' WHERE expires_at IS NULL"


class Migration(migrations.Migration):
    """Keys, with the table that the API made: networks, an end for each, successors, and what holds one to reading."""

    dependencies = [
        ("parties", "0004_sessions"),
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="ApiKey",
                    fields=[
                        (
                            "id",
                            models.CharField(
                                default=safeconduct.kernel.parties.models._key_id,
                                max_length=30,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        ("hint", models.CharField(max_length=12)),
                        ("secret_hash", models.BinaryField(unique=True)),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), size=None
                            ),
                        ),
                        ("created_by", models.CharField(max_length=40)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("revoked_at", models.DateTimeField(null=True)),
                        ("last_used_on", models.DateField(null=True)),
                    ],
                    options={"db_table": "api_key"},
                ),
            ]
        ),
        migrations.AddField(
            "ApiKey",
            "networks",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50), default=list, size=None
            ),
        ),
        migrations.AddField("ApiKey", "reads_only_until", models.DateTimeField(null=True)),
        migrations.AddField("ApiKey", "demoted_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "ApiKey",
            "replaces",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.apikey",
            ),
        ),
        migrations.AddField("ApiKey", "elsewhere_on", models.DateField(null=True)),
        migrations.RunSQL(EVERY_KEY_ENDS, migrations.RunSQL.noop),
        migrations.AlterField("ApiKey", "expires_at", models.DateTimeField()),
        migrations.AddIndex("ApiKey", models.Index(fields=["created_by"], name="api_key_of_maker")),
        migrations.AddConstraint(
            "ApiKey",
            models.UniqueConstraint(
                fields=["replaces"],
                condition=models.Q(revoked_at__isnull=True),
                name="api_key_one_successor",
            ),
        ),
    ]

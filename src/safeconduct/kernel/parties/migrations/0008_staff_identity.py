import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import safeconduct.kernel.parties.models


class Migration(migrations.Migration):
    """Members of the staff as the company's directory knows them."""

    dependencies = [("parties", "0007_shared_counts")]

    operations = [
        migrations.CreateModel(
            name="StaffIdentity",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.kernel.parties.models._identity_id,
                        editable=False,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("issuer", models.CharField(max_length=300)),
                ("subject_hash", models.BinaryField(unique=True)),
                ("linked_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "staff_identity",
                "constraints": [
                    models.UniqueConstraint(fields=("person", "issuer"), name="staff_identity_one_of_directory")
                ],
            },
        ),
    ]

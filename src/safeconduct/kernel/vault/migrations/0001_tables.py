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
                name="Pseudonym",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "entity", "blind", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("entity", models.TextField()),
                    ("blind", models.BinaryField()),
                    ("key", models.BigIntegerField(unique=True)),
                    ("sealed", models.BinaryField()),
                    ("blind_before", models.BinaryField(null=True)),
                ],
                options={
                    "db_table": "pseudonym",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("blind_before__isnull", False)), fields=["key"], name="pseudonym_moved"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="RegionKey",
                fields=[
                    ("version", models.IntegerField(primary_key=True, serialize=False)),
                    ("region", models.CharField(max_length=40)),
                    ("superseded_at", models.DateTimeField(null=True)),
                    ("made_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "vault_region_key",
                },
            ),
            migrations.CreateModel(
                name="ErasureReceipt",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("at", models.DateTimeField()),
                    ("note", models.TextField()),
                    ("shown_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "vault_receipt",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("shown_at__isnull", True)), fields=["at"], name="vault_receipt_unshown"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Ground",
                fields=[
                    ("id", models.CharField(max_length=30, primary_key=True, serialize=False)),
                    ("subject", models.TextField()),
                    ("purpose", models.CharField(max_length=40)),
                    ("basis", models.CharField(max_length=200)),
                    ("until", models.DateTimeField()),
                    (
                        "readers",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("made_by", models.CharField(max_length=60)),
                    ("ended_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "vault_ground",
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at", None)),
                            fields=("subject", "purpose", "basis"),
                            name="vault_ground_once",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="RegionWrap",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "region_key", "root", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("root", models.CharField(max_length=300)),
                    ("sealed", models.BinaryField()),
                    (
                        "region_key",
                        models.ForeignKey(
                            db_column="version",
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            to="vault.regionkey",
                        ),
                    ),
                ],
                options={
                    "db_table": "vault_region_wrap",
                },
            ),
            migrations.CreateModel(
                name="Salt",
                fields=[
                    ("key", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("salt", models.BinaryField()),
                    (
                        "restricted_to",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), null=True, size=None
                        ),
                    ),
                    ("erase_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "vault_salt",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("erase_at__isnull", False)), fields=["erase_at"], name="vault_salt_due"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="StoredKey",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("subject", models.TextField()),
                    ("purpose", models.CharField(max_length=40)),
                    ("region_version", models.IntegerField()),
                    ("wrapped", models.BinaryField()),
                    (
                        "restricted_to",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), null=True, size=None
                        ),
                    ),
                    ("erase_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "vault_key",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("erase_at__isnull", False)), fields=["erase_at"], name="vault_key_due"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("subject", "purpose"), name="vault_key_of_subject")
                    ],
                },
            ),
            migrations.CreateModel(
                name="RootKeyUse",
                fields=[
                    ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("used_at", models.DateTimeField()),
                    ("retired_at", models.DateTimeField(null=True)),
                ],
                options={
                    "db_table": "root_key_use",
                },
            ),
        ),
    ]

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Keys of sellers' apps, which read one seller's data and nothing else."""

    dependencies = [("parties", "0009_origins_sealed_anew")]

    operations = [
        migrations.AddField("ApiKey", "seller_key", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "ApiKey",
            models.CheckConstraint(
                condition=Q(seller_key__isnull=True)
                | Q(scopes__contained_by=["coverage:read", "disputes:read", "money:read", "returns:read"]),
                name="api_key_of_an_app_reads",
            ),
        ),
        migrations.AddIndex(
            "ApiKey",
            models.Index(fields=["seller_key"], condition=Q(seller_key__isnull=False), name="api_key_of_seller"),
        ),
    ]

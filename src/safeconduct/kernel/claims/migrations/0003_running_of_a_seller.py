from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0002_rules")]

    operations = [
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["requested", "frozen"])),
                fields=["seller_key", "due_at", "id"],
                name="claim_refund_running_of_seller",
            ),
        ),
    ]

"""The statistics of rules read only the decisions in which a rule spoke."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("decisions", "0002_second_look")]

    operations = [
        migrations.AddIndex(
            "decision",
            models.Index(
                fields=["version"],
                condition=models.Q(kind="live") & models.Q(order_key__isnull=False) & ~models.Q(fired=[]),
                name="decision_spoken",
            ),
        ),
    ]

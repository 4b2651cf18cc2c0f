from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_bodies_for_buyers")]

    operations = [
        migrations.AddIndex(
            model_name="clockpause",
            index=models.Index(
                condition=models.Q(("declared_by", "engine"), _negated=True),
                fields=["-declared_at", "-id"],
                name="case_pause_of_people",
            ),
        ),
        migrations.AddIndex(
            model_name="clockpause",
            index=models.Index(condition=models.Q(("scope", "case")), fields=["value"], name="case_pause_of_case"),
        ),
    ]

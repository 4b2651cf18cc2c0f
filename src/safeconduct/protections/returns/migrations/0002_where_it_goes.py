from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("returns", "0001_initial")]

    operations = [
        migrations.AddField(
            "return", "authorisation", models.CharField(max_length=10, default=""), preserve_default=False
        ),
        migrations.AddField("return", "send_to", models.CharField(blank=True, default="", max_length=500)),
        migrations.RunSQL(
            "UPDATE return_file SET authorisation = 'R-' || upper(right(id, 8)) WHERE authorisation = ''",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            "return", models.UniqueConstraint(fields=["authorisation"], name="return_authorisation_names_one")
        ),
    ]

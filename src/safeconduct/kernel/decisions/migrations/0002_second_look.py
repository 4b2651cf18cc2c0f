"""A seller may ask for a second look at a decision."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]

    operations = [
        migrations.AddField("review", "asked_by", models.CharField(blank=True, default="", max_length=30)),
        migrations.AddField("review", "asked_why", models.TextField(blank=True, default="")),
    ]

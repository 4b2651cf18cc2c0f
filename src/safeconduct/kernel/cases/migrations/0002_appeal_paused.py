"""An outcome can be made while a pause without end stops the clock of its appeal."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField("storedoutcome", "appeal_paused", models.BooleanField(default=False, db_default=False)),
        migrations.RemoveConstraint("storedoutcome", "case_outcome_can_be_appealed"),
        migrations.AddConstraint(
            "storedoutcome",
            models.CheckConstraint(
                condition=Q(final=True, appeal_paused=False)
                | Q(appeal_until__isnull=False, appeal_paused=False)
                | Q(final=False, appeal_until__isnull=True, appeal_paused=True),
                name="case_outcome_can_be_appealed",
            ),
        ),
    ]

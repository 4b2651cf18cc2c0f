"""What the fund pays for now, while a bank decides: of each order, and counted against the limits of the year."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("transactions", "0010_documents_of_a_person")]

    operations = [
        migrations.AddField("coverage", "advance_minor", models.BigIntegerField(db_default=0)),
        migrations.AddField("coverageusage", "advanced_minor", models.BigIntegerField(db_default=0)),
        migrations.AddConstraint(
            "coverage",
            models.CheckConstraint(
                condition=Q(advance_minor=0)
                | Q(advance_minor__gt=0, amount_minor__gte=F("pays_minor") + F("advance_minor")),
                name="coverage_advances_a_loss",
            ),
        ),
        migrations.AddConstraint(
            "coverageusage",
            models.CheckConstraint(condition=Q(advanced_minor__gte=0), name="coverage_usage_advanced"),
        ),
    ]

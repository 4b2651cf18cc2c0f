"""Since when terms are in force; indexes for what comes before a chargeback."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0006_answers_sealed_anew"),
    ]

    operations = [
        migrations.AddField(
            model_name="bankdocument",
            name="since",
            field=models.DateField(null=True),
        ),
        migrations.AddIndex(
            model_name="bankdispute",
            index=models.Index(fields=["stage", "-opened_at", "-id"], name="bank_dispute_by_stage"),
        ),
        migrations.AddIndex(
            model_name="earlywarning",
            index=models.Index(
                condition=models.Q(("dispute__isnull", True), ("state", "open")),
                fields=["-warned_at", "-id"],
                name="early_warning_waits",
            ),
        ),
    ]

"""What Compelling Evidence 3.0 said of a dispute, kept with its answer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0007_before_the_chargeback"),
    ]

    operations = [
        migrations.AddField(
            model_name="bankanswer",
            name="earlier",
            field=models.JSONField(null=True),
        ),
    ]

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """How many papers a person has stored is counted along an index."""

    dependencies = [("accounts", "0002_ownership_papers")]

    operations = [
        migrations.AddIndex(
            model_name="ownershippaper", index=models.Index(fields=["author"], name="ownership_paper_of_author")
        ),
    ]

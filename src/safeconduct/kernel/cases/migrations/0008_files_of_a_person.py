from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """How many files a person has stored is counted along an index."""

    dependencies = [("cases", "0007_pauses")]

    operations = [
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("shredded_at__isnull", True)),
                fields=["added_by"],
                include=["size_bytes"],
                name="case_evidence_of_person",
            ),
        ),
    ]

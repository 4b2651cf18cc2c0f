from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """How many files for banks a person has stored is counted along an index."""

    dependencies = [("transactions", "0009_disputes_the_bank_read")]

    operations = [
        migrations.AddIndex(
            model_name="bankdocument",
            index=models.Index(fields=["added_by"], include=["size_bytes"], name="bank_document_of_person"),
        ),
    ]

"""What witnesses signed is looked up by the checkpoint's size, on every page and in every proof."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("record", "0002_log")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX record_seen_by_size ON record_seen (size) WHERE line <> ''", "DROP INDEX record_seen_by_size"
        )
    ]

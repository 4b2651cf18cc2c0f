"""Events lose an index for patterns that Django makes for a unique text: nobody looks for the beginning of an id, and
each event would be written into it."""

from django.db import migrations

INDEX = "event_id_7fab64e3_like"


class Migration(migrations.Migration):
    dependencies = [("events", "0007_payments")]
    operations = [
        migrations.RunSQL(f"DROP INDEX IF EXISTS {INDEX}", f"CREATE INDEX {INDEX} ON event (id varchar_pattern_ops)")
    ]

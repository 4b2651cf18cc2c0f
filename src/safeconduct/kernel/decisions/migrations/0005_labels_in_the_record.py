"""What people of the staff said that orders turned out to be gets its lines in the record, also from before."""

from django.db import migrations

FORWARDS = """
INSERT INTO leaf (kind, subject, body, created_at)
SELECT 'label', id, '{}', created_at FROM label WHERE starts_with(origin, 'staff/') ORDER BY id;
"""


class Migration(migrations.Migration):
    dependencies = [("decisions", "0004_decisions_past_their_time"), ("record", "0003_seen_by_size")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]

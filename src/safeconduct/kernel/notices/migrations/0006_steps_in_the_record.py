"""What was done to webhook endpoints gets its lines in the record, also from before."""

from django.db import migrations

FORWARDS = """
INSERT INTO leaf (kind, subject, body, created_at)
SELECT 'webhook_step', 'whs_' || id, '{}', at FROM webhook_step ORDER BY id;
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0005_former_addresses_sealed"), ("record", "0003_seen_by_size")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]

"""Since when a region's key wraps: it is replaced yearly, and people are reminded of it.

Of a key that is there already it is known where the one before it is, or since when there is a root key file; of
others nobody knows it, and they count as due.
"""

from django.db import migrations, models

KNOWN = """
UPDATE vault_region_key k SET made_at = coalesce(
    (SELECT max(b.superseded_at) FROM vault_region_key b WHERE b.region = k.region AND b.version < k.version),
    (SELECT min(used_at) FROM root_key_use))
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0003_root_key_use")]
    operations = [
        migrations.AddField("regionkey", "made_at", models.DateTimeField(null=True)),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]

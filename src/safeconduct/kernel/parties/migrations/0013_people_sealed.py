from django.db import migrations

import safeconduct.kernel.parties.sealed_fields


class Migration(migrations.Migration):
    """Names and addresses of people are texts that are sealed, and longer than what they hold; `safeconduct migrate`
    seals those that stand in clear, once the logins have their rights (`sealing_people`)."""

    dependencies = [("account", "0009_emailaddress_unique_primary_email"), ("parties", "0012_events_past_their_time")]
    operations = [
        # PostgreSQL changes no column that a trigger names; the notices' next migration makes it again.
        migrations.RunSQL("DROP TRIGGER IF EXISTS former_address ON person", migrations.RunSQL.noop),
        migrations.AlterField("user", "email", safeconduct.kernel.parties.sealed_fields.SealedAddress(unique=True)),
        migrations.AlterField(
            "user", "name", safeconduct.kernel.parties.sealed_fields.SealedName(blank=True, max_length=120)
        ),
        migrations.AlterField("invitation", "email", safeconduct.kernel.parties.sealed_fields.SealedAddress()),
        migrations.RunSQL("ALTER TABLE account_emailaddress ALTER COLUMN email TYPE text", migrations.RunSQL.noop),
    ]

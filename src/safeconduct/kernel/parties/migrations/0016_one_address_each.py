from django.db import migrations

FORWARDS = """
UPDATE account_emailaddress a SET verified = true WHERE a."primary" AND NOT a.verified
    AND NOT EXISTS (SELECT FROM account_emailaddress b WHERE b.email = a.email AND b.verified);
DELETE FROM account_emailaddress a WHERE NOT a."primary"
    AND EXISTS (SELECT FROM account_emailaddress b WHERE b.user_id = a.user_id AND b."primary");
"""


class Migration(migrations.Migration):
    """The address that a person signs in with is the only one that a link for a new password goes to."""

    dependencies = [("parties", "0015_identities_of_a_root_key"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]

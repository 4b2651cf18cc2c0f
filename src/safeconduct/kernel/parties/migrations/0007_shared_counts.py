from django.db import migrations, models

#: Not a model: `kernel.shared_cache` alone writes and reads it.
SHARED_CACHE = """
CREATE TABLE shared_cache (
    key_hash bytea PRIMARY KEY CHECK (length(key_hash) = 32),
    value jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX shared_cache_over ON shared_cache (expires_at);
"""


class Migration(migrations.Migration):
    """What all processes count together at sign-in, and passwords that were handed over and end by themselves."""

    dependencies = [("parties", "0006_staff_who_act")]

    operations = [
        migrations.RunSQL(SHARED_CACHE, "DROP TABLE shared_cache"),
        migrations.AddField("User", "password_until", models.DateTimeField(null=True)),
    ]

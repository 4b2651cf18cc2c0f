"""Columns of the fact table for what is known when a person is about to do something sensitive."""

from django.db import migrations

COLUMNS = {
    "act": "text",
    "member_role": "text",
    "new_network": "boolean",
    "new_country": "boolean",
    "impossible_travel": "boolean",
    "score_band": "bigint",
    "password_breached": "boolean",
    "network_changed": "boolean",
    "browser_changed": "boolean",
    "device_proof_failed": "boolean",
    "dormant_days": "bigint",
    "deep_cuts_percent": "bigint",
    "usual_rows": "bigint",
    "over_quota": "boolean",
    "canary": "boolean",
    "asked_in_chat": "boolean",
    "impersonated": "boolean",
}
FORWARDS = "ALTER TABLE fact " + ", ".join(f'ADD COLUMN "{name}" {kind}' for name, kind in COLUMNS.items())
BACKWARDS = "ALTER TABLE fact " + ", ".join(f'DROP COLUMN "{name}"' for name in COLUMNS)


class Migration(migrations.Migration):
    dependencies = [("events", "0004_rollups")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]

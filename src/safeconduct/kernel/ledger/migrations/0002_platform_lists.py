"""Indexes for what the staff read: open holds by age, payouts by time."""

from django.db import migrations

FORWARDS = """
CREATE INDEX ledger_hold_by_age ON ledger_hold (at, id) WHERE ended_at IS NULL;
CREATE INDEX ledger_payout_by_time ON ledger_payout (at, id);
"""
BACKWARDS = "DROP INDEX ledger_hold_by_age, ledger_payout_by_time;"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]

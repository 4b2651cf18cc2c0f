"""Lists of what waits for the staff: accounts to confirm, judge or give back, and stops of payouts, the oldest first."""

from django.db import migrations

FORWARDS = """
DROP INDEX payout_account_waiting;
CREATE INDEX payout_account_waiting ON payout_account (asked_at, id) WHERE state IN ('draft', 'review', 'frozen');
CREATE INDEX payout_stop_oldest ON payout_stop (at, id) WHERE ended_at IS NULL;
"""
BACKWARDS = """
DROP INDEX payout_stop_oldest;
DROP INDEX payout_account_waiting;
CREATE INDEX payout_account_waiting ON payout_account (asked_at, id) WHERE state = 'review';
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_payout_accounts")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]

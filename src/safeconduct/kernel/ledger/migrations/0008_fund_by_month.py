from django.db import migrations

FORWARDS = """
-- What moved on the protection fund's accounts up to their checkpoints.
CREATE TABLE ledger_month (
    account_id bigint NOT NULL REFERENCES ledger_account (id),
    month date NOT NULL,
    event text NOT NULL,
    legs bigint NOT NULL CHECK (legs > 0),
    amount_minor bigint NOT NULL,
    PRIMARY KEY (account_id, month, event)
);
INSERT INTO ledger_month (account_id, month, event, legs, amount_minor)
SELECT a.id, date_trunc('month', p.at AT TIME ZONE 'UTC')::date, t.event, count(*), sum(p.amount_minor)::bigint
FROM ledger_account a JOIN ledger_checkpoint k ON k.account_id = a.id
    JOIN ledger_posting p ON p.account_id = a.id AND p.id <= k.up_to_id
    JOIN ledger_transaction t ON t.id = p.transaction_id
WHERE a.seller_key IS NULL AND a.kind = 'protection_fund'
GROUP BY 1, 2, 3;
"""


class Migration(migrations.Migration):
    """What the fund took and paid is read by month without reading each of its postings."""

    dependencies = [("ledger", "0007_accounts_past_their_time")]
    operations = [migrations.RunSQL(FORWARDS, "DROP TABLE ledger_month")]

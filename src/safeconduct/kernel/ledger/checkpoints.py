"""Sums of the platform's accounts: a checkpoint, and the postings above it.

A row with the running balance of *processor clearing* would make every sale of every seller wait for the one before. So
platform accounts have none: `roll_up`, called now and then, adds what is settled to a checkpoint, and a reader adds the
rest. What is settled takes two turns. The first notes the highest posting it sees and the number the next database
transaction would get; once every transaction below that number has ended, no posting up to there can still appear,
because a posting takes its number after its transaction's row was written, and so after its transaction has its own.
"""

from __future__ import annotations

from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import query

_ADD = """
INSERT INTO ledger_checkpoint AS c (account_id, up_to_id, balance_minor)
SELECT a.id, %s::bigint, coalesce((
    SELECT sum(p.amount_minor) FROM ledger_posting p
    WHERE p.account_id = a.id AND p.id > coalesce(k.up_to_id, 0) AND p.id <= %s::bigint
), 0)::bigint
FROM ledger_account a LEFT JOIN ledger_checkpoint k ON k.account_id = a.id
WHERE a.seller_key IS NULL AND coalesce(k.up_to_id, 0) < %s::bigint
ON CONFLICT (account_id) DO UPDATE
    SET balance_minor = c.balance_minor + excluded.balance_minor, up_to_id = excluded.up_to_id
"""
#: What moved on the fund's accounts by month (UTC) and event, of the same postings: added before the checkpoint moves.
_ADD_MONTHS = """
INSERT INTO ledger_month AS m (account_id, month, event, legs, amount_minor)
SELECT a.id, date_trunc('month', p.at AT TIME ZONE 'UTC')::date, t.event, count(*), sum(p.amount_minor)::bigint
FROM ledger_account a LEFT JOIN ledger_checkpoint k ON k.account_id = a.id
    JOIN ledger_posting p ON p.account_id = a.id AND p.id > coalesce(k.up_to_id, 0) AND p.id <= %s::bigint
    JOIN ledger_transaction t ON t.id = p.transaction_id
WHERE a.seller_key IS NULL AND a.kind = 'protection_fund'
GROUP BY 1, 2, 3
ON CONFLICT (account_id, month, event) DO UPDATE
    SET legs = m.legs + excluded.legs, amount_minor = m.amount_minor + excluded.amount_minor
"""
#: The same from a month on, exact in the reader's snapshot: month, currency, event, legs, amount.
FUND_MONTHS = """
SELECT month, currency, event, sum(legs)::bigint, sum(amount_minor)::bigint FROM (
    SELECT m.month, a.currency, m.event, m.legs, m.amount_minor
    FROM ledger_account a JOIN ledger_month m ON m.account_id = a.id
    UNION ALL
    SELECT date_trunc('month', p.at AT TIME ZONE 'UTC')::date, a.currency, t.event, 1, p.amount_minor
    FROM ledger_account a LEFT JOIN ledger_checkpoint k ON k.account_id = a.id
        JOIN ledger_posting p ON p.account_id = a.id AND p.id > coalesce(k.up_to_id, 0)
        JOIN ledger_transaction t ON t.id = p.transaction_id
    WHERE a.seller_key IS NULL AND a.kind = 'protection_fund'
) moved WHERE month >= %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
#: The sum of each platform account, exact in the reader's snapshot.
PLATFORM_SUMS = """
SELECT a.currency, a.kind, (coalesce(k.balance_minor, 0) + coalesce((
    SELECT sum(p.amount_minor) FROM ledger_posting p WHERE p.account_id = a.id AND p.id > coalesce(k.up_to_id, 0)
), 0))::bigint
FROM ledger_account a LEFT JOIN ledger_checkpoint k ON k.account_id = a.id
WHERE a.seller_key IS NULL ORDER BY a.currency, a.kind
"""


def roll_up() -> int:
    """Moves the checkpoints on as far as it is certain; returns how many accounts moved. One process at a time: others
    find the lock taken and do nothing. In the engine's scope."""
    taken = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.LEDGER_SUMS]).fetchone()
    if taken is None or not taken[0]:
        return 0
    noted = query(
        "SELECT posting_id, transaction_limit <= pg_snapshot_xmin(pg_current_snapshot()),"
        " transaction_limit > pg_snapshot_xmax(pg_current_snapshot()) FROM ledger_horizon"
    ).fetchone()
    moved = 0
    if noted is not None and noted[1]:
        query(_ADD_MONTHS, [noted[0]])
        moved = query(_ADD, [noted[0]] * 3).rowcount
    # A number above the newest comes from another server's backup: note anew.
    if noted is None or noted[1] or noted[2]:
        query(
            "INSERT INTO ledger_horizon (posting_id, transaction_limit)"
            " SELECT coalesce(max(id), 0), pg_snapshot_xmax(pg_current_snapshot()) FROM ("
            "   SELECT p.id FROM ledger_account a CROSS JOIN LATERAL ("
            "     SELECT id FROM ledger_posting WHERE account_id = a.id ORDER BY id DESC LIMIT 1) p"
            "   WHERE a.seller_key IS NULL) newest"
            " ON CONFLICT (one_row) DO UPDATE"
            " SET posting_id = excluded.posting_id, transaction_limit = excluded.transaction_limit"
        )
    return moved

"""Where sellers were paid, past its time: number and holder of an account, and what was written about it. For
`sweeping`, in its transactions. That there was an account, and what was paid to it, belongs to the books and stays."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.ledger.payout_reading import ACCOUNT
from safeconduct.kernel.scope import query
from safeconduct.protections.data_security.retention.gone import Gone
from safeconduct.protections.data_security.retention.holds import UNHELD


def payout_documents(cutoff: datetime, now: datetime, limit: int) -> Gone:
    """Accounts that have ended, and those of sellers for whom nobody acts any more, to whom nothing is owed and whose
    payouts nobody has stopped: of each, when it was last asked for, in force, paid to or acted for. The owner's
    function refuses what is younger than the line says, whatever clock asks."""
    rows = query(
        f"""
        WITH old AS (
            SELECT a.id, a.seller_key, greatest(a.asked_at, a.activated_at, a.ended_at,
                (SELECT max(p.at) FROM ledger_payout p WHERE p.account_id = a.id),
                CASE WHEN a.state <> 'cancelled' THEN (SELECT max(least(m.ended_at, m.expires_at)) FROM membership m
                                                       WHERE m.seller_key = a.seller_key) END) AS last_at
            FROM payout_account a
            WHERE a.sealed <> ''::bytea AND a.asked_at < least(%s, now() - interval '60 months')
                AND (a.state = 'cancelled' OR (
                    NOT EXISTS (SELECT 1 FROM membership m WHERE m.seller_key = a.seller_key AND m.ended_at IS NULL
                                AND (m.expires_at IS NULL OR m.expires_at > %s))
                    AND NOT EXISTS (SELECT 1 FROM ledger_account l
                                    WHERE l.seller_key = a.seller_key AND l.balance_minor <> 0)
                    AND NOT EXISTS (SELECT 1 FROM payout_stop s WHERE s.seller_key = a.seller_key
                                    AND s.ended_at IS NULL AND (s.until IS NULL OR s.until > %s))))
                AND NOT EXISTS (SELECT 1 FROM vault_ground g WHERE g.subject = 'seller/' || a.seller_key
                                AND g.purpose = %s AND g.ended_at IS NULL AND g.until > %s)
                AND {UNHELD.format(seller="a.seller_key", order="NULL")}
        )
        SELECT a.id, old.last_at, a.seller_key FROM old JOIN payout_account a ON a.id = old.id
        WHERE old.last_at < least(%s, now() - interval '60 months')
        ORDER BY old.last_at, a.id LIMIT %s FOR UPDATE OF a SKIP LOCKED
        """,
        [cutoff, now, now, ACCOUNT.purpose, now, now, cutoff, limit],
    ).fetchall()
    ids = [key for key, _at, _seller in rows]
    for forget in ("payout_account_forget", "payout_words_forget") if ids else ():
        query(f"SELECT {forget}(%b::text[])", [ids])
    empty = query(
        "SELECT 'seller/' || k FROM unnest(%b::bigint[]) AS k WHERE NOT EXISTS"
        " (SELECT 1 FROM payout_account a WHERE a.seller_key = k AND a.sealed <> ''::bytea) ORDER BY 1",
        [sorted({seller for _key, _at, seller in rows})],
    ).fetchall()
    return Gone([(key, at) for key, at, _seller in rows], [subject for (subject,) in empty], (ACCOUNT.purpose,))

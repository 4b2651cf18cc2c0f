"""Is the ledger right? Every invariant, asked of the rows themselves, also of those that the database enforces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from safeconduct.kernel.ledger.checkpoints import PLATFORM_SUMS
from safeconduct.kernel.scope import query

#: At most so many rows are named for each question.
_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One question: ``wrong`` names what is not as it must be, at most twenty of them; empty is good."""

    question: str
    ok: bool
    wrong: tuple[str, ...] = ()


#: (question, statement that finds what is wrong as one text a row).
_QUESTIONS: Final = (
    (
        "all accounts of a currency sum to zero",
        ("SELECT format('%s: %s', currency, sum(amount_minor)) FROM ledger_posting GROUP BY currency"
        " HAVING sum(amount_minor) <> 0"),
    ),
    (
        "each transaction has its legs and balances in each currency",
        ("SELECT t.id FROM ledger_transaction t LEFT JOIN ledger_posting p ON p.transaction_id = t.id"
        " GROUP BY t.id, t.legs HAVING count(p.id) <> t.legs"
        " UNION SELECT transaction_id FROM ledger_posting GROUP BY transaction_id, currency"
        " HAVING sum(amount_minor) <> 0"),
    ),
    (
        "running balances equal the sums of postings",
        ("SELECT format('seller %s, %s %s: balance %s, postings %s', a.seller_key, a.kind, a.currency, a.balance_minor,"
        " coalesce(s.total, 0)) FROM ledger_account a LEFT JOIN (SELECT account_id, sum(amount_minor) AS total"
        " FROM ledger_posting GROUP BY account_id) s ON s.account_id = a.id"
        " WHERE a.seller_key IS NOT NULL AND a.balance_minor <> coalesce(s.total, 0)"),
    ),
    (
        "platform sums equal the sums of postings",
        (f"SELECT format('%s %s: %s, postings %s', c.currency, c.kind, c.total, coalesce(s.total, 0))"
        f" FROM ({PLATFORM_SUMS}) AS c (currency, kind, total) JOIN ledger_account a"
        " ON a.currency = c.currency AND a.kind = c.kind AND a.seller_key IS NULL LEFT JOIN (SELECT account_id,"
        " sum(amount_minor) AS total FROM ledger_posting GROUP BY account_id) s ON s.account_id = a.id"
        " WHERE c.total <> coalesce(s.total, 0)"),
    ),
    (
        "open holds equal the accounts of what is held",
        ("SELECT format('seller %s, %s: holds %s, account %s', a.seller_key, a.currency, coalesce(h.total, 0),"
        " a.balance_minor) FROM ledger_account a LEFT JOIN (SELECT seller_key, currency, sum(held_minor) AS total"
        " FROM ledger_hold WHERE ended_at IS NULL GROUP BY seller_key, currency) h"
        " ON h.seller_key = a.seller_key AND h.currency = a.currency"
        " WHERE a.kind = 'on_hold' AND a.balance_minor <> coalesce(h.total, 0)"),
    ),
    (
        "payouts and what came back of them equal the postings",
        ("SELECT format('%s: payouts %s, postings %s', currency, coalesce(r.total, 0), coalesce(p.total, 0)) FROM ("
        "SELECT currency, sum(amount_minor) FILTER (WHERE returned_at IS NULL) AS total FROM ledger_payout"
        " GROUP BY currency) r FULL JOIN (SELECT p.currency, sum(p.amount_minor) AS total FROM ledger_posting p"
        " JOIN ledger_transaction t ON t.id = p.transaction_id WHERE t.event IN ('payout', 'payout_returned')"
        " AND p.seller_key IS NULL GROUP BY p.currency) p USING (currency)"
        " WHERE coalesce(r.total, 0) <> coalesce(p.total, 0)"),
    ),
    (
        "scheduled releases equal the accounts of what is pending",
        ("SELECT format('seller %s, %s: releases %s, account %s', a.seller_key, a.currency, coalesce(d.total, 0),"
        " a.balance_minor) FROM ledger_account a LEFT JOIN (SELECT seller_key, currency, sum(amount_minor) AS total"
        " FROM ledger_pending GROUP BY seller_key, currency) d"
        " ON d.seller_key = a.seller_key AND d.currency = a.currency"
        " WHERE a.kind = 'pending' AND a.balance_minor <> coalesce(d.total, 0)"),
    ),
    (
        "legs stand on accounts of their own seller and currency",
        ("SELECT p.transaction_id FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE p.currency <> a.currency OR p.seller_key IS DISTINCT FROM a.seller_key"),
    ),
)  # fmt: skip


def check() -> list[Answer]:
    """Asks everything, in the scope of engine or staff. Reads all postings: minutes where there are many millions."""
    return list(asked())


def asked() -> Iterator[Answer]:
    """As `check`, one answer after the other, for whoever shows how far it is."""
    for question, statement in _QUESTIONS:
        found = tuple(str(row[0]) for row in query(f"{statement} LIMIT {_NAMED}"))
        yield Answer(question, not found, found)


def differences() -> dict[str, int]:
    """What sellers' and the platform's running sums differ by, by currency; empty is good. In one statement, so that it
    is right while others post, and cheap: it reads the postings above the checkpoints."""
    return {
        currency: int(total)
        for currency, total in query(
            "SELECT currency, sum(total) FROM ("
            f"(SELECT currency, total FROM ({PLATFORM_SUMS}) AS p (currency, kind, total))"
            " UNION ALL SELECT currency, balance_minor FROM ledger_account WHERE seller_key IS NOT NULL) w"
            " GROUP BY currency HAVING sum(total) <> 0"
        )
    }


QUESTIONS: Final = len(_QUESTIONS)

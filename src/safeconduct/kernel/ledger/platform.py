"""What the marketplace's staff read of the ledger: the fund, open holds, payout runs, who owes. In staff's scope.

Lists are pages by cursor, each along an index or over the sellers' accounts; sums of the fund are by month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.places import read_place, write_place
from safeconduct.kernel.ledger.queries import LARGEST_PAGE, PAGE, HoldLine, Page
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.scope import query

#: What sellers pay into the fund for protection, and what of it goes back with a sale.
FEES: Final = ("capture", "protection_fee", "protection_fee_returned")


@dataclass(frozen=True, slots=True)
class FundLine:
    """One leg on the fund's account, above zero where money came in."""

    id: int
    transaction_id: str
    event: str
    at: datetime
    amount_minor: int
    currency: str
    seller_key: int | None
    order_key: int | None
    memo: str
    provisional: bool

    @property
    def says(self) -> str:
        """What happened, in English; the event is the code to translate by."""
        rule = rules().get(self.event)
        return rule.says if rule is not None else self.event.replace("_", " ")


@dataclass(frozen=True, slots=True)
class FundMonth:
    """What one kind of event moved on the fund's account in a month (UTC)."""

    month: date
    currency: str
    event: str
    legs: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class HeldFor:
    """Open holds of one reason in one currency, and the oldest of them."""

    reason: str
    currency: str
    holds: int
    held_minor: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class OpenHold:
    """An open hold, with whose it is."""

    seller_key: int
    line: HoldLine


@dataclass(frozen=True, slots=True)
class RunLine:
    """What one payout run paid in one currency; ``returned``: how many of its payouts the bank sent back."""

    run_key: str
    currency: str
    at: datetime
    payouts: int
    amount_minor: int
    made_good_minor: int
    returned: int


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One payout of a run."""

    id: str
    run_key: str
    seller_key: int
    currency: str
    amount_minor: int
    made_good_minor: int
    at: datetime
    returned_at: datetime | None
    returned_why: str


@dataclass(frozen=True, slots=True)
class Owing:
    """A seller who owes, in one currency; ``owed_minor`` is above zero."""

    account_id: int
    seller_key: int
    currency: str
    owed_minor: int


@dataclass(frozen=True, slots=True)
class Unexplained:
    """What banks took of an order beyond what was captured for it, in one currency; nobody has explained it yet."""

    order_key: int | None
    seller_key: int | None
    currency: str
    taken_minor: int
    since: datetime


_FUND: Final = """
SELECT p.id, p.transaction_id, t.event, p.at, p.amount_minor, p.currency, t.seller_key, t.order_key, t.memo,
       t.provisional
FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
WHERE p.account_id = (SELECT id FROM ledger_account WHERE kind = %b AND seller_key IS NULL AND currency = %b)
AND p.id < %b ORDER BY p.id DESC LIMIT %b
"""
_HOLD: Final = """
SELECT seller_key, id, key, order_key, currency, asked_minor, taken_minor, held_minor, reason, released_by, at,
       release_at, ended_at
FROM ledger_hold WHERE ended_at IS NULL
"""


def fund_movements(currency: str, *, after: str = "", size: int = PAGE) -> Page[FundLine]:
    """What moved on the fund's account in a currency, newest first. ``after``: the number of the last one shown."""
    size = _size(size)
    below = int(after) if after.isascii() and after.isdigit() and len(after) <= 18 else 2**62
    rows = query(_FUND, [Kind.PROTECTION_FUND, currency, below, size + 1]).fetchall()
    lines = tuple(FundLine(*row) for row in rows[:size])
    return Page(lines, str(lines[-1].id) if len(rows) > size else "")


def fund_by_month(since: datetime) -> list[FundMonth]:
    """The fund's movements from a time on, by month, currency and event."""
    rows = query(
        "SELECT date_trunc('month', p.at AT TIME ZONE 'UTC')::date, p.currency, t.event, count(*),"
        " sum(p.amount_minor)::bigint FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id"
        " JOIN ledger_transaction t ON t.id = p.transaction_id"
        " WHERE a.kind = %b AND a.seller_key IS NULL AND p.at >= %b GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        [Kind.PROTECTION_FUND, since],
    )
    return [FundMonth(*row) for row in rows]


def held_for() -> list[HeldFor]:
    """Open holds by reason and currency, the largest count first."""
    rows = query(
        "SELECT reason, currency, count(*), sum(held_minor)::bigint, min(at) FROM ledger_hold WHERE ended_at IS NULL"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [HeldFor(*row) for row in rows]


def open_holds(*, reason: str = "", after: str = "", size: int = PAGE) -> Page[OpenHold]:
    """Open holds, the oldest first; of one reason, or of all."""
    size = _size(size)
    statement, parameters = _HOLD, list[Any]()
    if reason:
        statement += " AND reason = %s"
        parameters.append(reason)
    cursor = read_place(after)
    if cursor is not None:
        statement += " AND (at, id) > (%s, %s)"
        parameters += cursor
    rows = query(f"{statement} ORDER BY at, id LIMIT %s", [*parameters, size + 1]).fetchall()
    found = tuple(OpenHold(seller, HoldLine(*rest)) for seller, *rest in rows[:size])
    return Page(found, write_place(found[-1].line.at, found[-1].line.id) if len(rows) > size else "")


def holds_of_order(order_key: int) -> list[HoldLine]:
    """The open holds of an order's money, the oldest first."""
    rows = query(f"{_HOLD} AND order_key = %s ORDER BY at, id LIMIT 100", [order_key])
    return [HoldLine(*rest) for _, *rest in rows]


def payout_runs(since: datetime, *, most: int = PAGE) -> list[RunLine]:
    """The latest payout runs from a time on, newest first."""
    rows = query(
        "SELECT run_key, currency, min(at), count(*), sum(amount_minor)::bigint, sum(made_good_minor)::bigint,"
        " count(returned_at) FROM ledger_payout WHERE at >= %s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s",
        [since, most],
    )
    return [RunLine(*row) for row in rows]


def payouts(*, after: str = "", size: int = PAGE) -> Page[PayoutLine]:
    """All payouts, newest first."""
    size = _size(size)
    cursor = read_place(after)
    rows = query(
        "SELECT id, run_key, seller_key, currency, amount_minor, made_good_minor, at, returned_at, returned_why"
        f" FROM ledger_payout {'' if cursor is None else 'WHERE (at, id) < (%s, %s)'}"
        " ORDER BY at DESC, id DESC LIMIT %s",
        [*(cursor or ()), size + 1],
    ).fetchall()
    lines = tuple(PayoutLine(*row) for row in rows[:size])
    return Page(lines, write_place(lines[-1].at, lines[-1].id) if len(rows) > size else "")


def owing(*, after: str = "", size: int = PAGE) -> Page[Owing]:
    """Sellers who owe, the largest debt first."""
    size = _size(size)
    balance, _, number = after.partition("~")
    given = balance.removeprefix("-").isdecimal() and number.isdecimal() and len(after) < 40
    rows = query(
        "SELECT id, seller_key, currency, -balance_minor FROM ledger_account"
        " WHERE kind = 'seller_receivable' AND balance_minor < 0"
        f" {'AND (balance_minor, id) > (%s, %s)' if given else ''} ORDER BY balance_minor, id LIMIT %s",
        [*((int(balance), int(number)) if given else ()), size + 1],
    ).fetchall()
    lines = tuple(Owing(*row) for row in rows[:size])
    return Page(lines, f"{-lines[-1].owed_minor}~{lines[-1].account_id}" if len(rows) > size else "")


def unexplained(most: int = PAGE) -> list[Unexplained]:
    """What banks took without a payment, by order, the oldest first; at most so many."""
    rows = query(
        "SELECT t.order_key, max(t.seller_key), p.currency, -sum(p.amount_minor)::bigint, min(p.at)"
        " FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id"
        " JOIN ledger_transaction t ON t.id = p.transaction_id WHERE a.kind = %s AND a.seller_key IS NULL"
        " GROUP BY t.order_key, p.currency HAVING sum(p.amount_minor) <> 0 ORDER BY 5, 1 LIMIT %s",
        [Kind.SUSPENSE, most],
    )
    return [Unexplained(*row) for row in rows]


def postings() -> int:
    """About how many postings there are: the newest one's number."""
    row = query(
        "SELECT p.id FROM ledger_account a CROSS JOIN LATERAL (SELECT id FROM ledger_posting"
        " WHERE account_id = a.id ORDER BY id DESC LIMIT 1) p WHERE a.seller_key IS NULL"
        " ORDER BY p.id DESC LIMIT 1"
    ).fetchone()
    return 0 if row is None else int(row[0])


def _size(wanted: int) -> int:
    return max(1, min(wanted, LARGEST_PAGE))

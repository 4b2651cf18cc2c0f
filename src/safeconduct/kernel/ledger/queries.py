"""What is read. Sellers' figures in the scope of the seller (or staff's), the platform's in staff's or the engine's.

Lists are pages by (time, number), newest first; every read is bounded and goes by an index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from safeconduct.kernel.ledger.accounts import SELLER_KINDS, Kind
from safeconduct.kernel.ledger.checkpoints import PLATFORM_SUMS
from safeconduct.kernel.ledger.places import read_place, write_place
from safeconduct.kernel.ledger.rules import known_language, reasons, releases, rules
from safeconduct.kernel.scope import query

PAGE: Final = 50
LARGEST_PAGE: Final = 1000
MOST_LINES: Final = 20_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some lines of a list, and the cursor of the next ones, empty at the end."""

    items: tuple[T, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a seller has in one currency, in minor units. ``owed_minor`` is what the seller owes, above zero.

    ``next_release_at``: when pending money or a hold is next released by date; None: no date is set.
    """

    currency: str
    available_minor: int = 0
    pending_minor: int = 0
    on_hold_minor: int = 0
    reserve_minor: int = 0
    deposits_minor: int = 0
    owed_minor: int = 0
    next_release_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldLine:
    """A hold as its seller sees it. `says` and `release_says` give its sentences in a language."""

    id: str
    key: str
    order_key: int | None
    currency: str
    asked_minor: int
    taken_minor: int
    held_minor: int
    reason: str
    released_by: str
    at: datetime
    release_at: datetime | None
    ended_at: datetime | None

    def says(self, language: str) -> str:
        """Why the money is held."""
        return reasons()[self.reason].says[known_language(language)]

    def release_says(self, language: str) -> str:
        """What would release it."""
        return releases()[self.released_by][known_language(language)]


@dataclass(frozen=True, slots=True)
class Payout:
    """Money paid out to a seller. ``made_good_minor``: what was kept first because the seller owed it."""

    id: str
    currency: str
    amount_minor: int
    made_good_minor: int
    at: datetime
    returned_at: datetime | None
    returned_why: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One leg on one of the seller's accounts."""

    id: int
    transaction_id: str
    event: str
    at: datetime
    account: Kind
    amount_minor: int
    currency: str
    order_key: int | None
    memo: str
    provisional: bool
    reverses: str | None

    @property
    def says(self) -> str:
        """What happened, in English; the event is the code to translate by."""
        return "A transaction was reversed" if self.event == "reversal" else _said(self.event)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the movements to show; None: all. Times from ``since`` to before ``until``."""

    currency: str | None = None
    account: Kind | None = None
    order_key: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A seller's accounts in one currency from ``start`` to before ``end``: balances before and after, every leg
    between, oldest first. ``complete``: false where there are more lines than `MOST_LINES`; ask for a shorter time."""

    seller_key: int
    currency: str
    start: datetime
    end: datetime
    opening: Mapping[Kind, int]
    closing: Mapping[Kind, int]
    lines: tuple[Movement, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """What may still be taken back from sellers in a currency: open holds, and money captured but not yet released.

    ``advanced_minor`` is the part of the holds that the platform advanced because the seller had too little.
    """

    currency: str
    on_hold_minor: int
    pending_minor: int
    advanced_minor: int = 0

    @property
    def total_minor(self) -> int:
        """Both together."""
        return self.on_hold_minor + self.pending_minor


@dataclass(frozen=True, slots=True)
class Totals:
    """The platform in one currency: its accounts, what sellers' accounts hold together, and the exposure."""

    currency: str
    platform: Mapping[Kind, int] = field(default_factory=dict)
    sellers: Mapping[Kind, int] = field(default_factory=dict)
    exposure: Exposure | None = None

    @property
    def fund_minor(self) -> int:
        """What the protection fund has."""
        return self.platform.get(Kind.PROTECTION_FUND, 0)

    @property
    def receivable_minor(self) -> int:
        """What sellers owe, above zero."""
        return -self.sellers.get(Kind.SELLER_RECEIVABLE, 0)


#: The legs are cut to those that are shown before anything is joined to them: a planner that takes a seller's legs for
#: few would otherwise join and sort all of them for each page.
_MOVEMENT: Final = """
SELECT p.id, p.transaction_id, t.event, p.at, a.kind, p.amount_minor, p.currency, p.order_key, t.memo, t.provisional,
       t.reverses
FROM (
    SELECT p.id, p.transaction_id, p.account_id, p.at, p.amount_minor, p.currency, p.order_key
    FROM ledger_posting p WHERE {where} ORDER BY {order} LIMIT %s
) p
JOIN ledger_transaction t ON t.id = p.transaction_id
JOIN ledger_account a ON a.id = p.account_id
ORDER BY {order}
"""
_HOLD: Final = """
SELECT p.id, p.key, p.order_key, p.currency, p.asked_minor, p.taken_minor, p.held_minor, p.reason, p.released_by, p.at,
       p.release_at, p.ended_at
FROM ledger_hold p WHERE {where} ORDER BY {order} LIMIT %s
"""
_PAYOUT: Final = """
SELECT p.id, p.currency, p.amount_minor, p.made_good_minor, p.at, p.returned_at, p.returned_why
FROM ledger_payout p WHERE {where} ORDER BY {order} LIMIT %s
"""


def balances(seller_key: int) -> dict[str, Balance]:
    """A seller's balances by currency; empty for a seller without accounts."""
    found: dict[str, dict[str, int]] = {}
    for currency, kind, amount in query(
        "SELECT currency, kind, balance_minor FROM ledger_account WHERE seller_key = %s ORDER BY currency", [seller_key]
    ):
        name = "owed_minor" if kind == Kind.SELLER_RECEIVABLE else f"{kind}_minor"
        found.setdefault(currency, {})[name] = -amount if kind == Kind.SELLER_RECEIVABLE else amount
    dates: dict[str, datetime] = dict(
        query(
            "SELECT currency, min(due) FROM ("
            " SELECT currency, min(available_at) AS due FROM ledger_pending"
            "  WHERE seller_key = %s AND amount_minor > 0 GROUP BY currency"
            " UNION ALL"
            " SELECT currency, min(release_at) FROM ledger_hold WHERE seller_key = %s AND ended_at IS NULL"
            "  AND held_minor > 0 GROUP BY currency) w WHERE due IS NOT NULL GROUP BY currency",
            [seller_key, seller_key],
        ).fetchall()
    )
    return {code: Balance(code, **amounts, next_release_at=dates.get(code)) for code, amounts in found.items()}


def holds(
    seller_key: int, *, open_only: bool = True, order_key: int | None = None, after: str = "", size: int = PAGE
) -> Page[HoldLine]:
    """A seller's holds, newest first."""
    where, parameters = ["p.seller_key = %s"], [seller_key]
    if open_only:
        where.append("p.ended_at IS NULL")
    if order_key is not None:
        where.append("p.order_key = %s")
        parameters.append(order_key)
    rows, following = _page(_HOLD, where, parameters, after, size, time_at=9)
    return Page(tuple(HoldLine(*row) for row in rows), following)


def movements(seller_key: int, *, filters: Filters | None = None, after: str = "", size: int = PAGE) -> Page[Movement]:
    """The legs on a seller's accounts, newest first."""
    given = filters or Filters()
    where, parameters = ["p.seller_key = %s"], [seller_key]
    for condition, value in (
        ("p.currency = %s", given.currency),
        ("p.order_key = %s", given.order_key),
        ("p.at >= %s", given.since),
        ("p.at < %s", given.until),
    ):
        if value is not None:
            where.append(condition)
            parameters.append(value)  # type: ignore[arg-type]
    if given.account is not None:
        where.append("p.account_id = ANY (ARRAY (SELECT id FROM ledger_account WHERE seller_key = %s AND kind = %s))")
        parameters += [seller_key, given.account]  # type: ignore[list-item]
    rows, following = _page(_MOVEMENT, where, parameters, after, size, time_at=3, number=int)
    return Page(tuple(_movement(row) for row in rows), following)


def payouts(seller_key: int, *, after: str = "", size: int = PAGE) -> Page[Payout]:
    """What was paid out to a seller, newest first."""
    rows, following = _page(_PAYOUT, ["p.seller_key = %s"], [seller_key], after, size, time_at=4)
    return Page(tuple(Payout(*row) for row in rows), following)


def first_moved(seller_key: int) -> datetime | None:
    """When a seller's money moved first; None where none has."""
    rows = query("SELECT min(at) FROM ledger_posting WHERE seller_key = %s", [seller_key])
    first: datetime | None = next(iter(rows))[0]
    return first


def statement(
    seller_key: int, currency: str, start: datetime, end: datetime, *, most: int | None = None
) -> Statement:  # fmt: skip
    """A seller's statement: `opening` plus the lines is `closing`, account by account, whatever is posted meanwhile.

    Of more than ``most`` lines (None: `MOST_LINES`) it has the first, and is not `complete`.
    """
    most = MOST_LINES if most is None else most
    opening, closing = dict.fromkeys(SELLER_KINDS, 0), dict.fromkeys(SELLER_KINDS, 0)
    # One statement, one snapshot: balances and the postings that led from then to now.
    for kind, before, after in query(
        "SELECT a.kind, (a.balance_minor - coalesce(s.since, 0))::bigint,"
        "  (a.balance_minor - coalesce(s.later, 0))::bigint"
        " FROM ledger_account a LEFT JOIN ("
        "  SELECT account_id, sum(amount_minor) AS since, sum(amount_minor) FILTER (WHERE at >= %s) AS later"
        "  FROM ledger_posting WHERE seller_key = %s AND currency = %s AND at >= %s GROUP BY account_id"
        " ) s ON s.account_id = a.id WHERE a.seller_key = %s AND a.currency = %s",
        [end, seller_key, currency, start, seller_key, currency],
    ):
        opening[Kind(kind)], closing[Kind(kind)] = before, after
    rows = query(
        _MOVEMENT.format(
            where="p.seller_key = %s AND p.currency = %s AND p.at >= %s AND p.at < %s", order="p.at, p.id"
        ),
        [seller_key, currency, start, end, most + 1],
    ).fetchall()
    lines = tuple(_movement(row) for row in rows[:most])
    if len(rows) <= most:
        # The lines are of a later snapshot: what was posted between the two is in them, and so in the closing balance.
        closing = dict(opening)
        for line in lines:
            closing[line.account] += line.amount_minor
    return Statement(seller_key, currency, start, end, opening, closing, lines, len(rows) <= most)


def totals_by_currency() -> dict[str, Totals]:
    """Fund, receivables, exposure and all other sums by currency; in staff's or the engine's scope.

    Platform accounts are a checkpoint and the postings above it (`checkpoints`), sellers' are sums of their balances.
    """
    platform: dict[str, dict[Kind, int]] = {}
    for currency, kind, amount in query(PLATFORM_SUMS):
        platform.setdefault(currency, {})[Kind(kind)] = amount
    sellers: dict[str, dict[Kind, int]] = {}
    for currency, kind, amount in query(
        "SELECT currency, kind, sum(balance_minor)::bigint FROM ledger_account WHERE seller_key IS NOT NULL"
        " GROUP BY currency, kind"
    ):
        sellers.setdefault(currency, {})[Kind(kind)] = amount
    advanced: dict[str, int] = dict(
        query(
            "SELECT currency, sum(owed_minor)::bigint FROM ledger_hold WHERE ended_at IS NULL GROUP BY currency"
        ).fetchall()
    )
    return {
        code: Totals(
            code,
            platform.get(code, {}),
            sellers.get(code, {}),
            Exposure(
                code,
                sellers.get(code, {}).get(Kind.ON_HOLD, 0),
                sellers.get(code, {}).get(Kind.PENDING, 0),
                advanced.get(code, 0),
            ),
        )
        for code in sorted({*platform, *sellers})
    }


def _page(
    statement: str, where: list[str], parameters: list[Any], after: str, size: int, *, time_at: int,
    number: Callable[[str], str | int] = str,
) -> tuple[list[Any], str]:  # fmt: skip
    """The page of a list after a cursor, and the next cursor. ``time_at``: which column has the time; the first has the
    id, which ``number`` reads from a cursor."""
    size = max(1, min(size, LARGEST_PAGE))
    cursor = read_place(after, number)
    if cursor is not None:
        where = [*where, "(p.at, p.id) < (%s, %s)"]
        parameters = [*parameters, *cursor]
    rows = query(
        statement.format(where=" AND ".join(where), order="p.at DESC, p.id DESC"), [*parameters, size + 1]
    ).fetchall()
    more = len(rows) > size
    rows = rows[:size]
    return rows, write_place(rows[-1][time_at], rows[-1][0]) if more else ""


def _movement(row: Any) -> Movement:
    number, transaction, event, at, account, *rest = row
    return Movement(number, transaction, event, at, Kind(account), *rest)


def _said(event: str) -> str:
    rule = rules().get(event)
    return rule.says if rule else event

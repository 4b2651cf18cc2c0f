"""Paying sellers what is available: never what is held, pending or reserved, and never before what is owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.policy.types import INT64_MIN
from safeconduct.kernel.ledger import payout_reading, record_payload, store
from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.books import Books, Draft, Purse
from safeconduct.kernel.ledger.checks import MOST_AT_ONCE, check_key, check_time, digest
from safeconduct.kernel.ledger.entries import PayoutOutcome, PayoutRun, PayoutState
from safeconduct.kernel.ledger.errors import EntryRefused, NoSuchThing
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import query


@dataclass(frozen=True, slots=True)
class PayoutReturn:
    """A payout that the bank sent back, and why."""

    payout_id: str
    why: str


def pay_out(
    seller_keys: Sequence[int] | None,
    now: datetime,
    *,
    run_key: str | None = None,
    minimums: Mapping[str, int] | None = None,
    after: int | None = None,
    limit: int = 1000,
) -> PayoutRun:
    """Pays the available money of these sellers (None: of all who have some), in each currency.

    What a seller owes is made good first. Money goes to the account that is active at that moment, where one is on
    file here; to a seller whose payouts are stopped nothing goes. ``minimums``: smallest payout in minor units by
    currency; a currency that is not named has none. ``run_key`` makes it happen once for each seller and currency
    (None: the time of the run): the same run again reports what the first did and pays nothing. At most ``limit``
    sellers; `PayoutRun.next_after` says where to go on. Two runs at once wait for each other, and the second finds
    nothing available.
    """
    check_time("pay_out", "now", now)
    key = run_key or f"payout:{now.isoformat()}"
    check_key(key)
    if not 0 < limit <= MOST_AT_ONCE:
        raise EntryRefused(key, "limit", f"needs 1 to {MOST_AT_ONCE}")
    sellers = _candidates(seller_keys, key, after, limit)
    next_after = sellers[-1] if len(sellers) == limit else None
    pairs = query(
        "SELECT seller_key, currency FROM ledger_account WHERE seller_key = ANY (%s::bigint[]) AND kind = 'available'"
        " ORDER BY seller_key, currency",
        [sellers],
    ).fetchall()
    if not pairs:
        return PayoutRun(key, now, (), next_after)
    books = store.open_books([(seller, None, currency) for seller, currency in pairs], ())
    outcomes = _of_run(key, sellers)
    # Read under the sellers' locks: a stop, a freeze or another account comes before this run or after it.
    stopped, destinations = payout_reading.unpaid(sellers, now), payout_reading.destinations(sellers)
    rows = []
    for seller, currency in pairs:
        if (seller, currency) in outcomes:
            continue
        if seller in stopped:
            outcomes[seller, currency] = PayoutOutcome(seller, currency, PayoutState.STOPPED)
            continue
        outcome = _pay(books, books.purse(seller, currency), key, now, (minimums or {}).get(currency, 1))
        outcomes[seller, currency] = outcome
        if outcome.payout_id:
            rows.append(outcome)
    store.write(books)
    if rows:
        _keep(rows, key, now, destinations)
    return PayoutRun(key, now, tuple(outcomes[pair] for pair in sorted(outcomes)), next_after)


def _keep(rows: Sequence[PayoutOutcome], key: str, now: datetime, destinations: Mapping[int, str]) -> None:
    """Writes down what was paid, with the account it goes to, and gives it to the record."""
    query(
        "INSERT INTO ledger_payout"
        " (id, run_key, seller_key, currency, amount_minor, made_good_minor, at, account_id)"
        " SELECT w.id, %s, w.seller, w.currency, w.amount, w.made_good, %s, nullif(w.account, '')"
        " FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[])"
        " AS w (id, seller, currency, amount, made_good, account)",
        [
            key, now, [o.payout_id for o in rows], [o.seller_key for o in rows], [o.currency for o in rows],
            [o.amount_minor for o in rows], [o.made_good_minor for o in rows],
            [destinations.get(o.seller_key, "") for o in rows],
        ],
    )  # fmt: skip
    leaves.add(record_payload.PAYOUT, [o.payout_id for o in rows], now)


def payout_returned(returns: Sequence[PayoutReturn], at: datetime) -> list[str]:
    """Puts back what banks have returned, to *available*, and returns the ids of the payouts that were not known as
    returned. Hold it again (reason ``payout_returned``) where it must not go out to the same account."""
    check_time("payout_returned", "at", at)
    wanted = {given.payout_id: given.why for given in returns}
    sellers: dict[str, int] = dict(
        query("SELECT id, seller_key FROM ledger_payout WHERE id = ANY (%s::text[])", [list(wanted)]).fetchall()
    )
    missing = set(wanted) - set(sellers)
    if missing:
        raise NoSuchThing(min(missing), "payout")
    store.lock(sorted(set(sellers.values())))
    due = query(
        "SELECT id, seller_key, currency, amount_minor FROM ledger_payout"
        " WHERE id = ANY (%s::text[]) AND returned_at IS NULL ORDER BY id",
        [list(wanted)],
    ).fetchall()
    books = store.open_books([(seller, None, currency) for _, seller, currency, _ in due], ())
    for identity, seller, currency, amount in due:
        draft = Draft(
            new_id("txn"), f"payout_returned:{identity}", "payout_returned", at, currency, seller, None,
            {"amount": amount}, wanted[identity],
            digest=digest("payout_returned", currency, seller, None, {"amount": amount}),
        )  # fmt: skip
        books.plan(draft, rules()["payout_returned"])
    store.write(books)
    query(
        "UPDATE ledger_payout p SET returned_at = %s, returned_why = w.why"
        " FROM unnest(%s::text[], %s::text[]) AS w (id, why) WHERE p.id = w.id",
        [at, [row[0] for row in due], [wanted[row[0]] for row in due]],
    )
    leaves.add(record_payload.PAYOUT_RETURNED, [row[0] for row in due], at)
    return [row[0] for row in due]


def _candidates(seller_keys: Sequence[int] | None, run: str, after: int | None, limit: int) -> list[int]:
    """These sellers; or who has money and who was paid by the run already, so that a repeated run reports them."""
    if seller_keys is not None:
        wanted = sorted({key for key in seller_keys if after is None or key > after})
        return wanted[:limit]
    start = INT64_MIN if after is None else after
    found = query(
        "(SELECT DISTINCT seller_key FROM ledger_account WHERE kind = 'available' AND balance_minor > 0"
        " AND seller_key > %s ORDER BY seller_key LIMIT %s)"
        " UNION (SELECT DISTINCT seller_key FROM ledger_payout WHERE run_key = %s"
        " AND seller_key > %s ORDER BY seller_key LIMIT %s) ORDER BY seller_key LIMIT %s",
        [start, limit, run, start, limit, limit],
    )
    return [seller for (seller,) in found]


def _of_run(key: str, sellers: Sequence[int]) -> dict[tuple[int, str], PayoutOutcome]:
    return {
        (seller, currency): PayoutOutcome(seller, currency, PayoutState.PAID, amount, made_good, identity)
        for identity, seller, currency, amount, made_good in query(
            "SELECT id, seller_key, currency, amount_minor, made_good_minor FROM ledger_payout"
            " WHERE run_key = %s AND seller_key = ANY (%s::bigint[])",
            [key, list(sellers)],
        )
    }


def _pay(books: Books, purse: Purse, key: str, now: datetime, minimum: int) -> PayoutOutcome:
    seller, currency = purse.seller_key, purse.currency
    made_good = min(purse.balances[Kind.AVAILABLE], -purse.balances[Kind.SELLER_RECEIVABLE])
    if made_good:
        _plan(books, purse, key, now, "debt_made_good", made_good)
    amount = purse.balances[Kind.AVAILABLE]
    if amount == 0:
        state = PayoutState.MADE_GOOD if made_good else PayoutState.NOTHING
        return PayoutOutcome(seller, currency, state, 0, made_good)
    if amount < minimum:
        return PayoutOutcome(seller, currency, PayoutState.BELOW_MINIMUM, 0, made_good)
    _plan(books, purse, key, now, "payout", amount)
    return PayoutOutcome(seller, currency, PayoutState.PAID, amount, made_good, new_id("pay"))


def _plan(books: Books, purse: Purse, run: str, now: datetime, event: str, amount: int) -> None:
    # Under the seller's lock the available balance makes it happen once; the id is in the key because a run may make a
    # debt good twice, when money became available between its two attempts.
    identity = new_id("txn")
    amounts = {"amount": amount}
    content = digest(event, purse.currency, purse.seller_key, None, amounts)
    draft = Draft(
        identity, f"{event}:{identity}", event, now, purse.currency, purse.seller_key, None, amounts, run,
        digest=content,
    )  # fmt: skip
    books.plan(draft, rules()[event])

"""What changes the ledger: `post`, `hold`, `release`, `extend`, `reschedule`, `release_due`, `reverse`, payouts.

Everything takes a batch, runs in the caller's scope (engine or staff) and keeps nothing where anything is refused. A
call locks the accounts of its sellers until the scope ends; hand over all of a transaction's entries in one call, so
that sellers are locked in one order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.ledger import store
from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.books import PARTS, Books, Draft, Held, Step
from safeconduct.kernel.ledger.checks import MOST_AT_ONCE, check_hold, check_key, check_time, digest, entry_rule
from safeconduct.kernel.ledger.entries import (
    Entry,
    HoldRequest,
    PayoutOutcome,
    PayoutRun,
    PayoutState,
    TakeFrom,
)
from safeconduct.kernel.ledger.errors import EntryRefused, KeyReused, NoSuchThing
from safeconduct.kernel.ledger.payouts import pay_out, payout_returned
from safeconduct.kernel.ledger.rules import Rule, Shortfall, reasons, rules
from safeconduct.kernel.ledger.wording import DATE_CAME
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, query

__all__ = [
    "Entry", "HoldRequest", "PayoutOutcome", "PayoutRun", "PayoutState", "TakeFrom", "extend", "hold", "pay_out",
    "payout_returned", "post", "release", "release_due", "reschedule", "reschedule_each", "reverse",
    "stand_by",
]  # fmt: skip

_FILLS_UP: Final = frozenset({"capture"})


def post(entries: Sequence[Entry]) -> list[str]:
    """Posts a batch and returns the transactions' ids, in the order of the entries.

    An entry whose key is known returns the id of the first time and posts nothing. Raises EntryRefused, NotEnough,
    KeyReused (the key stands for other content); then nothing of the batch is kept once the scope ends.
    """
    wanted = _distinct(entries)
    if not wanted:
        return []
    books = store.open_books(
        [(e.seller_key, e.order_key, e.currency) for e, _, _ in wanted.values() if e.seller_key is not None],
        {e.currency for e, _, _ in wanted.values()},
    )
    ids: dict[str, str] = {}
    found = store.known(list(wanted))
    for key, (entry, rule, content) in wanted.items():
        if key in found:
            ids[key] = _same(key, content, found[key])
            continue
        draft = _draft(entry, rule, content)
        books.plan(draft, rule)
        ids[key] = draft.id
        if entry.available_at is not None and entry.seller_key is not None:
            books.scheduled[entry.seller_key, entry.order_key, entry.currency] = entry.available_at
    for entry, _, _ in wanted.values():
        if entry.event in _FILLS_UP and entry.key not in found:
            _fill_up(books, entry)
    lost = store.write(books)
    if lost:
        # Platform-only entries lock no seller: another process wrote the same keys at this moment.
        found = store.known(sorted(lost))
        for key in lost:
            ids[key] = _same(key, wanted[key][2], found[key])
    return [ids[entry.key] for entry in entries]


def stand_by(sellers: Collection[tuple[int, str]]) -> None:
    """Waits for the accounts of these sellers (and currencies), all at once and in one order, until the scope ends.

    Who makes several of the calls here in one scope begins with this, so that two of them never wait for each other.
    """
    store.stand_by(sellers)


def hold(requests: Sequence[HoldRequest]) -> list[str]:
    """Holds money and returns the holds' ids, in the order of the requests; the same request again returns the same id.

    Money comes from the order's pending money and from what is available, as the request says, then from the reserve.
    Where that is too little the reason decides: the rest is owed by the seller, or only what is there is held (which
    may be nothing yet), and later captures of the order fill the hold up.
    """
    _few(requests)
    wanted: dict[str, HoldRequest] = {}
    for request in requests:
        check_hold(request)
        if wanted.setdefault(request.key, request) != request:
            raise KeyReused(request.key)
    if not wanted:
        return []
    books = store.open_books([(r.seller_key, r.order_key, r.currency) for r in wanted.values()], ())
    ids: dict[str, str] = {}
    for held in store.read_holds("WHERE key = ANY (%s::text[])", [list(wanted)]):
        request = wanted.pop(held.key)
        if (request.seller_key, request.order_key, request.currency, request.amount_minor, request.reason) != (
            held.seller_key, held.order_key, held.currency, held.asked_minor, held.reason,
        ):  # fmt: skip
            raise KeyReused(held.key)
        ids[held.key] = held.id
    for key, request in wanted.items():
        ids[key] = _hold(books, request)
    store.write(books)
    return [ids[request.key] for request in requests]


def release(keys: Sequence[str], at: datetime, why: str, actor: Actor) -> list[str]:
    """Ends holds by their keys and returns the ids of those that were still open.

    Money goes back where it came from: what was advanced repays what the seller owes; pending money whose date has
    passed becomes available. Raises NoSuchThing for a key without a hold.
    """
    _few(keys)
    check_time("release", "at", at)
    there = _there(keys)
    books = store.open_books([(h.seller_key, h.order_key, h.currency) for h in there], (), list(keys))
    lifted = _lift(books, keys, at, why, actor)
    store.write(books)
    return [held.id for held in lifted]


def extend(keys: Sequence[str], release_at: datetime, at: datetime, why: str, actor: Actor) -> list[str]:
    """Moves the release date of open holds to a later one; returns their ids. Raises NoSuchThing, EntryRefused."""
    _few(keys)
    there = _open(keys)
    for held in there:
        check_time(held.key, "release_at", release_at)
        if release_at <= at or (held.release_at is not None and release_at < held.release_at):
            raise EntryRefused(held.key, "release_at", "is earlier than the date it has; use release() to end a hold")
    changed = []
    for held in there:
        if held.release_at != release_at:
            held.release_at = release_at
            changed.append(held)
    query(
        "UPDATE ledger_hold SET release_at = %s WHERE id = ANY (%s::text[]) AND ended_at IS NULL",
        [release_at, [h.id for h in changed]],
    )
    store.write_steps([Step(h, "extended", at, h.held_minor, actor.id, why) for h in changed])
    return [held.id for held in there]


def reschedule(order_keys: Sequence[int], available_at: datetime) -> int:
    """Sets when the pending money of these orders is released; returns how many orders' money has a new date."""
    check_time("reschedule", "available_at", available_at)
    if not order_keys:
        return 0
    _few(order_keys)
    orders = sorted(set(order_keys))
    sellers = [
        seller
        for (seller,) in query(
            "SELECT DISTINCT seller_key FROM ledger_pending WHERE order_key = ANY (%s::bigint[])", [orders]
        )
    ]
    store.lock(sellers)
    return query(
        "UPDATE ledger_pending SET available_at = %s WHERE order_key = ANY (%s::bigint[])"
        " AND available_at IS DISTINCT FROM %s",
        [available_at, orders, available_at],
    ).rowcount


def reschedule_each(dates: Mapping[int, datetime]) -> int:
    """Sets when each order's pending money is released, all in one statement; returns how many rows have a new date."""
    for available_at in dates.values():
        check_time("reschedule", "available_at", available_at)
    _few(list(dates))
    places = query(
        "SELECT seller_key, order_key, currency FROM ledger_pending WHERE order_key = ANY (%s::bigint[])"
        " ORDER BY seller_key, order_key, currency",
        [list(dates)],
    ).fetchall()
    store.lock(sorted({seller for seller, _, _ in places}))
    return store.schedule({(seller, order, currency): dates[order] for seller, order, currency in places})


def release_due(now: datetime, limit: int = 1000) -> int:
    """Makes pending money available whose date has come, and ends holds whose release date has; returns how many of
    both together, at most ``limit`` of each. Several processes may run it at once."""
    check_time("release_due", "now", now)
    due = query(
        "SELECT seller_key, nullif(order_key, 0), currency FROM ledger_pending"
        " WHERE amount_minor > 0 AND available_at <= %s ORDER BY available_at, id LIMIT %s",
        [now, limit],
    ).fetchall()
    ended = query(
        "SELECT key, seller_key, order_key, currency FROM ledger_hold WHERE ended_at IS NULL AND release_at <= %s"
        " ORDER BY release_at, id LIMIT %s",
        [now, limit],
    ).fetchall()
    if not due and not ended:
        return 0
    keys = [row[0] for row in ended]
    # Both in one opening: sellers are locked in one order.
    books = store.open_books([*due, *(row[1:] for row in ended)], (), keys)
    moved = 0
    for seller, order, currency in due:
        purse = books.purse(seller, currency)
        amount, date = purse.pending.get(order, 0), purse.available_at.get(order)
        if amount <= 0 or date is None or date > now:
            continue  # another process was first, or the date was moved
        draft = _new(now, "release", seller, order, currency, {"amount": amount})
        books.plan(draft, rules()["release"])
        moved += 1
    lifted = _lift(books, keys, now, DATE_CAME, ENGINE_ACTOR, due_by=now)
    store.write(books)
    return moved + len(lifted)


def reverse(transaction_id: str, key: str, at: datetime, why: str) -> str:
    """Posts the opposite of a transaction and returns the new id; nothing is edited. A transaction is reversed once.

    What the seller has since been paid is taken from available, reserve, and then owed. Transactions that have a row
    beside them are not reversed, because the row would say otherwise: hold again, release, `payout_returned`. An
    exchange is, at its own rate. Raises NoSuchThing, EntryRefused, KeyReused.
    """
    check_key(key)
    check_time(key, "at", at)
    row = query(
        "SELECT t.currency, t.seller_key, t.order_key, t.event FROM ledger_transaction t WHERE t.id = %s",
        [transaction_id],
    ).fetchone()
    if row is None:
        raise NoSuchThing(transaction_id, "transaction")
    currency, seller, order, event = row
    legs = [
        (Kind(kind), code, amount)
        for kind, code, amount in query(
            "SELECT a.kind, p.currency, p.amount_minor"
            " FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
            " WHERE p.transaction_id = %s ORDER BY p.leg DESC",
            [transaction_id],
        )
    ]
    rule = rules().get(event)
    with_a_row = rule is not None and rule.by not in ("", "exchange")
    if event == "reversal" or with_a_row or any(kind is Kind.ON_HOLD for kind, _, _ in legs):
        raise EntryRefused(key, "transaction_id", f"{event} is not reversed; post what is right instead")
    content = digest(f"reversal of {transaction_id}", currency, seller, order, {})
    codes = {code for _, code, _ in legs}
    books = store.open_books([(seller, order, code) for code in codes] if seller is not None else [], codes)
    reversed_already = query("SELECT 1 FROM ledger_transaction WHERE reverses = %s", [transaction_id]).fetchone()
    found = store.known([key])  # read after that: a retry beside the first try finds the first, whenever it commits
    if key in found:
        return _same(key, content, found[key])
    again = EntryRefused(key, "transaction_id", f"{transaction_id} has been reversed already")
    if reversed_already:
        raise again
    draft = Draft(
        new_id("txn"), key, "reversal", at, currency, seller, order, {}, why, reverses=transaction_id, digest=content
    )
    for kind, code, amount in legs:
        books.give_and_take(draft, kind, code, -amount)
    books.drafts.append(draft)
    if store.write(books):
        # A transaction of the platform alone locks no seller: another process reversed it at this moment.
        found = store.known([key])
        if key not in found:
            raise again
        return _same(key, content, found[key])
    return draft.id


def _distinct(entries: Sequence[Entry]) -> dict[str, tuple[Entry, Rule, str]]:
    _few(entries)
    wanted: dict[str, tuple[Entry, Rule, str]] = {}
    for entry in entries:
        rule = entry_rule(entry)
        content = digest(entry.event, entry.currency, entry.seller_key, entry.order_key, entry.amounts)
        if wanted.setdefault(entry.key, (entry, rule, content))[2] != content:
            raise KeyReused(entry.key)
    return wanted


def _few(batch: Sequence[object]) -> None:
    if len(batch) > MOST_AT_ONCE:
        raise EntryRefused("batch", "entries", f"{len(batch)} are more than {MOST_AT_ONCE}; hand them over in parts")


def _same(key: str, content: str, found: tuple[str, str]) -> str:
    if found[1] != content:
        raise KeyReused(key)
    return found[0]


def _draft(entry: Entry, rule: Rule, content: str) -> Draft:
    return Draft(
        new_id("txn"), entry.key, entry.event, entry.at, entry.currency, entry.seller_key, entry.order_key,
        dict(entry.amounts), entry.memo, rule.provisional, digest=content,
    )  # fmt: skip


def _new(
    at: datetime, event: str, seller: int, order: int | None, currency: str, amounts: dict[str, int], memo: str = ""
) -> Draft:
    # Only under the seller's lock: the state that was read under it, not the key, makes it happen once.
    identity = new_id("txn")
    content = digest(event, currency, seller, order, amounts)
    return Draft(identity, f"{event}:{identity}", event, at, currency, seller, order, amounts, memo, digest=content)


def _hold(books: Books, request: HoldRequest) -> str:
    held = Held(
        new_id("hld"), request.key, request.seller_key, request.order_key, request.currency, request.amount_minor, 0,
        dict.fromkeys(PARTS, 0), request.reason, request.released_by, request.at, request.release_at, new=True,
    )  # fmt: skip
    books.purse(request.seller_key, request.currency).holds.append(held)
    sources = list(rules()["hold"].legs[0].out_of)
    if request.take_from is TakeFrom.AVAILABLE:
        sources[0], sources[1] = sources[1], sources[0]
    if reasons()[request.reason].shortfall is Shortfall.WHAT_IS_THERE:
        sources.remove(Kind.SELLER_RECEIVABLE)
    draft = _new(request.at, "hold", request.seller_key, request.order_key, request.currency, {}, request.reason)
    taken = books.take(draft, held, sources, request.amount_minor)
    draft.amounts = {"amount": taken}
    books.steps.append(Step(held, "taken", request.at, taken, ENGINE_ACTOR.id, request.reason))
    return held.id


def _fill_up(books: Books, entry: Entry) -> None:
    """Holds that found too little of an order's money take what has just come in."""
    assert entry.seller_key is not None
    for held in books.purse(entry.seller_key, entry.currency).of_order(entry.order_key):
        if held.taken_minor < held.asked_minor and reasons()[held.reason].shortfall is Shortfall.WHAT_IS_THERE:
            draft = _new(entry.at, "hold", entry.seller_key, entry.order_key, entry.currency, {}, held.reason)
            taken = books.take(draft, held, [Kind.PENDING], held.asked_minor - held.taken_minor)
            if taken:
                draft.amounts = {"amount": taken}
                books.steps.append(Step(held, "filled", entry.at, taken, ENGINE_ACTOR.id, held.reason))


def _open(keys: Sequence[str]) -> list[Held]:
    """The holds of these keys that are still open, under their sellers' locks."""
    store.lock(sorted({held.seller_key for held in _there(keys)}))
    return store.read_holds("WHERE key = ANY (%s::text[]) AND ended_at IS NULL ORDER BY at, id", [list(keys)])


def _there(keys: Sequence[str]) -> list[Held]:
    there = store.read_holds("WHERE key = ANY (%s::text[])", [list(keys)])
    missing = set(keys) - {held.key for held in there}
    if missing:
        raise NoSuchThing(min(missing), "hold")
    return there


def _lift(
    books: Books, keys: Sequence[str], at: datetime, why: str, actor: Actor, *, due_by: datetime | None = None
) -> list[Held]:
    """Ends those of the holds that are still open."""
    lifted = []
    wanted = set(keys)
    for purse in books.purses.values():
        for held in purse.holds:
            if held.key not in wanted or held.ended_at is not None:
                continue
            if due_by is not None and (held.release_at is None or held.release_at > due_by):
                continue  # extended while it was waited for
            draft = _new(at, "hold_lifted", held.seller_key, held.order_key, held.currency, {}, why)
            amount = books.lift(draft, held)
            if amount:
                draft.amounts = {"amount": amount}
                books.drafts.append(draft)
            books.steps.append(Step(held, "released", at, amount, actor.id, why))
            lifted.append(held)
    return lifted

"""What people book by hand: money that no event of the shop tells of, such as what the operator pays into the fund.

Only events that `postings.yaml` marks with `by_hand`. Who booked it stands in the key and why in the memo, which the
seller reads where their money is touched. Each leaves a line in the record, and the seller is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from safeconduct.kernel.ledger import actions, record_payload
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.ledger.errors import EntryRefused, NoSuchThing
from safeconduct.kernel.ledger.rules import Rule, rules
from safeconduct.kernel.ledger.telling import tell_of_booking
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query

#: A reason says something.
_SHORTEST_WHY: Final = 3


def bookable() -> Mapping[str, Rule]:
    """The events that people may book, by name."""
    return {event: rule for event, rule in rules().items() if rule.by_hand}


def book(entry: Entry, actor: Actor) -> str:
    """Posts an entry for ``actor``, whose ``why`` becomes its memo; returns the transaction's id. The same key by the
    same actor again returns the id of the first time.

    Raises EntryRefused, NotEnough, KeyReused.
    """
    if entry.event not in bookable():
        known = ", ".join(sorted(bookable()))
        raise EntryRefused(entry.key, "event", f"{entry.event!r} is not booked by hand; there are {known}")
    ours = replace(entry, key=_key(entry.key, actor), memo=_why(entry.key, actor))
    before = _begun(ours.key)
    (made,) = actions.post([ours])
    if before is None:
        _made_known(made, entry.at)
    return made


def take_back(transaction_id: str, key: str, actor: Actor, at: datetime) -> str:
    """Reverses what was booked by hand, once; returns the reversal's id. What events posted follows the events, and is
    not reversed here.

    Raises NoSuchThing, EntryRefused, KeyReused.
    """
    ours = _key(key, actor)
    before = _begun(ours)
    row = query("SELECT key FROM ledger_transaction WHERE id = %s", [transaction_id]).fetchone()
    if row is None:
        raise NoSuchThing(transaction_id, "transaction")
    if not row[0].startswith(record_payload.BY_HAND):
        raise EntryRefused(
            key, "transaction_id", "was not booked by hand; what events posted changes with what is told of the order"
        )  # fmt: skip
    made = actions.reverse(transaction_id, ours, at, _why(key, actor))
    if before is None:
        _made_known(made, at)
    return made


def _key(key: str, actor: Actor) -> str:
    if not key.strip():
        raise EntryRefused("(empty)", "key", "is empty; give what makes it happen once, such as the bank's reference")
    return f"{record_payload.BY_HAND}{actor.id}/{key}"


def _why(key: str, actor: Actor) -> str:
    if len(actor.why.strip()) < _SHORTEST_WHY:
        raise EntryRefused(key, "why", "says nothing; it stands in the books, and the seller reads it")
    return actor.why.strip()


def _begun(key: str) -> str | None:
    """The transaction of this key; nobody else books under it until the scope ends."""
    query("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [Lock.BOOKED_BY_HAND, key])
    row = query("SELECT id FROM ledger_transaction WHERE key = %s", [key]).fetchone()
    return None if row is None else str(row[0])


def _made_known(transaction_id: str, at: datetime) -> None:
    leaves.add(record_payload.BOOKING, [transaction_id], at)
    tell_of_booking(transaction_id)

"""Where sellers are paid, read: accounts without their numbers, what waits for a person, and whose payouts are stopped.

All functions run in an engine or staff scope; `accounts_of` and `stops` also in the seller's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from safeconduct.kernel.ledger.errors import NoSuchThing
from safeconduct.kernel.paging import Slice, read_cursor, write_cursor
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.blinding import Blinded
from safeconduct.kernel.vault.holder import hashed
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, unseal, unseal_many

#: Number and holder; the row is the account's id.
ACCOUNT: Final = Column("payout_account.sealed", "payout_account", "payout_account/{row}")
STORED: Final = Stored(
    ACCOUNT,
    "SELECT id, id AS place, 'seller/' || seller_key, sealed FROM payout_account WHERE id > %s"
    " AND substr(sealed, 1, 1) = '\\x01' ORDER BY id LIMIT %s",
    "UPDATE payout_account t SET sealed = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed)"
    " WHERE t.id = w.id",
)
#: SQL: whether the rows `a` and `b` are of one number; while the root key is replaced, either may have moved.
SAME_NUMBER: Final = (
    "(b.blind = a.blind OR coalesce(b.blind_before, b.blind) = coalesce(a.blind_before, a.blind))"
)  # fmt: skip
AGEING: Final = timedelta(hours=72)
#: States in which a person has to do something: confirm the holder, judge a doubt, give a frozen account back.
_WAITING: Final = "state IN ('draft', 'review', 'frozen')"  # as the index has it


class AccountState(StrEnum):
    """What a payout account is. ``aged``: it was active, and can be again."""

    DRAFT = "draft"
    VERIFIED = "verified"
    AGEING = "ageing"
    REVIEW = "review"
    ACTIVE = "active"
    AGED = "aged"
    FROZEN = "frozen"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """An account as pages show it: never its number."""

    id: str
    seller_key: int
    last4: str
    country: str
    state: AccountState
    name_verified: bool
    asked_at: datetime
    ageing_since: datetime | None
    activated_at: datetime | None
    why: str

    @property
    def used_from(self) -> datetime | None:
        """From when money goes there, where nothing comes between; None where it does not wait."""
        return None if self.state is not AccountState.AGEING or not self.ageing_since else self.ageing_since + AGEING


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a seller's payouts that is in force. ``until``: None where only two people end it."""

    id: str
    seller_key: int
    reason: str
    at: datetime
    until: datetime | None


def stops(seller_keys: Sequence[int], at: datetime) -> dict[int, str]:
    """The sellers among these whose payouts are stopped at this time, each with the reason that lasts longest."""
    rows = query(
        "SELECT DISTINCT ON (seller_key) seller_key, reason FROM payout_stop WHERE seller_key = ANY (%s::bigint[])"
        " AND ended_at IS NULL AND (until IS NULL OR until > %s) ORDER BY seller_key, until DESC NULLS FIRST",
        [list(seller_keys), at],
    )
    return dict(rows.fetchall())


def unpaid(seller_keys: Sequence[int], at: datetime) -> set[int]:
    """The sellers among these to whom nothing goes now: their payouts are stopped, or they had an account here and
    none is active, so that nobody can say where the money should go."""
    rows = query(
        "SELECT DISTINCT a.seller_key FROM payout_account a WHERE a.seller_key = ANY (%s::bigint[])"
        " AND a.state IN ('aged', 'frozen') AND NOT EXISTS (SELECT FROM payout_account b"
        "  WHERE b.seller_key = a.seller_key AND b.state = 'active')",
        [list(seller_keys)],
    )
    return {seller for (seller,) in rows} | stops(seller_keys, at).keys()


def destinations(seller_keys: Sequence[int]) -> dict[int, str]:
    """The active account of each of these sellers that has one on file here."""
    rows = query(
        "SELECT seller_key, id FROM payout_account WHERE state = 'active' AND seller_key = ANY (%s::bigint[])",
        [list(seller_keys)],
    )
    return dict(rows.fetchall())


def accounts_of(seller_key: int, limit: int = 50) -> list[PayoutAccount]:
    """A seller's accounts, the newest first, those that were cancelled last. Also in the seller's own scope."""
    rows = query(
        f"SELECT {COLUMNS} FROM payout_account WHERE seller_key = %s"
        " ORDER BY state = 'cancelled', asked_at DESC, id DESC LIMIT %s",
        [seller_key, limit],
    )
    return [as_account(row) for row in rows]


def number_of(account_id: str) -> tuple[str, str]:
    """The number and holder, for whoever sends the money. The caller answers for the right to see them. Raises
    NoSuchThing, also where they are past their time and gone."""
    row = query("SELECT sealed, seller_key FROM payout_account WHERE id = %s", [account_id]).fetchone()
    if row is None or not row[0]:
        raise NoSuchThing(account_id, "payout account")
    number, _, holder = unseal(ACCOUNT, account_id, f"seller/{row[1]}", bytes(row[0])).decode().partition("\n")
    return number, holder


def blinds_of(account_ids: Sequence[str]) -> dict[str, bytes]:
    """What finds these accounts' numbers under the root key in use; nothing for one that nobody can open. One whose
    number is gone is found by nobody, and stays so."""
    found = query(
        "SELECT id, 'seller/' || seller_key, sealed, blind FROM payout_account WHERE id = ANY (%b::text[])",
        [list(account_ids)],
    ).fetchall()
    gone = {identity: bytes(blind) for identity, _subject, sealed, blind in found if not sealed}
    rows = [(identity, subject, sealed) for identity, subject, sealed, _blind in found if sealed]
    opened = unseal_many(ACCOUNT, [(Place(identity, subject), bytes(sealed)) for identity, subject, sealed in rows])
    numbers = {
        identity: plain.decode().partition("\n")[0].encode()
        for (identity, _, _), plain in zip(rows, opened, strict=True) if plain is not None
    }  # fmt: skip
    blinds = hashed(BLIND, *numbers.values()).digests
    return gone | {identity: blind[0] for identity, blind in zip(numbers, blinds, strict=True)}


#: The purpose of the keys that numbers are found with, by the whole keyed hash: equal numbers of different sellers are
#: found exactly, and only with the key. And how those follow another root key.
BLIND: Final = "blind/payout_account"
BLINDED: Final = Blinded("payout_account", "id", "text", "", blinds_of)


def account(account_id: str) -> PayoutAccount:
    """One account. Raises NoSuchThing."""
    row = query(f"SELECT {COLUMNS} FROM payout_account WHERE id = %s", [account_id]).fetchone()
    if row is None:
        raise NoSuchThing(account_id, "payout account")
    return as_account(row)


def accounts(account_ids: Sequence[str]) -> dict[str, PayoutAccount]:
    """These accounts, by id."""
    rows = query(f"SELECT {COLUMNS} FROM payout_account WHERE id = ANY (%s::text[])", [list(account_ids)])
    return {row[0]: as_account(row) for row in rows}


def same_number(account_id: str, limit: int = 20) -> list[PayoutAccount]:
    """Accounts of other sellers with the same number, the oldest first."""
    rows = query(
        f"SELECT {COLUMNS} FROM payout_account WHERE id IN (SELECT b.id FROM payout_account a JOIN payout_account b"
        f" ON {SAME_NUMBER} AND b.seller_key <> a.seller_key WHERE a.id = %s)"
        " AND state NOT IN ('draft', 'cancelled') ORDER BY asked_at, id LIMIT %s",
        [account_id, limit],
    )
    return [as_account(row) for row in rows]


def waiting(after: str = "", size: int = 50) -> Slice[PayoutAccount]:
    """Accounts that wait for a person, the longest first, a page at a time."""
    since, key = _place(after)
    rows = query(
        f"SELECT {COLUMNS} FROM payout_account WHERE {_WAITING} AND (asked_at, id) > (%s, %s)"
        " ORDER BY asked_at, id LIMIT %s",
        [since, key, size + 1],
    ).fetchall()
    found = [as_account(row) for row in rows[:size]]
    return Slice(found, write_cursor(found[-1].asked_at, found[-1].id) if len(rows) > size else "")


def open_stops(now: datetime, after: str = "", size: int = 50) -> Slice[Stop]:
    """Stops of payouts in force, the oldest first, a page at a time."""
    since, key = _place(after)
    rows = query(
        "SELECT id, seller_key, reason, at, until FROM payout_stop WHERE ended_at IS NULL"
        " AND (until IS NULL OR until > %s) AND (at, id) > (%s, %s) ORDER BY at, id LIMIT %s",
        [now, since, key, size + 1],
    ).fetchall()
    found = [Stop(*row) for row in rows[:size]]
    return Slice(found, write_cursor(found[-1].at, found[-1].id) if len(rows) > size else "")


def stops_of(seller_key: int, now: datetime, limit: int = 20) -> list[Stop]:
    """The stops of one seller that are in force, the one that lasts longest first. Also in the seller's own scope."""
    rows = query(
        "SELECT id, seller_key, reason, at, until FROM payout_stop WHERE seller_key = %s AND ended_at IS NULL"
        " AND (until IS NULL OR until > %s) ORDER BY until DESC NULLS FIRST, id LIMIT %s",
        [seller_key, now, limit],
    )
    return [Stop(*row) for row in rows]


def was_stopped(seller_key: int, since: datetime, until: datetime) -> bool:
    """Whether a seller's payouts were stopped at any time between these, by a stop that no two people have ended."""
    found = query(
        "SELECT 1 FROM payout_stop WHERE seller_key = %s AND ended_at IS NULL AND at <= %s"
        " AND (until IS NULL OR until > %s) LIMIT 1",
        [seller_key, until, since],
    )
    return found.fetchone() is not None


def began_since(seller_key: int, since: datetime, until: datetime) -> bool:
    """Whether such a stop began between these times."""
    found = query(
        "SELECT 1 FROM payout_stop WHERE seller_key = %s AND ended_at IS NULL AND at > %s AND at <= %s LIMIT 1",
        [seller_key, since, until],
    )
    return found.fetchone() is not None


def stop(stop_id: str) -> Stop:
    """One stop, also one that has ended. Raises NoSuchThing."""
    row = query("SELECT id, seller_key, reason, at, until FROM payout_stop WHERE id = %s", [stop_id]).fetchone()
    if row is None:
        raise NoSuchThing(stop_id, "stop of payouts")
    return Stop(*row)


def _place(cursor: str) -> tuple[object, object]:
    """Where a page begins; an unreadable cursor begins at the start."""
    at, key = read_cursor(cursor) or (None, None)
    return (at, key) if isinstance(at, datetime) and isinstance(key, str) else ("-infinity", "")


#: What is read of an account, in the order of `PayoutAccount`.
COLUMNS: Final = "id, seller_key, last4, country, state, name_verified, asked_at, ageing_since, activated_at, why"


def as_account(row: Sequence[Any]) -> PayoutAccount:
    """A row of `COLUMNS`."""
    identity, seller, last4, country, state, *rest = row
    return PayoutAccount(identity, seller, last4, country, AccountState(state), *rest)

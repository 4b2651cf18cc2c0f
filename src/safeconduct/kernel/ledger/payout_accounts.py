"""Where a seller is paid: draft → verified → ageing (72 hours) → active, and what stops it.

Money goes on to the old account while a new one ages. What makes it doubtful (a recovery or a changed contact within
seven days before or meanwhile, a stop of the seller's payouts, the same number at another seller) leads it to a person
instead, and the wait begins anew when they allow it. *This was not me* only freezes: it never makes an account active,
so whoever still holds an old mailbox wins nothing by it. Times are checked by the database as well.

The 72 hours are Amazon's public three-day hold; the seven days, five minutes and the age of a factor are proposals of
our own to be checked in practice (security research, 2026-11-23). All functions run in an engine or staff scope.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import TIES, micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.ledger import store
from safeconduct.kernel.ledger.checks import check_time
from safeconduct.kernel.ledger.errors import LedgerError, NoSuchThing
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault.keys import purpose_key
from safeconduct.kernel.vault.pseudonyms import normalise
from safeconduct.kernel.vault.sealing import Column, seal, unseal

#: Number and holder; the row is the account's id.
ACCOUNT: Final = Column("payout_account.sealed", "payout_account", "payout_account/{row}")
AGEING: Final = timedelta(hours=72)
COOL_OFF: Final = timedelta(days=7)
#: How long ago a person must have confirmed who they are, and how old the factor they did it with must be.
CONFIRMED_WITHIN: Final = timedelta(minutes=5)
FACTOR_AGE: Final = timedelta(hours=72)
_FACTORS: Final = frozenset({"passkey", "security_key"})
_SHORTEST, _LONGEST = 4, 34  # 34 is the longest IBAN (ISO 13616)
_DOUBTS: Final = ("recovery", "email", "phone")
_OPEN: Final = ("draft", "verified", "ageing", "review")


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


class PayoutAccountRefused(LedgerError):
    """What may not be done with a payout account, and what to do instead."""

    code = "payout_account_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Proof:
    """How a person showed just now who they are: with what, since when they have it, and when they did."""

    factor: str
    factor_since: datetime
    confirmed_at: datetime


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

    @property
    def used_from(self) -> datetime | None:
        """From when money goes there, where nothing comes between; None where it does not wait."""
        return None if self.state is not AccountState.AGEING or not self.ageing_since else self.ageing_since + AGEING


def ask(seller_key: int, number: str, holder: str, country: str, actor: Actor, proof: Proof, *, at: datetime) -> str:
    """An owner asks to be paid to another account; returns the draft's id. The same number asked again is the same one.

    Raises PayoutAccountRefused.
    """
    check_time("payout_account", "at", at)
    _check_owner(actor, proof, at)
    number, key = normalise("bank_account", number), str(seller_key)
    if not _SHORTEST <= len(number) <= _LONGEST or not number.isalnum() or not number.isascii():
        raise PayoutAccountRefused(key, "number", f"has {_SHORTEST} to {_LONGEST} letters and digits")
    if not 0 < len(holder.strip()) <= 140 or not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise PayoutAccountRefused(key, "holder", "needs a name, and the country as two capital letters")
    _lock(seller_key)
    blind = _blind(number)
    there = query(
        "SELECT id, state, blind FROM payout_account WHERE seller_key = %s AND state <> 'cancelled'", [seller_key]
    ).fetchall()
    for identity, _state, known in there:
        if bytes(known) == blind:
            return str(identity)
    if any(state in _OPEN for _, state, _ in there):
        raise PayoutAccountRefused(key, "account", "another change is under way; cancel it first")
    identity = new_id("pac")
    sealed = seal(ACCOUNT, identity, f"seller/{seller_key}", f"{number}\n{holder.strip()}".encode())
    query(
        "INSERT INTO payout_account (id, seller_key, blind, sealed, last4, country, state, asked_by, asked_at,"
        " changed_by) VALUES (%s, %s, %s, %s, %s, %s, 'draft', %s, %s, %s)",
        [identity, seller_key, blind, sealed, number[-4:], country, actor.id, at, actor.id],
    )
    return identity


def verified(account_id: str, actor: Actor, *, name_matches: bool, at: datetime) -> AccountState:
    """The bank or a micro-deposit has confirmed the account: it begins to age, or goes to a person.

    An account under another name goes to a person as well. Raises NoSuchThing, PayoutAccountRefused.
    """
    one = _locked(account_id)
    _must_be(one, AccountState.DRAFT)
    query(
        "UPDATE payout_account SET state = 'verified', verified_at = %s, name_verified = %s, changed_by = %s"
        " WHERE id = %s",
        [at, name_matches, actor.id, account_id],
    )
    doubt = "holder_name" if not name_matches else _doubt(one, at)
    if doubt:
        _move(account_id, AccountState.REVIEW, actor, doubt)
        return AccountState.REVIEW
    return _begin_ageing(account_id, actor, at)


def ripen(now: datetime, limit: int = 200) -> int:
    """Makes accounts active that have aged, and sends those to a person that became doubtful; returns how many moved.

    What was asked when the wait began is judged again, and late is as good as in time.
    """
    due = query(
        "SELECT id, seller_key FROM payout_account WHERE state = 'ageing' AND ageing_since <= %s"
        " ORDER BY ageing_since, id LIMIT %s",
        [now - AGEING, limit],
    ).fetchall()
    done = 0
    store.lock(sorted({seller for _, seller in due}))
    for account_id, _seller in due:
        one = _locked(account_id)
        if one.state is not AccountState.AGEING:
            continue
        doubt = _doubt(one, now)
        if doubt:
            _move(account_id, AccountState.REVIEW, Actor("engine", "engine"), doubt)
        else:
            _activate(one, "engine", now)
        done += 1
    return done


def cancel(account_id: str, actor: Actor, *, at: datetime) -> None:
    """Ends a change that is under way. Anyone the seller's notices reach may, since nothing can be won by it."""
    one = _locked(account_id)
    if one.state not in _OPEN:
        raise PayoutAccountRefused(account_id, "state", f"is {one.state}; only a change under way can be cancelled")
    _cancel(account_id, actor, actor.why or "cancelled", at)


def rule(account_id: str, staff: Actor, *, allow: bool, at: datetime) -> AccountState:
    """A person decides about a doubtful account, with reasons. Allowed, it ages from now; else it is cancelled."""
    one = _locked(account_id)
    _must_be(one, AccountState.REVIEW)
    if not staff.why.strip():
        raise PayoutAccountRefused(account_id, "why", "say the reasons; the seller reads them")
    if not allow:
        _cancel(account_id, staff, staff.why, at)
        return AccountState.CANCELLED
    return _begin_ageing(account_id, staff, at)


def swap(account_id: str, actor: Actor, proof: Proof, *, at: datetime) -> None:
    """Pays to another account that has aged already, without a new wait.

    Refused within seven days of a recovery or a changed contact, while payouts are stopped, and for an account that
    was never paid and whose holder's name was not confirmed.
    """
    _check_owner(actor, proof, at)
    one = _locked(account_id)
    _must_be(one, AccountState.AGED)
    if _changed_since(one.seller_key, at - COOL_OFF, at):
        raise PayoutAccountRefused(
            account_id, "account", "was recovered or has new contacts since less than 7 days; wait until then"
        )
    if stops([one.seller_key], at):
        raise PayoutAccountRefused(account_id, "account", "payouts are stopped; ask the marketplace")
    paid = query("SELECT 1 FROM ledger_payout WHERE account_id = %s AND returned_at IS NULL LIMIT 1", [account_id])
    if not one.name_verified and paid.fetchone() is None:
        raise PayoutAccountRefused(account_id, "holder", "was never confirmed, and nothing was ever paid there")
    _activate(one, actor.id, at)


def freeze(seller_key: int, since: datetime, actor: Actor, *, at: datetime) -> list[str]:
    """*This was not me*: undoes nothing and restores nothing, it only stops; returns the accounts that it touched.

    A change asked for since then is cancelled while it has not come into force. Where it has, it is frozen together
    with those before it, and no money goes out until two people say so.
    """
    _lock(seller_key)
    rows = query(
        "SELECT id, state FROM payout_account WHERE seller_key = %s AND ((asked_at >= %s AND state = ANY(%s))"
        " OR state IN ('active', 'aged')) ORDER BY id FOR UPDATE",
        [seller_key, since, list(_OPEN)],
    ).fetchall()
    touched = [identity for identity, state in rows if state in _OPEN]
    for identity in touched:
        _cancel(identity, actor, "not_me", at)
    changed = query(
        "SELECT 1 FROM payout_account WHERE seller_key = %s AND state = 'active' AND activated_at >= %s",
        [seller_key, since],
    ).fetchone()
    if changed is not None:
        held = [identity for identity, state in rows if state not in _OPEN]
        for identity in held:
            _move(identity, AccountState.FROZEN, actor, "not_me")
        stop(seller_key, "not_me", at=at)
        touched += held
    return touched


def stop(seller_key: int, reason: str, *, at: datetime, until: datetime | None = None) -> str:
    """Lets no payout go to a seller, until a time or until two people say so; returns the stop's id."""
    _lock(seller_key)
    identity = new_id("pst")
    query(
        "INSERT INTO payout_stop (id, seller_key, reason, at, until) VALUES (%s, %s, %s, %s, %s)",
        [identity, seller_key, reason, at, until],
    )
    return identity


def end_stop(stop_id: str, staff: Actor, approved_by: str, *, at: datetime) -> None:
    """Ends a stop. Two different people, with reasons. Raises NoSuchThing, PayoutAccountRefused."""
    _check_two(stop_id, staff, approved_by)
    done = query(
        "UPDATE payout_stop SET ended_at = %s, ended_by = %s, approved_by = %s, why = %s"
        " WHERE id = %s AND ended_at IS NULL",
        [at, staff.id, approved_by, staff.why, stop_id],
    )
    if done.rowcount == 0:
        raise NoSuchThing(stop_id, "open stop of payouts")


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


def thaw(account_id: str, staff: Actor, approved_by: str) -> None:
    """Two people give a frozen account back: it is aged, and the owner chooses which one is used. Raises
    PayoutAccountRefused."""
    one = _locked(account_id)
    _must_be(one, AccountState.FROZEN)
    _check_two(account_id, staff, approved_by)
    _move(account_id, AccountState.AGED, staff, staff.why)


def destinations(seller_keys: Sequence[int]) -> dict[int, str]:
    """The active account of each of these sellers that has one on file here."""
    rows = query(
        "SELECT seller_key, id FROM payout_account WHERE state = 'active' AND seller_key = ANY (%s::bigint[])",
        [list(seller_keys)],
    )
    return dict(rows.fetchall())


def accounts_of(seller_key: int, limit: int = 50) -> list[PayoutAccount]:
    """A seller's accounts, the newest first. Also in the seller's own scope."""
    rows = query(
        f"SELECT {_COLUMNS} FROM payout_account WHERE seller_key = %s ORDER BY asked_at DESC, id DESC LIMIT %s",
        [seller_key, limit],
    )
    return [_account(row) for row in rows]


def number_of(account_id: str) -> tuple[str, str]:
    """The number and holder, for whoever sends the money. The caller answers for the right to see them."""
    row = query("SELECT sealed, seller_key FROM payout_account WHERE id = %s", [account_id]).fetchone()
    if row is None:
        raise NoSuchThing(account_id, "payout account")
    number, _, holder = unseal(ACCOUNT, account_id, f"seller/{row[1]}", bytes(row[0])).decode().partition("\n")
    return number, holder


_COLUMNS: Final = "id, seller_key, last4, country, state, name_verified, asked_at, ageing_since, activated_at"


def _account(row: Sequence[Any]) -> PayoutAccount:
    identity, seller, last4, country, state, *rest = row
    return PayoutAccount(identity, seller, last4, country, AccountState(state), *rest)


def _locked(account_id: str) -> PayoutAccount:
    """The account, once its seller's money and then itself are locked: the order of locks of everything here."""
    found = query("SELECT seller_key FROM payout_account WHERE id = %s", [account_id]).fetchone()
    if found is None:
        raise NoSuchThing(account_id, "payout account")
    _lock(found[0])
    row = query(f"SELECT {_COLUMNS} FROM payout_account WHERE id = %s FOR UPDATE", [account_id]).fetchone()
    assert row is not None
    return _account(row)


def _lock(seller_key: int) -> None:
    store.lock([seller_key])
    # A seller without money has no row of the ledger that could be locked.
    query("SELECT pg_advisory_xact_lock(hashint8extended(%s, 7211))", [seller_key])


def _check_owner(actor: Actor, proof: Proof, at: datetime) -> None:
    if actor.role != MemberRole.OWNER:
        raise PayoutAccountRefused(actor.id, "role", "only an owner changes where the money goes")
    if proof.factor not in _FACTORS:
        raise PayoutAccountRefused(actor.id, "factor", "confirm with a passkey; codes can be passed on")
    if not at - CONFIRMED_WITHIN <= proof.confirmed_at <= at:
        raise PayoutAccountRefused(actor.id, "confirmed_at", "confirm again who you are; it was too long ago")
    if proof.factor_since > at - FACTOR_AGE:
        raise PayoutAccountRefused(
            actor.id, "factor", "is newer than 72 hours; use an older passkey, or wait until then"
        )


def _check_two(key: str, staff: Actor, approved_by: str) -> None:
    if not staff.why.strip() or not approved_by or approved_by == staff.id:
        raise PayoutAccountRefused(key, "approved_by", "a second person has to agree, and reasons are needed")


def _must_be(one: PayoutAccount, state: AccountState) -> None:
    if one.state is not state:
        raise PayoutAccountRefused(one.id, "state", f"is {one.state}, not {state}; load it again")


def _doubt(one: PayoutAccount, at: datetime) -> str:
    """Why a person has to look at a change, or nothing."""
    if stops([one.seller_key], at):
        return "payouts_stopped"
    if _changed_since(one.seller_key, one.asked_at - COOL_OFF, at):
        return "recovery_or_contact"
    same = query(
        "SELECT 1 FROM payout_account a JOIN payout_account b ON b.blind = a.blind AND b.seller_key <> a.seller_key"
        " WHERE a.id = %s AND b.state NOT IN ('draft', 'cancelled') LIMIT 1",
        [one.id],
    ).fetchone()
    return "same_account" if same is not None else ""


def _changed_since(seller_key: int, since: datetime, until: datetime) -> bool:
    """Whether an account of the seller was recovered, or a contact changed, in this time: read from the log."""
    found = query(
        "SELECT 1 FROM fact WHERE seller = %s AND type = %s AND change = ANY(%s) AND moment >= %s AND moment < %s"
        " LIMIT 1",
        [
            seller_key, CATALOGUE["security.changed"].code, list(_DOUBTS), micros(since) * TIES,
            (micros(until) + 1) * TIES,
        ],
    )  # fmt: skip
    return found.fetchone() is not None


def _begin_ageing(account_id: str, actor: Actor, at: datetime) -> AccountState:
    query(
        "UPDATE payout_account SET state = 'ageing', ageing_since = %s, changed_by = %s, why = %s WHERE id = %s",
        [at, actor.id, actor.why, account_id],
    )
    return AccountState.AGEING


def _activate(one: PayoutAccount, by: str, at: datetime) -> None:
    query(
        "UPDATE payout_account SET state = 'aged', changed_by = %s WHERE seller_key = %s AND state = 'active'",
        [by, one.seller_key],
    )
    query(
        "UPDATE payout_account SET state = 'active', activated_at = %s, changed_by = %s WHERE id = %s",
        [at, by, one.id],
    )


def _cancel(account_id: str, actor: Actor, why: str, at: datetime) -> None:
    query(
        "UPDATE payout_account SET state = 'cancelled', ended_at = %s, changed_by = %s, why = %s WHERE id = %s",
        [at, actor.id, why, account_id],
    )


def _move(account_id: str, state: AccountState, actor: Actor, why: str) -> None:
    query(
        "UPDATE payout_account SET state = %s, changed_by = %s, why = %s WHERE id = %s",
        [state.value, actor.id, why, account_id],
    )


def _blind(number: str) -> bytes:
    """The whole keyed hash: equal numbers of different sellers are found exactly, and only with the key."""
    return hmac.digest(purpose_key("blind/payout_account"), number.encode(), "sha256")

"""Where a seller is paid: draft → verified → ageing (72 hours) → active, and what stops it.

Money goes on to the old account while a new one ages. What makes it doubtful (a recovery, a changed contact or a stop
of the seller's payouts within seven days before or meanwhile, the same number at another seller) leads it to a person
instead, and the wait begins anew when they allow it. *This was not me* only freezes: it never makes an account active,
so whoever still holds an old mailbox wins nothing by it. Times are checked by the database as well. Each step is told
in its transaction (`payout_telling`); what is only read lies in `payout_reading`.

The 72 hours are Amazon's public three-day hold; the seven days, five minutes and the age of a factor are proposals of
our own to be checked in practice (security research, 2026-11-23). All functions run in an engine or staff scope.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import TIES, micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.ledger import payout_telling, store
from safeconduct.kernel.ledger.checks import check_time
from safeconduct.kernel.ledger.errors import NoSuchThing
from safeconduct.kernel.ledger.payout_checks import Because, check_owner, check_two
from safeconduct.kernel.ledger.payout_checks import PayoutAccountRefused as PayoutAccountRefused
from safeconduct.kernel.ledger.payout_checks import Proof as Proof
from safeconduct.kernel.ledger.payout_reading import (
    ACCOUNT,
    AGEING,
    BLIND,
    COLUMNS,
    SAME_NUMBER,
    as_account,
    began_since,
    was_stopped,
)
from safeconduct.kernel.ledger.payout_reading import AccountState as AccountState
from safeconduct.kernel.ledger.payout_reading import PayoutAccount as PayoutAccount
from safeconduct.kernel.ledger.payout_reading import accounts_of as accounts_of
from safeconduct.kernel.ledger.payout_reading import number_of as number_of
from safeconduct.kernel.ledger.payout_reading import stops as stops
from safeconduct.kernel.ledger.payout_reading import unpaid as unpaid
from safeconduct.kernel.ledger.payout_telling import Step
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, query
from safeconduct.kernel.vault.holder import hashed
from safeconduct.kernel.vault.pseudonyms import normalise
from safeconduct.kernel.vault.sealing import seal

COOL_OFF: Final = timedelta(days=7)
_SHORTEST, _LONGEST = 4, 34  # 34 is the longest IBAN (ISO 13616)
_DOUBTS: Final = ("recovery", "email", "phone")
_OPEN: Final = ("draft", "verified", "ageing", "review")


def ask(seller_key: int, number: str, holder: str, country: str, actor: Actor, proof: Proof, *, at: datetime) -> str:
    """An owner asks to be paid to another account; returns the draft's id. The same number asked again is the same one.

    Raises PayoutAccountRefused.
    """
    check_time("payout_account", "at", at)
    check_owner(actor, proof, at)
    number, key = normalise("bank_account", number), str(seller_key)
    if not _SHORTEST <= len(number) <= _LONGEST or not number.isalnum() or not number.isascii():
        raise PayoutAccountRefused(key, Because.NUMBER, "number", f"has {_SHORTEST} to {_LONGEST} letters and digits")
    if not 0 < len(holder.strip()) <= 140 or not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise PayoutAccountRefused(
            key, Because.HOLDER, "holder", "needs a name, and the country as two capital letters"
        )
    _lock(seller_key)
    found = hashed(BLIND, number.encode())
    blinds = found.digests[0]
    there = query(
        "SELECT id, state, blind FROM payout_account WHERE seller_key = %s AND state <> 'cancelled'", [seller_key]
    ).fetchall()
    for identity, _state, known in there:
        if bytes(known) in blinds:
            return str(identity)
    if any(state in _OPEN for _, state, _ in there):
        raise PayoutAccountRefused(key, Because.UNDER_WAY, "account", "another change is under way; cancel it first")
    identity = new_id("pac")
    sealed = seal(ACCOUNT, identity, f"seller/{seller_key}", f"{number}\n{holder.strip()}".encode())
    query(
        "INSERT INTO payout_account (id, seller_key, blind, blind_before, sealed, last4, country, state, asked_by,"
        " asked_at, changed_by) VALUES (%s, %s, %s, %s, %s, %s, %s, 'draft', %s, %s, %s)",
        [
            identity, seller_key, blinds[0], found.earlier(), sealed,
            number[-4:], country, actor.id, at, actor.id,
        ],
    )  # fmt: skip
    payout_telling.tell(identity, seller_key, number[-4:], Step.ASKED, actor, at, session=proof.session)
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
    doubts = [*([] if name_matches else ["holder_name"]), *_doubts(one, at)]
    if doubts:
        _move(one, AccountState.REVIEW, actor, ",".join(doubts), at)
        return AccountState.REVIEW
    return _begin_ageing(one, actor, at)


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
        doubts = _doubts(one, now)
        if doubts:
            _move(one, AccountState.REVIEW, ENGINE_ACTOR, ",".join(doubts), now)
        else:
            _activate(one, ENGINE_ACTOR, now)
        done += 1
    return done


def cancel(account_id: str, actor: Actor, *, at: datetime) -> None:
    """Ends a change that is under way. Anyone the seller's notices reach may, since nothing can be won by it."""
    one = _locked(account_id)
    if one.state not in _OPEN:
        raise PayoutAccountRefused(
            account_id, Because.STATE, "state", f"is {one.state}; only a change under way can be cancelled"
        )
    _cancel(one, actor, actor.why or "cancelled", at)


def rule(account_id: str, staff: Actor, *, allow: bool, at: datetime) -> AccountState:
    """A person decides about a doubtful account, with reasons. Allowed, it ages from now; else it is cancelled."""
    one = _locked(account_id)
    _must_be(one, AccountState.REVIEW)
    if not staff.why.strip():
        raise PayoutAccountRefused(account_id, Because.NO_REASONS, "why", "say the reasons; the seller reads them")
    if not allow:
        _cancel(one, staff, staff.why, at)
        return AccountState.CANCELLED
    return _begin_ageing(one, staff, at)


def swap(account_id: str, actor: Actor, proof: Proof, *, at: datetime) -> None:
    """Pays to another account that has aged already, without a new wait.

    Refused within seven days of a recovery or a changed contact, while payouts are stopped, and for an account that
    was never paid and whose holder's name was not confirmed.
    """
    check_owner(actor, proof, at)
    one = _locked(account_id)
    _must_be(one, AccountState.AGED)
    if _changed_since(one.seller_key, at - COOL_OFF, at):
        raise PayoutAccountRefused(
            account_id,
            Because.RECOVERED,
            "account",
            "was recovered or has new contacts since less than 7 days; wait until then",
        )
    if stops([one.seller_key], at):
        raise PayoutAccountRefused(account_id, Because.STOPPED, "account", "payouts are stopped; ask the marketplace")
    paid = query("SELECT 1 FROM ledger_payout WHERE account_id = %s AND returned_at IS NULL LIMIT 1", [account_id])
    if not one.name_verified and paid.fetchone() is None:
        raise PayoutAccountRefused(
            account_id, Because.NEVER_CONFIRMED, "holder", "was never confirmed, and nothing was ever paid there"
        )
    _activate(one, actor, at, proof.session)


def freeze(seller_key: int, since: datetime, actor: Actor, *, at: datetime) -> list[str]:
    """*This was not me*: undoes nothing and restores nothing, it only stops; returns the accounts that it touched.

    A change asked for since then is cancelled while it has not come into force. Where it has, it is frozen together
    with those before it, and no money goes out until two people say so.
    """
    _lock(seller_key)
    rows = query(
        f"SELECT {COLUMNS} FROM payout_account WHERE seller_key = %s AND ((asked_at >= %s AND state = ANY(%s))"
        " OR state IN ('active', 'aged')) ORDER BY id FOR UPDATE",
        [seller_key, since, list(_OPEN)],
    )
    found = [as_account(row) for row in rows]
    touched = [one for one in found if one.state in _OPEN]
    for one in touched:
        _cancel(one, actor, "not_me", at)
    changed = query(
        "SELECT 1 FROM payout_account WHERE seller_key = %s AND state = 'active' AND activated_at >= %s",
        [seller_key, since],
    ).fetchone()
    if changed is not None:
        held = [one for one in found if one.state not in _OPEN]
        for one in held:
            _move(one, AccountState.FROZEN, actor, "not_me", at)
        stop(seller_key, "not_me", at=at)
        touched += held
    return [one.id for one in touched]


def stop(seller_key: int, reason: str, *, at: datetime, until: datetime | None = None, replay: bool = False) -> str:
    """Lets no payout go to a seller, until a time or until two people say so; returns the stop's id. ``replay``: the
    seller is told in the inbox only."""
    _lock(seller_key)
    identity = new_id("pst")
    query(
        "INSERT INTO payout_stop (id, seller_key, reason, at, until) VALUES (%s, %s, %s, %s, %s)",
        [identity, seller_key, reason, at, until],
    )
    payout_telling.tell_of_stop(identity, seller_key, reason, at, until, replay=replay)
    return identity


def end_stop(stop_id: str, staff: Actor, approved_by: str, *, at: datetime) -> None:
    """Ends a stop. Two different people, with reasons. Raises NoSuchThing, PayoutAccountRefused."""
    check_two(stop_id, staff, approved_by)
    done = query(
        "UPDATE payout_stop SET ended_at = %s, ended_by = %s, approved_by = %s, why = %s"
        " WHERE id = %s AND ended_at IS NULL RETURNING seller_key",
        [at, staff.id, approved_by, staff.why, stop_id],
    ).fetchone()
    if done is None:
        raise NoSuchThing(stop_id, "open stop of payouts")
    payout_telling.tell_of_end(stop_id, done[0], staff, at)


def thaw(account_id: str, staff: Actor, approved_by: str, *, at: datetime) -> None:
    """Two people give a frozen account back: it is aged, and the owner chooses which one is used. Raises
    PayoutAccountRefused."""
    one = _locked(account_id)
    _must_be(one, AccountState.FROZEN)
    check_two(account_id, staff, approved_by)
    _move(one, AccountState.AGED, staff, staff.why, at)


def _locked(account_id: str) -> PayoutAccount:
    """The account, once its seller's money and then itself are locked: the order of locks of everything here."""
    found = query("SELECT seller_key FROM payout_account WHERE id = %s", [account_id]).fetchone()
    if found is None:
        raise NoSuchThing(account_id, "payout account")
    _lock(found[0])
    row = query(f"SELECT {COLUMNS} FROM payout_account WHERE id = %s FOR UPDATE", [account_id]).fetchone()
    assert row is not None
    return as_account(row)


def _lock(seller_key: int) -> None:
    store.lock([seller_key])
    # A seller without money has no row of the ledger that could be locked.
    query("SELECT pg_advisory_xact_lock(hashint8extended(%s, 7211))", [seller_key])


def _must_be(one: PayoutAccount, state: AccountState) -> None:
    if one.state is not state:
        raise PayoutAccountRefused(one.id, Because.STATE, "state", f"is {one.state}, not {state}; load it again")


def _doubts(one: PayoutAccount, at: datetime) -> list[str]:
    """Every reason for which a person has to look at a change, by its code; after a person allowed it, those that came
    since."""
    judged_at, same = query(
        "SELECT CASE WHEN a.ageing_since > a.verified_at THEN a.ageing_since END, EXISTS (SELECT FROM payout_account b"
        f" WHERE {SAME_NUMBER} AND b.seller_key <> a.seller_key AND b.state NOT IN ('draft', 'cancelled')"
        " AND (a.ageing_since <= a.verified_at) IS NOT FALSE) FROM payout_account a WHERE a.id = %s",
        [one.id],
    ).fetchone() or (None, False)
    before = one.asked_at - COOL_OFF
    stopped = (
        was_stopped(one.seller_key, before, at) if judged_at is None else began_since(one.seller_key, judged_at, at)
    )
    found = {
        "recovery_or_contact": _changed_since(one.seller_key, judged_at or before, at),
        "payouts_stopped": stopped,
        "same_account": same,
    }
    return [doubt for doubt, there in found.items() if there]


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


def _begin_ageing(one: PayoutAccount, actor: Actor, at: datetime) -> AccountState:
    query(
        "UPDATE payout_account SET state = 'ageing', ageing_since = %s, changed_by = %s, why = %s WHERE id = %s",
        [at, actor.id, actor.why, one.id],
    )
    payout_telling.tell(one.id, one.seller_key, one.last4, Step.AGEING, actor, at, until=at + AGEING, said=actor.why)
    return AccountState.AGEING


def _activate(one: PayoutAccount, actor: Actor, at: datetime, session: str = "") -> None:
    query(
        "UPDATE payout_account SET state = 'aged', changed_by = %s WHERE seller_key = %s AND state = 'active'",
        [actor.id, one.seller_key],
    )
    query(
        "UPDATE payout_account SET state = 'active', activated_at = %s, changed_by = %s WHERE id = %s",
        [at, actor.id, one.id],
    )
    payout_telling.tell(one.id, one.seller_key, one.last4, Step.ACTIVE, actor, at, session=session)


def _cancel(one: PayoutAccount, actor: Actor, why: str, at: datetime) -> None:
    query(
        "UPDATE payout_account SET state = 'cancelled', ended_at = %s, changed_by = %s, why = %s WHERE id = %s",
        [at, actor.id, why, one.id],
    )
    payout_telling.tell(one.id, one.seller_key, one.last4, Step.CANCELLED, actor, at, said=actor.why)


def _move(one: PayoutAccount, state: AccountState, actor: Actor, why: str, at: datetime) -> None:
    query(
        "UPDATE payout_account SET state = %s, changed_by = %s, why = %s WHERE id = %s",
        [state.value, actor.id, why, one.id],
    )
    match state:
        case AccountState.REVIEW:
            payout_telling.tell(one.id, one.seller_key, one.last4, Step.REVIEW, actor, at, doubts=why.split(","))
        case AccountState.FROZEN:
            payout_telling.tell(one.id, one.seller_key, one.last4, Step.FROZEN, actor, at)
        case _:
            payout_telling.tell(one.id, one.seller_key, one.last4, Step.GIVEN_BACK, actor, at, said=actor.why)

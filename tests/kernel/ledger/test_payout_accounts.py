"""Where a seller is paid: what a thief, an ex-employee and an honest owner can do with it, told as stories."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest
from tests.kernel.builders import event
from tests.kernel.ledger.money import SELLER, START, days, sold

from safeconduct.kernel.events import log
from safeconduct.kernel.ledger import actions, payout_accounts
from safeconduct.kernel.ledger.entries import PayoutState
from safeconduct.kernel.ledger.payout_accounts import AccountState, PayoutAccountRefused, Proof
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope
from safeconduct.kernel.vault.pseudonyms import register

OWNER, THIEF, BANK = Actor("usr_owner", "owner"), Actor("usr_thief", "owner"), Actor("bank", "engine")
STAFF = Actor("usr_staff", "lead", "The owner showed the shop's licence and a passport.")
OLD, NEW = "CL9300123456", "GB82WEST1234"


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def proof(at: datetime, **fields: object) -> Proof:
    return Proof(**{"factor": "passkey", "factor_since": at - timedelta(days=30), "confirmed_at": at, **fields})  # type: ignore[arg-type]


def asked(number: str = NEW, *, at: datetime = START, by: Actor = OWNER, seller: int = SELLER) -> str:
    with engine_scope():
        account = payout_accounts.ask(seller, number, "Andes Orchards", "CL", by, proof(at), at=at)
        payout_accounts.verified(account, BANK, name_matches=True, at=at)
    return account


def with_old_account(seller: int = SELLER, number: str = OLD) -> str:
    account = asked(number, at=days(-30), seller=seller)
    ripen(days(-26))
    return account


def ripen(at: datetime) -> None:
    with engine_scope():
        payout_accounts.ripen(at)


def paid(at: datetime) -> tuple[PayoutState, str | None]:
    with engine_scope():
        (outcome,) = actions.pay_out([SELLER], at).outcomes
        row = query("SELECT account_id FROM ledger_payout WHERE id = %s", [outcome.payout_id]).fetchone()
    return outcome.state, row[0] if row else None


def state(account: str) -> str:
    with engine_scope():
        return next(one.state for one in payout_accounts.accounts_of(SELLER) if one.id == account)


def recovered(at: datetime) -> None:
    """The log learns that an account was recovered; the seller's key in the log is a pseudonym, as in life."""
    log.receive([event("security.changed", at=at, seller="sel-1", member="mem-1", change="recovery")],
                queue=frozenset(), known=log.Known.WHEN_IT_HAPPENED)  # fmt: skip
    with engine_scope():
        (key,) = register({("seller", "sel-1")}).values()
        query("UPDATE fact SET seller = %s WHERE seller = %s", [SELLER, key])


def test_money_goes_on_to_the_old_account_until_the_new_one_has_aged() -> None:
    old = with_old_account()
    new = asked()
    sold()
    assert paid(hours(71)) == (PayoutState.PAID, old)
    ripen(hours(71.9))
    assert state(new) == AccountState.AGEING
    ripen(hours(72))
    sold()
    assert paid(hours(73)) == (PayoutState.PAID, new)
    assert state(old) == AccountState.AGED


def test_a_takeover_that_the_owner_notices_ends_with_nothing_paid_to_the_thief() -> None:
    old = with_old_account()
    new = asked(by=THIEF)
    with engine_scope():
        assert payout_accounts.freeze(SELLER, START, OWNER, at=hours(5)) == [new]
    ripen(hours(80))
    sold()
    assert paid(hours(80)) == (PayoutState.PAID, old)
    assert state(new) == AccountState.CANCELLED


def test_an_ex_employee_with_the_old_mailbox_who_waits_73_hours_gets_nothing_paid() -> None:
    with_old_account()
    recovered(hours(-1))  # by the mailbox that the owner forgot to change
    with engine_scope(), pytest.raises(PayoutAccountRefused, match="newer than 72 hours"):
        payout_accounts.ask(
            SELLER, NEW, "Ex Employee", "CL", THIEF, proof(START, factor_since=hours(-1)), at=START
        )  # fmt: skip
    late = asked(by=THIEF, at=hours(72))  # the passkey is old enough now; the recovery is not
    ripen(hours(72 + 73))
    assert state(late) == AccountState.REVIEW
    sold()
    assert paid(hours(72 + 73))[1] != late


def test_not_me_from_the_old_mailbox_brings_no_old_account_back() -> None:
    old = with_old_account()
    new = asked()
    ripen(hours(72))
    with engine_scope():
        assert set(payout_accounts.freeze(SELLER, START, THIEF, at=hours(73))) == {old, new}
    sold()
    assert paid(hours(74)) == (PayoutState.STOPPED, None)
    assert {state(old), state(new)} == {AccountState.FROZEN}
    with engine_scope(), pytest.raises(PayoutAccountRefused, match="second person"):
        (stop,) = query("SELECT id FROM payout_stop").fetchone() or ("",)
        payout_accounts.end_stop(stop, STAFF, STAFF.id, at=hours(75))
    with engine_scope():
        payout_accounts.end_stop(stop, STAFF, "usr_second", at=hours(75))
    assert paid(hours(76)) == (PayoutState.STOPPED, None)  # nobody has said where the money should go
    with engine_scope():
        payout_accounts.thaw(new, STAFF, "usr_second", at=hours(76))
        payout_accounts.swap(new, OWNER, proof(hours(77)), at=hours(77))
    assert paid(hours(78)) == (PayoutState.PAID, new)


def test_a_recovery_while_the_account_ages_brings_it_to_a_person() -> None:
    with_old_account()
    new = asked()
    recovered(hours(20))
    ripen(hours(72))
    assert state(new) == AccountState.REVIEW
    with engine_scope():
        payout_accounts.rule(new, STAFF, allow=True, at=hours(80))
    assert state(new) == AccountState.AGEING
    ripen(hours(80 + 72))
    assert state(new) == AccountState.ACTIVE, "what a person has judged is not asked again"


def test_what_happens_after_a_person_allowed_it_is_looked_at_again() -> None:
    with_old_account()
    new = asked()
    recovered(hours(20))
    ripen(hours(72))
    with engine_scope():
        payout_accounts.rule(new, STAFF, allow=True, at=hours(80))
    recovered(hours(90))
    ripen(hours(80 + 72))
    assert state(new) == AccountState.REVIEW


def test_one_bank_account_at_two_sellers_is_looked_at() -> None:
    with_old_account(seller=SELLER + 1, number=NEW)
    assert state(asked()) == AccountState.REVIEW


def test_between_two_aged_accounts_the_owner_swaps_at_once_but_not_after_a_recovery() -> None:
    old = with_old_account()
    asked()
    ripen(hours(72))
    with engine_scope():
        payout_accounts.swap(old, OWNER, proof(hours(80)), at=hours(80))
    assert state(old) == AccountState.ACTIVE
    recovered(hours(90))
    with engine_scope(), pytest.raises(PayoutAccountRefused, match="less than 7 days"):
        aged = next(one.id for one in payout_accounts.accounts_of(SELLER) if one.state is AccountState.AGED)
        payout_accounts.swap(aged, OWNER, proof(hours(91)), at=hours(91))


def test_only_an_owner_with_a_passkey_confirmed_just_now_may_ask() -> None:
    finance = Actor("usr_finance", "finance")
    for actor, shown, field in (
        (finance, proof(START), "role"),
        (OWNER, proof(START, factor="totp"), "factor"),
        (OWNER, proof(START, confirmed_at=hours(-1)), "confirmed_at"),
    ):
        with engine_scope(), pytest.raises(PayoutAccountRefused) as refused:
            payout_accounts.ask(SELLER, NEW, "Andes Orchards", "CL", actor, shown, at=START)
        assert refused.value.field == field


def test_the_database_lets_nobody_shorten_the_wait_or_change_the_number() -> None:
    new = asked()
    for change in (
        f"state = 'active', activated_at = '{hours(10).isoformat()}'",
        f"ageing_since = '{hours(-100).isoformat()}'",
        "sealed = 'x'",
    ):
        with pytest.raises(psycopg.errors.IntegrityError), engine_scope():
            query(f"UPDATE payout_account SET {change} WHERE id = %s", [new])


def test_the_number_is_sealed_and_a_seller_reads_only_its_last_digits() -> None:
    new = asked()
    with engine_scope():
        assert payout_accounts.number_of(new) == (NEW, "Andes Orchards")
        (row,) = query("SELECT payout_account::text FROM payout_account").fetchone() or ("",)
    assert NEW not in row and "Andes" not in row
    with seller_scope(SELLER):
        assert [one.last4 for one in payout_accounts.accounts_of(SELLER)] == [NEW[-4:]]
    with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(SELLER):
        query("SELECT sealed FROM payout_account")


@pytest.mark.parametrize(("began", "ends", "seen_at"), [(-100, -28, 0), (1, 73, 74), (-100, -28, 72)])
def test_a_stop_of_the_week_before_or_meanwhile_brings_a_change_to_a_person_though_it_is_over(
    began: float, ends: float, seen_at: float
) -> None:
    with_old_account()
    with engine_scope():
        if began < 0:
            payout_accounts.stop(SELLER, "account_risk", at=hours(began), until=hours(ends))
        new = payout_accounts.ask(SELLER, NEW, "Andes Orchards", "CL", OWNER, proof(START), at=START)
        payout_accounts.verified(new, BANK, name_matches=True, at=START)
        if began > 0:
            payout_accounts.stop(SELLER, "account_risk", at=hours(began), until=hours(ends))
    ripen(hours(seen_at))
    assert state(new) == AccountState.REVIEW


def test_a_stop_of_longer_ago_or_one_that_two_people_ended_speaks_against_no_change() -> None:
    with_old_account()
    with engine_scope():
        payout_accounts.stop(SELLER, "account_risk", at=hours(-24 * 12), until=hours(-24 * 9))
        judged = payout_accounts.stop(SELLER, "account_risk", at=hours(-48))
        payout_accounts.end_stop(judged, STAFF, "usr_second", at=hours(-24))
    new = asked()
    ripen(hours(72))
    assert state(new) == AccountState.ACTIVE

"""Where a seller was paid has an end too: the number goes five years after the relation, and the books stay."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from tests.portal import shops
from tests.portal.shops import NOW, ago

from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.errors import NoSuchThing
from safeconduct.kernel.ledger.payout_accounts import AccountState, Proof
from safeconduct.kernel.ledger.payout_reading import blinds_of
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.protections.data_security.retention import holds, sweeping
from safeconduct.protections.data_security.retention.models import RetentionRun

OWNER, BANK = Actor("usr_owner", "owner"), Actor("bank", "engine")
OFFICER = Actor("usr_officer", "lead", "Case 12")
MONTH = 24 * 31
OLD, YOUNG = 62, 50


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def asked(months: int, number: str = "GB82WEST1234", seller: str = "sel-1") -> str:
    """An account that an owner asked for so long ago."""
    at = ago(months * MONTH)
    proof = Proof("passkey", at - timedelta(days=30), at)
    with engine_scope():
        return payout_accounts.ask(shops.seller_key(seller), number, "Andes Orchards", "CL", OWNER, proof, at=at)


def cancelled(months: int, number: str = "GB82WEST1234", seller: str = "sel-1") -> str:
    account = asked(months, number, seller)
    with engine_scope():
        payout_accounts.cancel(account, OWNER, at=ago(months * MONTH))
    return account


def in_force(months: int, seller: str = "sel-1") -> str:
    """An account to which money went since so long ago."""
    account = asked(months, "CL9300123456", seller)
    with engine_scope():
        payout_accounts.verified(account, BANK, name_matches=True, at=ago(months * MONTH))
        payout_accounts.ripen(ago(months * MONTH - 73))
        assert payout_accounts.accounts_of(shops.seller_key(seller))[0].state is AccountState.ACTIVE
    return account


def known(account: str) -> bool:
    with engine_scope():
        try:
            return bool(payout_accounts.number_of(account)[0])
        except NoSuchThing:
            return False


def keys(seller: str = "sel-1") -> int:
    whose = f"seller/{shops.seller_key(seller)}"
    with engine_scope():
        row = query("SELECT count(*) FROM vault_key WHERE subject = %s AND purpose = 'payout_account'", [whose])
        return int((row.fetchone() or (0,))[0])


def contested(account: str) -> None:
    with owner_scope():
        query(
            "INSERT INTO payout_contest (id, account_id, seller_key, written_by, text, at, answered_at, answered_by,"
            " answer) VALUES ('pcn_1', %s, %s, 'usr_1', 'It is my own.', %s, %s, 'usr_2', 'It is.')",
            [account, shops.seller_key(), ago(1), ago(1)],
        )


def contests() -> int:
    with owner_scope():
        return int((query("SELECT count(*) FROM payout_contest").fetchone() or (0,))[0])


def test_the_number_of_an_account_goes_five_years_after_it_ended_and_that_there_was_one_stays() -> None:
    old, young = cancelled(OLD), cancelled(YOUNG, "GB82WEST9999")
    contested(old)
    sweeping.sweep(NOW)
    assert not known(old) and known(young) and contests() == 0
    assert keys() == 1, "the younger one is under the same key"
    with engine_scope():
        one = payout_accounts.accounts_of(shops.seller_key())[-1]
        assert (one.id, one.last4, one.state) == (old, "", AccountState.CANCELLED)
        assert blinds_of([old]) == {old: bytes(32)}, "it follows another root key, and is found by nobody"
    with staff_scope():
        run = RetentionRun.objects.get(line="payout_documents")
    assert run.rows == 1 and run.sha256 == sweeping.digest([old])
    assert sweeping.sweep(NOW) == 0, "twice is once"


def test_with_the_last_account_of_a_shop_its_key_is_destroyed() -> None:
    cancelled(OLD)
    assert keys() == 1
    sweeping.sweep(NOW)
    assert keys() == 0


def test_what_is_written_about_a_younger_account_stays() -> None:
    contested(cancelled(YOUNG))
    sweeping.sweep(NOW)
    assert contests() == 1


def test_an_account_in_force_stays_as_long_as_somebody_acts_for_the_shop() -> None:
    account, person = in_force(OLD), shops.member()
    sweeping.sweep(NOW)
    assert known(account)
    for ended, gone in ((YOUNG, False), (OLD, True)):
        with staff_scope():
            query(
                "UPDATE membership SET ended_at = %s, created_at = %s WHERE person_id = %s",
                [ago(ended * MONTH), ago(OLD * MONTH), person.id],
            )
        sweeping.sweep(NOW)
        assert known(account) is not gone, f"they left {ended} months ago"
    with engine_scope():
        (one,) = payout_accounts.accounts_of(shops.seller_key())
        assert one.state is AccountState.CANCELLED, "nothing is ever paid to it again"


@pytest.mark.parametrize("keeps", ["a payout", "a stop", "money owed", "a hold"])
def test_what_was_paid_lately_is_stopped_owed_or_held_keeps_an_account(keeps: str) -> None:
    account, seller = in_force(OLD), shops.seller_key()
    match keeps:
        case "a payout":
            with owner_scope():
                query(
                    "INSERT INTO ledger_payout (id, run_key, seller_key, currency, amount_minor, made_good_minor, at,"
                    " account_id) VALUES ('pay_1', 'run', %s, 'USD', 100, 0, %s, %s)",
                    [seller, ago(YOUNG * MONTH), account],
                )
        case "a stop":
            with engine_scope():
                payout_accounts.stop(seller, "not_me", at=ago(OLD * MONTH))
        case "money owed":
            with owner_scope():
                query(
                    "INSERT INTO ledger_account (seller_key, kind, currency) VALUES (%s, 'available', 'USD')", [seller]
                )
                query("ALTER TABLE ledger_account DISABLE TRIGGER USER")
                query("UPDATE ledger_account SET balance_minor = 500 WHERE seller_key = %s", [seller])
                query("ALTER TABLE ledger_account ENABLE TRIGGER USER")
        case _:
            with staff_scope():
                holds.place("seller", "sel-1", "Court order 12 O 34/26", NOW + timedelta(days=9), OFFICER, at=NOW)
    sweeping.sweep(NOW)
    assert known(account)


def test_no_clock_and_no_other_hand_takes_the_number_of_a_younger_account() -> None:
    account = cancelled(YOUNG)
    sweeping.sweep(NOW + timedelta(days=3650))
    assert known(account)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), engine_scope():
        query("SELECT payout_account_forget(%b::text[])", [[account]])
    old = cancelled(OLD, "GB82WEST7777")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), engine_scope():
        query("UPDATE payout_account SET sealed = '' WHERE id = %s", [old])
    assert known(account) and known(old)

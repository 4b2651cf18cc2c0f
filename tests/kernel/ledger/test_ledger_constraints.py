"""Tries to make the books wrong in SQL, as the engine and as the owner: the database refuses each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.db import IntegrityError as AtTheEnd
from psycopg import errors
from tests.kernel.ledger.money import ORDER, SELLER, START, balances, days, entry, held, posted, request, sold

from safeconduct.kernel.ledger import actions
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.scope import engine_scope, owner_scope, query, seller_scope, staff_scope

OTHER = 8


@contextmanager
def refused(scope: AbstractContextManager[None], problem: type[Exception], saying: str) -> Iterator[None]:
    """What is done inside, to its end, is refused, and the books stay as they were."""
    before = everything()
    with pytest.raises(problem, match=saying), scope:
        yield
    assert everything() == before
    with engine_scope():
        assert [answer.question for answer in check() if not answer.ok] == []


def everything() -> list[Any]:
    with owner_scope():
        return [
            query(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()
            for table in (
                "ledger_account", "ledger_transaction", "ledger_posting", "ledger_pending", "ledger_hold",
                "ledger_hold_step", "ledger_payout",
            )
        ]  # fmt: skip


def account(kind: str, currency: str = "USD", seller: int | None = SELLER) -> int:
    with owner_scope():
        row = query(
            "SELECT id FROM ledger_account WHERE kind = %s AND currency = %s AND seller_key IS NOT DISTINCT FROM %s",
            [kind, currency, seller],
        ).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def transaction(legs: int = 2, name: str = "txn_forged") -> None:
    query(
        "INSERT INTO ledger_transaction (id, key, event, at, currency, seller_key, order_key, legs, amounts, memo, digest)"
        " VALUES (%s, %s, 'capture', %s, 'USD', %s, %s, %s, '{}', '', '')",
        [name, name, START, SELLER, ORDER, legs],
    )


Leg = tuple[int, int | None, int]


def legs(
    *given: Leg, name: str = "txn_forged", currency: str = "USD", order: int | None = ORDER, first: int = 0
) -> None:
    """Writes legs of (account, seller, amount) in one statement."""
    query(
        "INSERT INTO ledger_posting (transaction_id, leg, account_id, seller_key, order_key, currency, amount_minor, at)"
        " SELECT %s, n - 1 + %s, a, s, %s, %s, m, %s"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY AS w (a, s, m, n)",
        [name, first, order, currency, START, *(list(column) for column in zip(*given, strict=True))],
    )


# Unbalanced


def test_a_transaction_that_does_not_balance_is_refused() -> None:
    sold()
    psp, pending = account("psp_clearing", seller=None), account("pending")
    with refused(engine_scope(), errors.IntegrityError, "does not balance"):
        transaction()
        legs((psp, None, -100), (pending, SELLER, 101))


def test_a_transaction_without_its_legs_is_refused_when_it_ends() -> None:
    sold()
    with refused(engine_scope(), AtTheEnd, "does not balance"):
        transaction()


def test_balanced_legs_cannot_be_added_to_a_transaction_afterwards() -> None:
    sold()
    psp, pending = account("psp_clearing", seller=None), account("pending")
    with engine_scope():
        (name,) = query("SELECT id FROM ledger_transaction WHERE event = 'capture'").fetchone() or ("",)
    with refused(engine_scope(), errors.IntegrityError, "not the legs it says"):
        legs((psp, None, -100), (pending, SELLER, 100), name=name, first=4)


def test_each_currency_balances_by_itself() -> None:
    sold()
    sold(currency="EUR")
    psp, pending = account("psp_clearing", seller=None), account("pending", "EUR")
    with refused(engine_scope(), errors.IntegrityError, "does not balance"):
        transaction()
        query(
            "INSERT INTO ledger_posting (transaction_id, leg, account_id, seller_key, order_key, currency, amount_minor,"
            " at) VALUES ('txn_forged', 0, %s, NULL, %s, 'USD', -100, %s), ('txn_forged', 1, %s, %s, %s, 'EUR', 100, %s)",
            [psp, ORDER, START, pending, SELLER, ORDER, START],
        )


def test_a_leg_is_in_the_currency_of_its_account() -> None:
    sold()
    sold(currency="EUR")
    psp, pending = account("psp_clearing", seller=None), account("pending", "EUR")
    with refused(engine_scope(), errors.ForeignKeyViolation, "ledger_posting_account"):
        transaction()
        legs((psp, None, -100), (pending, SELLER, 100))


def test_a_transaction_touches_one_sellers_accounts() -> None:
    sold()
    sold(seller_key=OTHER, order_key=80)
    theirs, ours = account("available", seller=OTHER), account("available")
    for seller in (SELLER, OTHER):
        with refused(engine_scope(), errors.IntegrityError, "another seller"):
            transaction()
            legs((theirs, seller, -100), (ours, SELLER, 100))


def test_legs_belong_to_the_order_of_their_transaction() -> None:
    sold()
    psp, pending = account("psp_clearing", seller=None), account("pending")
    with refused(engine_scope(), errors.IntegrityError, "another order"):
        transaction()
        legs((psp, None, -100), (pending, SELLER, 100), order=71)


def test_the_same_key_is_posted_once() -> None:
    posted(entry("capture", key="k", sale=100))
    with refused(engine_scope(), errors.UniqueViolation, "key"):
        transaction()
        query("INSERT INTO ledger_transaction SELECT * FROM ledger_transaction WHERE key = 'k'")


# Below zero


@pytest.mark.parametrize("kind", ["pending", "available", "on_hold", "reserve", "deposits"])
def test_no_account_of_a_seller_goes_below_zero(kind: str) -> None:
    sold()
    psp, own = account("psp_clearing", seller=None), account(kind)
    with refused(engine_scope(), errors.CheckViolation, "below_zero|ledger_pending"):
        transaction()
        legs((own, SELLER, -9_201), (psp, None, 9_201))


def test_a_debt_is_never_paid_beyond_zero() -> None:
    sold()
    available, owed = account("available"), account("seller_receivable")
    with refused(engine_scope(), errors.CheckViolation, "below_zero"):
        transaction()
        legs((available, SELLER, -1), (owed, SELLER, 1))


# Edited, deleted


@pytest.mark.parametrize("scope", [engine_scope, staff_scope], ids=["engine", "staff"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transaction SET memo = 'x'", "DELETE FROM ledger_transaction",
        "UPDATE ledger_posting SET amount_minor = amount_minor * 2", "DELETE FROM ledger_posting",
        "UPDATE ledger_account SET balance_minor = 0", "UPDATE ledger_account SET holds_minor = 0",
        "DELETE FROM ledger_account", "UPDATE ledger_pending SET amount_minor = 1", "DELETE FROM ledger_pending",
        "INSERT INTO ledger_pending (seller_key, order_key, currency, amount_minor) VALUES (7, 1, 'USD', 5)",
        "UPDATE ledger_hold SET asked_minor = 1", "DELETE FROM ledger_hold", "UPDATE ledger_hold_step SET why = 'x'",
        "DELETE FROM ledger_hold_step", "UPDATE ledger_payout SET amount_minor = 1", "DELETE FROM ledger_payout",
        "TRUNCATE ledger_posting CASCADE",
        "INSERT INTO ledger_account (seller_key, kind, currency, balance_minor) VALUES (9, 'available', 'USD', 5)",
    ],
)  # fmt: skip
def test_nobody_signed_in_edits_or_deletes(scope: Any, statement: str) -> None:
    with_everything()
    with refused(scope(), errors.InsufficientPrivilege, "permission denied"):
        query(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transaction SET memo = 'x'", "DELETE FROM ledger_transaction",
        "UPDATE ledger_posting SET amount_minor = amount_minor * 2", "DELETE FROM ledger_posting",
        "UPDATE ledger_account SET balance_minor = 0", "DELETE FROM ledger_account",
        "UPDATE ledger_pending SET amount_minor = 1", "DELETE FROM ledger_pending", "DELETE FROM ledger_hold",
        "UPDATE ledger_hold_step SET why = 'x'", "DELETE FROM ledger_hold_step", "DELETE FROM ledger_payout",
    ],
)  # fmt: skip
def test_not_even_the_owner_edits_or_deletes(statement: str) -> None:
    with_everything()
    with refused(owner_scope(), errors.IntegrityError, "the ledger keeps what it has"):
        query(statement)


@pytest.mark.parametrize("table", ["account", "transaction", "posting", "pending", "hold", "hold_step", "payout"])
def test_a_seller_writes_nothing_at_all(table: str) -> None:
    with_everything()
    with refused(seller_scope(SELLER), errors.InsufficientPrivilege, "permission denied"):
        query(f"INSERT INTO ledger_{table} DEFAULT VALUES")


def test_a_seller_cannot_lock_anybodys_accounts() -> None:
    sold()
    with refused(seller_scope(SELLER), errors.InsufficientPrivilege, "ledger_lock"):
        query("SELECT * FROM ledger_lock(ARRAY[7]::bigint[], NULL)")


# Holds


def test_a_hold_says_no_more_and_no_less_than_is_held() -> None:
    sold()
    held(request(50, key="h"))
    for change in ("available_minor = 4999", "available_minor = 0, ended_at = now()"):
        with refused(engine_scope(), AtTheEnd, "not what its holds say"):
            query(f"UPDATE ledger_hold SET {change} WHERE key = 'h'")


def test_held_money_is_not_taken_behind_its_holds_back() -> None:
    sold()
    held(request(50))
    on_hold, available = account("on_hold"), account("available")
    with refused(engine_scope(), AtTheEnd, "not what its holds say"):
        transaction()
        legs((on_hold, SELLER, -5_000), (available, SELLER, 5_000))


def test_a_hold_never_holds_more_than_it_took_nor_takes_more_than_was_asked() -> None:
    sold()
    held(request(50))
    with refused(engine_scope(), errors.CheckViolation, "ledger_hold_within"):
        query("UPDATE ledger_hold SET available_minor = available_minor + 1")
    with refused(engine_scope(), errors.CheckViolation, "ledger_hold_taken"):
        query("UPDATE ledger_hold SET taken_minor = asked_minor + 1, available_minor = asked_minor + 1")


def test_a_hold_that_has_ended_is_empty_and_stays_ended() -> None:
    sold()
    held(request(50, key="h"))
    with refused(engine_scope(), errors.CheckViolation, "ended_is_empty"):
        query("UPDATE ledger_hold SET ended_at = now()")
    posted(entry("refund", refund=50))
    for scope in (engine_scope(), owner_scope()):
        with refused(scope, errors.IntegrityError, "the ledger keeps"):
            query("UPDATE ledger_hold SET ended_at = NULL")


def test_a_hold_without_an_account_to_hold_on_is_refused() -> None:
    sold()
    held(request(50))
    with refused(engine_scope(), errors.IntegrityError, "no account"):
        query(
            "INSERT INTO ledger_hold (id, key, seller_key, currency, asked_minor, taken_minor, pending_minor,"
            " available_minor, reserve_minor, owed_minor, reason, released_by, at)"
            " VALUES ('hld_x', 'x', 99, 'USD', 5, 5, 0, 5, 0, 0, 'dispute_open', 'date', now())"
        )


# Once


def test_a_payout_comes_back_once() -> None:
    with_everything()
    with engine_scope():
        (payout,) = query("SELECT id FROM ledger_payout").fetchone() or ("",)
        actions.payout_returned([PayoutReturn(payout, "account closed")], days(1))
    with refused(engine_scope(), errors.IntegrityError, "the ledger keeps"):
        query("UPDATE ledger_payout SET returned_at = NULL")


def test_a_transaction_is_reversed_once() -> None:
    (first,) = posted(entry("capture", sale=100))
    with engine_scope():
        actions.reverse(first, "back", days(1), "booked twice")
    psp, pending = account("psp_clearing", seller=None), account("pending")
    with refused(engine_scope(), errors.UniqueViolation, "reverses"):
        query(
            "INSERT INTO ledger_transaction (id, key, event, at, currency, seller_key, order_key, legs, amounts, memo,"
            " digest, reverses) VALUES ('txn_x', 'x', 'reversal', now(), 'USD', %s, %s, 2, '{}', '', '', %s)",
            [SELLER, ORDER, first],
        )
        legs((psp, None, 100), (pending, SELLER, -100), name="txn_x")


# And when somebody gets past all that


def test_the_check_finds_a_balance_that_the_owner_changed_with_the_triggers_off() -> None:
    with_everything()
    with owner_scope():
        query("ALTER TABLE ledger_account DISABLE TRIGGER USER")
        query("UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE kind = 'reserve'")
        query("ALTER TABLE ledger_account ENABLE TRIGGER USER")
    with engine_scope():
        found = {answer.question: answer.wrong for answer in check() if not answer.ok}
    assert found == {
        "running balances equal the sums of postings": ("seller 7, reserve USD: balance 1001, postings 1000",)
    }


@pytest.mark.parametrize(
    ("table", "statement", "question"),
    [
        ("ledger_posting", "UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE seller_key IS NULL",
         "all accounts of a currency sum to zero"),
        ("ledger_hold", "UPDATE ledger_hold SET available_minor = available_minor - 1",
         "open holds equal the accounts of what is held"),
        ("ledger_payout", "UPDATE ledger_payout SET amount_minor = amount_minor + 1",
         "payouts and what came back of them equal the postings"),
        ("ledger_pending", "UPDATE ledger_pending SET amount_minor = amount_minor + 1",
         "scheduled releases equal the accounts of what is pending"),
    ],
)  # fmt: skip
def test_the_check_finds_every_other_row_that_was_changed_so(table: str, statement: str, question: str) -> None:
    with_everything()
    with owner_scope():
        query(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        query(statement)
        query(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with engine_scope():
        found = {answer.question: answer.wrong for answer in check() if not answer.ok}
    assert question in found
    assert found[question]


def with_everything() -> None:
    """A row in each table: pending, reserved, held, paid out."""
    sold()
    sold(release=False, order_key=71)
    posted(entry("reserve", amount=10))
    held(request(20))
    with engine_scope():
        actions.pay_out(None, START)
    assert balances()["payout_clearing"] == 62

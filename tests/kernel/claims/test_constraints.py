"""What the database itself refuses, whatever the program says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db.utils import IntegrityError
from tests.kernel.claims.claims_world import ask, days, debit, holds, join, leave, opened, paid, rows, send, told

from safeconduct.kernel.claims import actions
from safeconduct.kernel.claims.asks import Leaving
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, seller_scope, staff_scope

#: What is checked as the transaction ends comes as Django's error.
INTEGRITY = (psycopg.errors.IntegrityError, IntegrityError)
RIGHT = psycopg.errors.InsufficientPrivilege

REFUND = (
    "INSERT INTO claim_refund (id, key, claim_id, part_id, seller_key, item, amount_minor, currency, by_bank_minor, state,"
    " told, matter, requested_at, ended_at) SELECT 'rfd_x', 'x', %s, {part}, 7, %s, %s, 'USD', 0, %s, %s, '', now(), {end}"
)


@contextmanager
def refused(*kinds: type[Exception]) -> Iterator[None]:
    with pytest.raises(kinds or INTEGRITY):
        yield


def add(
    claim: str, amount: int, *, state: str = "requested", item: str = "refund", told: bool = False, of: str = ""
) -> None:
    part = "NULL" if item != "refund" else f"(SELECT id FROM claim_part WHERE line_id = '{of}')" if of else (
        f"(SELECT p.id FROM claim_part p JOIN claim c ON c.line_id = p.line_id WHERE c.id = '{claim}')"
    )  # fmt: skip
    end = "now()" if state == "sent" else "NULL"
    with engine_scope():
        query(REFUND.format(part=part, end=end), [claim, item, amount, state, told])


def test_refunds_above_what_was_captured_at_once_or_one_after_the_other() -> None:
    paid()
    claim = opened()
    with refused():
        add(claim, 10_001)
    with refused():
        add(claim, 10_001, state="sent", told=True)
    send(ask(claim, 60))
    claim = opened(at=3)
    with refused():
        add(claim, 4_001)


def test_a_request_beyond_what_banks_have_left() -> None:
    paid()
    claim = opened()
    debit(70)
    with refused():
        add(claim, 3_001)


def test_a_refund_of_another_line_than_its_claim() -> None:
    paid(60, line="a")
    other = paid(40, line="b")
    claim = opened(line="a")
    with refused():
        add(claim, 100, of=other)


def test_a_refund_as_something_outside_the_limit_that_counts_or_inside_that_does_not() -> None:
    paid()
    claim = opened()
    with refused():
        add(claim, 100, item="gift")
    with refused(), engine_scope():
        query(REFUND.format(part="NULL", end="NULL"), [claim, "refund", 100, "requested", False])


def test_sending_what_is_frozen_and_thawing_it_by_hand() -> None:
    paid()
    claim = opened()
    refund = ask(claim)
    join(claim)
    for change in ("state = 'sent', ended_at = now()", "state = 'requested'"):
        with refused(), engine_scope():
            query(f"UPDATE claim_refund SET {change} WHERE id = %s", [refund])
    with refused(), engine_scope():
        query("UPDATE claim SET frozen_at = NULL WHERE id = %s", [claim])


def test_a_chargeback_without_a_freeze_and_a_freeze_without_a_chargeback() -> None:
    paid()
    claim = opened()
    with refused(), engine_scope():
        query("UPDATE claim SET frozen_at = now() WHERE id = %s", [claim])
    with refused(), engine_scope():
        query(
            "INSERT INTO claim_channel (id, claim_id, seller_key, kind, about, round, case_id, claimed_minor, hold_until,"
            " opened_at, outcome) VALUES ('chn_x', %s, 7, 'chargeback', 'dp', 1, '', 1, now(), now(), '')",
            [claim],
        )


def test_two_active_claims_of_a_line() -> None:
    line = paid()
    opened()
    with refused(), engine_scope():
        query(
            "INSERT INTO claim (id, line_id, seller_key, order_key, buyer_country, seller_country, way, opened_at,"
            " hold_key, holds) VALUES ('clm_x', %s, 7, 70, '', '', '', now(), '', 0)",
            [line],
        )


def test_a_closed_claim_with_something_alive_and_a_closed_claim_opened_again() -> None:
    paid()
    claim = opened()
    join(claim, ChannelKind.RETURN)
    with refused(), engine_scope():
        query("UPDATE claim SET closed_at = now() WHERE id = %s", [claim])
    leave(claim, ChannelOutcome.SETTLED, ChannelKind.RETURN)
    with refused(), engine_scope():
        query("UPDATE claim SET closed_at = NULL WHERE id = %s", [claim])
    with refused(), engine_scope():
        query("UPDATE claim_channel SET ended_at = NULL, outcome = '' WHERE claim_id = %s", [claim])


def test_shares_that_are_not_the_debit() -> None:
    paid()
    debit(50)
    with refused(), engine_scope():
        query(
            "INSERT INTO claim_bank_debit (id, key, payment_id, kind, about, currency, amount_minor, paid_minor, at)"
            " SELECT 'bdt_x', 'x', id, 'chargeback', 'dp', 'USD', 100, 100, now() FROM claim_payment"
        )
    with refused(), engine_scope():
        query(
            "INSERT INTO claim_bank_debit (id, key, payment_id, kind, about, currency, amount_minor, paid_minor, at)"
            " SELECT 'bdt_x', 'x', id, 'chargeback', 'dp', 'USD', 100, 100, now() FROM claim_payment"
        )
        query(
            "INSERT INTO claim_bank_share (debit_id, part_id, seller_key, amount_minor, paid_minor)"
            " SELECT 'bdt_x', id, 7, 100, 99 FROM claim_part"
        )


def test_a_recovery_that_is_not_what_the_buyer_got_twice() -> None:
    paid()
    claim = opened()
    told(claim)
    debit(40)
    with refused(), engine_scope():
        query("UPDATE claim_recovery SET due_minor = 1")
    with refused(), engine_scope():
        query("UPDATE claim_recovery SET due_minor = 0, settled_at = now()")
    assert rows("SELECT due_minor FROM claim_recovery") == [(4_000,)]


def test_sums_written_by_hand_even_by_the_owner() -> None:
    paid()
    for column in ("running_minor", "sent_minor", "bank_minor"):
        with refused(RIGHT), engine_scope():
            query(f"UPDATE claim_part SET {column} = 1")
        with refused(), owner_scope():
            query(f"UPDATE claim_part SET {column} = 1")
    with refused(), engine_scope():
        query("UPDATE claim_part SET amount_minor = amount_minor - 1")


def test_an_order_that_is_one_line_and_has_lines_with_names() -> None:
    paid(line="a")
    with refused(), engine_scope():
        query("INSERT INTO claim_line (id, seller_key, order_key, name, currency) VALUES ('lin_x', 7, 70, '', 'USD')")


def test_a_part_of_another_seller_or_currency_than_its_line() -> None:
    line = paid()
    for seller, currency in ((8, "USD"), (7, "EUR")):
        with refused(), engine_scope():
            query(
                "INSERT INTO claim_payment (id, key, currency, at) VALUES ('pay_x', 'other', %s, now())", [currency]
            )  # fmt: skip
            query(
                "INSERT INTO claim_part (id, payment_id, line_id, seller_key, amount_minor)"
                " VALUES ('prt_x', 'pay_x', %s, %s, 1)",
                [line, seller],
            )


def test_changes_of_what_happened_and_every_delete() -> None:
    paid()
    claim = opened()
    join(claim, ChannelKind.RETURN)
    told(claim)
    debit(40)
    for table in (
        "claim", "claim_line", "claim_part", "claim_channel", "claim_refund", "claim_bank_debit", "claim_bank_share",
        "claim_recovery", "claim_step", "claim_payment",
    ):  # fmt: skip
        with refused(RIGHT), engine_scope():
            query(f"DELETE FROM {table}")
        with refused(), owner_scope():
            query(f"DELETE FROM {table}")
    for table in ("claim_line", "claim_payment", "claim_bank_debit", "claim_bank_share", "claim_step"):
        with refused(), owner_scope():
            query(f"UPDATE {table} SET {'seller_key = 8' if 'seller' in _columns(table) else 'currency = currency'}")
    with refused(), owner_scope():
        query("UPDATE claim_refund SET amount_minor = 1")
    with refused(), owner_scope():
        query("UPDATE claim_refund SET state = 'requested', ended_at = NULL")


def test_a_seller_sees_its_own_parts_of_a_shared_payment_and_writes_nothing() -> None:
    paid(60, line="a")
    paid(40, seller=8, order=80, line="b")
    for seller, order, line in ((7, 70, "a"), (8, 80, "b")):
        join(opened(seller=seller, order=order, line=line))
    debit()
    with seller_scope(8):
        assert query("SELECT amount_minor FROM claim_part").fetchall() == [(4_000,)]
        assert query("SELECT paid_minor FROM claim_bank_share").fetchall() == [(4_000,)]
        for table in ("claim", "claim_line", "claim_channel", "claim_step"):
            assert {seller for (seller,) in query(f"SELECT seller_key FROM {table}")} == {8}
    for statement in (
        "SELECT 1 FROM claim_payment", "SELECT 1 FROM claim_bank_debit", "SELECT actor FROM claim_step",
        "UPDATE claim SET frozen_at = NULL", "UPDATE claim_refund SET state = 'sent'",
    ):  # fmt: skip
        with refused(RIGHT), seller_scope(8):
            query(statement)


def test_staff_act_with_the_same_rights_as_the_engine() -> None:
    paid()
    claim = opened()
    join(claim)
    with staff_scope():
        ended = Leaving(claim, ChannelKind.CHARGEBACK, "chargeback-1", ChannelOutcome.WON)
        assert actions.leave_channel([ended], Actor("usr_1", "lead", "the bank wrote"), at=days(3)) == 1
    assert holds() == []


def _columns(table: str) -> str:
    with owner_scope():
        found = query("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        return " ".join(name for (name,) in found)

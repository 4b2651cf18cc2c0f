"""What people book by hand: once, with a reason, a line in the record, and a word to the seller."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.kernel.ledger.money import START, balances, days, entry, posted, sold

from safeconduct.kernel.ledger import by_hand
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.ledger.errors import EntryRefused, KeyReused, NoSuchThing
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.record import sequencer, verification
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope

TREASURER = Actor("usr_mei", "administrator", "Bank reference 771")


def booked(event: str, amount: float, actor: Actor = TREASURER, **fields: object) -> str:
    with staff_scope():
        return by_hand.book(entry(event, amount=amount, **fields), actor)


def kept() -> tuple[int, int]:
    """Lines about bookings that wait for the record, and notices of them."""
    with engine_scope():
        row = query(
            "SELECT (SELECT count(*) FROM leaf WHERE kind = 'booking'),"
            " (SELECT count(*) FROM notice WHERE code = 'money.booked')"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_the_operator_pays_into_the_fund_once_however_often_it_is_booked() -> None:
    first = booked("fund_paid_in", 500, key="bank-771", seller_key=None, order_key=None)
    again = booked("fund_paid_in", 500, key="bank-771", seller_key=None, order_key=None)
    assert first == again and balances() == {"bank_clearing": -500, "protection_fund": 500}
    assert kept() == (1, 0), "no seller is concerned"
    with pytest.raises(KeyReused):
        booked("fund_paid_in", 600, key="bank-771", seller_key=None, order_key=None)


def test_a_seller_hears_of_what_is_booked_on_their_accounts_and_why() -> None:
    sold()
    booked("reserve", 20, key="r-1", order_key=None, actor=Actor("usr_mei", "lead", "Ten late orders in a week"))
    assert balances()["reserve"] == 20 and kept() == (1, 1)
    with engine_scope():
        (values,) = query('SELECT "values" FROM notice').fetchone() or ({},)
    assert values["amount"] == {"minor": 2_000, "currency": "USD"}
    assert values["reason"] == {"en": "Ten late orders in a week"}
    assert set(values["event"]) == {"en", "es", "zh"} and "reserve" in values["event"]["en"]


def test_what_was_booked_is_taken_back_once_and_both_lines_stay() -> None:
    made = booked("fine", 20, key="f-1", actor=Actor("usr_mei", "lead", "Late shipment of 2 orders at 10 each"))
    with staff_scope():
        back = by_hand.take_back(made, "f-1-back", Actor("usr_li", "lead", "The carrier was late"), days(1))
        assert by_hand.take_back(made, "f-1-back", Actor("usr_li", "lead", "The carrier was late"), days(1)) == back
    assert balances() == {} and kept() == (2, 2)
    with staff_scope(), pytest.raises(EntryRefused, match="reversed already"):
        by_hand.take_back(made, "f-1-third", TREASURER, days(1))


def test_what_events_posted_is_not_booked_and_not_taken_back_by_hand() -> None:
    with pytest.raises(EntryRefused, match=r"not booked by hand; there are .*fund_paid_in"):
        booked("protection_reimbursement", 92)
    (sale,) = posted(entry("capture", sale=100, fee=8))
    with staff_scope():
        with pytest.raises(EntryRefused, match="changes with what is told"):
            by_hand.take_back(sale, "k", TREASURER, START)
        with pytest.raises(NoSuchThing):
            by_hand.take_back("txn_nothing", "k", TREASURER, START)


@pytest.mark.parametrize(("key", "why", "field"), [("", "First money", "key"), ("k", " ", "why")])
def test_a_booking_without_key_or_reason_is_refused_by_field(key: str, why: str, field: str) -> None:
    ours = entry("fund_paid_in", amount=500, seller_key=None, order_key=None, key="x")
    with staff_scope(), pytest.raises(EntryRefused) as refused:
        by_hand.book(replace(ours, key=key), Actor("usr_mei", "lead", why))
    assert refused.value.field == field and kept() == (0, 0)


def test_every_bookable_event_has_one_amount_that_the_command_can_ask_for() -> None:
    assert {rule.required for rule in by_hand.bookable().values()} == {frozenset({"amount"})}
    assert not [event for event, rule in by_hand.bookable().items() if rule.by or rule.optional]
    assert "capture" not in by_hand.bookable() and len(by_hand.bookable()) < len(rules())


def test_a_changed_reason_and_a_booking_without_a_line_are_found_by_the_record() -> None:
    made = booked("fund_paid_in", 500, key="bank-771", seller_key=None, order_key=None)
    while sequencer.sequence(now=START):
        pass
    assert verification.verify().ok
    with owner_scope():
        query("ALTER TABLE ledger_transaction DISABLE TRIGGER USER")
        query("UPDATE ledger_transaction SET memo = 'Nothing' WHERE id = %s", [made])
        query("ALTER TABLE ledger_transaction ENABLE TRIGGER USER")
    assert {one.code for one in verification.verify().findings} == {"content"}
    posted(entry("fund_paid_in", key="hand/usr_mei/unseen", amount=1, seller_key=None, order_key=None))
    assert {one.code for one in verification.verify().findings} == {"content", "unrecorded"}
    with engine_scope():
        assert all(answer.ok for answer in check())

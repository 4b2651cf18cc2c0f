"""One claim, many channels: nobody is paid twice, one hold, one limit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime

import pytest
from tests.kernel.claims.claims_world import (
    ACTOR,
    ORDER,
    SELLER,
    ask,
    days,
    debit,
    holds,
    is_frozen,
    is_open,
    join,
    leave,
    lower,
    opened,
    paid,
    parts,
    recoveries,
    refunds,
    rows,
    send,
    told,
)

from safeconduct.kernel.claims.errors import ChannelEnded, KeyReused, MoreThanIsLeft, RefundFrozen
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome, Item
from safeconduct.kernel.notices.webhooks import endpoints
from safeconduct.kernel.scope import staff_scope

RETURN, CHARGEBACK, DISPUTE = ChannelKind.RETURN, ChannelKind.CHARGEBACK, ChannelKind.PLATFORM_DISPUTE
WON, LOST, SETTLED = ChannelOutcome.WON, ChannelOutcome.LOST, ChannelOutcome.SETTLED


def end_of(day: int) -> datetime:
    return days(day).replace(hour=23, minute=59, second=59)


def test_a_chargeback_on_a_refunded_order_pays_nobody_twice() -> None:
    paid()
    claim = opened()
    send(ask(claim))
    claim = opened(at=3)
    join(claim)
    assert holds() == []  # nothing of the line is left to lose
    debit()
    assert parts() == [(0, 10_000, 10_000, 10_000)]
    assert recoveries() == [(10_000, "credit_already_issued")]
    with pytest.raises(MoreThanIsLeft):
        ask(claim, 1)
    debit(-100)
    leave(claim, WON)
    assert recoveries() == [] and not is_open(claim)


def test_a_chargeback_while_a_return_is_running_freezes_the_refund_and_a_loss_counts_as_refunded() -> None:
    paid()
    claim = opened()
    join(claim, RETURN)
    refund = ask(claim, key="return-1", matter="refund_after_withdrawal")
    leave(claim, SETTLED, RETURN)
    join(claim, at=3)
    assert is_frozen(claim) and refunds()["return-1"][0] == "frozen"
    with pytest.raises(RefundFrozen):
        send(refund)
    debit(at=4)
    leave(claim, LOST, at=9)
    assert refunds()["return-1"] == ("paid_by_bank", 10_000, 10_000)
    assert recoveries() == [] and not is_open(claim) and holds() == []


def test_winning_against_the_bank_starts_the_time_for_the_refund_again() -> None:
    paid()
    claim = opened()
    refund = ask(claim, key="return-1", matter="refund_after_withdrawal", due_from=days(0))
    assert rows("SELECT due_at FROM claim_refund") == [(end_of(14),)]  # Directive 2011/83/EU, article 13(1)
    join(claim, at=5)
    leave(claim, WON, at=40)
    assert rows("SELECT state, due_at FROM claim_refund") == [("requested", end_of(54))]
    assert send(refund, at=41) == 1 and not is_open(claim)


def test_a_refund_that_a_lost_chargeback_pays_only_in_part_goes_on_with_the_rest() -> None:
    paid()
    claim = opened()
    refund = ask(claim, 90, key="r")
    join(claim, amount=40, at=2)
    debit(40, at=3)
    leave(claim, LOST, at=9)
    assert refunds()["r"] == ("requested", 9_000, 4_000)
    send(refund, at=10)
    assert parts() == [(0, 5_000, 4_000, 0)]


def test_a_loss_that_the_bank_has_not_booked_yet_counts_as_well() -> None:
    paid()
    claim = opened()
    ask(claim, 60, key="r")
    join(claim, at=2)
    leave(claim, LOST, at=9)
    assert refunds()["r"][0] == "paid_by_bank"
    debit(at=12)
    assert recoveries() == []


def test_what_a_bank_took_pays_the_oldest_refund_first() -> None:
    paid()
    claim = opened()
    ask(claim, 30, key="first", at=1)
    ask(claim, 30, key="second", at=2)
    join(claim, amount=40, at=3)
    debit(40, at=3)
    leave(claim, LOST, at=9)
    assert refunds() == {"first": ("paid_by_bank", 3_000, 3_000), "second": ("requested", 3_000, 1_000)}


def test_a_refund_that_a_bank_had_paid_and_gave_back_is_to_be_sent_after_all() -> None:
    paid()
    claim = opened()
    ask(claim, 60, key="r", matter="refund_after_withdrawal")
    join(claim, at=2)
    debit(at=3)
    leave(claim, LOST, at=9)
    assert refunds()["r"] == ("paid_by_bank", 6_000, 6_000) and not is_open(claim)
    claim = opened(at=20)
    join(claim, at=20)
    debit(-100, at=20)
    assert len(refunds()) == 1, "the bank still decides"
    leave(claim, WON, at=21)
    (again,) = (key for key in refunds() if key.startswith("again/"))
    assert refunds()[again] == ("requested", 6_000, 0)
    assert rows("SELECT matter FROM claim_refund WHERE key = %s AND due_at > %s", again, days(30)) == [
        ("refund_after_withdrawal",)
    ]
    told(claim, 60, at=22)
    assert refunds()[again][0] == "sent" and parts() == [(0, 6_000, 0, 0)] and not is_open(claim)


def test_a_refund_that_is_decided_after_a_bank_took_the_money_is_paid_by_the_bank_as_far_as_it_reaches() -> None:
    paid()
    debit(70)
    claim = opened(at=5)
    join(claim, RETURN, at=5)
    ask(claim, 100, key="r", at=6, or_by_bank=True)
    assert refunds()["r"] == ("requested", 10_000, 7_000) and parts() == [(3_000, 0, 7_000, 0)]
    with pytest.raises(MoreThanIsLeft):
        ask(claim, 1, at=6, or_by_bank=True)
    debit(-70, at=9)
    assert sorted(refunds().values()) == [("requested", 7_000, 0), ("requested", 10_000, 7_000)]
    assert parts() == [(10_000, 0, 0, 0)]


def test_what_a_later_decision_takes_off_is_not_sent_and_the_same_again_takes_off_no_more() -> None:
    paid()
    claim = opened()
    refund = ask(claim, 60, key="r")
    assert lower(refund, owed=25) == 1 and lower(refund, owed=25) == 0
    assert parts() == [(2_500, 0, 0, 0)] and holds() == [("refund_running", 2_300)]
    told(claim, 25, at=3)
    assert refunds()["r"][0] == "sent" and parts() == [(0, 2_500, 0, 0)]
    assert not is_open(claim)
    assert lower(refund, owed=0, at=4) == 0  # the buyer has it


def test_what_a_later_decision_takes_off_a_bank_that_paid_is_not_asked_for_again() -> None:
    paid()
    claim = opened()
    join(claim, RETURN, until=200)
    refund = ask(claim, 100, key="r")
    join(claim, at=2)
    debit(70, at=3)
    leave(claim, LOST, at=4)
    assert refunds()["r"] == ("requested", 10_000, 7_000)
    lower(refund, owed=20, at=5)
    assert refunds()["r"] == ("paid_by_bank", 10_000, 7_000)
    debit(-70, at=6)
    assert sorted(refunds().values()) == [("paid_by_bank", 10_000, 7_000), ("requested", 2_000, 0)]
    assert parts() == [(2_000, 0, 0, 0)]
    lower(refund, owed=0, at=7)
    assert parts() == [(0, 0, 0, 0)]
    debit(70, at=8)
    debit(-70, at=9)
    assert parts() == [(0, 0, 0, 0)]


def test_a_refund_asked_for_after_the_loss_is_not_paid_by_it() -> None:
    paid()
    claim = opened()
    join(claim, RETURN, until=200)
    join(claim, amount=50, at=2)
    debit(50, at=3)
    leave(claim, LOST, at=9)
    ask(claim, 50, key="r", at=10)
    assert refunds()["r"] == ("requested", 5_000, 0)
    with pytest.raises(MoreThanIsLeft):
        ask(claim, 0.01, at=10)


def test_an_alert_of_the_card_scheme_pays_the_running_refund() -> None:
    paid()
    claim = opened()
    ask(claim, key="r")
    join(claim, ChannelKind.PRE_DISPUTE, at=2)
    assert not is_frozen(claim)  # there, a refund would be the answer
    debit(about="pre_dispute-1", kind=ChannelKind.PRE_DISPUTE, at=3)
    assert refunds()["r"][0] == "paid_by_bank" and recoveries() == []
    leave(claim, ChannelOutcome.ACCEPTED, ChannelKind.PRE_DISPUTE, at=3)
    assert not is_open(claim)


def test_one_hold_of_the_largest_exposure_that_falls_as_channels_end() -> None:
    paid()
    claim = opened()
    join(claim, RETURN, amount=50)
    assert holds() == [("return_open", 4_600)]  # the commission on 50 would be given back
    join(claim, DISPUTE, amount=30, at=2)
    assert holds() == [("return_open", 4_600)]
    join(claim, amount=100, at=3)
    assert holds() == [("chargeback_open", 9_200)]
    leave(claim, WON, at=8)
    assert holds() == [("return_open", 4_600)]
    leave(claim, SETTLED, RETURN, at=9)
    assert holds() == [("dispute_open", 2_760)]
    leave(claim, SETTLED, DISPUTE, at=9)
    assert holds() == [] and not is_open(claim)


def test_two_disputes_of_banks_take_twice_so_that_they_add_up() -> None:
    paid()
    claim = opened()
    join(claim, amount=30, about="dp_1")
    join(claim, amount=40, about="dp_2")
    assert holds() == [("chargeback_open", 6_440)]
    join(claim, amount=90, about="dp_2")
    assert holds() == [("chargeback_open", 9_200)]


def test_what_is_being_refunded_is_held_until_it_is_sent() -> None:
    paid()
    claim = opened()
    refund = ask(claim, 25)
    assert holds() == [("refund_running", 2_300)]
    send(refund)
    assert holds() == [] and not is_open(claim)


def test_nothing_is_held_for_a_channel_beyond_its_date() -> None:
    paid()
    claim = opened()
    join(claim, RETURN, amount=50, until=30)
    join(claim, DISPUTE, amount=10, at=31)
    assert holds() == [("dispute_open", 920)]


def test_damages_and_freight_are_outside_the_limit_and_are_not_frozen() -> None:
    paid()
    claim = opened()
    ask(claim, 100, key="refund")
    ask(claim, 300, key="damages", item=Item.STATUTORY_DAMAGES)
    ask(claim, 12, key="freight", item=Item.RETURN_FREIGHT)
    join(claim)
    assert {key: state for key, (state, _, _) in refunds().items()} == {
        "refund": "frozen", "damages": "requested", "freight": "requested",
    }  # fmt: skip


def test_the_same_ask_again_is_the_same_refund_and_another_under_its_key_is_refused() -> None:
    paid()
    claim = opened()
    first = ask(claim, 40, key="k")
    assert ask(claim, 40, key="k") == first and len(refunds()) == 1
    with pytest.raises(KeyReused):
        ask(claim, 41, key="k")


def test_what_the_shop_sent_ends_the_refund_that_ran_for_it() -> None:
    paid()
    claim = opened()
    ask(claim, 40, key="r")
    told(claim, 40)
    assert refunds() == {"r": ("sent", 4_000, 0)}
    assert not is_open(claim)


def test_what_the_shop_sent_is_heard_of_once_also_where_it_ended_what_was_asked_for() -> None:
    paid()
    claim = opened()
    ask(claim, 40, key="r")
    told(claim, 40, key="t")
    again = opened(at=3)
    assert told(again, 40, key="t", at=3) == 0
    assert refunds() == {"r": ("sent", 4_000, 0)} and parts() == [(0, 4_000, 0, 0)]


def test_what_the_shop_sent_besides_is_stored_up_to_what_was_captured() -> None:
    paid()
    claim = opened()
    ask(claim, 60, key="r")
    told(claim, 50, key="t")
    assert refunds() == {"r": ("failed", 6_000, 0), "t": ("sent", 5_000, 0)}
    claim = opened(at=3)
    told(claim, 80, key="u", at=3)
    assert parts() == [(0, 10_000, 0, 0)]


def test_what_the_shop_sent_although_a_bank_decides_is_to_be_recovered() -> None:
    paid()
    claim = opened()
    join(claim)
    debit()
    told(claim, at=3)
    assert recoveries() == [(10_000, "credit_already_issued")]


def test_a_bank_that_takes_more_than_was_ever_paid_is_stored_all_the_same() -> None:
    paid()
    debit(130)
    assert parts() == [(0, 0, 13_000, 3_000)] and recoveries() == [(3_000, "more_than_captured")]


def test_a_payment_of_two_sellers_is_split() -> None:
    paid(60, line="a")
    paid(40, seller=8, order=80, line="b")
    debit(33.33)
    assert parts() == [(0, 0, 2_000, 0), (0, 0, 1_333, 0)]
    debit(-33.33)
    assert parts() == [(0, 0, 0, 0), (0, 0, 0, 0)]


def test_a_bank_that_names_a_line_takes_from_it() -> None:
    paid(60, line="a")
    paid(40, line="b")
    debit(50, lines=((ORDER, "b"),))
    assert parts() == [(0, 0, 0, 0), (0, 0, 5_000, 1_000)]


def test_a_debit_in_another_currency_is_exact_in_both() -> None:
    paid(60, line="a")
    paid(40, line="b")
    debit(91.01, currency="EUR", paid_minor=10_000)
    assert rows("SELECT amount_minor, paid_minor FROM claim_bank_share ORDER BY paid_minor") == [
        (3_640, 4_000), (5_461, 6_000),
    ]  # fmt: skip


def test_a_line_paid_in_two_ways_is_refunded_up_to_each() -> None:
    paid(70, payment="card")
    paid(30, payment="gift")
    claim = opened()
    ask(claim, 30, payment="gift")
    with pytest.raises(MoreThanIsLeft):
        ask(claim, 1, payment="gift")
    ask(claim, 70)
    with pytest.raises(MoreThanIsLeft):
        ask(claim, 1)


def test_a_claim_is_one_for_a_line_and_new_trouble_is_a_new_claim() -> None:
    paid()
    claim = opened()
    assert opened() == claim
    join(claim, RETURN)
    assert leave(claim, SETTLED, RETURN) == 1 and leave(claim, SETTLED, RETURN) == 0
    with pytest.raises(ChannelEnded):
        leave(claim, WON, RETURN)
    assert opened(at=5) != claim


def test_a_bank_that_comes_back_is_the_next_round() -> None:
    paid()
    claim = opened()
    join(claim, RETURN, until=300)
    join(claim, at=2)
    leave(claim, WON, at=20)
    with pytest.raises(ChannelEnded):
        join(claim, at=30)
    join(claim, at=30, round=2)
    assert is_frozen(claim) and holds() == [("chargeback_open", 9_200)]


def test_refund_part_refund_and_chargeback_in_any_order_come_to_the_same() -> None:
    def played(number: int, order: tuple[Callable[[str], object], ...]) -> tuple[object, ...]:
        line = paid(payment=f"p-{number}", order=number, books=False)
        claim = opened(order=number)
        join(claim, RETURN, until=300)
        for day, step in enumerate(order):
            step(claim, day, number)
        [sums] = rows(
            "SELECT running_minor, sent_minor, bank_minor, excess_minor FROM claim_part WHERE line_id = %s", line
        )
        return sums

    def all_of_it(claim: str, day: int, number: int) -> None:
        told(claim, 70, at=2 + day, key=f"whole-{number}")

    def part(claim: str, day: int, number: int) -> None:
        told(claim, 30, at=2 + day, key=f"part-{number}")

    def bank(claim: str, day: int, number: int) -> None:
        join(claim, at=2 + day, about=f"dp-{number}")
        debit(payment=f"p-{number}", about=f"dp-{number}", at=2 + day)
        leave(claim, LOST, at=2 + day, about=f"dp-{number}")

    steps = (all_of_it, part, bank)
    found = {played(100 + n, order) for n, order in enumerate(itertools.permutations(steps))}
    assert found == {(0, 10_000, 10_000, 10_000)}


def test_a_step_and_a_debit_each_have_their_line_in_the_record() -> None:
    paid()
    claim = opened()
    join(claim)
    debit()
    steps = rows("SELECT count(*) FROM claim_step")
    assert rows("SELECT count(*) FROM leaf WHERE kind = 'claim_step'") == steps
    assert rows("SELECT count(*) FROM leaf WHERE kind = 'bank_debit'") == [(1,)]
    assert rows("SELECT verb FROM claim_step ORDER BY number") == [
        ("opened",), ("joined",), ("frozen",), ("held",), ("hold_lifted",),
    ]  # fmt: skip


def test_the_seller_is_told_of_a_hold_and_of_its_end() -> None:
    paid()
    claim = opened()
    join(claim)
    leave(claim, WON)
    assert rows("SELECT code FROM notice ORDER BY at, id") == [("money.held",), ("money.released",)]
    assert rows("SELECT DISTINCT seller_key FROM notice") == [(SELLER,)]


def test_the_shops_systems_are_told_what_to_send_and_what_to_leave() -> None:
    with staff_scope():
        endpoints.create("https://shop.example/hooks", ["refund.changed"], ACTOR, at=days(0))
    paid()
    claim = opened()
    refund = ask(claim, 60, key="r", matter="refund_after_withdrawal")
    join(claim, amount=40, at=2)
    debit(40, at=3)
    leave(claim, LOST, at=9)
    told_of = rows("SELECT data ->> 'state', (data -> 'amount' ->> 'minor')::int FROM webhook_message ORDER BY at, id")
    assert told_of == [("requested", 6_000), ("frozen", 6_000), ("requested", 2_000)]
    lower(refund, owed=40, at=10)
    assert rows("SELECT data ->> 'state' FROM webhook_message ORDER BY at, id")[3:] == [("paid_by_bank",)]

"""One refund is one refund, in however many forms and in whichever order it is told; and one that failed is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.builders import usd
from tests.protections.transactions.shop import Shop, balances, events_posted

from safeconduct.connectors import load_connector
from safeconduct.kernel.events.refunds import Statement, fold
from safeconduct.protections.transactions.money.told import Told

DAY = 86_400_000_000


def by_itself(name: str, minor: int, day: int) -> Statement:
    """`refund.created`, or an update of it."""
    return Statement(Told(0, day * DAY, minor, "USD"), name, "ch_1", None, day * DAY)


def by_its_charge(so_far: int, day: int) -> Statement:
    """`charge.refunded` without its list."""
    return Statement(Told(0, day * DAY, so_far, "USD"), "", "ch_1", so_far, day * DAY)


def failed(name: str, minor: int, day: int, sent: int) -> Statement:
    return Statement(Told(0, day * DAY, minor, "USD"), name, "ch_1", None, sent * DAY, True)


def known_in_this_order(statements: Sequence[Statement]) -> list[Statement]:
    return [one._replace(told=one.told._replace(moment=n)) for n, one in enumerate(statements, 1)]


def sum_of(statements: Sequence[Statement]) -> int:
    return sum(told.minor or 0 for told in fold(known_in_this_order(statements)))


FIRST, SECOND = by_itself("re_1", 400, 3), by_itself("re_2", 400, 5)
FIRST_SUM, SECOND_SUM = by_its_charge(400, 3), by_its_charge(800, 5)


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ((FIRST, FIRST_SUM), 400),
        ((FIRST,), 400),
        ((FIRST_SUM,), 400),
        ((FIRST, FIRST), 400),
        ((FIRST, SECOND, FIRST_SUM, SECOND_SUM), 800),  # two of the same amount, both told in both forms
        ((FIRST, SECOND_SUM), 800),  # the other ways did not come
        ((FIRST_SUM, SECOND), 800),  # the endpoint was changed from one way to the other in between
        ((FIRST_SUM, SECOND_SUM), 800),
        ((FIRST_SUM, FIRST, failed("re_1", 400, 6, 3)), 0),
        ((FIRST_SUM, failed("re_1", 400, 6, 3)), 0),
        ((failed("re_1", 400, 6, 3),), 0),
        ((failed("re_1", 400, 6, 3), failed("re_1", 400, 6, 3), SECOND), 400),
        ((FIRST_SUM, SECOND_SUM, FIRST, SECOND, failed("re_2", 400, 6, 5)), 400),
    ],
)
def test_what_was_sent_does_not_depend_on_the_forms_or_the_order_in_which_it_was_told(
    told: tuple[Statement, ...], sent: int
) -> None:
    assert {sum_of(order) for order in permutations(told)} == {sent}


@given(
    st.lists(st.tuples(st.integers(1, 900), st.sampled_from(["itself", "charge", "both"])), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_refunds_of_a_charge_come_to_their_sum_whichever_way_each_is_told(
    refunds: list[tuple[int, str]], random: Any
) -> None:
    told: list[Statement] = []
    so_far = 0
    for number, (minor, way) in enumerate(refunds):
        so_far += minor
        told += [by_itself(f"re_{number}", minor, number)] if way != "charge" else []
        told += [by_its_charge(so_far, number)] if way != "itself" else []
    random.shuffle(told)
    assert sum_of(told) == so_far
    steps = known_in_this_order(told)
    for known in range(1, len(steps)):
        before = {told.moment: told.minor for told in fold(steps[:known])}
        after = {told.moment: told.minor for told in fold(steps)}
        assert before.items() <= after.items(), "what a refund came to moved to another event"


def stripe(kind: str, day: float, **changes: Any) -> list[dict[str, Any]]:
    """What the connector makes of a delivery of Stripe."""
    created = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() + day * 86_400)
    about = {"currency": "usd", "metadata": {"order_id": "ord-1", "seller_id": "sel-1"}, "created": created}
    thing = {"object": "refund", "charge": "ch_1", **about, **changes}
    body = {"id": f"evt_{kind}_{day}_{changes.get('id')}", "object": "event", "type": kind, "created": created,
            "data": {"object": thing}}  # fmt: skip
    reading = load_connector("stripe").read(json.dumps(body).encode(), {}, {})
    assert reading.events and not reading.refused and not reading.dropped
    return reading.events


@pytest.mark.usefixtures("empty_database")
@pytest.mark.parametrize("charge_first", [True, False])
def test_two_part_refunds_that_stripe_tells_both_ways_are_in_the_books_once_each(charge_first: bool) -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    for number, day in ((1, 4.0), (2, 5.0)):
        shop.day = day
        ways = [
            stripe("charge.refunded", day, id="ch_1", object="charge", amount=10000, amount_refunded=3000 * number),
            stripe("refund.created", day, id=f"re_{number}", amount=3000, status="succeeded"),
        ]
        for way in ways if charge_first else reversed(ways):
            shop.send(way)
    assert balances()["psp_clearing"] == -40
    assert events_posted().count("refund") == 2


@pytest.mark.usefixtures("empty_database")
def test_a_refund_that_failed_is_the_sellers_money_again_whenever_that_becomes_known() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    sold = balances()
    shop.tell("refund.created", "ord-1", day=4, amount=usd(30), refund="re_1")
    assert balances()["psp_clearing"] == -70
    shop.tell("refund.failed", "ord-1", day=9, amount=usd(30), refund="re_1")
    assert balances() == sold, "commission and protection fee are due again as well"
    shop.tell("refund.failed", "ord-1", day=9.5, amount=usd(30), refund="re_1")
    assert balances() == sold, "told twice"
    shop.tell("refund.failed", "ord-1", day=10, amount=usd(20), refund="re_2")
    shop.tell("refund.created", "ord-1", day=10.1, at=6, amount=usd(20), refund="re_2")
    assert balances() == sold, "it had failed before it became known"
    shop.tell("refund.created", "ord-1", day=11, amount=usd(30), refund="re_3")
    assert balances()["psp_clearing"] == -70


@pytest.mark.usefixtures("empty_database")
def test_a_cancelled_order_whose_refund_failed_is_owed_to_the_buyer_again() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.tell("order.cancelled", "ord-1", day=1)
    shop.tell("refund.created", "ord-1", day=2, amount=usd(100), refund="re_1")
    assert balances() == {}
    shop.tell("refund.failed", "ord-1", day=7, amount=usd(100), refund="re_1")
    assert balances() == {"buyer_refund_payable": 100, "psp_clearing": -100}

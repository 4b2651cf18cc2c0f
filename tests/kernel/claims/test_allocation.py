"""Spreading an amount: exact to the unit, and the same whatever order the parts come in."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.claims.allocation import Standing, debit_shares, grown, in_another, spread, with_costs, within

weights = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 10**9), min_size=1, max_size=8)
amounts = st.integers(-(10**10), 10**10)


def shuffled(given: dict[str, int], seed: int) -> dict[str, int]:
    items = list(given.items())
    Random(seed).shuffle(items)
    return dict(items)


@given(amounts, weights, st.integers())
def test_shares_are_exact_and_the_order_of_lines_is_irrelevant(total: int, parts: dict[str, int], seed: int) -> None:
    shares = spread(total, parts)
    assert sum(shares.values()) == total
    assert spread(total, shuffled(parts, seed)) == shares
    assert spread(-total, parts) == {name: -share for name, share in shares.items()}


@given(amounts, weights)
def test_a_share_is_never_a_unit_away_from_its_proportion(total: int, parts: dict[str, int]) -> None:
    whole = sum(parts.values())
    if whole:
        for name, share in spread(total, parts).items():
            assert abs(share * whole - total * parts[name]) < whole


@given(weights, st.data())
def test_nobody_gets_more_than_is_there_while_there_is_enough(parts: dict[str, int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(parts.values())))
    if sum(parts.values()):
        assert all(share <= parts[name] for name, share in spread(total, parts).items())


def test_units_that_are_left_go_to_the_largest_remainders_and_then_to_the_lower_name() -> None:
    assert spread(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert spread(10, {"a": 55, "b": 27, "c": 18}) == {"a": 5, "b": 3, "c": 2}
    assert spread(3, {"a": 0, "b": 0}) == {"a": 2, "b": 1}


def test_shipping_and_tax_follow_the_price_of_the_goods() -> None:
    assert with_costs({"a": 6_000, "b": 4_000}, 1_001, 333) == {"a": 6_000 + 601 + 200, "b": 4_000 + 400 + 133}


standings = st.dictionaries(
    st.sampled_from("abcdef"),
    st.integers(0, 10**7).flatmap(
        lambda amount: st.builds(Standing, st.just(amount), st.integers(-amount, amount), st.integers(0, amount))
    ),
    min_size=1,
)


@given(st.integers(-(10**8), 10**8), standings, st.sets(st.sampled_from("abcdef")), st.integers(1, 10**8))
def test_a_debit_is_exact_in_both_currencies(
    paid: int, parts: dict[str, Standing], named: set[str], in_bank: int
) -> None:
    shares = debit_shares(paid, parts, named)
    assert sum(shares.values()) == paid
    assert all(share * paid >= 0 for share in shares.values())
    assert sum(in_another(in_bank, shares).values()) == in_bank


@given(standings, st.data())
def test_a_debit_takes_nothing_twice_while_anything_is_left(parts: dict[str, Standing], data: st.DataObject) -> None:
    left = sum(max(0, part.left_minor) for part in parts.values())
    shares = debit_shares(data.draw(st.integers(0, left)), parts)
    assert all(share <= max(0, parts[name].left_minor) for name, share in shares.items())


@given(standings, st.data())
def test_what_is_given_back_goes_where_it_was_taken(parts: dict[str, Standing], data: st.DataObject) -> None:
    taken = sum(part.taken_minor for part in parts.values())
    shares = debit_shares(-data.draw(st.integers(0, taken)), parts)
    assert all(-share <= parts[name].taken_minor for name, share in shares.items())
    assert debit_shares(-taken, parts) == {name: -part.taken_minor for name, part in parts.items()}


def test_nobody_answers_for_a_refund_of_another() -> None:
    parts = {"a": Standing(6_000, 0, 0), "b": Standing(4_000, 4_000, 0)}  # all of a went back to the buyer
    assert debit_shares(4_000, parts) == {"a": 0, "b": 4_000}
    assert debit_shares(10_000, parts) == {"a": 6_000, "b": 4_000}
    assert debit_shares(11_000, parts) == {"a": 6_600, "b": 4_400}


def test_what_is_given_back_of_an_order_goes_to_its_own_lines() -> None:
    parts = {"a": Standing(6_000, 0, 6_000), "b": Standing(4_000, 0, 4_000)}
    assert debit_shares(-2_000, parts, {"b"}) == {"a": 0, "b": -2_000}


@given(st.lists(st.integers(0, 10**6), max_size=6), weights)
def test_what_a_payment_paid_for_a_line_only_grows_and_is_never_more_than_it_paid(
    captures: list[int], costs: dict[str, int]
) -> None:
    before: dict[str, int] = {}
    paid = 0
    for capture in captures:
        paid += capture
        now = grown(paid, costs, before)
        assert sum(now.values()) == paid
        assert all(minor >= before.get(name, 0) for name, minor in now.items())
        before = now
    if paid == sum(costs.values()) and len(captures) == 1:
        assert before == costs


@given(st.integers(0, 10**6), weights, st.data())
def test_a_refund_of_several_lines_fits_into_what_is_left_of_each(
    total: int, parts: dict[str, int], data: st.DataObject
) -> None:
    most = {name: data.draw(st.integers(-5, 10**6)) for name in parts}
    shares = within(total, parts, most)
    assert all(0 <= share <= max(0, most[name]) for name, share in shares.items())
    assert sum(shares.values()) == min(total, sum(max(0, one) for one in most.values()))

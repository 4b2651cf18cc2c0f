"""Lines of orders in events: read like everything else, and refused by the name of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.builders import event, usd

from safeconduct.kernel.events import lines
from safeconduct.kernel.events.catalogue import CATALOGUE, MOST_LINES
from safeconduct.kernel.events.envelope import Incoming, Refusal, read_envelope


def line(name: str, price: float, **more: Any) -> dict[str, Any]:
    return {"line": name, "price": usd(price), **more}


def refused(raw: dict[str, Any]) -> tuple[str, str]:
    read = read_envelope(raw)
    assert isinstance(read, Refusal), read
    return read.field, read.problem


def test_lines_are_kept_with_what_they_cost_and_no_policy_sees_them() -> None:
    told = [line("a", 30, shipping=usd(2), quantity=2, listing="lst-1", colour="red"), line("b", 20, tax=usd(1))]
    read = read_envelope(event(amount=usd(60), lines=told, shipping=usd(5), tax=usd(2)))
    assert isinstance(read, Incoming)
    assert [one["line"] for one in read.data["lines"]] == ["a", "b"]
    assert read.data["lines"][0] == {
        "line": "a", "price": usd(30), "shipping": usd(2), "quantity": 2, "listing": "lst-1",
    }  # fmt: skip
    assert lines.costs(read.data) == {"a": 3_200, "b": 2_100} and lines.of_order(read.data) == (500, 200)
    assert "lines" not in read.values and "lines" not in CATALOGUE.columns


def test_an_order_without_lines_is_read_as_ever() -> None:
    read = read_envelope(event())
    assert isinstance(read, Incoming) and "lines" not in read.data


@pytest.mark.parametrize(
    ("told", "field", "says"),
    [
        ([line("a", 30), line("b", 20)], "data.lines", "come to $50.00, and data.amount says $60.00"),
        ([line("a", 30), line("b", 40)], "data.lines", "come to $70.00"),
        ([line("a", 30), line("a", 30)], "data.lines[1].line", "another line"),
        ([line(" ", 60)], "data.lines[0].line", "not empty"),
        ([line("x" * 61, 60)], "data.lines[0].line", "longer than 60"),
        ([{"line": "a"}], "data.lines[0].price", "needs price"),
        ([line("a", 60, tax={"minor": 1, "currency": "EUR"})], "data.lines[0].tax", "in USD"),
        ([{"line": "a", "price": {"minor": 1.5, "currency": "USD"}}], "data.lines[0].price.minor", "whole number"),
        ([line("a", 60, quantity="2")], "data.lines[0].quantity", "whole number"),
        ([], "data.lines", "left out"),
        ("three", "data.lines", "list of objects"),
        (["three"], "data.lines[0]", "object"),
        ([line(f"l{n}", 1) for n in range(MOST_LINES + 1)], "data.lines", "more than 500"),
    ],
)
def test_what_is_wrong_with_a_line_is_named_with_the_way_out(told: object, field: str, says: str) -> None:
    found, problem = refused(event(amount=usd(60), lines=told))
    assert found == field and says in problem


def test_shipping_of_the_whole_order_is_in_the_currency_of_the_order() -> None:
    euros = {"minor": 1, "currency": "EUR"}
    assert refused(event(amount=usd(60), lines=[line("a", 60)], shipping=euros))[0] == "data.shipping"


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([{"line": "a", "amount": usd(10)}, {"line": "b"}], "data.lines[1].amount"),
        ([{"line": "a", "amount": usd(10)}], "data.lines"),
        ([{"line": "a", "amount": {"minor": 2_500, "currency": "EUR"}}], "data.lines[0].amount"),
    ],
)
def test_lines_of_a_refund_say_all_their_amounts_or_none(told: list[dict[str, Any]], field: str) -> None:
    assert refused(event("refund.created", order="ord-1", amount=usd(25), lines=told))[0] == field


def test_lines_of_a_refund_come_to_it_or_say_no_amounts() -> None:
    whole = [{"line": "a", "amount": usd(10)}, {"line": "b", "amount": usd(15)}]
    read = read_envelope(event("refund.created", order="ord-1", amount=usd(25), lines=whole))
    assert isinstance(read, Incoming) and lines.named(read.data) == {"a": 1_000, "b": 1_500}
    read = read_envelope(event("refund.created", order="ord-1", amount=usd(25), lines=[{"line": "a"}]))
    assert isinstance(read, Incoming) and lines.named(read.data) == {"a": None}
    assert refused(event("return.requested", order="ord-1", lines=whole))[0] == "data.amount"


_lists = [(kind, listed) for kind in CATALOGUE.values() for listed in kind.lists]
_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["line", "price", "amount", "minor", "currency"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(where=st.sampled_from(_lists), value=_odd | st.lists(_odd, max_size=4))
def test_no_lines_make_the_reader_raise(where: tuple[Any, Any], value: object) -> None:
    kind, listed = where
    needed = {field.name: field.example for field in kind.fields if field.required}
    raw = {**event(kind.name), "data": {**needed, listed.name: value}}
    assert isinstance(read_envelope(raw), (Incoming, Refusal))

"""What a shop sends by mistake: refused by the name of its field, alone, and never by an exception."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import tests.django_world as world
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.builders import START, event, live_policy

from safeconduct.foundation.moments import SECOND, moment
from safeconduct.foundation.money import MOST_MINOR
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events import log
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.envelope import Incoming, Refusal, read_envelope
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import query, staff_scope


@pytest.fixture
def empty_database() -> Iterator[None]:
    """Begins with empty tables."""
    world.forget_everything()
    yield


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "1e999999999"}, {"amount": "1e400"}, {"amount": "99999999999999999999"}, {"amount": "9" * 5000},
        {"amount": 10**5000}, {"amount": 1e300}, {"amount": [1]}, {"amount": None}, {"amount": True}, {},
        {"minor": MOST_MINOR + 1}, {"minor": 2**63 - 1}, {"minor": -1}, {"minor": 1.0},
    ],
    ids=[
        "reckoned-out", "long", "too-many-digits", "too-much-text", "huge", "float", "list", "null", "boolean", "none",
        "above-the-largest", "64-bits", "negative", "fraction",
    ],
)  # fmt: skip
def test_an_amount_beyond_any_order_is_refused_and_the_rest_of_its_batch_is_decided(
    amount: dict[str, Any], empty_database: None
) -> None:
    live_policy()
    accepted = lanes.accept([event(), event(amount={"currency": "USD", **amount}), event()])
    assert [(r.index, r.field.split(".")[:2]) for r in accepted.receipt.refused] == [(1, ["data", "amount"])]
    assert len(accepted.decisions) == 2


def test_the_largest_amounts_can_be_summed(empty_database: None) -> None:
    live_policy()
    most = {"minor": MOST_MINOR, "currency": "USD"}
    made = lanes.accept([event(amount=most, seller=f"s{n}") for n in range(9)]).decisions
    assert len(made) == 9 and made[-1].values["buyer_spent_1d"] == 8 * MOST_MINOR


@pytest.mark.parametrize("nothing", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_the_first_and_the_last_day_of_a_calendar_are_no_answer(nothing: str) -> None:
    refusal = read_envelope(event(buyer_registered_at=nothing))
    assert isinstance(refusal, Refusal) and refusal.field == "data.buyer_registered_at"
    assert "leave it out" in refusal.problem


@pytest.mark.parametrize(
    ("field", "unsaid"), [("phone", "n/a"), ("phone", "---"), ("address", "."), ("address", " - ")]
)
def test_a_number_or_an_address_that_says_nothing_makes_nobody_the_same(field: str, unsaid: str) -> None:
    read = read_envelope(event(**{field: unsaid}))
    assert isinstance(read, Incoming) and field not in read.entities
    said = read_envelope(event(**{field: "12"}))
    assert isinstance(said, Incoming) and field in said.entities


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from([10**400, "1e999999999", "0001-01-01T00:00:00Z", "\ud800", "\x00", "2026-06-01T12:00:00Z"])
)  # fmt: skip
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)
_money = st.fixed_dictionaries({}, optional={"minor": _values, "amount": _values, "currency": _values | st.just("USD")})


@given(
    kind=st.sampled_from(sorted(CATALOGUE)), data=st.data(),
    head=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("id", "source", "type", "time", "specversion", "data"), _values)
    ),
)  # fmt: skip
def test_no_envelope_makes_the_reader_raise(kind: str, data: st.DataObject, head: dict[str, object]) -> None:
    fields = {field.name: _values | _money for field in CATALOGUE[kind].fields}
    given_data = data.draw(st.fixed_dictionaries({}, optional=fields))
    raw = {"id": "1", "source": "s", "type": kind, "time": "2026-06-01T12:00:00Z", "data": given_data, **head}
    assert isinstance(read_envelope(raw), (Incoming, Refusal))


@pytest.mark.parametrize("year", [2003, 2019, 2025])
def test_events_of_one_time_are_imported_in_as_many_parts_as_they_come(year: int, empty_database: None) -> None:
    at = START.replace(year=year)
    for part in range(4):
        batch = [event("session.failed", seller="s", at=at, id=f"{part}-{n}") for n in range(3)]
        assert len(log.receive(batch, known=Known.WHEN_IT_HAPPENED, imported=True).stored) == 3
    with staff_scope():
        found = [m for (m,) in query("SELECT moment FROM event ORDER BY moment")]
    assert found == list(range(moment(at), moment(at) + 12))


def test_types_that_nobody_knows_are_counted(empty_database: None) -> None:
    from datetime import UTC, datetime, timedelta

    from safeconduct.cli import doctor
    from safeconduct.kernel.events.unknown import unknown_types

    lanes.accept([event("order.place"), event("order.place"), event("parcel.lost\x1b[2J"), event()])
    with staff_scope():
        assert list(unknown_types(datetime.now(UTC) - timedelta(hours=1))) == [
            ("order.place", 2), ("parcel.lost\x1b[2J", 1),
        ]  # fmt: skip
        assert list(unknown_types(datetime.now(UTC) + timedelta(hours=1))) == []
        assert query("SELECT count(*) FROM fact").fetchone() == (1,)
    found = doctor.events()
    assert found.ok and "2 order.place (did you mean `order.placed`?)" in found.found and "\x1b" not in found.found


def test_a_day_with_more_events_than_a_microsecond_has_moments_is_imported_whole(empty_database: None) -> None:
    day = [event("session.failed", seller="s", id=f"day-{n}") for n in range(6000)]
    later = event("session.failed", seller="s", at=START + timedelta(microseconds=1), id="later")
    for first in range(0, 6000, 1000):
        part = [*day[first : first + 1000]]
        if first == 4000:
            part = [*part[:999], later]
        receipt = log.receive(part, known=Known.WHEN_IT_HAPPENED, imported=True)
        assert len(receipt.stored) == len(part) and not any(item.duplicate for item in receipt.stored)
    again = log.receive(day[5000:], known=Known.WHEN_IT_HAPPENED, imported=True)
    assert all(item.duplicate for item in again.stored)
    with staff_scope():
        count, first, last = query("SELECT count(*), min(moment), max(moment) FROM event").fetchone() or (0, 0, 0)
        assert count == 6000 and query("SELECT count(DISTINCT moment) FROM fact").fetchone() == (6000,)
    assert first == moment(START) and last - first < SECOND

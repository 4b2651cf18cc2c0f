"""What a shop sends by mistake: refused by the name of its field, alone, and never by an exception."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from safeconduct.kernel.parties.models import Seller
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


_odd = st.sampled_from(
    [
        None, True, -1, 10**400, 1.5, float("inf"), "", " ", "1e999999999", "0001-01-01T00:00:00Z", "\ud800", "\x00",
        "2026-06-01T12:00:00Z", [], {}, [1], {"minor": "1"}, {"minor": 2**70, "currency": "USD"}, {"currency": "ZZZ"},
        {"amount": "1e400", "currency": "USD"}, {"amount": 1e300, "currency": "JPY"}, {"minor": 1, "currency": ["USD"]},
    ]
)  # fmt: skip
_places = [
    *((name, None) for name in ("id", "source", "type", "time", "specversion", "data")),
    *((kind, field.name) for kind, found in sorted(CATALOGUE.items()) for field in found.fields),
]


@given(place=st.sampled_from(_places), value=_odd | st.text(max_size=20) | st.integers() | st.floats())
def test_no_envelope_makes_the_reader_raise(place: tuple[str, str | None], value: object) -> None:
    raw: dict[str, Any] = event()
    if place[1] is None:
        raw[place[0]] = value
    else:
        kind = CATALOGUE[place[0]]
        needed = {field.name: field.example for field in kind.fields if field.required}
        raw |= {"type": kind.name, "data": {**needed, place[1]: value}}
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


def test_whatever_a_shop_writes_about_itself_the_rest_of_the_batch_is_stored(empty_database: None) -> None:
    odd = {
        "seller_name": "A" * 300, "seller_country": "Chile", "time_zone": "Santiago" * 20, "locale": "es-CL-" * 9,
        "seller_registered_at": "2026-W10-1T08:00:00Z",
    }  # fmt: skip
    receipt = log.receive([event("seller.registered", seller="s1", **odd), event(seller="s2")])
    assert (len(receipt.stored), receipt.refused) == (2, [])
    with staff_scope():
        seller = Seller.objects.get(ref="s1")
    assert (seller.name, seller.country, seller.time_zone, seller.language) == ("A" * 200, "", "", "")
    assert seller.registered_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("field", ["seller", "order"])
def test_an_id_longer_than_any_is_refused_by_name_and_the_rest_is_stored(field: str, empty_database: None) -> None:
    receipt = log.receive([event(**{field: "x" * 201}), event(**{field: "x" * 200})])
    assert [(r.index, r.field) for r in receipt.refused] == [(0, f"data.{field}")]
    assert len(receipt.stored) == 1

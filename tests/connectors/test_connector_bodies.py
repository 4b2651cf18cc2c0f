"""Bodies nobody should send: broken, huge, deep, absurd. They are refused or kept, and never break anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from connector_samples import PAYLOADS, nothing_is_lost, read
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.connectors import RefusalReason, UnknownConnectorError, connector_names, load_connector

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SAMPLES = sorted(PAYLOADS.glob("*/*.json"))


@pytest.mark.parametrize(
    ("raw", "reason", "position"),
    [
        (b'{"a": 1 "b"}', RefusalReason.NOT_JSON, "line 1, column 9"),
        (b'{\n "a": \n}', RefusalReason.NOT_JSON, "line 3, column 1"),
        (b"", RefusalReason.NOT_JSON, "line 1, column 1"),
        (b'{"a": NaN}', RefusalReason.NOT_JSON, ""),
        (b'{"a": ' + b"9" * 5000 + b"}", RefusalReason.NOT_JSON, ""),
        (b'{"a": "\xff"}', RefusalReason.NOT_TEXT, "byte 7"),
        (b"[1, 2]", RefusalReason.NOT_AN_OBJECT, ""),
        (b'"text"', RefusalReason.NOT_AN_OBJECT, ""),
        (b'{"a":' * 100_000, RefusalReason.TOO_DEEP, ""),
        (b" " * (64 * 1024 * 1024), RefusalReason.TOO_LARGE, ""),
    ],
    ids=["comma", "lines", "empty", "nan", "long-number", "latin-1", "list", "text", "deep", "large"],
)
def test_what_is_no_body_is_refused_with_its_position(raw: bytes, reason: RefusalReason, position: str) -> None:
    for connector in ("stripe", "shopify"):
        reading = load_connector(connector).read(raw)
        assert not reading.events and not reading.unknown
        assert [(item.reason, item.position) for item in reading.refused] == [(reason, position)]
        assert reading.refused[0].detail


@given(
    JSON,
    st.sampled_from(["stripe", "shopify", "adyen", "jsonl", "csv"]),
    st.sampled_from(["", "orders/create", "refunds/create"]),
)
@settings(deadline=None)
def test_no_json_value_whatever_breaks_a_connector(value: Any, connector: str, topic: str) -> None:
    reading = load_connector(connector).read(json.dumps(value).encode(), {"X-Shopify-Topic": topic} if topic else {})
    nothing_is_lost(reading)


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real sample in which a few places hold something else."""
    path = draw(st.sampled_from(SAMPLES))
    document = json.loads(path.read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        holder: Any = {"root": document}
        key: Any = "root"
        while isinstance(holder[key], (dict, list)) and holder[key] and draw(st.integers(0, 6)):
            holder = holder[key]
            key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        if holder is not None and key != "root":
            holder[key] = draw(
                JSON | st.sampled_from(["", "1e999999999", "\x00", "\ud800", -1, 2**70, [], {}, "9" * 3000])
            )
    return path.parent.name, json.dumps(document).encode()


@given(spoiled(), st.booleans())
@settings(max_examples=400, deadline=None)
def test_no_spoiled_sample_breaks_a_connector_and_none_is_lost(case: tuple[str, bytes], with_seller: bool) -> None:
    connector, raw = case
    options = {"default_seller": "sel-1"} if with_seller else {}
    reading = load_connector(connector).read(raw, {}, options)
    nothing_is_lost(reading)
    assert load_connector(connector).read(raw, {}, options) == reading


def test_numbers_of_absurd_size_do_not_cost_memory() -> None:
    for amount in ("1e999999999", "-1e-999999999", "1" + "0" * 4000, "0." + "0" * 4000 + "1"):
        raw = f'{{"order": {{"id": 1, "line_items": [], "total_price": {amount}, "currency": "USD"}}}}'.encode()
        reading = load_connector("shopify").read(raw, {}, {"default_seller": "s"})
        assert "amount" in {item.field for item in reading.refused}


def test_personal_text_of_a_bad_value_does_not_reach_the_report() -> None:
    given = {"id": 1, "line_items": [], "order_number": 1, "email": "not an address of ana", "customer": {"id": 2},
             "total_price": "1.00", "currency": "USD", "created_at": "2026-06-01T08:00:00Z"}  # fmt: skip
    reading = read("shopify", given, default_seller="s")
    assert [item.field for item in reading.dropped] == ["email", "email_domain"]
    assert all("ana" not in item.detail for item in reading.dropped)


def test_a_time_outside_the_calendar_is_refused_here_and_not_at_the_intake() -> None:
    given = {"object": "dispute", "id": "dp_1", "created": 1, "status": "needs_response"}
    assert [item.field for item in read("stripe", given).refused] == ["time"]


def test_a_list_that_is_too_long_is_refused_whole_and_not_cut() -> None:
    order = {"id": 1, "line_items": []}
    refunds = [{"id": n, "order_id": 1, "created_at": "2026-06-01T08:00:00Z", "transactions": []} for n in range(1001)]
    for sent in ({"orders": [order] * 10_001}, {"order": {**order, "refunds": refunds}}):
        reading = read("shopify", sent, default_seller="s")
        assert not reading.events and not reading.unknown
        assert [item.reason for item in reading.refused] == [RefusalReason.TOO_LARGE]
        assert "send it in parts" in reading.refused[0].detail


def test_a_time_that_only_says_that_none_is_known_is_left_out() -> None:
    given = {"id": 1, "line_items": [], "order_number": 1, "total_price": "1.00", "currency": "USD",
             "created_at": "2026-06-01T08:00:00Z", "customer": {"id": 2, "created_at": "0001-01-01T00:00:00Z"}}  # fmt: skip
    reading = read("shopify", given, default_seller="s")
    assert [event["type"] for event in reading.events] == ["order.placed"]
    assert "buyer_registered_at" not in reading.events[0]["data"]  # type: ignore[operator]
    assert [item.field for item in reading.dropped] == ["buyer_registered_at"]


def test_unknown_connectors_are_refused_with_the_nearest_name() -> None:
    assert {"stripe", "shopify", "jsonl", "csv"} <= set(connector_names())
    with pytest.raises(UnknownConnectorError, match="did you mean `stripe`"):
        load_connector("strip")
    with pytest.raises(UnknownConnectorError):
        load_connector("../../etc/passwd")

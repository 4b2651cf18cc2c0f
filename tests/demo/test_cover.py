"""What cover an order deserves: the world's parcels, claims and payments, and the truth about each order's terms."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from safeconduct.demo import Cover, covers, read_covers, write_covers
from safeconduct.demo.almanac import HOUR
from safeconduct.demo.cover import PROMISE, Deserves, in_dollars
from safeconduct.protections.transactions.coverage.shipped import DEFAULT, shipped_templates
from safeconduct.protections.transactions.coverage.words import Cause as ProductCause

from .conftest import Event, Reading


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00"))


@pytest.fixture(scope="module")
def deserved(mall: Reading) -> dict[str, Cover]:
    return {row.order_id: row for row in covers(mall.world)}


def first(mall: Reading, order: str, type_: str) -> datetime | None:
    return next((at(event) for event in mall.having(order, type_)), None)


def test_the_promise_is_the_one_the_shipped_default_template_makes() -> None:
    template = shipped_templates()[DEFAULT]
    within = {name: condition.within_us for name, condition in template.conditions.items()}
    assert (within["ship_by"], within["tracking"], within["pickup_scan"]) == (48 * HOUR, 48 * HOUR, 72 * HOUR)
    assert (PROMISE.ship_within, PROMISE.scan_within) == (within["ship_by"], within["pickup_scan"])
    assert template.conditions["pickup_scan"].values == PROMISE.scans
    limit = template.limits.order
    assert limit is not None and (limit.minor, limit.currency) == (PROMISE.cap_minor, PROMISE.currency)
    assert template.period.within_us == PROMISE.claims_within
    covered = {c.cause: set(c.conditions) for c in template.covered}
    asked = {"accepted", "physical", "ship_by", "tracking", "pickup_scan", "address"}
    assert covered[ProductCause.UNAUTHORISED] == covered[ProductCause.NOT_RECEIVED] == asked


def test_every_order_has_a_row_and_most_deserve_cover(mall: Reading, deserved: dict[str, Cover]) -> None:
    assert set(deserved) == {e["data"]["order"] for e in mall.by_type["order.placed"]}
    kinds = Counter(row.deserves for row in deserved.values())
    assert kinds[Deserves.COVER] / 6_000 == pytest.approx(0.85, abs=0.04)
    assert kinds[Deserves.NOTHING_LATE] / 6_000 == pytest.approx(0.1, abs=0.025)
    assert kinds[Deserves.ENDED] > 100 and kinds[Deserves.NOTHING_CROOKED] > 40


def test_seven_of_a_hundred_ship_late_and_the_truth_says_by_how_much(mall: Reading, deserved: dict[str, Cover]) -> None:
    shipped = late = 0
    for order, row in deserved.items():
        sent, paid = first(mall, order, "shipment.shipped"), first(mall, order, "order.paid")
        if sent is None or paid is None:
            continue
        shipped += 1
        over = sent - paid - timedelta(hours=48)
        if over >= timedelta():
            late += 1
            assert row.missed == "ship_by" and row.missed_by_s == over // timedelta(seconds=1)
        else:
            assert row.missed != "ship_by"
    assert late / shipped == pytest.approx(0.07, abs=0.012)


def test_a_parcel_nobody_scans_in_three_days_misses_its_term(mall: Reading, deserved: dict[str, Cover]) -> None:
    unscanned = [order for order, row in deserved.items() if row.missed == "pickup_scan"]
    assert 0.02 < len(unscanned) / 6_000 < 0.06
    for order in unscanned:
        paid = first(mall, order, "order.paid")
        assert paid is not None
        scans = [*mall.having(order, "shipment.tracked"), *mall.having(order, "shipment.delivered")]
        assert not [s for s in scans if at(s) < paid + timedelta(hours=72) and s["data"].get("scan") != "exception"]


def test_a_label_without_a_parcel_never_moves_and_deserves_nothing(mall: Reading, deserved: dict[str, Cover]) -> None:
    rows = mall.labels("label_only")
    assert len(rows) >= 12 and all(row.expected_action == "allow" for row in rows)
    for row in rows:
        events = mall.by_order[row.entity_id]
        assert not {"shipment.tracked", "shipment.delivered"} & {e["type"] for e in events}
        assert deserved[row.entity_id].deserves is Deserves.NOTHING_CROOKED
        assert deserved[row.entity_id].pays_minor == 0


def test_a_denied_delivery_was_delivered_and_its_seller_is_paid(mall: Reading, deserved: dict[str, Cover]) -> None:
    for row in mall.labels("false_claims"):
        delivered, asked = first(mall, row.entity_id, "shipment.delivered"), first(
            mall, row.entity_id, "refund.requested"
        )  # fmt: skip
        assert asked is None or (delivered is not None and delivered < asked)
    covered = [deserved[row.entity_id] for row in mall.labels("false_claims")]
    paid = [cover for cover in covered if cover.pays_minor]
    assert len(paid) >= 3
    for cover in paid:
        assert cover.pays_minor == min(in_dollars(cover.amount_minor), PROMISE.cap_minor)


def test_changes_of_address_are_honest_and_not_and_only_the_parcels_way_decides(
    mall: Reading, deserved: dict[str, Cover]
) -> None:
    stolen = {row.order_id for row in mall.truth if row.role in ("stolen_account_order", "reshipped")}
    heeded = ignored = 0
    for event in mall.by_type["order.changed"]:
        order = event["data"]["order"]
        sent = mall.having(order, "shipment.shipped")
        if not sent or order in stolen:
            continue
        went = sent[0]["data"]["address"] == event["data"]["address"] != mall.placed(order)["address"]
        heeded, ignored = heeded + went, ignored + (not went)
        assert (deserved[order].missed == "address") <= went
    assert heeded > 3 and ignored > 1
    assert any(e["data"]["order"] in stolen for e in mall.by_type["order.changed"])


def test_who_orders_anew_for_another_address_is_covered_the_second_time(
    mall: Reading, deserved: dict[str, Cover]
) -> None:
    by_incident: dict[str, list[str]] = defaultdict(list)
    for row in mall.labels("second_thoughts"):
        by_incident[row.incident].append(row.entity_id)
    for cancelled, again in by_incident.values():
        assert mall.having(cancelled, "order.cancelled") and deserved[cancelled].deserves is Deserves.ENDED
        assert mall.placed(again)["address"] == mall.having(cancelled, "order.changed")[0]["data"]["address"]
        assert deserved[again].missed != "address"


def test_a_split_order_has_a_number_a_parcel_and_is_paid_at_most_once(mall: Reading) -> None:
    in_parts = 0
    for row in mall.labels("split_parcels"):
        sent = [e["data"]["parcel"] for e in mall.having(row.entity_id, "shipment.shipped")]
        assert len(set(sent)) == len(sent) >= 1
        paid = [e["data"]["amount"]["minor"] for e in mall.having(row.entity_id, "order.paid")]
        assert sum(paid) <= mall.placed(row.entity_id)["amount"]["minor"]
        in_parts += len(paid) == 2
    assert in_parts >= 2


def test_high_value_parcels_are_mostly_signed_for_and_some_are_not(mall: Reading) -> None:
    signed = [
        event["data"]["signed"] for event in mall.by_type["shipment.delivered"]
        if mall.placed(event["data"]["order"])["amount"]["minor"] >= 100_000
    ]  # fmt: skip
    assert sum(signed) / len(signed) == pytest.approx(0.9, abs=0.04)


def test_parts_of_the_money_go_back_and_do_not_end_the_cover(mall: Reading, deserved: dict[str, Cover]) -> None:
    parts = [
        e["data"]["order"] for e in mall.by_type["refund.created"]
        if e["data"]["amount"]["minor"] < mall.placed(e["data"]["order"])["amount"]["minor"]
    ]  # fmt: skip
    assert 0.005 < len(parts) / 6_000 < 0.02
    assert not [order for order in parts if deserved[order].deserves is Deserves.ENDED]


def test_bank_disputes_end_won_lost_or_dropped_weeks_later(mall: Reading) -> None:
    opened = {e["data"]["dispute"]: at(e) for e in mall.by_type["dispute.opened"]}
    outcomes: Counter[str] = Counter()
    for record in mall.world.builder.records:
        if record[2] == "dispute.closed" and record[4] is not None:
            outcomes[record[4]["outcome"]] += 1
    assert outcomes["lost"] > outcomes["won"] > 5
    for event in mall.by_type["dispute.closed"]:
        assert timedelta(days=24) < at(event) - opened[event["data"]["dispute"]] < timedelta(days=61)


def test_a_strike_or_a_holiday_makes_buyers_ask_but_no_seller_undeserving(
    mall: Reading, deserved: dict[str, Cover]
) -> None:
    for decoy in ("customs_strike", "golden_week"):
        rows = [deserved[row.entity_id] for row in mall.labels(decoy)]
        kept = [row for row in rows if not row.missed]
        assert kept and all(row.deserves in (Deserves.COVER, Deserves.ENDED) for row in kept)
    asked = [row for row in mall.labels("golden_week") if mall.having(row.entity_id, "refund.requested")]
    assert asked
    for row in asked:
        delivered = first(mall, row.entity_id, "shipment.delivered")
        assert delivered is not None and delivered.isoformat() >= "2026-10-07"


def test_rows_written_and_read_back_are_the_same(mall: Reading, tmp_path: Path) -> None:
    path = tmp_path / "cover.jsonl"
    assert write_covers(mall.world, path) == 6_000
    assert read_covers(path) == list(covers(mall.world))
    path.write_text('{"deserves": "pity"}\n')
    with pytest.raises(ValueError, match=r"cover.jsonl, line 1: not a row of cover"):
        read_covers(path)

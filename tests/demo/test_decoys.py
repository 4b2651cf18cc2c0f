"""The honest look-alikes look as bad as they should, and are honest."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from .conftest import Reading


def opened(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_decoys_are_marked_as_such_and_expect_to_be_left_alone(mall: Reading) -> None:
    names = {
        "travellers", "shared_offices", "families", "high_returners", "live_stream", "dormitory", "gift_season",
        "big_spenders", "customs_strike", "golden_week", "second_thoughts", "split_parcels",
    }  # fmt: skip
    rows = [row for row in mall.truth if row.attack in names]
    assert {row.attack for row in rows} == names
    assert all((row.role, row.expected_action, row.severity) == ("decoy", "allow", "none") for row in rows)


def test_no_decoy_is_ever_disputed_as_fraud(mall: Reading) -> None:
    decoys = {row.entity_id for row in mall.truth if row.role == "decoy" and row.entity_kind == "order"}
    for record in mall.world.builder.records:
        if record[2] in ("dispute.opened", "fraud.warned") and record[3] is not None and record[3].id in decoys:
            assert (record[4] or {})["reason"] in ("product_unacceptable", "duplicate", "product_not_received")


def test_travellers_order_from_another_country_with_their_own_device(mall: Reading) -> None:
    for order in mall.orders_of("travellers"):
        home = [e["data"] for e in mall.by_type["order.placed"] if e["data"]["buyer"] == order["buyer"]]
        assert order["ip_country"] != max(Counter(o["locale"][-2:] for o in home))
        assert order["device"] in {o["device"] for o in home if o["order"] != order["order"]} or len(home) < 4


def test_an_office_is_one_ip_with_many_buyers(mall: Reading) -> None:
    buyers = defaultdict(set)
    for order in mall.orders_of("shared_offices"):
        buyers[order["ip"]].add(order["buyer"])
    assert len(buyers) == 2 and all(len(found) >= 8 for found in buyers.values())
    assert {row.entity_id for row in mall.labels("shared_offices", "ip")} == set(buyers)


def test_a_family_shares_a_device_and_an_address(mall: Reading) -> None:
    families = defaultdict(set)
    for order in mall.orders_of("families"):
        families[order["device"], order["address"]].add(order["buyer"])
    assert len(families) == 4 and all(2 <= len(members) <= 5 for members in families.values())


def test_high_returners_really_send_it_back(mall: Reading) -> None:
    rows = mall.labels("high_returners")
    asked = [row for row in rows if mall.having(row.entity_id, "return.requested")]
    back = [row for row in asked if mall.having(row.entity_id, "return.received")]
    assert 0.2 < len(asked) / len(rows) < 0.7 and len(back) > 0.5 * len(asked)
    for row in back:
        out = mall.having(row.entity_id, "shipment.shipped")[0]["data"]["weight_g"]
        returned = mall.having(row.entity_id, "return.received")[0]["data"]["weight_g"]
        assert abs(returned - out) <= 0.04 * out


def test_a_live_stream_is_one_offer_and_ninety_minutes(mall: Reading) -> None:
    rows = mall.labels("live_stream")
    orders = [mall.placed(row.entity_id) for row in rows]
    assert len(orders) >= 30 and len({o["listing"] for o in orders}) == 1
    assert opened(max(r.start for r in rows)) - opened(min(r.start for r in rows)) < timedelta(minutes=91)


def test_a_dormitory_is_one_address_with_many_young_accounts(mall: Reading) -> None:
    orders = mall.orders_of("dormitory")
    assert len({o["address"] for o in orders}) == 1 and len({o["buyer"] for o in orders}) >= 8


def test_gifts_cross_a_border(mall: Reading) -> None:
    orders = mall.orders_of("gift_season")
    assert len(orders) >= 6
    assert all(o["bill_country"] != o["ship_country"] == "CN" for o in orders)


def test_big_spenders_are_new_and_authenticated(mall: Reading) -> None:
    for row in mall.labels("big_spenders"):
        order = mall.placed(row.entity_id)
        assert order["three_ds"] == "authenticated" and order["liability_shift"]
        assert opened(row.start) - opened(order["buyer_registered_at"]) < timedelta(hours=31)


def test_a_customs_strike_delays_chilean_parcels_and_nobody_elses(mall: Reading) -> None:
    rows = mall.labels("customs_strike")
    assert len(rows) > 10
    for row in rows:
        assert mall.placed(row.entity_id)["seller_country"] == "CL"
    assert any(e["data"]["scan"] == "exception" for row in rows for e in mall.having(row.entity_id, "shipment.tracked"))

"""Disputes over the API: the shop opens one for a buyer, either side moves it on, and what happened is told."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.test import override_settings
from tests.api.api_world import Machine, good, key, problem
from tests.protections.disputes.people import sold

pytestmark = pytest.mark.usefixtures("empty_database")


def opened(shop: Machine, order: str, **changes: Any) -> Any:
    body = {"reference": "c-1", "order": order, "type": "not_received", "words": "It never came", **changes}
    return shop.post("/v1/disputes", body)


def test_a_dispute_is_opened_once_read_and_settled() -> None:
    order, shop = sold(), Machine()
    made = good(opened(shop, order.ref), 201)
    assert (made["order"], made["seller"], made["state"]) == (order.ref, "sel-1", "open")
    assert made["turns"] == {"buyer": "their_turn", "seller": "my_turn"}
    assert good(opened(shop, order.ref), 201)["id"] == made["id"]
    steps = f"/v1/disputes/{made['id']}/steps"
    offered = good(
        shop.post(steps, {"role": "seller", "verb": "offer", "remedy": "partial_refund", "amount_minor": 3000})
    )
    assert "accept" in offered["can"]["buyer"]
    offer = next(one["id"] for one in offered["offers"] if one["role"] == "seller")
    ended = good(shop.post(steps, {"role": "buyer", "verb": "accept", "offer": offer}))
    (outcome,) = ended["outcomes"]
    assert (ended["status"], outcome["remedy"], outcome["liability"]) == ("closed", "partial_refund", "seller")
    assert outcome["says"] == "Both sides agreed to these terms."


def test_reasons_are_in_the_callers_language() -> None:
    order, shop = sold(), Machine()
    made = good(opened(shop, order.ref), 201)
    found = good(shop.get(f"/v1/disputes/{made['id']}", {"Accept-Language": "es"}))
    assert found["rule_says"].startswith("El vendedor prueba")


def test_lists_go_by_seller_and_state_page_by_page() -> None:
    order, shop = sold(), Machine()
    made = good(opened(shop, order.ref), 201)
    assert [one["id"] for one in good(shop.get("/v1/disputes", seller="sel-1"))["items"]] == [made["id"]]
    assert good(shop.get("/v1/disputes", seller="nobody"))["items"] == []
    shop.post(f"/v1/disputes/{made['id']}/steps", {"role": "buyer", "verb": "withdraw"})
    assert good(shop.get("/v1/disputes", open="true"))["items"] == []
    assert len(good(shop.get("/v1/disputes", limit=1))["items"]) == 1


def test_refusals_name_the_field_and_the_way_out() -> None:
    order, shop = sold(), Machine()
    problem(opened(shop, "ord-unknown"), 404, "not-found")
    problem(opened(shop, order.ref, type="bad_mood"), 422, "invalid")
    told = problem(opened(shop, order.ref, amount_minor=99_999_999), 422, "invalid")
    assert told["errors"][0]["field"] == "amount"
    made = good(opened(shop, order.ref), 201)
    told = problem(opened(shop, order.ref, reference="c-2"), 409, "conflict")
    assert "go on there" in told["detail"]
    steps = f"/v1/disputes/{made['id']}/steps"
    problem(shop.post(steps, {"role": "seller", "verb": "withdraw"}), 409, "conflict")
    problem(shop.post(steps, {"role": "seller", "verb": "shout"}), 422, "invalid")
    problem(shop.post(steps, {"role": "buyer", "verb": "withdraw", "seen_step": 7}), 409, "conflict")
    problem(shop.get("/v1/disputes/cas_nothing"), 404, "not-found")


def test_a_key_that_only_reads_opens_nothing() -> None:
    order = sold()
    problem(opened(Machine(key("disputes:read")), order.ref), 403, "scope-missing")


@override_settings(ROOT_URLCONF="safeconduct.config.urls")
def test_a_link_for_the_buyer_leads_to_the_page_of_the_order() -> None:
    order, shop = sold(), Machine()
    url = good(shop.post("/v1/dispute-links", {"order": order.ref}), 201)["url"]
    assert order.ref not in url
    assert shop.client.get(url.removeprefix("http://testserver"), follow=True).status_code == 200
    problem(shop.post("/v1/dispute-links", {"order": "ord-unknown"}), 404, "not-found")


def test_a_party_brings_evidence_and_both_see_it() -> None:
    order, shop = sold(), Machine()
    made = good(opened(shop, order.ref), 201)
    steps = f"/v1/disputes/{made['id']}/steps"
    text = base64.b64encode(b"The driver says he left it with the neighbour at number 14.").decode()
    brought = {"role": "seller", "verb": "evidence", "kind": "carrier_statement", "gist": "What the driver says"}
    found = good(shop.post(steps, {**brought, "file": text}))
    assert [(one["source"], one["says"]) for one in found["evidence"] if one["kind"] == "carrier_statement"] == [
        ("seller", "What the driver says")
    ]
    told = problem(shop.post(steps, {**brought, "file": "no Base64!"}), 422, "invalid")
    assert told["errors"][0]["field"] == "file"
    problem(shop.post(steps, brought), 422, "invalid")
    problem(shop.post(steps, {**brought, "kind": "gossip", "file": text}), 422, "invalid")
    exe = base64.b64encode(b"MZ\x90\x00" + bytes(60)).decode()
    problem(shop.post(steps, {**brought, "file": exe}), 422, "invalid")

"""Returns over the API: asked for in a buyer's name, moved on by either side, read with what was decided."""

from __future__ import annotations

import base64

import pytest
from django.test import Client, override_settings
from tests.api.api_world import Machine, good, key, problem
from tests.portal import shops
from tests.portal.shops import ago

from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.scope import staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def ask(shop: Machine, order: str, **changes: object) -> object:
    return shop.post("/v1/returns", {"reference": "rma-1", "order": order, **changes})


def test_a_return_is_asked_for_once_sent_and_withdrawn() -> None:
    order, shop = shops.order(at=ago(90), ship_country="DE").ref, Machine()
    made = good(ask(shop, order), 201)
    assert (made["order"], made["state"], made["statutory"]) == (order, "authorised", True)
    assert good(ask(shop, order), 201)["id"] == made["id"]
    assert "withdraw" in made["can"]["buyer"]
    steps = f"/v1/returns/{made['id']}/steps"
    ended = good(shop.post(steps, {"role": "buyer", "step": "withdraw", "seen_step": made["step"]}))
    (outcome,) = ended["outcomes"]
    assert (ended["state"], outcome["remedy"], outcome["automated"]) == ("withdrawn", "nothing", True)
    assert [one["id"] for one in good(shop.get("/v1/returns", seller="sel-1"))["items"]] == [made["id"]]
    assert good(shop.get("/v1/returns", seller="nobody"))["items"] == []


def test_recalled_goods_are_destroyed_with_a_proof_in_words() -> None:
    order, shop = shops.order(at=ago(90), ship_country="DE").ref, Machine()
    made = good(ask(shop, order, no_travel="recalled"), 201)
    steps = f"/v1/returns/{made['id']}/steps"
    problem(shop.post(steps, {"role": "buyer", "step": "destroyed"}), 422, "invalid")
    ended = good(shop.post(steps, {"role": "buyer", "step": "destroyed", "proof": "Cut up; receipt of the tip 4711"}))
    assert (ended["state"], ended["outcomes"][0]["amount"]) == ("decided", {"minor": 12_000, "currency": "USD"})


def test_refusals_name_the_field_and_the_way_out() -> None:
    order, shop = shops.order(at=ago(90), ship_country="DE").ref, Machine()
    problem(ask(shop, "ord-unknown"), 404, "not-found")
    problem(ask(shop, order, reason="bad_mood"), 422, "invalid")
    told = problem(ask(shop, order, lines={"1": 99_999_999}), 422, "invalid")
    assert told["errors"][0]["field"] == "lines"
    made = good(ask(shop, order), 201)
    problem(shop.post(f"/v1/returns/{made['id']}/steps", {"role": "seller", "step": "withdraw"}), 409, "conflict")
    problem(shop.get("/v1/returns/ret_nothing"), 404, "not-found")
    problem(ask(Machine(key("returns:read")), order), 403, "scope-missing")


@override_settings(ROOT_URLCONF="safeconduct.config.urls")
def test_the_buyer_gets_a_link_and_reads_where_the_parcel_goes() -> None:
    order, shop = shops.order(at=ago(90), ship_country="US").ref, Machine()
    made = good(ask(shop, order), 201)
    assert made["authorisation"].startswith("R-")
    steps = f"/v1/returns/{made['id']}/steps"
    sent = {"role": "seller", "step": "authorise", "send_to": "4 Elm St\nReno NV 89501"}
    assert good(shop.post(steps, sent))["send_to"] == "4 Elm St\nReno NV 89501"
    url = good(shop.post("/v1/return-links", {"order": order}), 201)["url"]
    page = Client().get(url, follow=True)
    assert page.status_code == 200
    assert "Reno NV 89501" in page.content.decode()
    problem(shop.post("/v1/return-links", {"order": "ord-unknown"}), 404, "not-found")


def test_a_seller_brings_a_picture_of_what_came_back_and_what_is_no_file_is_refused() -> None:
    order, shop = shops.order(at=ago(90), ship_country="DE").ref, Machine()
    made = good(ask(shop, order), 201)
    here = f"/v1/returns/{made['id']}/evidence"
    text = base64.b64encode(b"A brick was in the box.").decode()
    assert good(shop.post(here, {"role": "seller", "files": [text]}), 201)["id"] == made["id"]
    with staff_scope():
        piece = Evidence.objects.get(source="seller")
        assert (piece.kind, piece.media_type) == ("proof_of_difference", "text/plain")
    told = problem(shop.post(here, {"role": "seller", "files": ["§"]}), 422, "invalid")
    assert told["errors"][0]["field"] == "files.0"
    problem(shop.post(here, {"role": "seller", "files": []}), 422, "invalid")
    problem(shop.post("/v1/returns/ret_nothing/evidence", {"role": "buyer", "files": [text]}), 404, "not-found")

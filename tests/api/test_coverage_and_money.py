"""What the shop asks about protection and money: certificates in a language, balances, holds with their reasons."""

from __future__ import annotations

from tests.api.api_world import Machine, good, key, problem
from tests.protections.transactions.shop import Shop


def test_a_certificate_says_what_is_still_to_be_done_in_the_callers_language() -> None:
    Shop().sold("ord/1")
    shop = Machine()
    found = good(shop.get("/v1/coverage/ord/1", {"Accept-Language": "es"}))
    assert (found["order"], found["seller"], found["state"]) == ("ord/1", "sel-1", "active")
    assert found["up_to"] == {"minor": 10_000, "currency": "USD"} and found["pays"]["minor"] == 0
    waiting = next(c for c in found["conditions"] if c["name"] == "ship_by")
    assert waiting["standing"] == "pending" and waiting["due_at"].startswith("2026-06-03")
    assert waiting["do"].startswith("Entregue")
    causes = {cause["cause"]: cause for cause in found["causes"]}
    assert causes["not_received"]["says"] == "Enviado en 48 horas desde el pago"
    assert (found["template"], found["template_version"]) == ("jd-like", 1)


def test_a_sellers_orders_are_listed_newest_first_and_by_state() -> None:
    world = Shop()
    for number in range(5):
        world.sold(f"ord-{number}", day=number / 10, seller="sel-1")
    world.ship("ord-3", day=0.6)
    shop = Machine()
    first = good(shop.get("/v1/coverage", seller="sel-1", limit=3))
    rest = good(shop.get("/v1/coverage", seller="sel-1", limit=3, cursor=first["next"]))
    assert [item["order"] for item in first["items"] + rest["items"]] == [f"ord-{n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next"] is None
    (safe,) = good(shop.get("/v1/coverage", seller="sel-1", state="protected"))["items"]
    assert safe["order"] == "ord-3"
    assert good(shop.get("/v1/coverage", seller="nobody"))["items"] == []


def test_balances_and_holds_say_what_a_seller_has_and_why_some_of_it_waits() -> None:
    world = Shop()
    world.sold("ord-1", deliver=True)
    world.sold("ord-2", day=3.1)
    world.disputed("ord-1", day=4)
    shop = Machine()
    (balance,) = good(shop.get("/v1/balances", seller="sel-1"))["items"]
    assert (balance["pending_minor"], balance["on_hold_minor"], balance["owed_minor"]) == (9170, 9200, 0)
    assert balance["available_minor"] == 9170, "the fund pays for now what is held"
    paid = good(shop.get("/v1/coverage/ord-1"))
    assert (paid["state"], paid["pays"]["minor"]) == ("claimed", 0)
    assert paid["pays_for_now"] == {"minor": 10_000, "currency": "USD"}
    (hold,) = good(shop.get("/v1/holds", {"Accept-Language": "zh"}, seller="sel-1"))["items"]
    assert hold["order"] == "ord-1" and hold["held_minor"] == 9200 and hold["reason"] == "chargeback_open"
    assert "银行" in hold["says"] and "释放" in hold["release_says"] and hold["release_at"]
    world.tell("dispute.closed", "ord-1", day=5, dispute="dp-ord-1", outcome="won")
    assert good(shop.get("/v1/holds", seller="sel-1"))["items"] == []
    (ended,) = good(shop.get("/v1/holds", seller="sel-1", open="false", order="ord-1"))["items"]
    assert ended["held_minor"] == 0 and ended["ended_at"]
    assert good(shop.get("/v1/coverage/ord-1"))["pays_for_now"]["minor"] == 0


def test_a_claim_says_in_which_ways_its_money_is_asked_for_and_why_refunds_stand_still() -> None:
    world = Shop()
    world.sold("ord-1", deliver=True)
    world.sold("ord-2", day=0.2, deliver=True)
    world.disputed("ord-1", day=4)
    world.disputed("ord-2", day=4.1)
    shop = Machine()
    first = good(shop.get("/v1/claims", seller="sel-1", limit=1))
    rest = good(shop.get("/v1/claims", seller="sel-1", limit=1, cursor=first["next"]))
    assert [one["order"] for one in first["items"] + rest["items"]] == ["ord-2", "ord-1"] and rest["next"] is None
    (claim,) = good(shop.get("/v1/claims", {"Accept-Language": "zh"}, seller="sel-1", order="ord-1"))["items"]
    assert (claim["paid_minor"], claim["frozen"], claim["refundable_minor"]) == (10_000, True, 10_000)
    assert [(one["kind"], one["ended_at"]) for one in claim["channels"]] == [("chargeback", None)]
    assert claim["hold"]["held_minor"] == 9200 and "银行" in claim["hold"]["says"]
    world.tell("dispute.closed", "ord-1", day=5, dispute="dp-ord-1", outcome="won")
    assert good(shop.get("/v1/claims", seller="sel-1", order="ord-1"))["items"] == []
    (ended,) = good(shop.get("/v1/claims", seller="sel-1", order="ord-1", open="false"))["items"]
    assert ended["hold"] is None and ended["channels"][0]["outcome"] == "won" and not ended["frozen"]
    assert good(shop.get("/v1/claims", seller="sel-2"))["items"] == []
    assert problem(shop.get("/v1/claims"), 422, "invalid")["errors"][0]["field"] == "seller"


def test_wrong_questions_are_refused_by_the_name_of_the_field() -> None:
    shop = Machine()
    problem(shop.get("/v1/coverage/none"), 404, "not-found")
    assert problem(shop.get("/v1/balances"), 422, "invalid")["errors"][0]["field"] == "seller"
    assert problem(shop.get("/v1/coverage", seller="s", state="good"), 422, "invalid")["errors"][0]["field"] == "state"
    Shop().sold("ord-1")
    for path in ("/v1/coverage", "/v1/holds"):
        assert problem(shop.get(path, seller="sel-1", cursor="%%"), 422, "invalid")["errors"][0]["field"] == "cursor"
    problem(Machine(key("decisions:read")).get("/v1/balances", seller="s"), 403, "scope-missing")


def test_a_whole_order_through_the_door_moves_the_money() -> None:
    Shop()
    from tests.kernel.builders import event, usd

    shop = Machine()
    good(shop.post("/v1/events", event(order="ord-1", amount=usd(100), ip_country="XR")))
    paid = event("order.paid", order="ord-1", seller="sel-1", amount=usd(100))
    for _ in range(2):
        good(shop.post("/v1/events", paid))
    (hold,) = good(shop.get("/v1/holds", seller="sel-1"))["items"]
    assert hold["reason"] == "order_under_review" and hold["held_minor"] == 9170

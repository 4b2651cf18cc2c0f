"""A back office reads decisions, and carries people's words into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.api_world import Machine, good, key, problem
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, person, usd

from safeconduct.api.decision_documents import DecisionFound, DecisionPage
from safeconduct.api.event_documents import BatchAnswer, EventAnswer
from safeconduct.kernel.decisions import policies
from safeconduct.kernel.decisions.models import Decision, Review
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope


def held(shop: Machine, **data: Any) -> dict[str, Any]:
    """An order that is stopped; its one decision."""
    decision: dict[str, Any] = good(shop.post("/v1/events", event(amount=usd(6000), **data)))["decisions"][0]
    return decision


def test_decisions_are_found_by_order_seller_action_policy_and_time() -> None:
    live_policy()
    shop = Machine()
    held(shop, order="ord-A", seller="sel-A")
    good(shop.post("/v1/events", event(order="ord-B", seller="sel-A")))
    good(shop.post("/v1/events", event(order="ord-C", seller="sel-C")))

    def orders(**asked: Any) -> list[str]:
        return [item["order"] for item in good(shop.get("/v1/decisions", **asked))["items"]]

    assert orders() == ["ord-C", "ord-B", "ord-A"]
    assert orders(order="ord-B") == ["ord-B"]
    assert orders(seller="sel-A") == ["ord-B", "ord-A"]
    assert orders(action="block") == ["ord-A"]
    assert orders(policy="order-risk", seller="sel-C") == ["ord-C"]
    assert orders(policy="other") == orders(order="never-seen") == []
    assert orders(since="2026-01-01T00:00:00Z") == ["ord-C", "ord-B", "ord-A"]
    assert orders(since="2080-01-01T00:00:00+08:00") == []


def test_a_wrong_filter_is_named() -> None:
    shop = Machine()
    for asked, field in (
        ({"action": "maybe"}, "action"), ({"since": "yesterday"}, "since"), ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"limit": 0}, "limit"), ({"limit": 1000}, "limit"), ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"order": "a\x00b"}, "order"),
    ):  # fmt: skip
        document = problem(shop.get("/v1/decisions", **asked), 422, "invalid")
        assert document["errors"][0]["field"] == field, asked


def test_paging_loses_and_repeats_nothing_while_events_come_in() -> None:
    live_policy()
    shop = Machine()
    sent = {good(shop.post("/v1/events", event()))["decisions"][0]["id"] for _ in range(7)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = good(shop.get("/v1/decisions", limit=2, **cursor))
        seen += [item["id"] for item in page["items"]]
        good(shop.post("/v1/events", event()))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == len(set(seen)) and set(seen) == sent


def test_a_decision_shows_what_it_saw_and_why() -> None:
    live_policy()
    shop = Machine()
    decision = held(shop, order="ord-A")
    found = good(shop.get(f"/v1/decisions/{decision['id']}", {"Accept-Language": "es"}))
    assert found["order"] == "ord-A" and found["fired"] == ["huge"] and found["values"]["amount"] == 600000
    assert "supera el límite" in found["reasons"][0]["full"]
    problem(shop.get("/v1/decisions/dec_00000000000000000000000000"), 404, "not-found")


def test_a_person_overrides_through_the_api_and_both_decisions_are_kept() -> None:
    live_policy()
    shop, analyst = Machine(), person(StaffRole.ANALYST)
    decision = held(shop)
    path = f"/v1/decisions/{decision['id']}/override"
    sent = {"action": "allow", "why": "The buyer called", "person": analyst.email}
    made = good(shop.post(path, sent))
    assert made["kind"] == "override" and made["action"] == "allow" and made["automated"] is False
    assert made["decided_by"] == analyst.id and made["replaces"] == decision["id"]
    assert made["reasons"][0]["full"] == "The buyer called"
    document = problem(shop.post(path, sent), 409, "conflict")
    assert document["code"] == "changed_meanwhile"
    with staff_scope():
        assert Decision.objects.get(id=made["id"]).reasons["through"].startswith("key_")
    listed = good(shop.get("/v1/decisions"))["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    assert len(good(shop.get("/v1/decisions", standing="false"))["items"]) == 2


def test_a_retried_override_is_answered_from_memory() -> None:
    live_policy()
    analyst = person(StaffRole.ANALYST)
    shop = Machine(key("events:write", "decisions:write", by=analyst.id))  # the key's maker decides where none is named
    path = f"/v1/decisions/{held(shop)['id']}/override"
    first = shop.post(path, {"action": "allow", "why": "The buyer called"}, idempotency="k-1")
    again = shop.post(path, {"action": "allow", "why": "The buyer called"}, idempotency="k-1")
    assert good(first)["decided_by"] == analyst.id and first.content == again.content


def test_a_machine_cannot_rule_on_its_own() -> None:
    live_policy()
    shop = Machine()
    path = f"/v1/decisions/{held(shop)['id']}/override"
    for named in ({}, {"person": "nobody@example.org"}, {"person": person(StaffRole.NONE).id}):
        document = problem(shop.post(path, {"action": "allow", "why": "Because", **named}), 422, "invalid")
        assert document["errors"][0]["field"] == "person"
    document = problem(shop.post(path, {"action": "allow", "why": "x", "verdict": 1}), 422, "invalid")
    assert {error["field"] for error in document["errors"]} == {"why", "verdict"}
    problem(Machine(key("decisions:read")).post(path, {}), 403, "scope-missing")
    with staff_scope():
        assert not Review.objects.filter(state=Review.State.DONE).exists()


def test_decisions_in_shadow_are_not_told() -> None:
    live_policy()
    with staff_scope():
        draft = policies.save_draft(None, "order-risk", CARD_AT_MANY_SHOPS.replace("5000", "1"), at=START)
        policies.start_shadow(draft.id, None, at=START + timedelta(hours=1))
    shop = Machine()
    answer = good(shop.post("/v1/events", event(amount=usd(60))))
    assert [decision["action"] for decision in answer["decisions"]] == ["allow"]
    assert len(good(shop.get("/v1/decisions", standing="false"))["items"]) == 1
    assert len(good(shop.get(f"/v1/events/{answer['id']}"))["decisions"]) == 1
    with staff_scope():
        assert Decision.objects.count() == 2


def test_answers_written_by_hand_have_the_form_that_is_documented() -> None:
    live_policy()
    shop = Machine()
    one = good(shop.post("/v1/events", event(amount=usd(6000))))
    EventAnswer.model_validate(one)
    BatchAnswer.model_validate(good(shop.post("/v1/events/batch", [event(), {}])))
    DecisionPage.model_validate(good(shop.get("/v1/decisions")))
    DecisionFound.model_validate(good(shop.get(f"/v1/decisions/{one['decisions'][0]['id']}")))

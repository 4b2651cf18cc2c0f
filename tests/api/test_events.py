"""A shop sends events and gets decisions."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.api.api_world import Machine, good, key, problem
from tests.kernel.builders import event, live_policy, usd

from safeconduct.api.examples import EVENT
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.scope import staff_scope


def test_an_order_is_stored_and_decided_in_one_call() -> None:
    live_policy()
    answer = good(Machine().post("/v1/events", event(amount=usd(6000))))
    assert answer["status"] == "stored" and answer["type_known"] and answer["action"] == "block"
    assert answer["provisional"] is False
    (decision,) = answer["decisions"]
    assert decision["policy"] == "order-risk" and decision["version"] == 1 and decision["kind"] == "live"
    assert decision["reasons"][0]["full"] == "Amount $6,000.00 is above the limit"
    assert decision["latency_us"] > 0


def test_the_readme_sends_a_file_that_is_there_with_the_key_it_makes_and_gets_a_decision() -> None:
    live_policy()
    root = Path(__file__).resolve().parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    scopes = re.findall(r"keys api shop.*?--scope ([\w:]+)", readme)
    (name,) = re.findall(r"-d @(\S+)", readme)
    sent = (root / name).read_bytes()
    answer = good(Machine(key(*scopes)).post("/v1/events", sent))
    assert answer["status"] == "stored" and [made["action"] for made in answer["decisions"]] == ["allow"]
    assert json.loads(sent) == EVENT, "the file and docs/api.md show the same order"


def test_reasons_come_in_the_language_asked_for() -> None:
    live_policy()
    answer = Machine().post("/v1/events", event(amount=usd(6000)), {"Accept-Language": "de, zh-CN;q=0.8, en;q=0.5"})
    assert "超过上限" in good(answer)["decisions"][0]["reasons"][0]["full"]
    assert answer["Content-Language"] == "zh"


def test_an_event_sent_twice_gets_the_decision_already_made() -> None:
    live_policy()
    shop = Machine()
    one = event(amount=usd(6000))
    first, again = good(shop.post("/v1/events", one)), good(shop.post("/v1/events", one))
    assert again["status"] == "duplicate" and again["id"] == first["id"]
    assert again["decisions"] == first["decisions"] and again["action"] == "block"
    with staff_scope():
        assert Decision.objects.count() == 1


def test_a_bad_field_is_named_with_the_way_out() -> None:
    live_policy()
    document = problem(Machine().post("/v1/events", event(amount={"minor": "12", "currency": "USD"})), 422, "invalid")
    assert document["errors"] == [
        {"field": "data.amount.minor", "problem": "minor must be a whole number of minor units, not a text"}
    ]
    with staff_scope():
        assert not Event.objects.exists()


def test_what_is_out_of_bounds_or_empty_is_said_as_it_is() -> None:
    shop, said = Machine(), []
    for spoilt in ({"amount": {"minor": 2**70, "currency": "USD"}}, {"seller": " "}):
        whole = event()
        whole["data"].update(spoilt)
        said.append(problem(shop.post("/v1/events", whole), 422, "invalid")["errors"][0])
    assert said == [
        {
            "field": "data.amount.minor",
            "problem": "minor is above 10,000,000,000,000,000, the largest amount; is it minor units?",
        },
        {"field": "data.seller", "problem": "seller is empty: the seller's id in the shop system"},
    ]
    told = problem(shop.post("/v1/events", b'{"id": ' + b"9" * 5000 + b"}"), 400, "malformed")["detail"]
    assert told == "the body is not JSON: a number has too many digits"
    asked = problem(shop.post("/v1/labels", {"labels": [{"order": "", "label": "good", "x": 1}]}), 422, "invalid")
    assert [error["problem"] for error in asked["errors"]] == [
        "is empty", "there is no such field here"
    ]  # fmt: skip


def test_an_event_can_be_stored_without_waiting_for_its_decision() -> None:
    live_policy()
    shop = Machine()
    answer = good(shop.post("/v1/events?wait=false", event()))
    assert answer["action"] is None and answer["decisions"] == [] and answer["provisional"] is False
    assert good(shop.get(f"/v1/events/{answer['id']}"))["waiting"] is True


def test_an_event_nobody_listens_to_has_no_action() -> None:
    live_policy()
    answer = good(Machine().post("/v1/events", event("order.teleported")))
    assert answer["action"] is None and answer["type_known"] is False and answer["provisional"] is False


def test_a_batch_is_answered_event_by_event() -> None:
    live_policy()
    dear, bad = event(amount=usd(9000), id="dear"), event(order=None)
    answer = good(Machine().post("/v1/events/batch", {"events": [event(), bad, dear, dear]}))
    assert [result["index"] for result in answer["results"]] == [0, 1, 2, 3]
    assert [result["status"] for result in answer["results"]] == ["stored", "refused", "stored", "duplicate"]
    assert answer["results"][1]["field"] == "data.order" and "needs order" in answer["results"][1]["problem"]
    assert answer["results"][2]["action"] == answer["results"][3]["action"] == "block"
    assert (answer["stored"], answer["duplicates"], answer["refused"]) == (2, 1, 1)


def test_a_cloudevents_batch_is_a_bare_array() -> None:
    live_policy()
    assert good(Machine().post("/v1/events/batch", [event(), event()]))["stored"] == 2


def test_more_than_a_thousand_events_are_too_many() -> None:
    document = problem(Machine().post("/v1/events/batch", [{}] * 1001), 413, "too-large")
    assert "1000" in document["detail"]


def test_an_event_can_be_read_again_with_what_stands_about_it() -> None:
    live_policy()
    shop = Machine()
    sent = good(shop.post("/v1/events", event(id="e-7", amount=usd(6000), email="ana@example.org")))
    found = good(shop.get(f"/v1/events/{sent['id']}"))
    assert found["source_id"] == "e-7" and found["action"] == "block" and found["waiting"] is False
    assert found["data"]["seller"] == "sel-1" and "email" not in found["data"]
    problem(shop.get("/v1/events/evt_00000000000000000000000000"), 404, "not-found")
    problem(shop.get("/v1/events/%00"), 404, "not-found")


def test_half_of_a_surrogate_pair_in_a_field_nobody_reads_does_not_stop_a_batch() -> None:
    live_policy()
    odd = event(note="\ud800")
    assert good(Machine().post("/v1/events/batch", [event(), odd]))["stored"] == 2


def test_a_key_without_the_scope_may_not_write_events() -> None:
    document = problem(Machine(key("decisions:read")).post("/v1/events", event()), 403, "scope-missing")
    assert "events:write" in document["detail"]

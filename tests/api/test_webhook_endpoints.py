"""A machine sets up where messages go, reads what became of them, and has them sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.api.api_world import Machine, key, problem
from tests.kernel.notices.receiver import receiving

from safeconduct.kernel.notices import upkeep
from safeconduct.kernel.notices.outbox import Message, MessageKind, publish
from safeconduct.kernel.scope import engine_scope

URL = "http://127.0.0.1:9/hooks"


def made(machine: Machine, url: str = URL, **fields: Any) -> dict[str, Any]:
    answer = machine.post("/v1/webhooks/endpoints", {"url": url, "kinds": ["hold.placed"], **fields})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def publish_hold(at: datetime) -> None:
    data = {"hold": "hld_1", "amount": {"minor": 500, "currency": "USD"}, "reason": "bank_inquiry"}
    with engine_scope():
        publish([Message("hold/1/placed", MessageKind.HOLD_PLACED, data, at)])


def test_from_a_new_endpoint_to_a_verified_test_message() -> None:
    machine = Machine()
    with receiving() as receiver:
        endpoint = made(machine, receiver.url, name="Shop")
        assert endpoint["enabled"] is True
        secret = machine.get(f"/v1/webhooks/endpoints/{endpoint['id']}/secret").json()["secret"]
        delivery = machine.post(f"/v1/webhooks/endpoints/{endpoint['id']}/ping", "").json()
        assert delivery["kind"] == "webhook.test"
        upkeep.keep_up(datetime.now(UTC))
        Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
    found = machine.get(f"/v1/webhooks/deliveries/{delivery['id']}").json()
    assert (found["state"], found["status"], found["due_at"]) == ("delivered", 204, None)
    assert [one["status"] for one in found["log"]] == [204]


def test_a_retried_creation_makes_one_endpoint_and_keeps_no_secret_in_its_answer() -> None:
    machine = Machine()
    body = {"url": URL, "kinds": ["hold.placed"]}
    first = machine.post("/v1/webhooks/endpoints", body, idempotency="k-1")
    again = machine.post("/v1/webhooks/endpoints", body, idempotency="k-1")
    assert first.content == again.content
    assert b"whsec" not in first.content
    assert len(machine.get("/v1/webhooks/endpoints").json()["items"]) == 1


def test_what_was_missed_is_resent() -> None:
    machine, now = Machine(), datetime.now(UTC)
    with receiving() as receiver:
        endpoint = made(machine, receiver.url)
        address = f"/v1/webhooks/endpoints/{endpoint['id']}"
        patched = machine.client.patch(
            address, '{"enabled": false}', content_type="application/json",
            headers={"Authorization": f"Bearer {machine.secret}"},
        )  # fmt: skip
        assert patched.json()["off"] == "person"
        publish_hold(now)
        upkeep.keep_up(now)
        body = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
        problem(machine.post(f"{address}/resend", body), 409, "conflict")
        machine.client.patch(
            address, '{"enabled": true}', content_type="application/json",
            headers={"Authorization": f"Bearer {machine.secret}"},
        )  # fmt: skip
        assert machine.post(f"{address}/resend", body).json() == {"messages": 1}
        upkeep.keep_up(datetime.now(UTC))
        assert len(receiver.got) == 1
    (row,) = machine.get(f"{address}/deliveries", state="delivered").json()["items"]
    assert machine.post(f"/v1/webhooks/deliveries/{row['id']}/resend", "").json()["state"] == "waiting"


def test_a_changed_secret_is_read_anew() -> None:
    machine = Machine()
    address = f"/v1/webhooks/endpoints/{made(machine)['id']}"
    before = machine.get(f"{address}/secret").json()
    machine.post(f"{address}/rotate", {})
    after = machine.get(f"{address}/secret").json()
    assert after["secret"] != before["secret"]
    assert after["previous_until"] is not None


def test_pages_of_deliveries_follow_each_other() -> None:
    machine = Machine()
    address = f"/v1/webhooks/endpoints/{made(machine)['id']}"
    sent = [machine.post(f"{address}/ping", "").json()["id"] for _ in range(5)]
    first = machine.get(f"{address}/deliveries", limit=2).json()
    second = machine.get(f"{address}/deliveries", limit=2, cursor=first["next"]).json()
    third = machine.get(f"{address}/deliveries", limit=2, cursor=second["next"]).json()
    assert [row["id"] for page in (first, second, third) for row in page["items"]] == sent[::-1]
    assert third["next"] is None
    problem(machine.get(f"{address}/deliveries", cursor="nonsense"), 422, "invalid")


@pytest.mark.parametrize(
    ("body", "field"),
    [({"url": "gopher://x", "kinds": ["hold.placed"]}, "url"), ({"url": URL, "kinds": ["hold.eaten"]}, "kinds"),
     ({"url": URL, "kinds": []}, "kinds"), ({"url": URL}, "kinds")],
)  # fmt: skip
def test_a_wrong_endpoint_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    found = problem(Machine().post("/v1/webhooks/endpoints", body), 422, "invalid")
    assert [error["field"] for error in found["errors"]] == [field]


def test_a_key_that_reads_does_not_read_secrets_or_change_anything() -> None:
    endpoint = made(Machine())
    reader = Machine(key("webhooks:read"))
    assert reader.get(f"/v1/webhooks/endpoints/{endpoint['id']}").status_code == 200
    problem(reader.get(f"/v1/webhooks/endpoints/{endpoint['id']}/secret"), 403, "scope-missing")
    problem(reader.post(f"/v1/webhooks/endpoints/{endpoint['id']}/ping", ""), 403, "scope-missing")
    problem(reader.get("/v1/webhooks/endpoints/whe_none"), 404, "not-found")
    problem(reader.get("/v1/webhooks/deliveries/whd_none"), 404, "not-found")

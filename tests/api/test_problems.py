"""Every error is a problem document that names the way out."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import Client, RequestFactory, override_settings
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import CARD_AT_MANY_SHOPS, event, live_policy

from safeconduct.api import application, outage, reference
from safeconduct.api.bodies import MAX_BYTES
from safeconduct.api.refusals import problem_of
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.scope import ENGINE, engine_scope, owner_scope, query


def test_an_address_that_does_not_exist() -> None:
    for path in ("/v1/", "/v1", "/v1/nothing", "/v1/events/a/b", "/v1/decisions/"):
        problem(Machine().get(path), 404, "not-found")


def test_a_method_that_is_not_offered() -> None:
    answer = Machine().client.put("/v1/events", "{}", content_type="application/json")
    problem(answer, 405, "method-not-allowed")
    assert answer["Allow"] == "POST"
    problem(Machine().post("/v1/openapi.json", {}), 405, "method-not-allowed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path, methods in reference.specification()["paths"].items()
        for method in methods
        if method in ("get", "post", "delete") and not path.endswith("/webhook")  # whose senders add what they like
    ],
)  # fmt: skip
def test_a_query_parameter_that_an_address_does_not_have_is_refused_by_name(method: str, path: str) -> None:
    shop, address = Machine(), f"{path.replace('{', '').replace('}', '')}?no_such_thing=1"
    answer = {"get": shop.get, "delete": shop.delete}[method](address) if method != "post" else shop.post(address, {})
    told = problem(answer, 422, "invalid")
    assert [error["field"] for error in told["errors"]] == ["no_such_thing"], path
    assert "there is no such query parameter here" in told["errors"][0]["problem"]


def test_a_misspelt_filter_is_told_the_nearest_one_and_does_not_give_everything() -> None:
    (error,) = problem(Machine().get("/v1/decisions?ordr=ord-1&limit=5"), 422, "invalid")["errors"]
    assert error == {"field": "ordr", "problem": "there is no such query parameter here; did you mean `order`?"}
    (error,) = problem(Machine().get("/v1/workflows?limit=5"), 422, "invalid")["errors"]
    assert error["problem"] == "there is no such query parameter here; this address takes none"
    problem(Machine("sck_" + "a" * 43).get("/v1/decisions?ordr=ord-1"), 401, "key-unknown")


def test_bodies_that_cannot_be_read() -> None:
    shop = Machine()
    for body, words in (
        ("{", "line 1"), ("", "JSON"), (b"\xff\xfe", "UTF-8"), ('{"a": NaN}', "NaN"), ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"), ("[" * 5000 + "]" * 5000, "deep"), ("[" * 40 + "]" * 40, "deep"),
        ('{"a": ' + "9" * 5000 + "}", "JSON"),
    ):  # fmt: skip
        assert words in problem(shop.post("/v1/events", body), 400, "malformed")["detail"], body[:20]
    problem(shop.post("/v1/events", "[]"), 422, "invalid")
    problem(shop.post("/v1/events", '"text"'), 422, "invalid")


def test_a_body_of_another_kind_or_beyond_the_limit() -> None:
    shop = Machine()
    form = shop.client.post("/v1/events", {"a": "b"}, headers={"Authorization": f"Bearer {shop.secret}"})
    problem(form, 415, "media-type")
    problem(shop.post("/v1/events", b" " * (MAX_BYTES + 1)), 413, "too-large")


def test_duplicate_keys_in_a_body_do_no_harm() -> None:
    live_policy()
    twice = '{"id": "x", "id": "e-1", "source": "s", "type": "order.teleported", "time": "2026-06-01T12:00:00Z"'
    twice += ', "data": {}}'
    assert good(Machine().post("/v1/events", twice))["status"] == "stored"


def test_a_fault_of_ours_tells_an_id_and_no_stack() -> None:
    document = problem_of(RequestFactory().get("/v1/x"), ZeroDivisionError("secret detail"))
    assert document.more["instance"].startswith("fault-") and "secret" not in document.response().content.decode()


def test_a_policy_too_slow_for_its_budget_gives_its_written_answer_and_the_decision_follows() -> None:
    live_policy(CARD_AT_MANY_SHOPS.replace("in: USD", "in: USD\non_failure: challenge", 1), budget_ms=1)
    shop = Machine()
    sent = event()
    with psycopg.connect(_owner_url()) as other:
        other.execute("LOCK TABLE mute IN ACCESS EXCLUSIVE MODE")
        first = good(shop.post("/v1/events", sent, idempotency="k-1"))
    assert first["provisional"] is True and first["action"] == "challenge" and first["decisions"] == []
    with owner_scope():
        query("UPDATE policy_version SET text = replace(text, 'budget: 1 ms', 'budget: 9999 ms')")
    _forget_compiled()
    # A provisional answer is not kept: the same request again gets the decision.
    again = good(shop.post("/v1/events", sent, idempotency="k-1"))
    assert again["status"] == "duplicate" and again["provisional"] is False and again["action"] == "allow"


def test_while_the_database_is_away_the_answer_says_what_the_policies_would_have_done() -> None:
    live_policy(CARD_AT_MANY_SHOPS.replace("in: USD", "in: USD\non_failure: block", 1))
    shop = Machine()
    good(shop.post("/v1/events", event()))
    with _database_away():
        answer = shop.post("/v1/events", event())
        document = problem(answer, 503, "unavailable")
        assert document["fallback_action"] == "block" and int(answer["Retry-After"]) >= 1
        document = problem(shop.post("/v1/events", event()), 503, "unavailable")  # at once: known to be away
        assert Client().get("/readyz").status_code == 503
        assert Client().get("/healthz").status_code == 200
    outage._state.down_until = 1e-9  # the pause is over
    assert good(shop.post("/v1/events", event()))["provisional"] is False
    assert Client().get("/readyz").json()["waiting"] == 0


def test_a_refused_request_during_an_outage_does_not_keep_the_others_out() -> None:
    live_policy()
    shop = Machine()
    with _database_away():
        problem(shop.post("/v1/events", event()), 503, "unavailable")
    outage._state.down_until = 1e-9  # the pause is over
    problem(Machine("").post("/v1/events", event()), 401, "key-missing")  # the first to try never asks the database
    good(shop.post("/v1/events", event()))
    assert outage._state.down_until == 0.0


def test_a_process_that_knows_no_policy_fails_closed() -> None:
    with _database_away():
        assert (
            problem(Machine("sck_" + "a" * 43).post("/v1/events", event()), 503, "unavailable")["fallback_action"]
            == "review"
        )


def test_events_of_a_type_no_policy_decides_are_let_through_in_an_outage() -> None:
    live_policy()
    with engine_scope():
        pass
    outage.refresh()
    assert outage.answer_for("order.placed") is not Action.ALLOW
    assert outage.answer_for("orders/create") is outage.answer_for("order.placed")
    assert outage.answer_for("review.posted") is Action.ALLOW


def test_what_every_operation_can_refuse_is_declared() -> None:
    for path, methods in application.api.get_openapi_schema(path_prefix="/v1/")["paths"].items():
        for method, operation in methods.items():
            declared = {int(status) for status in operation["responses"]}
            assert {405, 500, 503} <= declared, path
            if "webhook" not in path:
                assert {401, 403, 429} <= declared, path
                if "requestBody" in operation:
                    assert {400, 413, 415, 422} <= declared, path
                if method == "post":
                    assert 409 in declared, path


def _owner_url() -> str:
    import os

    return os.environ["SAFECONDUCT_DATABASE_URL"]


def _forget_compiled() -> None:
    from safeconduct.kernel.decisions import running

    running._by_version.clear()


class _database_away:
    """The engine's login leads to a server that is not there."""

    def __enter__(self) -> None:
        wrapper: Any = connections[ENGINE]
        wrapper.close()
        self.wrapper, self.kept = wrapper, wrapper.settings_dict
        wrapper.settings_dict = {
            **self.kept, "HOST": "127.0.0.1", "PORT": "1", "OPTIONS": {"prepare_threshold": None, "connect_timeout": 2},
        }  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self.wrapper.close()
        self.wrapper.settings_dict = self.kept


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/docs", "/v1/openapi.json"])
def test_health_and_the_reference_need_no_key(path: str) -> None:
    with override_settings(ROOT_URLCONF="safeconduct.api.urls"):
        assert Client().get(path).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/openapi.json", "/v1/docs"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_public_addresses_take_no_other_method_than_they_need(path: str, method: str) -> None:
    answer = Client().generic(method, path)
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD"
    assert Client().head(path).status_code == 200

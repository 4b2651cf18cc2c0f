"""Keys, rates, and what a retry gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from tests.api.api_world import Answer, Machine, good, key, problem
from tests.kernel.builders import event, live_policy, usd

from safeconduct.api import gate
from safeconduct.api.gate import guarded
from safeconduct.api.keys import KeyRefused, create_key, expire_key, revoke_key
from safeconduct.api.models import ApiKey, IdempotentAnswer
from safeconduct.kernel.decisions.models import WatchList
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.operations.problems import Code, Problem
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

LIST = {"name": "stolen-cards", "kind": "deny", "entity": "card"}


def test_a_secret_is_shown_once_and_only_its_hash_is_kept() -> None:
    with staff_scope():
        made, secret = create_key("shop", ["events:write"], Actor("usr_1", "administrator"))
        kept = ApiKey.objects.get(id=made.id)
    assert secret.startswith("sck_") and len(secret) == 47
    assert secret.encode() not in bytes(kept.secret_hash) and kept.hint == secret[:10] and kept.created_by == "usr_1"


def test_a_key_needs_a_name_and_known_scopes() -> None:
    for name, scopes, words in (("", ["events:write"], "name"), ("shop", [], "scopes"), ("shop", ["all"], "'all'")):
        with staff_scope(), pytest.raises(KeyRefused, match=words):
            create_key(name, scopes, Actor("usr_1", "administrator"))


def test_each_way_a_key_can_be_wrong_has_its_own_answer() -> None:
    assert problem(Machine("").get("/v1/decisions"), 401, "key-missing")
    assert Machine("").get("/v1/decisions")["WWW-Authenticate"].startswith("Bearer")
    problem(Machine("sck_short").get("/v1/decisions"), 401, "key-unknown")
    problem(Machine("sck_" + "a" * 43).get("/v1/decisions"), 401, "key-unknown")
    with staff_scope():
        made, secret = create_key("shop", ["decisions:read"], Actor("usr_1", "administrator"))
    good(Machine(secret).get("/v1/decisions"))
    with staff_scope():
        expire_key(made.id, datetime.now(UTC) - timedelta(seconds=1))
    problem(Machine(secret).get("/v1/decisions"), 401, "key-expired")
    with staff_scope():
        revoke_key(made.id)
    problem(Machine(secret).get("/v1/decisions"), 401, "key-revoked")


def test_a_keys_last_use_is_written_once_a_day() -> None:
    shop = Machine()
    good(shop.get("/v1/decisions"))
    with staff_scope():
        first = query("SELECT xmin::text, last_used_on FROM api_key").fetchone()
    good(shop.get("/v1/decisions"))
    with staff_scope():
        assert query("SELECT xmin::text, last_used_on FROM api_key").fetchone() == first
        assert first is not None and first[1] == datetime.now(UTC).date()


@override_settings(RATE_LIMIT_PER_MINUTE=3)
def test_above_its_rate_a_key_is_told_when_to_come_again_and_others_are_not_held_up() -> None:
    loud, quiet = Machine(), Machine()
    answers = [loud.get("/v1/decisions").status_code for _ in range(3)]
    refused = loud.get("/v1/decisions")
    if answers == [200, 200, 200]:  # the minute did not turn meanwhile
        problem(refused, 429, "rate-limited")
        assert 1 <= int(refused["Retry-After"]) <= 60
    good(quiet.get("/v1/decisions"))


def test_a_retry_with_the_same_key_and_body_gets_the_same_bytes() -> None:
    live_policy()
    shop = Machine()
    sent = event(amount=usd(6000))
    first = shop.post("/v1/events", sent, idempotency="k-1")
    again = shop.post("/v1/events", sent, idempotency="k-1")
    assert first.content == again.content and first.status_code == again.status_code == 200
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    assert good(again)["status"] == "stored"


def test_a_key_used_for_another_body_or_address_is_a_conflict() -> None:
    live_policy()
    shop = Machine()
    good(shop.post("/v1/events", event(), idempotency="k-1"))
    problem(shop.post("/v1/events", event(), idempotency="k-1"), 409, "idempotency-key-reused")
    problem(shop.post("/v1/lists", LIST, idempotency="k-1"), 409, "idempotency-key-reused")
    good(Machine().post("/v1/events", event(), idempotency="k-1"))  # another machine's keys are its own


def test_a_refusal_gives_the_key_back_so_that_the_corrected_request_goes_through() -> None:
    live_policy()
    shop = Machine()
    problem(shop.post("/v1/events", event(order=None), idempotency="k-1"), 422, "invalid")
    problem(shop.post("/v1/events", "{", idempotency="k-1"), 400, "malformed")
    good(shop.post("/v1/events", event(), idempotency="k-1"))


def test_an_answer_and_what_it_tells_of_are_committed_together() -> None:
    back_office = Machine()
    first = back_office.post("/v1/lists", LIST, idempotency="k-1")
    assert good(first, 201)["name"] == "stolen-cards"
    again = back_office.post("/v1/lists", LIST, idempotency="k-1")
    assert again.status_code == 201 and again.content == first.content
    problem(back_office.post("/v1/lists", LIST), 409, "exists")
    with staff_scope():
        assert WatchList.objects.count() == 1


def test_what_a_refused_request_had_written_is_gone() -> None:
    def half_done(request: HttpRequest) -> HttpResponse:
        WatchList.objects.create(name="half", kind="deny", entity="card")
        return Problem(Code.CONFLICT, "after all, no").response()

    request = RequestFactory().post("/v1/x", headers={"Authorization": f"Bearer {key()}", "Idempotency-Key": "k-1"})
    problem(Answer(guarded(Scope.LISTS_WRITE, one_transaction=True)(half_done)(request)), 409, "conflict")
    with engine_scope():
        assert not WatchList.objects.exists() and not IdempotentAnswer.objects.exists()


def test_while_the_first_request_is_at_work_a_second_waits_and_a_dead_ones_claim_expires() -> None:
    live_policy()
    shop = Machine()
    sent = event()
    first = shop.post("/v1/events", sent, idempotency="k-1")
    with engine_scope():  # as if the first had not come back yet
        query("UPDATE idempotent_answer SET status = NULL, answer = NULL, created_at = now()")
    waiting = shop.post("/v1/events", sent, idempotency="k-1")
    problem(waiting, 409, "in-flight")
    assert waiting["Retry-After"] == "1"
    with engine_scope():  # … and then was killed
        query("UPDATE idempotent_answer SET created_at = now() - interval '61 seconds'")
    taken_over = good(shop.post("/v1/events", sent, idempotency="k-1"))
    assert taken_over["status"] == "duplicate" and taken_over["id"] == good(first)["id"]
    with staff_scope():
        assert Event.objects.count() == 1


def test_answers_are_kept_for_a_day_and_then_swept() -> None:
    live_policy()
    shop = Machine()
    good(shop.post("/v1/events", event(), idempotency="old"))
    with engine_scope():
        query("UPDATE idempotent_answer SET created_at = now() - interval '25 hours'")
        query("UPDATE rate_window SET minute = now() - interval '2 hours'")
    good(shop.post("/v1/events", event(), idempotency="old"))  # the key is free again
    good(shop.post("/v1/events", event(), idempotency="new"))
    with engine_scope():
        query("UPDATE idempotent_answer SET created_at = now() - interval '25 hours' WHERE key = 'old'")
        assert gate.sweep() == (1, 1)
        assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["new"]


def test_a_key_that_cannot_be_a_key_is_refused() -> None:
    problem(Machine().post("/v1/events", event(), idempotency="k" * 256), 422, "invalid")
    assert Machine(key("events:write")).post("/v1/events", event(), idempotency="k" * 255).status_code == 200

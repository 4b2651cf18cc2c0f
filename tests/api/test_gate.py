"""Keys, rates, and what a retry gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from tests.api.api_world import Answer, Machine, good, key, problem
from tests.kernel.builders import event, live_policy, person, usd

from safeconduct.api import gate
from safeconduct.api.gate import guarded
from safeconduct.api.models import IdempotentAnswer
from safeconduct.kernel.decisions.models import WatchList
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.operations.problems import Code, Problem
from safeconduct.kernel.parties import keys, staff
from safeconduct.kernel.parties.keys import KeyRefused, create_key
from safeconduct.kernel.parties.models import ApiKey, StaffRole
from safeconduct.kernel.scope import Actor, apart, engine_scope, query, staff_scope

ELSEWHERE = {"REMOTE_ADDR": "198.51.100.9"}


def now() -> datetime:
    return datetime.now(UTC)


LIST = {"name": "stolen-cards", "kind": "deny", "entity": "card"}


def test_a_secret_is_shown_once_and_only_its_hash_is_kept() -> None:
    with staff_scope():
        made, secret = create_key("shop", ["events:write"], Actor("usr_1", "administrator"), at=now())
        kept = ApiKey.objects.get(id=made.id)
    assert secret.startswith("sck_") and len(secret) == 62 and keys.looks_like_a_key(secret)
    assert secret.encode() not in bytes(kept.secret_hash) and kept.hint == secret[:12] and kept.created_by == "usr_1"
    assert kept.expires_at == kept.created_at + timedelta(days=180)


def test_a_letter_that_was_mistyped_is_noticed_before_anything_is_looked_up() -> None:
    secret = key("decisions:read")
    for place in (5, 20, 60):
        wrong = secret[:place] + ("A" if secret[place] != "A" else "B") + secret[place + 1 :]
        assert not keys.looks_like_a_key(wrong)
        problem(Machine(wrong).get("/v1/decisions"), 401, "key-unknown")
    good(Machine(secret).get("/v1/decisions"))


def test_a_key_needs_a_name_and_known_scopes() -> None:
    for name, scopes, words in (("", ["events:write"], "name"), ("shop", [], "scopes"), ("shop", ["all"], "'all'")):
        with staff_scope(), pytest.raises(KeyRefused, match=words):
            create_key(name, scopes, Actor("usr_1", "administrator"), at=now())


def test_each_way_a_key_can_be_wrong_has_its_own_answer() -> None:
    assert problem(Machine("").get("/v1/decisions"), 401, "key-missing")
    assert Machine("").get("/v1/decisions")["WWW-Authenticate"].startswith("Bearer")
    problem(Machine("sck_short").get("/v1/decisions"), 401, "key-unknown")
    problem(Machine("sck_" + "a" * 43).get("/v1/decisions"), 401, "key-unknown")
    with staff_scope():
        made, secret = create_key("shop", ["decisions:read"], Actor("usr_1", "administrator"), at=now())
    good(Machine(secret).get("/v1/decisions"))
    with staff_scope():
        ApiKey.objects.filter(id=made.id).update(expires_at=now() - timedelta(seconds=1))
    problem(Machine(secret).get("/v1/decisions"), 401, "key-expired")
    with staff_scope():
        keys.revoke_key(made.id, Actor("usr_1", "administrator"), at=now())
    problem(Machine(secret).get("/v1/decisions"), 401, "key-revoked")


def test_no_key_lives_longer_than_180_days_and_every_wrong_network_is_named() -> None:
    for fields, words in (
        ({"expires_at": now() + timedelta(days=181)}, "180 days"),
        ({"expires_at": now()}, "later time"),
        ({"networks": ["203.0.113.0/33"]}, "203.0.113.0/33"),
        ({"networks": [f"203.0.113.{n}" for n in range(21)]}, "20 networks"),
    ):
        with staff_scope(), pytest.raises(KeyRefused, match=words):
            create_key("shop", ["events:write"], Actor("usr_1", "administrator"), at=now(), **fields)


def test_a_key_used_from_elsewhere_is_refused_and_the_administrators_hear_of_it_once_a_day() -> None:
    administrator = person(StaffRole.ADMINISTRATOR)
    shop = Machine(key("decisions:read", networks=["127.0.0.0/8", "2001:db8::/32"]))
    good(shop.get("/v1/decisions"))
    shop.client.defaults.update(ELSEWHERE)
    for _again in range(2):
        problem(shop.get("/v1/decisions"), 403, "key-elsewhere")
    with staff_scope():
        told = NoticeCopy.objects.filter(person=administrator, notice__code="key.elsewhere")
        assert told.count() == 1
    shop.client.defaults.update(REMOTE_ADDR="2001:db8::7")
    good(shop.get("/v1/decisions"))


def test_whose_maker_leaves_is_cut_at_once_and_does_not_come_back_with_them() -> None:
    maker, administrator = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    shop, other = Machine(key("decisions:read", by=maker.id)), Machine(key("decisions:read", by=administrator.id))
    good(shop.get("/v1/decisions"))
    with staff_scope():
        staff.deactivate(maker.id, administrator, at=now())
    problem(shop.get("/v1/decisions"), 401, "key-revoked")
    with staff_scope():
        staff.reactivate(maker.id, administrator, at=now())
    problem(shop.get("/v1/decisions"), 401, "key-revoked")
    good(other.get("/v1/decisions"))
    with staff_scope():
        staff.change_role(maker.id, StaffRole.LEAD, administrator, at=now())
        administrator.staff_role = StaffRole.NONE
        administrator.save()
    problem(other.get("/v1/decisions"), 401, "key-revoked")


def test_what_was_made_since_a_theft_only_reads_from_then_on_and_older_keys_go_on() -> None:
    thief = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        before = [create_key("old", Scope, Actor(thief.id, "administrator"), at=now() - timedelta(days=1))[1]]
        newer = create_key("new", Scope, Actor(thief.id, "administrator"), at=now())[1]
    with engine_scope():
        since = now() - timedelta(hours=1)
        by = Actor(thief.id, "person", "this was not me")
        assert len(keys.demote_keys_since(thief.id, since, by, at=now())) == 1
        assert keys.demote_keys_since(thief.id, since, by, at=now()) == []
    good(Machine(newer).get("/v1/lists"))
    assert "only reads" in problem(Machine(newer).post("/v1/lists", LIST), 403, "scope-missing")["detail"]
    good(Machine(before[0]).post("/v1/lists", LIST), 201)
    with staff_scope(), pytest.raises(KeyRefused, match="new one"):
        keys.rotate_key(ApiKey.objects.get(name="new").id, Actor(thief.id, "administrator"), at=now())


def test_two_keys_of_a_line_live_while_a_system_changes_over_and_never_three() -> None:
    actor = Actor("usr_1", "administrator")
    with staff_scope():
        first, old = create_key("shop", ["decisions:read"], actor, at=now(), networks=["127.0.0.1"])
        second, new = keys.rotate_key(first.id, actor, at=now())
        assert (second.name, second.scopes, second.networks) == (first.name, first.scopes, ["127.0.0.1/32"])
        for key_id, words in ((first.id, "successor"), (second.id, "two live")):
            with pytest.raises(KeyRefused, match=words):
                keys.rotate_key(key_id, actor, at=now())
    for secret in (old, new):
        good(Machine(secret).get("/v1/decisions"))
    with staff_scope():
        assert ApiKey.objects.get(id=first.id).expires_at < now() + timedelta(days=8)
        keys.revoke_key(first.id, actor, at=now())
        keys.rotate_key(second.id, actor, at=now())


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


def test_of_a_slow_request_and_the_retry_that_took_its_key_over_only_one_takes_effect() -> None:
    def slow(request: HttpRequest) -> HttpResponse:
        WatchList.objects.create(name="slow", kind="deny", entity="card")
        apart("UPDATE idempotent_answer SET created_at = created_at + interval '61 seconds' RETURNING key")  # the retry
        return HttpResponse("{}", content_type="application/json")

    request = RequestFactory().post("/v1/x", headers={"Authorization": f"Bearer {key()}", "Idempotency-Key": "k-1"})
    refused = problem(Answer(guarded(Scope.LISTS_WRITE, one_transaction=True)(slow)(request)), 409, "in-flight")
    assert "nothing was done" in refused["detail"]
    with engine_scope():
        assert not WatchList.objects.exists() and IdempotentAnswer.objects.count() == 1


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

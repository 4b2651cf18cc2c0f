"""Events in, decisions with reasons out."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connections
from django.test import override_settings
from tests.kernel.breaking_protection import BREAKS_ON
from tests.kernel.builders import START, event, live_policy, minutes, person, usd

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.cases import kinds, publishing
from safeconduct.kernel.decisions import actions, lanes, reactions
from safeconduct.kernel.decisions.errors import ReasonMissing
from safeconduct.kernel.decisions.models import Decision, Review
from safeconduct.kernel.events import log
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.scope import engine_scope, owner_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import register


def test_a_card_used_at_three_shops_within_an_hour_is_held_with_its_reason_in_three_languages() -> None:
    live_policy()
    batch = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(4)]
    accepted = lanes.accept(batch, known=Known.WHEN_IT_HAPPENED)
    assert [d.action for d in accepted.decisions] == [Action.ALLOW, Action.ALLOW, Action.ALLOW, Action.REVIEW]
    held = accepted.decisions[-1]
    assert held.fired == ["card_at_many_shops"]
    assert held.values["card_shops_1h"] == 3
    assert held.reasons["statement"][0]["full"]["en"] == "Card used at 3 shops within an hour"
    assert held.reasons["statement"][0]["full"]["zh"] == "同一张卡在一小时内用于 3 家店铺"
    with staff_scope():
        assert Review.objects.get().decision_id == held.id


def test_an_event_sent_twice_is_stored_and_decided_once() -> None:
    live_policy()
    one = event(id="same")
    first = lanes.accept([one])
    again = lanes.accept([one, one])
    assert not first.receipt.stored[0].duplicate
    assert [s.duplicate for s in again.receipt.stored] == [True, True]
    assert {s.id for s in again.receipt.stored} == {first.receipt.stored[0].id}
    with staff_scope():
        assert Decision.objects.count() == 1


def test_a_bad_event_is_refused_by_name_and_the_rest_of_the_batch_goes_through() -> None:
    live_policy()
    bad = event(amount={"minor": "12", "currency": "USD"})
    naive = event()
    naive["time"] = "2026-06-01T12:00:00"
    accepted = lanes.accept([bad, event(), naive, event("order.teleported"), event(order=None)])
    assert [(r.index, r.field) for r in accepted.receipt.refused] == [
        (0, "data.amount.minor"),
        (2, "time"),
        (4, "data.order"),
    ]
    assert [(s.index, s.known_type) for s in accepted.receipt.stored] == [(1, True), (3, False)]


def test_the_order_in_which_events_of_a_batch_stand_does_not_matter() -> None:
    live_policy()
    batch = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(4)]
    accepted = lanes.accept(batch[::-1], known=Known.WHEN_IT_HAPPENED)
    assert sorted(d.action for d in accepted.decisions) == ["allow", "allow", "allow", "review"]


def test_events_of_one_microsecond_see_those_before_them_and_not_themselves() -> None:
    live_policy()
    batch = [event(seller=f"sel-{n}") for n in range(5)]
    accepted = lanes.accept(batch, known=Known.WHEN_IT_HAPPENED)
    assert sorted(d.values["card_shops_1h"] for d in accepted.decisions) == [0, 1, 2, 3, 4]


def test_imported_history_decides_nothing_but_is_counted() -> None:
    live_policy()
    history = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(3)]
    assert lanes.accept(history, known=Known.WHEN_IT_HAPPENED, imported=True).decisions == []
    accepted = lanes.accept([event(seller="sel-9", at=START + minutes(5))], known=Known.WHEN_IT_HAPPENED)
    assert accepted.decisions[0].action is Action.REVIEW


def test_no_adverse_decision_can_be_stored_without_reasons() -> None:
    version = live_policy()
    lanes.accept([event()])
    with pytest.raises(psycopg.errors.CheckViolation), engine_scope():
        query("UPDATE decision SET action = 'block' WHERE version_id = %s", [version.id])


def test_a_person_rules_on_a_held_order_and_must_say_why() -> None:
    live_policy()
    held = lanes.accept([event(amount=usd(6000))]).decisions[0]
    assert held.action is Action.BLOCK
    analyst = person()
    with pytest.raises(ReasonMissing), staff_scope():
        actions.override(held.id, analyst, Action.ALLOW, " ", at=START)
    with staff_scope():
        made = actions.override(held.id, analyst, Action.ALLOW, "Buyer confirmed by telephone", at=START)
        assert made.replaces == held.id
        assert [d.id for d in Decision.objects.filter(standing=True)] == [made.id]


def test_a_seller_sees_decisions_of_their_own_and_no_others() -> None:
    live_policy()
    lanes.accept([event(seller="sel-1"), event(seller="sel-2")])
    with staff_scope():
        keys = sorted(Decision.objects.values_list("seller_key", flat=True))
    with seller_scope(keys[0]):
        assert list(Decision.objects.values_list("seller_key", flat=True)) == [keys[0]]
        assert Event.objects.count() == 1
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM decision")
        assert cursor.fetchone() == (0,)


def test_the_log_of_personal_data_holds_no_name_in_clear() -> None:
    lanes.accept([event(recipient="Ana Rojas", email="ana@example.org", address="Av. Providencia 1208")])
    with owner_scope():
        dump = "".join(
            str(query(f"SELECT * FROM {table}").fetchall()) for table in ("event", "event_body", "fact", "pseudonym")
        )
    for secret in ("Ana Rojas", "ana@example.org", "Providencia", "buy-1", "card-1"):
        assert secret not in dump


def test_a_poison_event_does_not_stop_the_lane_and_is_answered_by_the_policy() -> None:
    live_policy()
    receipt = log.receive([event(seller=f"s{n}") for n in range(3)], queue=["order.placed"])
    poisoned = receipt.stored[1].moment
    with owner_scope():  # what the engine cannot digest: a row that breaks the write
        query(f"ALTER TABLE decision ADD CONSTRAINT poison CHECK (moment <> {poisoned} OR reasons ? 'failure')")
    try:
        assert lanes.work() == 2
        for _ in range(lanes.MAX_ATTEMPTS):
            with engine_scope():
                query("UPDATE event_queue SET not_before = now()")
            lanes.work()
        with staff_scope():
            answers = dict(Decision.objects.values_list("moment", "action"))
        assert len(answers) == 3
        assert answers[poisoned] == "review"
        with engine_scope():
            assert lanes.waiting()[0] == 0
    finally:
        with owner_scope():
            query("ALTER TABLE decision DROP CONSTRAINT poison")


def test_what_a_protection_cannot_digest_is_answered_by_the_policy_and_the_rest_of_its_batch_is_decided() -> None:
    live_policy()
    with override_settings(PROTECTIONS=["tests.kernel.breaking_protection"]):
        forget_protections()
        try:
            batch = [event(), event(), event()]
            with engine_scope():
                BREAKS_ON.add(register({("order", batch[1]["data"]["order"])}).popitem()[1])
            accepted = lanes.accept(batch)
            moments = [item.moment for item in accepted.receipt.stored]
            assert accepted.decisions == [] and accepted.fallback == dict.fromkeys(moments, Action.REVIEW)
            with engine_scope():
                query("UPDATE event_queue SET not_before = now()")
            assert lanes.work() == 2
        finally:
            BREAKS_ON.clear()
            forget_protections()
    with staff_scope():
        assert sorted(Decision.objects.values_list("moment", flat=True)) == [moments[0], moments[2]]


def forget_protections() -> None:
    publishing.forget()
    kinds.kinds.cache_clear()
    reactions.reactions.cache_clear()
    reactions.event_types.cache_clear()

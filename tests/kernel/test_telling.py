"""The shop's systems are told what was decided, in the transaction that decides."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.kernel.builders import START, event, live_policy, minutes, person

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.notices.models import StoredMessage
from safeconduct.kernel.notices.webhooks import endpoints
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope


def listening(*kinds: str) -> None:
    with staff_scope():
        endpoints.create("https://shop.example/", kinds, Actor("test", "owner"), at=START)


def told() -> list[StoredMessage]:
    with engine_scope():
        return list(StoredMessage.objects.order_by("id"))


def test_a_held_order_and_a_persons_ruling_are_told_to_who_listens() -> None:
    listening("decision.made", "decision.changed")
    live_policy()
    orders = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(4)]
    made = lanes.accept(orders, known=Known.WHEN_IT_HAPPENED).decisions
    (held,) = [d for d in made if d.action is Action.REVIEW]
    (message,) = told()
    assert message.kind == "decision.made"
    assert message.data["decision"] == held.id
    assert (message.data["order"], message.data["seller"]) == (orders[3]["data"]["order"], "sel-3")
    assert (message.data["action"], message.data["automated"]) == ("review", True)
    with staff_scope():
        actions.override(held.id, person(), Action.ALLOW, "Confirmed by telephone", at=datetime.now(UTC))
    changed = told()[1]
    assert (changed.kind, changed.data["was"], changed.data["action"]) == ("decision.changed", "review", "allow")
    assert changed.data["replaces"] == held.id
    assert changed.data["automated"] is False
    assert "Confirmed" not in str(changed.data)


def test_nobody_listens_and_a_replayed_world_is_silent() -> None:
    live_policy()
    orders = [event(seller=f"sel-{n}", at=START + minutes(n)) for n in range(5)]
    lanes.accept(orders[:4], known=Known.WHEN_IT_HAPPENED)
    assert told() == []
    listening("decision.made")
    (replayed,) = lanes.accept(orders[4:], known=Known.WHEN_IT_HAPPENED, now=None).decisions
    assert replayed.action is Action.REVIEW
    assert told() == []

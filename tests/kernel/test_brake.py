"""A rule that goes wild is braked; an attack that makes it fire is not an excuse to open the door."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, person, usd

from safeconduct.foundation.moments import moment
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, brake, lanes, policies
from safeconduct.kernel.decisions.models import Mute, PolicyStep, PolicyVersion
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.record.models import Leaf
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

NOON = START + timedelta(days=20)


def counted(version: PolicyVersion, rule: str, acted: int, decided: int, at: datetime) -> None:
    """Counts as decisions leave them."""
    with engine_scope():
        for name, fired, total in (("", 0, decided), (rule, acted, 0)):
            query(
                "INSERT INTO rule_count (version_id, rule, hour, decided, fired, unknown, muted, amount_minor)"
                " VALUES (%s, %s, date_trunc('hour', %s::timestamptz), %s, %s, 0, 0, 0)",
                [version.id, name, at, total, fired],
            )


def decided_orders(
    version: PolicyVersion, count: int, rule: str | None, key: Callable[[int], int], at: datetime
) -> None:
    """Decisions and facts of orders whose card is `key(n)`, without the way in."""
    first = moment(at)
    with engine_scope():
        kind = CATALOGUE["order.placed"].code
        query(
            'INSERT INTO fact (moment, type, occurred, card, "order") SELECT * FROM'
            " unnest(%b::bigint[], %b::smallint[], %b::bigint[], %b::bigint[], %b::bigint[])",
            [
                [first + n for n in range(count)], [kind] * count, [first >> 12] * count,
                [key(n) for n in range(count)], [secrets.randbits(62) for _ in range(count)],
            ],
        )  # fmt: skip
        query(
            "INSERT INTO decision (id, moment, version_id, policy, kind, action, fired, unknown, muted, allowed_by, values,"
            " reasons, control, latency_us, decided_at, decided_moment, standing, replaces, actor)"
            " SELECT 'dec_' || m, m, %s, 'order-risk', 'live', 'allow', %s, '{}', '{}', '', '{}', '{\"statement\": []}',"
            " false, 1, now(), m, true, '', 'engine' FROM unnest(%b::bigint[]) AS m",
            [version.id, [rule] if rule else [], [first + n for n in range(count)]],
        )


def checked(now: datetime = NOON) -> list[Mute]:
    with engine_scope():
        return brake.check(now)


def a_quiet_fortnight(version: PolicyVersion, rule: str = "huge") -> None:
    for day in range(1, 15):
        counted(version, rule, 10, 1000, NOON - timedelta(days=day))


def test_a_rule_that_suddenly_stops_every_third_order_goes_back_to_shadow_and_says_so() -> None:
    version, lead = live_policy(), person()
    person(StaffRole.ANALYST)
    a_quiet_fortnight(version)
    counted(version, "huge", 200, 600, NOON)
    decided_orders(version, 200, "huge", lambda n: n + 1, NOON - minutes(5))
    (muted,) = checked()
    assert (muted.policy, muted.rule, muted.cause, muted.until) == ("order-risk", "huge", "brake", None)
    assert "200 of 600 decisions (33.3%)" in muted.why
    assert "140 of 14000 (1.00%) in the 14 days before" in muted.why
    with staff_scope():
        assert PolicyStep.objects.get(verb="braked").why.startswith("huge: acted on 200 of 600")
        assert Leaf.objects.get(kind="rule_braked").body["decided"] == 600
        told = {copy.person_id: copy.notice for copy in NoticeCopy.objects.select_related("notice")}
        assert set(told) == {lead.id}
        assert (told[lead.id].code, told[lead.id].values["what"], told[lead.id].values["rule"]) == (
            "rule.braked", "muted", "huge",
        )  # fmt: skip
    assert checked() == []


def test_a_braked_rule_still_speaks_and_no_longer_acts() -> None:
    version = live_policy()
    a_quiet_fortnight(version)
    counted(version, "huge", 200, 600, NOON)
    assert len(checked()) == 1
    (made,) = lanes.accept([event(amount=usd(9000))]).decisions
    assert (made.fired, made.muted, made.action) == (["huge"], ["huge"], Action.ALLOW)


@pytest.mark.parametrize(
    ("acted", "decided", "why"),
    [
        (27, 600, "below one order in twenty"),
        (90, 190, "too few decisions to say"),
        (5, 600, "hardly more than before"),
    ],
)
def test_a_rise_that_harms_few_or_says_little_is_left_alone(acted: int, decided: int, why: str) -> None:
    version = live_policy()
    a_quiet_fortnight(version)
    counted(version, "huge", acted, decided, NOON)
    assert checked() == [], why


def test_a_rule_that_always_stopped_much_is_left_alone() -> None:
    version = live_policy()
    for day in range(1, 15):
        counted(version, "huge", 150, 1000, NOON - timedelta(days=day))
    counted(version, "huge", 120, 600, NOON)
    assert checked() == []


def test_card_testing_from_few_cards_does_not_open_the_door() -> None:
    version = live_policy()
    a_quiet_fortnight(version)
    decided_orders(version, 300, None, lambda n: n + 1, NOON - timedelta(hours=2, minutes=30))
    counted(version, "huge", 200, 600, NOON)
    decided_orders(version, 200, "huge", lambda n: 10_000 + n % 40, NOON - minutes(5))
    assert checked() == []
    with staff_scope():
        left = PolicyStep.objects.get(verb="left in force")
        assert "5.0 orders for each card, 1.0 before" in left.why
    # It is said once a day, not at every turn.
    assert checked() == []
    with staff_scope():
        assert PolicyStep.objects.filter(verb="left in force").count() == 1


def test_what_came_back_as_often_before_is_no_sign_of_an_attack() -> None:
    version = live_policy()
    a_quiet_fortnight(version)
    decided_orders(version, 300, None, lambda n: n % 60, NOON - timedelta(hours=2, minutes=30))
    counted(version, "huge", 200, 600, NOON)
    decided_orders(version, 200, "huge", lambda n: n % 40, NOON - minutes(5))
    assert len(checked()) == 1


def test_a_new_rule_without_a_past_may_stop_one_order_in_five_and_no_more() -> None:
    version = live_policy()
    counted(version, "huge", 100, 600, NOON)
    assert checked() == []
    counted(version, "huge", 100, 300, NOON)
    (muted,) = checked()
    assert "has no past to compare with" in muted.why


def _follow(text: str) -> PolicyVersion:
    with staff_scope():
        version = policies.save_draft(None, "order-risk", text, at=NOON)
        return policies.publish(version.id, None, at=NOON)


def test_a_rule_keeps_its_past_through_a_new_version_that_leaves_it_as_it_was() -> None:
    a_quiet_fortnight(live_policy())
    version = _follow(CARD_AT_MANY_SHOPS.replace("card_shops_1h >= 3", "card_shops_1h >= 4"))
    counted(version, "huge", 90, 600, NOON)  # 15 %: for a rule without a past that would pass
    assert [m.rule for m in checked()] == ["huge"]


def test_a_changed_rule_has_no_past() -> None:
    a_quiet_fortnight(live_policy())
    version = _follow(CARD_AT_MANY_SHOPS.replace("5000 USD", "50 USD"))
    counted(version, "huge", 90, 600, NOON)
    assert checked() == []


def test_a_person_lifts_the_brake_and_it_does_not_fight_back() -> None:
    version = live_policy()
    a_quiet_fortnight(version)
    counted(version, "huge", 200, 600, NOON)
    (muted,) = checked()
    lead = person()
    with staff_scope():
        actions.unmute(muted.pk, Actor(lead.id, "lead", "a sale of televisions"), at=NOON + minutes(5))
    assert checked(NOON + minutes(10)) == []
    (made,) = lanes.accept([event(amount=usd(9000))], known=Known.NOW).decisions
    assert made.action is Action.BLOCK


def test_unknowns_count_where_they_have_an_effect() -> None:
    text = CARD_AT_MANY_SHOPS.replace("    then: block\n", "    then: block\n    unknown: review\n")
    version = live_policy(text)
    a_quiet_fortnight(version)
    with engine_scope():
        for name, decided, unknown in (("", 600, 0), ("huge", 0, 500)):
            query(
                "INSERT INTO rule_count (version_id, rule, hour, decided, fired, unknown, muted, amount_minor)"
                " VALUES (%s, %s, %s, %s, 0, %s, 0, 0)",
                [version.id, name, NOON, decided, unknown],
            )
    assert [m.rule for m in checked()] == ["huge"]


def test_rules_in_shadow_have_nothing_to_brake() -> None:
    with staff_scope():
        version = policies.save_draft(None, "order-risk", CARD_AT_MANY_SHOPS, at=NOON)
        policies.start_shadow(version.id, None, at=NOON)
    counted(version, "huge", 500, 600, NOON)
    assert checked() == []


def test_real_decisions_trip_it() -> None:
    live_policy()
    at = datetime.now(UTC)
    batch: list[dict[str, Any]] = [
        event(at=at, amount=usd(9000 if n % 4 == 0 else 60), card=f"c{n}", buyer=f"b{n}") for n in range(400)
    ]
    lanes.accept(batch)
    while True:
        with engine_scope():
            query("UPDATE event_queue SET not_before = now()")
        if not lanes.work():
            break
    assert [(m.rule, m.cause) for m in checked(at + minutes(1))] == [("huge", "brake")]


def test_a_challenger_that_goes_wild_hands_its_orders_back_and_the_live_rule_stays() -> None:
    live = live_policy()
    a_quiet_fortnight(live)
    with staff_scope():
        draft = policies.save_draft(None, "order-risk", CARD_AT_MANY_SHOPS.replace("5000 USD", "5 USD"), at=NOON)
        challenger = policies.publish(draft.id, None, at=NOON, percent=20)
    counted(challenger, "huge", 500, 600, NOON)
    assert checked() == []
    with staff_scope():
        challenger.refresh_from_db()
        assert challenger.state == "shadow"
        assert "the live version decides its orders" in PolicyStep.objects.get(verb="braked").why
    (made,) = [d for d in lanes.accept([event(amount=usd(9000))]).decisions if d.kind == "live"]
    assert (made.version_id, made.action) == (live.id, Action.BLOCK)

"""Draft, shadow, challenger, live, retired: and never by one person alone."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import override_settings
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, person, usd

from safeconduct.cli import doctor
from safeconduct.kernel.decisions import actions, lanes, policies
from safeconduct.kernel.decisions.errors import (
    ChangedMeanwhile,
    NothingToChallenge,
    NothingToRollBackTo,
    PolicyHasErrors,
    RoleNeeded,
    SecondPersonNeeded,
    ShareRefused,
    WrongState,
)
from safeconduct.kernel.decisions.models import Decision, DecisionKind, PolicyVersion, VersionState
from safeconduct.kernel.decisions.running import PolicyBroken, _by_version
from safeconduct.kernel.events import log
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

STRICTER = CARD_AT_MANY_SHOPS.replace("amount > money('5000 USD')", "amount > money('50 USD')")


def draft(author: object, text: str = STRICTER) -> PolicyVersion:
    with staff_scope():
        return policies.save_draft(author, "order-risk", text, at=START)  # type: ignore[arg-type]


def test_an_author_cannot_publish_her_own_version_and_a_lead_can() -> None:
    author, lead = person(), person()
    version = draft(author)
    with pytest.raises(SecondPersonNeeded), staff_scope():
        policies.publish(version.id, author, at=START)
    with pytest.raises(RoleNeeded), staff_scope():
        policies.publish(version.id, person(StaffRole.ANALYST), at=START)
    with staff_scope():
        assert policies.publish(version.id, lead, at=START).state == VersionState.LIVE


def test_the_database_refuses_one_person_as_author_and_approver_whatever_the_code_does() -> None:
    author = person()
    version = draft(author)
    with pytest.raises(IntegrityError), staff_scope():
        PolicyVersion.objects.filter(id=version.id).update(state="live", approved_by=author)


def test_a_draft_with_an_error_is_kept_but_goes_no_further() -> None:
    version = draft(person(), "policy: order-risk\non: order.placed\nrules: {x: {when: amont > 3}}\n")
    with pytest.raises(PolicyHasErrors), staff_scope():
        policies.start_shadow(version.id, None, at=START)


def test_two_people_who_edit_one_draft_do_not_overwrite_each_other() -> None:
    author = person()
    version = draft(author)
    with staff_scope():
        policies.save_draft(author, "order-risk", CARD_AT_MANY_SHOPS, at=START, draft_id=version.id, revision=1)
    with pytest.raises(ChangedMeanwhile), staff_scope():
        policies.save_draft(author, "order-risk", STRICTER, at=START, draft_id=version.id, revision=1)


def test_a_version_in_shadow_decides_without_effect() -> None:
    live_policy()
    version = draft(person())
    with staff_scope():
        policies.start_shadow(version.id, None, at=START)
    made = lanes.accept([event(amount=usd(100))]).decisions
    assert {(d.kind, d.action.value) for d in made} == {(DecisionKind.LIVE, "allow"), (DecisionKind.SHADOW, "block")}


def test_a_challenger_takes_its_share_of_orders_and_the_same_ones_each_time() -> None:
    live_policy()
    version = draft(person())
    with staff_scope():
        policies.publish(version.id, person(), at=START, percent=50)
    batch = [event(amount=usd(100), at=START + minutes(n)) for n in range(60)]
    made = lanes.accept(batch).decisions
    blocked = {d.order_key for d in made if d.kind is DecisionKind.LIVE and d.action.value == "block"}
    assert 15 < len(blocked) < 45
    again = lanes.accept([{**e, "id": e["id"] + "-again"} for e in batch]).decisions
    assert {d.order_key for d in again if d.kind is DecisionKind.LIVE and d.action.value == "block"} == blocked
    with staff_scope():
        assert Decision.objects.filter(kind="live").count() == 120


def test_publishing_retires_what_was_live_and_one_step_brings_it_back() -> None:
    first = live_policy()
    second = draft(person())
    lead = person()
    with staff_scope():
        policies.publish(second.id, lead, at=START)
        assert PolicyVersion.objects.get(id=first.id).state == VersionState.RETIRED
        assert policies.roll_back("order-risk", lead, at=START, why="stops too many good orders").id == first.id
        assert PolicyVersion.objects.get(id=second.id).state == VersionState.RETIRED
    assert lanes.accept([event(amount=usd(100))]).decisions[0].action.value == "allow"


def test_rolling_back_never_puts_a_challenger_in_force_that_was_approved_for_a_share_only() -> None:
    first, lead = live_policy(), person()
    challenger, second = draft(person()), draft(person())
    with staff_scope():
        policies.publish(challenger.id, lead, at=START, percent=10)
        with pytest.raises(NothingToRollBackTo):
            policies.retire(challenger.id, lead, at=START + minutes(1), why="stops good orders")
            policies.roll_back("order-risk", lead, at=START + minutes(2), why="?")
    with staff_scope():
        policies.publish(second.id, lead, at=START + minutes(3))
        assert policies.roll_back("order-risk", lead, at=START + minutes(4), why="too strict").id == first.id


def test_without_a_live_version_there_is_no_challenger_because_the_other_orders_would_be_undecided() -> None:
    version = draft(person())
    with pytest.raises(NothingToChallenge), staff_scope():
        policies.publish(version.id, person(), at=START, percent=50)


def test_a_version_in_shadow_that_does_not_read_any_more_stops_nothing_and_a_live_one_decides_nothing() -> None:
    live = live_policy()
    tried = draft(person())
    with staff_scope():
        policies.start_shadow(tried.id, None, at=START)
        PolicyVersion.objects.filter(id=tried.id).update(text=STRICTER.replace("amount >", "amont >"))
    assert [d.kind for d in lanes.accept([event()]).decisions] == [DecisionKind.LIVE]
    found = doctor.policies()
    assert not found.ok and "order-risk version 2 (shadow)" in found.found and "amont" in found.found
    with staff_scope():
        policies.retire(tried.id, None, at=START)
        assert doctor.policies().ok
        PolicyVersion.objects.filter(id=live.id).update(text="policy: order-risk\n")
    waits = log.receive([event()], queue=["order.placed"]).stored[0].moment
    _by_version.clear()
    with pytest.raises(PolicyBroken):
        lanes.accept([event()])
    for _ in range(lanes.MAX_ATTEMPTS + 1):  # a lane goes on, and the event waits
        with engine_scope():
            query("UPDATE event_queue SET not_before = now()")
        assert lanes.work() == 0
    with staff_scope():
        PolicyVersion.objects.filter(id=live.id).update(text=CARD_AT_MANY_SHOPS)
    _by_version.clear()
    with engine_scope():
        query("UPDATE event_queue SET not_before = now()")
    assert lanes.work() == 1
    with staff_scope():
        assert Decision.objects.filter(moment=waits).count() == 1


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_share_that_is_none_publishes_nothing(percent: int) -> None:
    version = draft(person())
    with pytest.raises(ShareRefused), staff_scope():
        policies.publish(version.id, person(), at=START, percent=percent)
    with staff_scope():
        assert PolicyVersion.objects.get(id=version.id).state == VersionState.DRAFT


def test_there_is_nothing_to_roll_back_to_after_the_first_version() -> None:
    live_policy()
    with pytest.raises(NothingToRollBackTo), staff_scope():
        policies.roll_back("order-risk", person(), at=START, why="?")


def test_a_published_text_cannot_be_edited() -> None:
    version = live_policy()
    with pytest.raises(WrongState), staff_scope():
        policies.save_draft(person(), "order-risk", STRICTER, at=START, draft_id=version.id)


def test_a_snoozed_rule_is_evaluated_and_reported_but_does_not_act() -> None:
    live_policy()
    with staff_scope():
        until = lanes.utc_now() + minutes(60)
        actions.snooze("order-risk", "huge", Actor("p", "lead", "stock sale"), at=START, until=until)
    made = lanes.accept([event(amount=usd(6000))]).decisions[0]
    assert (made.action.value, made.fired, made.muted) == ("allow", ["huge"], ["huge"])


def test_an_allow_list_lifts_only_rules_that_are_listable_and_only_from_its_moment_on() -> None:
    listable = CARD_AT_MANY_SHOPS.replace("in: USD", "in: USD\nallow: {buyer: trusted-buyers}").replace(
        "    then: block\n", "    then: block\n    listable: true\n"
    )
    with staff_scope():
        actions.create_list("trusted-buyers", "allow", "buyer", "checked by a person")  # type: ignore[arg-type]
    live_policy(listable)
    assert lanes.accept([event(amount=usd(6000))]).decisions[0].action.value == "block"
    with staff_scope():
        entry = actions.add_to_list("trusted-buyers", ["buy-1"], Actor("p", "analyst", "wholesale buyer"))[0]
    made = lanes.accept([event(amount=usd(6000))]).decisions[0]
    assert (made.action.value, made.allowed_by) == ("allow", "trusted-buyers/buyer")
    with staff_scope():
        actions.end_list_entry(entry.id, Actor("p", "analyst", "done"))
    assert lanes.accept([event(amount=usd(6000))]).decisions[0].action.value == "block"


def test_a_later_fraud_dispute_labels_the_order() -> None:
    live_policy()
    order = event()
    lanes.accept([order])
    lanes.accept([event("dispute.opened", dispute="dp1", order=order["data"]["order"], reason="10.4", amount=usd(60))])
    with staff_scope():
        from safeconduct.kernel.decisions.models import Label

        assert [(label.kind, label.origin) for label in Label.objects.all()] == [("fraud", "dispute.opened")]


def test_a_small_random_slice_of_stopped_orders_is_let_through_and_marked() -> None:
    live_policy()
    with override_settings(CONTROL_PER_10000=1000, CONTROL_CAP_MINOR=10_000_00):
        made = lanes.accept([event(amount=usd(6000), at=START + minutes(n)) for n in range(200)]).decisions
    through = [d for d in made if d.control]
    assert 4 < len(through) < 60
    assert {d.action.value for d in through} == {"allow"}
    assert all(d.reasons["control"] == "block" for d in through)

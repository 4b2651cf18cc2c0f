"""Account risk: every signal fires once, honest people pass, no edit undercuts a floor, and one call judges an act."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
import tests.django_world as world
from tests.kernel.builders import START, event, live_policy, minutes

from safeconduct.foundation.policy.nodes import Action
from safeconduct.foundation.policy.policy_tests import read_tests, run_tests
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.kernel.decisions import lanes, policies
from safeconduct.kernel.decisions.models import PolicyVersion, VersionState
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.protection import install_policies
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup_many
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge
from safeconduct.protections.accounts.risk.signals import SIGNALS, Level, level_of

FOLDER = files("safeconduct.protections.accounts") / "policies"
TEXT = (FOLDER / "account-risk.yaml").read_text("utf-8")
SYSTEM = Actor("safeconduct migrate", "owner", "came with Safeconduct")
READING = read_policy(TEXT, CATALOGUE, file="account-risk.yaml")


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def test_it_reads_without_a_finding() -> None:
    assert not READING.diagnostics, READING.render()


def test_its_stories_come_out_as_told() -> None:
    assert READING.policy is not None
    told = read_tests((FOLDER / "account-risk.tests.yaml").read_text("utf-8"), READING.policy, CATALOGUE)
    assert not told.diagnostics, told.diagnostics
    for result in run_tests(READING.policy, tuple(told.tests)):
        assert not result.problems, result


def test_every_rule_is_one_of_the_26_signals() -> None:
    assert READING.policy is not None
    assert [rule.name for rule in READING.policy.rules] == list(SIGNALS)
    assert sorted(sign for sign, _ in SIGNALS.values()) == [f"S{n:02}" for n in range(1, 27)]


def test_a_softened_rule_still_keeps_its_floor() -> None:
    assert level_of(Action.ALLOW, ["two_great_changes"]) is Level.LOCK
    assert level_of(Action.CHALLENGE, ["payout_account_changes"]) is Level.HOLD


def test_one_call_judges_a_sign_in_and_a_retry_is_the_same_event() -> None:
    live_policy(TEXT)
    home = judge(Act(ActKind.SIGN_IN, "usr_ana", START, "sel-1", {"new_device": False}))
    assert (home.action, home.level, home.step_up) == (Action.ALLOW, Level.ALLOW, False)
    abroad = judge(Act(ActKind.SIGN_IN, "usr_ana", START, "sel-1", {"new_country": True}))
    assert abroad.step_up and abroad.fired == ("new_country_for_person",)
    key = judge(Act(ActKind.KEY_CREATED, "usr_ana", START + minutes(5), "sel-1"))
    assert key.step_up and key.fired == ("key_after_doubt",)


def test_a_retry_of_a_refused_act_is_refused_again_and_is_no_second_act() -> None:
    live_policy(TEXT)
    lanes.accept([event("security.changed", at=START, seller="sel-1", member="usr_ana", change="recovery")])
    act = Act(ActKind.PAYOUT_CHANGE, "usr_ana", START + minutes(10), "sel-1", key="pca_1")
    first, again = judge(act), judge(act)
    assert first.refused and again.refused and again.level is Level.LOCK
    assert again.decision_id == first.decision_id and set(again.fired) == set(first.fired)


def test_it_comes_into_force_wherever_it_is_installed_and_never_over_what_the_operator_did() -> None:
    with staff_scope():
        assert install_policies(START, SYSTEM) == ["account-risk"]
        assert install_policies(START + minutes(1), SYSTEM) == []
        (version,) = PolicyVersion.objects.filter(policy="account-risk")
        policies.retire(version.id, None, at=START + minutes(2), why="We have our own.")
        assert install_policies(START + minutes(3), SYSTEM) == []
        assert PolicyVersion.objects.get().state == VersionState.RETIRED


def test_a_thief_who_recovers_and_wants_the_money_is_locked_out() -> None:
    live_policy(TEXT)
    first = judge(Act(ActKind.RECOVERY, "usr_ana", START, "sel-1"))
    assert first.level is Level.HOLD and first.step_up
    from tests.kernel.builders import event

    from safeconduct.kernel.decisions import lanes

    lanes.accept([event("security.changed", at=START, seller="sel-1", member="usr_ana", change="recovery")])
    second = judge(Act(ActKind.PAYOUT_CHANGE, "usr_ana", START + minutes(10), "sel-1"))
    assert second.refused and second.level is Level.LOCK


def test_a_doubtful_sign_in_holds_payouts_and_a_changed_account_alone_does_not() -> None:
    live_policy(TEXT)
    judge(Act(ActKind.PAYOUT_CHANGE, "usr_bo", START, "sel-2"))
    judge(Act(ActKind.SIGN_IN, "usr_ana", START, "sel-1", {"score_band": 2}))
    with engine_scope():
        keys = lookup_many({("seller", "sel-1"), ("seller", "sel-2")})
        stopped = payout_accounts.stops(list(keys.values()), START + minutes(71 * 60))
        later = payout_accounts.stops(list(keys.values()), START + minutes(73 * 60))
    assert stopped == {keys["seller", "sel-1"]: "account_risk"} and not later


def test_signing_in_again_after_a_recovery_does_not_put_the_end_of_the_hold_off() -> None:
    live_policy(TEXT)
    day = 24 * 60
    lanes.accept([event("security.changed", at=START, seller="sel-1", member="usr_ana", change="recovery")])
    for number in range(3):
        judge(Act(ActKind.SIGN_IN, "usr_ana", START + minutes(number * day), "sel-1"))
    with engine_scope():
        (key,) = lookup_many({("seller", "sel-1")}).values()
        assert payout_accounts.stops([key], START + minutes(7 * day - 1))
        assert not payout_accounts.stops([key], START + minutes(7 * day + 1))


def test_a_takeover_ends_with_payouts_stopped_until_two_people_say_so() -> None:
    live_policy(TEXT)
    lanes.accept([event("security.changed", at=START, seller="sel-1", member="usr_ana", change="recovery")])
    judge(Act(ActKind.PAYOUT_CHANGE, "usr_ana", START + minutes(10), "sel-1"))
    with engine_scope():
        (key,) = lookup_many({("seller", "sel-1")}).values()
        assert payout_accounts.unpaid([key], START + minutes(365 * 24 * 60)) == {key}


def test_an_act_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="score_band"):
        judge(Act(ActKind.SIGN_IN, "usr_ana", START, "sel-1", {"score_band": "high"}))


def test_something_new_near_the_end_of_a_hold_has_payouts_wait_for_72_hours_from_then() -> None:
    live_policy(TEXT)
    judge(Act(ActKind.SIGN_IN, "usr_ana", START, "sel-1", {"score_band": 2}))
    judge(Act(ActKind.SIGN_IN, "usr_ana", START + minutes(30), "sel-1", {"score_band": 2}))
    judge(Act(ActKind.SIGN_IN, "usr_ana", START + minutes(70 * 60), "sel-1", {"score_band": 2}))
    with engine_scope():
        (key,) = lookup_many({("seller", "sel-1")}).values()
        assert payout_accounts.stops([key], START + minutes(141 * 60))
        assert not payout_accounts.stops([key], START + minutes(143 * 60))
        assert len(payout_reading.stops_of(key, START + minutes(70 * 60))) == 2, "one an hour at most"

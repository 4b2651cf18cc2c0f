"""A seller objects to a decision, and a person who did not take it looks again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.kernel.builders import event, live_policy, person, usd

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, lanes, second_look
from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.decisions.errors import (
    AskedAlready,
    NotFound,
    OtherPersonNeeded,
    ReasonMissing,
    TooLateToAsk,
)
from safeconduct.kernel.decisions.models import Decision, Review
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import engine_scope, staff_scope

NOW = datetime.now(UTC)


def blocked_order() -> Made:
    live_policy()
    (made,) = lanes.accept([event(amount=usd(9000))]).decisions
    assert made.action is Action.BLOCK
    return made


def ask(
    made: Made, words: str = "She is a customer of ten years", *, days: int = 0, seller: int | None = None
) -> Review:
    member = person(StaffRole.NONE)
    with engine_scope():
        key = made.seller_key if seller is None else seller
        assert key is not None
        return second_look.ask(made.id, key, member, words, at=NOW + timedelta(days=days))


def test_a_blocked_order_comes_before_a_person_with_the_sellers_words() -> None:
    made = blocked_order()
    ask(made)
    with staff_scope():
        review = Review.objects.get(decision_id=made.id)
    assert (review.state, review.asked_why) == ("open", "She is a customer of ten years")
    assert review.due_at > NOW


def test_asking_twice_is_told_so_and_changes_nothing() -> None:
    made = blocked_order()
    ask(made)
    with pytest.raises(AskedAlready):
        ask(made, "please please")
    with staff_scope():
        assert Review.objects.get().asked_why == "She is a customer of ten years"


def test_another_sellers_decision_is_not_there_for_me() -> None:
    with pytest.raises(NotFound):
        ask(blocked_order(), seller=12345)


def test_after_half_a_year_it_is_too_late_and_without_words_it_is_nothing() -> None:
    made = blocked_order()
    with pytest.raises(TooLateToAsk):
        ask(made, days=200)
    with pytest.raises(ReasonMissing):
        ask(made, "  ")
    with staff_scope():
        assert not Review.objects.exists()


def test_whoever_decided_does_not_take_the_second_look() -> None:
    made = blocked_order()
    first, other = person(), person()
    with staff_scope():
        ruled = actions.override(made.id, first, Action.BLOCK, "Seen before at two shops", at=NOW)
    member = person(StaffRole.NONE)
    with engine_scope():
        assert made.seller_key is not None
        second_look.ask(ruled.id, made.seller_key, member, "It was my aunt", at=NOW)
    with pytest.raises(OtherPersonNeeded), staff_scope():
        actions.override(ruled.id, first, Action.ALLOW, "Fine after all", at=NOW)
    with staff_scope():
        actions.override(ruled.id, other, Action.ALLOW, "The aunt called", at=NOW)
        assert Decision.objects.get(standing=True).action == "allow"
        assert not Review.objects.filter(state="open").exists()

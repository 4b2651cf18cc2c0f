"""The way of a seller, or of a buyer, to object: a person who did not decide looks at it again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import record_staff
from safeconduct.kernel.decisions.errors import AskedAlready, NotFound, OtherPersonNeeded, ReasonMissing, TooLateToAsk
from safeconduct.kernel.decisions.models import Decision, DecisionKind, Review
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import leaves

#: At least six months to complain: Regulation (EU) 2022/2065 (Digital Services Act), article 20(1); in force since
#: 2024-02-17. It binds online platforms in the Union; here it is the default for everyone.
MAY_ASK_FOR: Final = timedelta(days=184)
_WORDS_LIMIT: Final = 4000
#: Who asked, where it was a buyer: they have no account here.
BUYER: Final = "buyer"


def may_ask(decision: Decision, at: datetime) -> bool:
    """Whether a second look at this decision can still be asked for, as far as the decision itself tells."""
    return (
        decision.standing
        and decision.kind != DecisionKind.SHADOW
        and decision.action != Action.ALLOW
        and at <= decision.decided_at + MAY_ASK_FOR
    )


def ask(decision_id: str, seller_key: int, member: User, words: str, *, at: datetime) -> Review:
    """Puts a decision about a seller's order before a person, with the seller's words. In an engine scope.

    Raises NotFound for a decision that is not this seller's or not in force, ReasonMissing without words, TooLateToAsk
    after `MAY_ASK_FOR`, AskedAlready a second time.
    """
    return _ask(decision_id, member.id, words, at, seller_key=seller_key)


def ask_for_buyer(decision_id: str, order_key: int, words: str, *, at: datetime) -> Review:
    """The same for the buyer of an order, who contests what a rule said of it. Raises as `ask`."""
    return _ask(decision_id, BUYER, words, at, order_key=order_key)


def _ask(decision_id: str, asked_by: str, words: str, at: datetime, **whose: int) -> Review:
    if len(words.strip()) < 3:
        raise ReasonMissing
    decision = Decision.objects.select_for_update().filter(id=decision_id, **whose).first()
    if decision is None or not decision.standing or decision.kind == DecisionKind.SHADOW:
        raise NotFound("decision in force", decision_id)
    if decision.action == Action.ALLOW:
        raise NotFound("adverse decision", decision_id)
    if at > decision.decided_at + MAY_ASK_FOR:
        raise TooLateToAsk(MAY_ASK_FOR.days)
    review = Review.objects.select_for_update().filter(decision_id=decision_id).first()
    if review is not None and review.asked_by:
        raise AskedAlready
    due_at = at + timedelta(hours=settings.REVIEW_HOURS)
    leaves.add(record_staff.SECOND_LOOK, [decision_id], at)
    asked = {"asked_by": asked_by, "asked_why": words.strip()[:_WORDS_LIMIT]}
    if review is not None and review.state == Review.State.OPEN:
        Review.objects.filter(decision_id=decision_id).update(**asked)
        review.refresh_from_db()
        return review
    made, _created = Review.objects.update_or_create(
        decision_id=decision_id,
        defaults={
            "state": Review.State.OPEN, "due_at": due_at, "amount_minor": decision.amount_minor,
            "top_reason": decision.fired[0] if decision.fired else "", "opened_at": at, "done_at": None, "outcome": "",
            "assigned_to": None, **asked,
        },
    )  # fmt: skip
    return made


def refuse_the_same_person(earlier: Decision, person: User) -> None:
    """Raises OtherPersonNeeded where a seller asked for a second look and `person` had the first."""
    if earlier.actor == person.id and Review.objects.filter(decision=earlier).exclude(asked_by="").exists():
        raise OtherPersonNeeded

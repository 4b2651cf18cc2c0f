"""About two decisions in a hundred are taken once more by somebody who does not know them; that changes nothing."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from tests.kernel.builders import person
from tests.kernel.cases.builders import START, case, days, decided, decision, hours, opened, paid, seated, take

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import blind, messages, seats
from safeconduct.kernel.cases.blind import Given
from safeconduct.kernel.cases.choosing import is_chosen
from safeconduct.kernel.cases.errors import CaseMalformed, ReviewGiven, SeatTaken
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.models import BlindReview, StoredOutcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

SAME = Given(Remedy.REFUND, Liability.SELLER, Standing.COUNTS, "It never came", 74_400)
OTHER = Given(Remedy.NOTHING, Liability.NOBODY, Standing.DOES_NOT_COUNT, "The scans say it came")


@pytest.fixture(autouse=True)
def _every_decision_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BLIND_REVIEWS_PER_10000", 10_000)


def chosen(case_id: str) -> BlindReview:
    with staff_scope():
        return BlindReview.objects.get(case_id=case_id)


def taken(case_id: str, who: User | None = None) -> tuple[BlindReview, User]:
    who = who or person()
    with staff_scope():
        return blind.take(chosen(case_id).id, who, at=START + hours(1)), who


def given(case_id: str, what: Given, who: User | None = None) -> BlindReview:
    review, who = taken(case_id, who)
    with staff_scope():
        return blind.give(review.id, who, what, at=START + hours(2))


def test_about_two_in_a_hundred_are_chosen_and_always_the_same_ones() -> None:
    ids = [new_id("out") for _ in range(20_000)]
    found = [key for key in ids if is_chosen(key, 200)]
    assert 300 < len(found) < 500
    assert found == [key for key in ids if is_chosen(key, 200)]
    assert not any(is_chosen(key, 0) for key in ids)
    assert all(is_chosen(key, 10_000) for key in ids)


def test_what_was_agreed_or_decided_by_a_rule_is_not_chosen() -> None:
    case_id = opened()
    take(case_id, "accept", Role.SELLER)
    with staff_scope():
        assert not BlindReview.objects.exists()


def test_agreement_is_stored_part_by_part_and_changes_nothing() -> None:
    case_id = decided()
    assert given(case_id, SAME).differs == []
    other = decided()
    assert given(other, OTHER).differs == ["remedy", "liability", "standing", "amount"]
    assert (case(other).state, paid(other)) == ("decided", [])
    with staff_scope():
        assert StoredOutcome.objects.get(case_id=other).liability == "seller"


def test_who_reviews_blind_reads_neither_the_outcome_nor_offers_nor_what_came_after() -> None:
    case_id = opened()
    with engine_scope():
        messages.say(case_id, Actor("b", "buyer"), Role.BUYER, "I waited a month", at=START)
        offer = Offer(Remedy.PARTIAL_REFUND, 100, "CNY")
        messages.offer(case_id, Actor("s", "seller"), Role.SELLER, offer, "Take this", at=START)
        messages.note(case_id, Actor("staff", "analyst"), "A rude seller", at=START)
    take(case_id, "contest", Role.SELLER, why="It was delivered")
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, START + hours(1), who=arbiter.id, outcome=decision())
    take(case_id, "appeal", Role.SELLER, START + days(1), why="You gave it all to the buyer")
    with staff_scope():
        sheet = blind.sheet(chosen(case_id).id)
    words = [said.words for said in sheet.said] + [step.why for step in sheet.steps]
    assert "I waited a month" in words
    assert "It was delivered" in words
    assert not {"Take this", "A rude seller", "You gave it all to the buyer"} & set(words)
    assert [step.name for step in sheet.steps] == ["contest", "done", "done"]


def test_nobody_who_had_to_do_with_the_case_reviews_it_blind_nor_the_other_way_round() -> None:
    case_id = decided()
    review = chosen(case_id)
    with staff_scope():
        arbiter = StoredOutcome.objects.get(case_id=case_id).decided_by
        people = [User.objects.get(id=arbiter), person()]
    with staff_scope():
        messages.note(case_id, Actor(people[1].id, "analyst"), "I know them", at=START)
    for who in people:
        with pytest.raises(SeatTaken):
            taken(case_id, who)
    with pytest.raises(psycopg.IntegrityError, match="cannot review it blind"), staff_scope():
        query(
            "UPDATE case_blind_review SET taken_by_id = %s, taken_role = 'blind_reviewer', taken_at = now()"
            " WHERE id = %s",
            [people[1].id, review.id],
        )
    _, blinded = taken(case_id)
    take(case_id, "appeal", Role.SELLER, START + days(1), why="The signature is there")
    with pytest.raises(SeatTaken), staff_scope():
        seats.take(case_id, blinded, Role.REVIEWER, at=START + days(1))


def test_it_is_given_once_in_words_and_by_who_took_it() -> None:
    case_id = decided()
    review, who = taken(case_id)
    with pytest.raises(SeatTaken), staff_scope():
        blind.give(review.id, person(), SAME, at=START)
    silent = Given(Remedy.REFUND, Liability.SELLER, Standing.COUNTS, " ")
    with pytest.raises(CaseMalformed), staff_scope():
        blind.give(review.id, who, silent, at=START)
    for _ in range(2):
        with staff_scope():
            blind.give(review.id, who, SAME, at=START)
    with pytest.raises(ReviewGiven), staff_scope():
        blind.give(review.id, who, OTHER, at=START)
    with pytest.raises(psycopg.IntegrityError, match="does not change"), staff_scope():
        query("UPDATE case_blind_review SET remedy = 'nothing' WHERE id = %s", [review.id])


def test_a_closed_case_can_still_be_reviewed_and_it_is_in_the_record() -> None:
    case_id = decided()
    take(case_id, "settle", Role.ENGINE, START + days(1))
    review = given(case_id, SAME)
    sequencer.keep_up(START + days(2))
    with engine_scope():
        proof = proof_of("case_blind_review", review.id)
    assert proof is not None
    assert "It never came" not in str(proof)


def test_a_lead_looks_at_a_disagreement_and_the_outcome_stays() -> None:
    case_id = decided()
    review = given(case_id, OTHER)
    with staff_scope():
        assert [one.id for one in blind.disagreements()] == [review.id]
    with pytest.raises(SeatTaken), staff_scope():
        blind.look(review.id, person(StaffRole.ANALYST), "Hm, hm", at=START)
    with staff_scope():
        blind.look(review.id, person(StaffRole.LEAD), "The scans were misread", at=START + days(1))
        assert blind.disagreements() == []
    assert case(case_id).state == "decided"
    agreed = given(decided(), SAME)
    with pytest.raises(CaseMalformed), staff_scope():
        blind.look(agreed.id, person(StaffRole.LEAD), "All is well", at=START)

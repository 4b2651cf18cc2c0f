"""Above an amount one person decides nothing: a second one confirms or returns it, and the money waits for them."""

from __future__ import annotations

from contextlib import suppress

import psycopg
import pytest
import tests.django_world as world
from django.db import IntegrityError
from tests.kernel.builders import person
from tests.kernel.cases.builders import START, case, clocks, days, decision, hours, opened, paid, seated, take

from safeconduct.kernel.cases import seats, second_person
from safeconduct.kernel.cases.errors import CaseMalformed, CasesError, ProposalAnswered, SeatTaken
from safeconduct.kernel.cases.models import Proposal, Seat, Step, StoredOutcome
from safeconduct.kernel.cases.sweep import keep_up
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import engine_scope, query, staff_scope

#: More than the 1,000 yuan of the example's workflow.
MUCH = 250_000


def at_the_arbiter(amount_minor: int = MUCH) -> str:
    case_id = opened(amount_minor=amount_minor)
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    return case_id


def proposed(**changes: object) -> tuple[str, User, Proposal]:
    """A case in which an arbiter has proposed a refund."""
    case_id = at_the_arbiter()
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(**{"amount_minor": MUCH, **changes}))
    return case_id, arbiter, waiting(case_id)


def waiting(case_id: str) -> Proposal:
    with staff_scope():
        found = second_person.latest(case_id)
    assert found is not None and found.state == "waiting"
    return found


def approver(found: Proposal, who: User | None = None) -> User:
    who = who or person()
    with staff_scope():
        second_person.take_seat(found.id, who, at=START + hours(1))
    return who


def confirm(found: Proposal, who: User) -> None:
    with staff_scope():
        second_person.confirm(found.id, who, at=START + hours(2))


def send_back(found: Proposal, who: User, why: str = "Look at the weight again") -> None:
    with staff_scope():
        second_person.send_back(found.id, who, why, at=START + hours(2))


def outcomes(case_id: str) -> list[StoredOutcome]:
    with staff_scope():
        return list(StoredOutcome.objects.filter(case_id=case_id).order_by("at", "id"))


def test_a_decision_above_the_amount_moves_nothing_until_another_person_confirms_it() -> None:
    case_id, arbiter, found = proposed()
    (*_, before) = clocks(case_id)
    assert (case(case_id).state, outcomes(case_id), paid(case_id)) == ("adjudication", [], [])
    assert (before.state, before.key, before.platform) == ("running", "decision", True), "the platform's clock runs on"
    assert (found.at_stake_minor, found.above_minor) == (MUCH, 100_000)
    second = approver(found)
    confirm(found, second)
    (outcome,) = outcomes(case_id)
    assert case(case_id).state == "decided"
    assert (outcome.decided_by, outcome.approved_by, outcome.second_above_minor) == (arbiter.id, second.id, 100_000)
    assert (outcome.amount_minor, outcome.told["en"]) == (MUCH, "The parcel never arrived.")
    assert [clock.state for clock in clocks(case_id)][-2:] == ["met", "running"]


def test_up_to_the_amount_one_person_decides() -> None:
    case_id = at_the_arbiter(100_000)
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=100_000))
    assert case(case_id).state == "decided"
    assert outcomes(case_id)[0].approved_by is None


def test_refusing_what_is_above_the_amount_needs_the_second_person_as_well() -> None:
    _, _, found = proposed(
        remedy=Remedy.NOTHING, liability=Liability.NOBODY, standing=Standing.DOES_NOT_COUNT, amount_minor=None,
        currency="",
    )  # fmt: skip
    assert found.outcome["remedy"] == "nothing"
    confirm(found, approver(found))
    assert outcomes(found.case_id)[0].remedy == "nothing"


def test_in_a_currency_that_nobody_gave_an_amount_for_two_decide_whenever_money_is_at_stake() -> None:
    case_id = opened(amount_minor=5, currency="EUR")
    for name, role in (("contest", Role.SELLER), ("done", Role.SELLER), ("done", Role.BUYER)):
        take(case_id, name, role)
    arbiter = seated(case_id, Role.ARBITER)
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=5, currency="EUR"))
    assert waiting(case_id).above_minor == 0


def test_nobody_confirms_their_own_decision_nor_one_of_a_case_they_had_a_seat_in() -> None:
    case_id, arbiter, found = proposed()
    with pytest.raises(SeatTaken):
        approver(found, arbiter)
    with pytest.raises(SeatTaken):
        confirm(found, arbiter)
    with pytest.raises(SeatTaken):
        confirm(found, person())
    with pytest.raises(IntegrityError), staff_scope():
        Proposal.objects.filter(id=found.id).update(
            state="confirmed", answered_by=arbiter.id, answered_role="approver", answered_at=START
        )
    assert case(case_id).state == "adjudication"


def test_the_database_refuses_an_outcome_that_nobody_confirmed_and_a_proposal_that_changes() -> None:
    _, _, found = proposed()
    with pytest.raises(psycopg.IntegrityError, match="does not change"), staff_scope():
        query("UPDATE case_proposal SET state = 'lapsed', answered_at = now() WHERE id = %s", [found.id])
        query("UPDATE case_proposal SET state = 'waiting', answered_at = NULL WHERE id = %s", [found.id])
    case_id, _, other = proposed()
    second = approver(other)
    with pytest.raises(IntegrityError, match="not what a second person confirmed"), staff_scope():
        query(
            "INSERT INTO case_outcome SELECT (jsonb_populate_record(o, jsonb_build_object('id', 'out_forged', 'case_id',"
            " %s::text, 'proposal_id', %s::text, 'approved_by', %s::text, 'approved_role', 'approver', 'replaces', NULL,"
            " 'verdict', '', 'second_above_minor', 1, 'decided_by', %s::text, 'decided_role', 'arbiter'))).*"
            " FROM case_outcome o LIMIT 1",
            [_forgeable(case_id), other.id, second.id, other.proposed_by_id],
        )


def _forgeable(case_id: str) -> str:
    """There is a row to copy an outcome from."""
    other = at_the_arbiter(100_000)
    arbiter = seated(other, Role.ARBITER)
    take(other, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=100_000))
    return case_id


def test_a_returned_decision_goes_back_to_its_author_and_the_parties_do_not_read_why() -> None:
    case_id, arbiter, found = proposed()
    second = approver(found)
    with pytest.raises(CaseMalformed):
        send_back(found, second, " ")
    send_back(found, second)
    send_back(found, second)
    with staff_scope():
        back = second_person.latest(case_id)
        lines = list(Step.objects.filter(case_id=case_id).order_by("number").values_list("name", "why"))
    assert back is not None and (back.state, back.state_name) == ("returned", "adjudication")
    assert back.why_returned == "Look at the weight again"
    assert lines[-2:] == [("decision_proposed", ""), ("decision_returned", "")]
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=120_000))
    confirm(waiting(case_id), second)
    assert outcomes(case_id)[0].amount_minor == 120_000


def test_the_same_decision_twice_is_one_and_another_takes_its_place() -> None:
    case_id, arbiter, found = proposed()
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=MUCH))
    assert waiting(case_id).id == found.id
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(amount_minor=110_000))
    latest = waiting(case_id)
    assert latest.outcome["amount_minor"] == 110_000
    second = approver(latest)
    with pytest.raises(ProposalAnswered, match="replaced"):
        confirm(found, second)
    confirm(latest, second)
    confirm(latest, second)
    assert len(outcomes(case_id)) == 1


def test_two_second_persons_at_once_confirm_it_once() -> None:
    case_id, _, found = proposed()
    people, refused = [person(), person()], []

    def try_it(who: User) -> None:
        with suppress(CasesError):
            approver(found, who)
        try:
            confirm(found, who)
        except CasesError as problem:
            refused.append(problem.code)

    threads = [world.thread_of(try_it, who) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    assert len(outcomes(case_id)) == 1
    with staff_scope():
        assert Step.objects.filter(case_id=case_id, name="decide").count() == 1


def test_the_platforms_silence_ends_at_the_backstop_although_a_decision_waits() -> None:
    case_id, _, found = proposed()
    second = approver(found)
    keep_up(START + days(30))
    keep_up(START + days(60))
    assert (case(case_id).state, paid(case_id)) == ("final", ["fund_pays"])
    with pytest.raises(ProposalAnswered, match="lapsed"):
        confirm(found, second)


def test_the_appeal_of_a_confirmed_decision_has_another_second_person() -> None:
    case_id, _, found = proposed()
    second = approver(found)
    confirm(found, second)
    take(case_id, "appeal", Role.SELLER, START + days(1), why="The signature is there")
    reviewer = seated(case_id, Role.REVIEWER, START + days(2))
    take(case_id, "rule", Role.REVIEWER, START + days(2), who=reviewer.id, outcome=decision(amount_minor=MUCH))
    ruling = waiting(case_id)
    assert paid(case_id) == []
    with pytest.raises(SeatTaken):
        approver(ruling, second)
    confirm(ruling, approver(ruling))
    assert paid(case_id) == ["execute_outcome"]
    with staff_scope():
        assert Seat.objects.filter(case_id=case_id, role="approver").count() == 2


def test_a_proposed_decision_and_both_names_are_in_the_record_and_the_seller_reads_the_seats_alone() -> None:
    case_id, arbiter, found = proposed()
    confirm(found, approver(found))
    sequencer.keep_up(START + days(1))
    with engine_scope():
        proposal = proof_of("case_proposal", found.id)
        outcome = proof_of("case_outcome", outcomes(case_id)[0].id)
    assert proposal is not None
    assert outcome is not None
    assert arbiter.id not in str(proposal) + str(outcome)
    assert "approver" in str(outcome)


def test_a_person_who_leaves_is_released_and_what_they_proposed_can_still_be_confirmed() -> None:
    case_id, arbiter, found = proposed()
    with staff_scope():
        seats.release(arbiter, at=START + hours(1))
    confirm(found, approver(found))
    assert case(case_id).state == "decided"

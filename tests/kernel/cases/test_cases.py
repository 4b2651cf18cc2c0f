"""A case from its opening to its end."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import IntegrityError
from tests.kernel.builders import person
from tests.kernel.cases.builders import (
    BUYER,
    SELLER,
    START,
    case,
    clocks,
    days,
    decided,
    decision,
    hours,
    opened,
    paid,
    seated,
    take,
    turns,
)

from safeconduct.kernel.cases.errors import (
    CaseMalformed,
    ChangedMeanwhile,
    GuardRefused,
    NoSuchCase,
    NoSuchKind,
    NotPossible,
    SeatTaken,
)
from safeconduct.kernel.cases.models import Case, Step, StoredOutcome
from safeconduct.kernel.cases.words import Disclosure, Liability, Remedy, Role, Standing
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope


def history(case_id: str) -> list[tuple[str, str]]:
    with staff_scope():
        return list(Step.objects.filter(case_id=case_id).order_by("number").values_list("name", "to_state"))


def test_a_case_opens_with_the_sellers_clock_in_the_sellers_zone() -> None:
    case_id = opened()
    assert turns(case_id) == {"seller": "my_turn", "buyer": "their_turn"}
    (clock,) = clocks(case_id)
    # Five days after Monday 1 June end with the last second of Saturday in Santiago, UTC-4 in winter.
    assert clock.due_at == datetime(2026, 6, 7, 3, 59, 59, tzinfo=UTC)
    assert (clock.owner, clock.state, clock.library[:9]) == ("seller", "running", "holidays ")
    with staff_scope():
        assert StoredNotice.objects.get().code == "case.your_turn"


def test_the_same_key_opens_no_second_case() -> None:
    first = opened(key="dispute/1")
    assert opened(START + days(1), key="dispute/1") == first
    assert len(clocks(first)) == 1


def test_from_opening_over_a_decision_and_an_appeal_to_the_end() -> None:
    case_id = decided()
    assert (case(case_id).status, turns(case_id)) == ("decided", {"seller": "can_appeal", "buyer": "can_appeal"})
    assert paid(case_id) == []
    take(case_id, "appeal", Role.SELLER, START + days(20), why="The signature is there")
    assert turns(case_id) == {"seller": "under_review", "buyer": "under_review"}
    reviewer = seated(case_id, Role.REVIEWER, START + days(21))
    take(case_id, "rule", Role.REVIEWER, START + days(22), who=reviewer.id,
         outcome=decision(remedy=Remedy.NOTHING, liability=Liability.NOBODY, standing=Standing.DOES_NOT_COUNT,
                          amount_minor=None, currency=""))  # fmt: skip
    found = case(case_id)
    assert (found.status, found.state, found.closed_at) == ("closed", "final", START + days(22))
    assert turns(case_id) == {"seller": "closed", "buyer": "closed"}
    assert paid(case_id) == ["execute_outcome"]
    assert [clock.state for clock in clocks(case_id)] == ["met", "met", "met", "met", "met"]
    with staff_scope():
        first, second = StoredOutcome.objects.filter(case_id=case_id).order_by("at")
    assert (second.replaces, second.verdict, second.final) == (first.id, "overturned", True)
    assert first.appeal_until == datetime(2026, 12, 2, 2, 59, 59, tzinfo=UTC)
    assert [name for name, _ in history(case_id)] == ["open", "contest", "done", "done", "decide", "appeal", "rule"]


def test_an_accepted_case_ends_in_three_parts_without_anyones_judgement() -> None:
    case_id = opened()
    take(case_id, "accept", Role.SELLER)
    with staff_scope():
        outcome = StoredOutcome.objects.get(case_id=case_id)
    assert (outcome.remedy, outcome.liability, outcome.standing) == ("refund", "seller", "does_not_count")
    assert (outcome.amount_minor, outcome.automated, outcome.told["en"]) == (74_400, True, "The seller agreed.")
    assert paid(case_id) == ["refund"]


def test_both_sides_must_be_done_before_the_case_moves_on() -> None:
    case_id = opened()
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    assert (case(case_id).state, turns(case_id)) == ("evidence", {"seller": "their_turn", "buyer": "my_turn"})
    with pytest.raises(NotPossible):
        take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    assert case(case_id).state == "adjudication"
    assert turns(case_id) == {"seller": "under_review", "buyer": "under_review"}


def test_a_step_that_is_not_there_says_what_is() -> None:
    case_id = opened()
    with pytest.raises(NotPossible, match="possible are accept, contest"):
        take(case_id, "withdraw", Role.SELLER)
    with pytest.raises(NotPossible, match="nothing is for you to do"):
        take(case_id, "decide", Role.ARBITER)
    with pytest.raises(NoSuchCase):
        take("cas_nowhere", "accept", Role.SELLER)
    with pytest.raises(NoSuchKind):
        opened(kind="lawsuit")


def test_who_looked_at_an_old_page_moves_nothing() -> None:
    case_id = opened()
    take(case_id, "contest", Role.SELLER, seen_step=1)
    with pytest.raises(ChangedMeanwhile):
        take(case_id, "done", Role.BUYER, seen_step=1)


def test_a_condition_of_the_workflow_refuses_with_its_own_words() -> None:
    case_id = opened()
    with pytest.raises(GuardRefused, match="come back tomorrow"):
        take(case_id, "contest", Role.SELLER, START + days(4))
    with pytest.raises(CaseMalformed, match="say it in words"):
        take(case_id, "contest", Role.SELLER, why="")
    assert case(case_id).state == "open"


def test_mediator_arbiter_and_reviewer_are_different_people() -> None:
    case_id = decided()
    with staff_scope():
        arbiter = query("SELECT person_id FROM case_seat WHERE case_id = %s", [case_id]).fetchall()[0][0]
    take(case_id, "appeal", Role.SELLER)
    with pytest.raises(SeatTaken):
        take(case_id, "rule", Role.REVIEWER, who=arbiter, outcome=decision())
    with pytest.raises(psycopg.errors.UniqueViolation), staff_scope():
        query(
            "INSERT INTO case_seat (case_id, person_id, role, at) VALUES (%s, %s, 'reviewer', now())",
            [case_id, arbiter],
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
        query("UPDATE case_seat SET role = 'reviewer' WHERE case_id = %s", [case_id])


def test_who_has_left_the_bench_does_not_come_back_in_another_seat() -> None:
    case_id = opened()
    first = seated(case_id, Role.ARBITER)
    seated(case_id, Role.ARBITER)
    with pytest.raises(SeatTaken, match="has been arbiter"):
        seated(case_id, Role.MEDIATOR, who=first)
    with pytest.raises(SeatTaken):
        seated(case_id, Role.ARBITER, who=first)


def test_a_member_of_the_seller_judges_nothing_of_it() -> None:
    case_id, insider = opened(), person()
    with staff_scope():
        insider.memberships.create(seller_key=SELLER, role="support")
    with pytest.raises(SeatTaken, match="acts or has acted for this seller"):
        seated(case_id, Role.ARBITER, who=insider)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"facts": {}}, "facts"),
        ({"facts": {"en": "  "}}, "facts"),
        ({"rule": ""}, "rule"),
        ({"disclosure": Disclosure.CATEGORY}, "told"),
        ({"disclosure": Disclosure.WITHHELD, "told": {"en": "Not now."}}, "withheld_basis"),
        ({"amount_minor": None, "currency": ""}, "amount_minor"),
        ({"liability": Liability.SHARED}, "shares"),
        ({"liability": Liability.SHARED, "shares": {"seller": 1, "carrier": 2}}, "shares"),
        ({"considered": ("evd_unknown",)}, "considered"),
        ({"automated": True}, "automated"),
    ],
)
def test_an_outcome_that_lacks_something_is_not_stored(changes: dict[str, object], field: str) -> None:
    case_id = opened()
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    arbiter = seated(case_id, Role.ARBITER)
    with pytest.raises(CaseMalformed) as refused:
        take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(**changes))
    assert refused.value.field == field
    assert case(case_id).state == "adjudication"


def test_the_database_itself_refuses_an_outcome_without_reasons() -> None:
    case_id = decided()
    for column in ("facts", "told"):
        with pytest.raises(psycopg.errors.CheckViolation), engine_scope():
            query(
                f'INSERT INTO case_outcome SELECT (jsonb_populate_record(o, \'{{"id": "out_x", "{column}": {{}}}}\')).*'
                " FROM case_outcome o WHERE case_id = %s",
                [case_id],
            )
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE case_outcome SET facts = '{}'")


def test_no_state_is_set_without_its_step() -> None:
    case_id = opened()
    with pytest.raises(IntegrityError, match="no step led to"), engine_scope():
        Case.objects.filter(id=case_id).update(state="agreed")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE case_step SET to_state = 'agreed' WHERE case_id = %s", [case_id])
    assert case(case_id).state == "open"


def test_a_seller_sees_its_own_cases_and_no_other() -> None:
    mine, other = opened(), opened(seller_key=78, parties=(BUYER,) + opened_shop(78))
    with seller_scope(SELLER):
        assert list(Case.objects.values_list("id", flat=True)) == [mine]
        for table in ("case_party", "case_deadline"):
            assert query(f"SELECT DISTINCT case_id FROM {table}").fetchall() == [(mine,)]
        assert query("SELECT count(*) FROM case_step WHERE case_id = %s", [other]).fetchone() == (0,)
    for statement in ("SELECT facts FROM case_outcome", "SELECT actor FROM case_step", "SELECT 1 FROM case_seat",
                      "UPDATE case_file SET state = 'final'", "DELETE FROM case_deadline"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(SELLER):
            query(statement)


def opened_shop(key: int) -> tuple[object, ...]:
    from safeconduct.kernel.cases.opening import PartyIn

    return (PartyIn(Role.SELLER, key, "Asia/Shanghai", "CN", "zh-hans"),)


def test_many_cases_move_in_one_batch() -> None:
    from safeconduct.kernel.cases import machine
    from safeconduct.kernel.cases.moves import Move
    from safeconduct.kernel.scope import Actor

    ids = [opened(START + hours(n)) for n in range(12)]
    with staff_scope():
        machine.transition(
            [Move(case_id, "accept", Actor("s", "seller"), Role.SELLER) for case_id in ids], at=START + days(2)
        )
    assert {case(case_id).status for case_id in ids} == {"closed"}

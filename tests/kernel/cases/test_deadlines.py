"""Clocks of cases: silence, reminders, restarts, pauses, extensions, and the platform's own misses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.django_world import thread_of
from tests.kernel.builders import person
from tests.kernel.cases.builders import (
    BUYER,
    SELLER,
    SHOP,
    START,
    case,
    clocks,
    days,
    decided,
    hours,
    opened,
    paid,
    take,
    turns,
)

from safeconduct.kernel.cases import deadlines, pauses, publishing
from safeconduct.kernel.cases.errors import CaseMalformed, NoMoreExtensions, WorkflowRefused
from safeconduct.kernel.cases.models import Step, StoredOutcome
from safeconduct.kernel.cases.queries import platform_misses
from safeconduct.kernel.cases.sweep import keep_up, sweep
from safeconduct.kernel.cases.words import PauseScope, Role
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

#: The last second of the seller's five days.
DUE = datetime(2026, 6, 7, 3, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEAD = Actor("usr_lead", "staff", "Carrier on strike")


def told(code: str) -> list[StoredNotice]:
    with staff_scope():
        return list(StoredNotice.objects.filter(code=code).order_by("at"))


def test_silence_goes_to_a_person_with_what_is_on_file() -> None:
    case_id = opened()
    assert keep_up(DUE - SECOND) and case(case_id).state == "open"
    assert keep_up(DUE) == 1
    assert (case(case_id).state, case(case_id).status) == ("adjudication", "under_review")
    assert turns(case_id) == {"seller": "under_review", "buyer": "under_review"}
    first, second = clocks(case_id)
    assert (first.state, second.state, second.platform) == ("missed", "running", True)
    with staff_scope():
        step = Step.objects.get(case_id=case_id, number=2)
    assert (step.name, step.role, step.facts["missed"]) == ("to_platform", "engine", "seller_reply")
    assert paid(case_id) == []


def test_a_deadline_fires_once_also_when_it_is_swept_again_and_late_rather_than_never() -> None:
    case_id = opened()
    late = DUE + days(1)
    assert keep_up(late) == 1
    assert keep_up(late) == 0
    with staff_scope():
        assert Step.objects.filter(case_id=case_id).count() == 2


def test_many_sweepers_at_once_fire_each_deadline_once() -> None:
    ids = [opened() for _ in range(30)]
    sweepers = [thread_of(sweep, DUE, limit=7) for _ in range(6)]
    for thread in sweepers:
        thread.start()
    for thread in sweepers:
        thread.join()
    keep_up(DUE)
    assert {case(case_id).step for case_id in ids} == {2}


def test_a_case_that_cannot_be_moved_does_not_stop_the_others() -> None:
    good, bad = opened(), opened()
    with engine_scope():
        # What a broken release could leave: a clock of a state that its workflow does not have.
        query("UPDATE case_deadline SET state_name = 'nowhere' WHERE case_id = %s", [bad])
    keep_up(DUE)
    assert case(good).state == "adjudication"
    assert (case(bad).state, clocks(bad)[0].attempts) == ("open", 1)
    assert clocks(bad)[0].wake_at == DUE + timedelta(minutes=1)


def test_reminders_come_at_a_half_four_fifths_and_nineteen_twentieths_and_are_not_made_up_for() -> None:
    opened()
    whole = DUE - START
    for share, count in ((0.49, 0), (0.51, 1), (0.52, 1), (0.81, 2), (0.96, 3), (0.99, 3)):
        keep_up(START + whole * share)
        assert len(told("case.reminder")) == count
    opened(key="slept-through")
    keep_up(START + whole * 0.97)
    assert [notice.values["percent"] for notice in told("case.reminder")] == [50, 80, 95, 95]


def test_who_answers_is_not_reminded_any_more() -> None:
    case_id = opened()
    take(case_id, "accept", Role.SELLER, START + hours(1))
    assert keep_up(DUE) == 0
    assert told("case.reminder") == []
    assert clocks(case_id)[0].state == "met"


def test_after_its_second_miss_the_platform_pays_and_the_seller_does_not() -> None:
    lead = person(StaffRole.LEAD)
    case_id = opened()
    keep_up(DUE)
    first = clocks(case_id)[-1]
    assert first.due_at is not None
    keep_up(first.due_at)
    found = case(case_id)
    assert (found.state, found.platform_misses) == ("adjudication", 1)
    assert [(n.person_id, n.values["case"]) for n in told("case.platform_missed")] == [(lead.id, case_id)]
    second = clocks(case_id)[-1]
    assert (second.round, second.state) == (2, "running")
    assert second.due_at is not None
    keep_up(second.due_at)
    assert (case(case_id).state, paid(case_id)) == ("final", ["fund_pays"])
    with staff_scope():
        outcome = StoredOutcome.objects.get(case_id=case_id)
        misses = platform_misses(START, second.due_at + SECOND)
    assert (outcome.liability, outcome.standing, outcome.amount_minor) == ("platform", "does_not_count", 74_400)
    assert [(line.kind, line.clock, line.first, line.second) for line in misses] == [("example", "decision", 1, 1)]


def test_a_preset_can_say_that_silence_pays_and_the_seller_can_still_appeal() -> None:
    preset = "preset: strict\nsince: 2026-05-01\nsource: our terms\nterms: {seller_reply: 48 hours}\nsilence: [silent_seller_pays]\n"
    with staff_scope():
        publishing.publish("example", preset, since=START, written_by="usr_a", approved_by="usr_b", why="", at=START)
    case_id = opened()
    keep_up(START + hours(48))
    assert (case(case_id).status, turns(case_id)["seller"]) == ("decided", "can_appeal")
    with staff_scope():
        outcome = StoredOutcome.objects.get(case_id=case_id)
    assert (outcome.liability, outcome.automated, outcome.appeal_until is not None) == ("seller", True, True)
    assert paid(case_id) == []


def test_a_preset_below_what_law_fixes_is_not_published_and_open_cases_keep_theirs() -> None:
    case_id = opened()
    low = "preset: low\nsince: 2026-05-01\nsource: x\nterms: {appeal: 7 days}\n"
    with pytest.raises(WorkflowRefused, match="2022/2065"), staff_scope():
        publishing.publish("example", low, since=START, written_by="a", approved_by="b", why="", at=START)
    fast = "preset: fast\nsince: 2026-05-01\nsource: x\nterms: {seller_reply: 1 hour}\n"
    with pytest.raises(WorkflowRefused, match="second person"), staff_scope():
        publishing.publish("example", fast, since=START, written_by="a", approved_by="a", why="", at=START)
    with staff_scope():
        publishing.publish("example", fast, since=START + hours(2), written_by="a", approved_by="b", why="", at=START)
    keep_up(START + hours(3))
    assert case(case_id).state == "open"
    with engine_scope():
        before = publishing.in_force({"example"}, START + hours(1))["example"][1]
        after = publishing.in_force({"example"}, START + hours(2))["example"][1]
    assert [str(w.states["open"].clock and w.states["open"].clock.term) for w in (before, after)] == [
        "5 days",
        "1 hour",
    ]


def test_law_holds_a_term_up_that_was_published_before_it() -> None:
    # A text for other markets: six months are the Union's, and the seller is in the Union.
    from dataclasses import replace

    from tests.kernel.cases.neutral import TEXT

    from safeconduct.foundation.clocks.terms import read_term
    from safeconduct.kernel.cases import clockwork
    from safeconduct.kernel.cases.clockwork import Subject, Where
    from safeconduct.kernel.cases.floors import Route
    from safeconduct.kernel.cases.reading import read_workflow

    state = read_workflow(TEXT).states["decided"]
    assert state.clock is not None
    short = replace(state, clock=replace(state.clock, term=read_term("7 days")))
    for country, floor, end in (
        ("ES", "eu-complaint-about-restriction", datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)),
        ("CL", "", datetime(2026, 6, 8, 21, 59, 59, tzinfo=UTC)),
    ):
        subject = Subject("cas_x", 1, Route("", country), "", {Role.SELLER: Where("Europe/Madrid", country)})
        with engine_scope():
            row = clockwork.made(subject, short, START, [])
        assert row is not None
        assert (row["floor"], row["due_at"]) == (floor, end)


def test_a_pause_moves_clocks_that_run_and_one_that_is_due_is_judged_again() -> None:
    case_id, elsewhere = opened(carrier="slowpost"), opened()
    with staff_scope():
        pauses.declare(
            PauseScope.CARRIER, "slowpost", START + days(1), START + days(3), {"en": "Strike"}, LEAD, at=START
        )
    keep_up(DUE)
    assert (case(case_id).state, case(elsewhere).state) == ("open", "adjudication")
    # The strike takes the 2nd, 3rd and 4th of June in Santiago.
    assert clocks(case_id)[0].due_at == DUE + days(3)
    keep_up(DUE + days(3))
    assert case(case_id).state == "adjudication"


def test_a_pause_without_an_end_stops_a_clock_until_it_has_one() -> None:
    case_id = opened()
    with staff_scope():
        pause = pauses.declare(PauseScope.COUNTRY, "CL", START + days(1), None, {"en": "Outage"}, LEAD, at=START)
    keep_up(DUE + days(30))
    assert (case(case_id).state, clocks(case_id)[0].due_at) == ("open", None)
    with pytest.raises(CaseMalformed, match="in the past"), staff_scope():
        pauses.end(pause.id, START + days(2), at=START + days(30))
    with staff_scope():
        pauses.end(pause.id, START + days(40), at=START + days(30))
    keep_up(START + days(40))
    due = clocks(case_id)[0].due_at
    assert due is not None and due > START + days(40)
    keep_up(due)
    assert case(case_id).state == "adjudication"


def test_a_deadline_is_extended_as_often_as_the_workflow_allows_and_says_why() -> None:
    case_id = opened()
    with pytest.raises(CaseMalformed, match="not your turn"), engine_scope():
        deadlines.extend(case_id, Actor("b", "buyer", "No hurry"), Role.BUYER, at=START)
    with engine_scope():
        end = deadlines.extend(case_id, Actor("s", "seller", "The warehouse is closed"), Role.SELLER, at=START)
    # Two working days after Saturday 6 June: Monday and Tuesday in Santiago.
    assert end == datetime(2026, 6, 10, 3, 59, 59, tzinfo=UTC)
    with pytest.raises(NoMoreExtensions), engine_scope():
        deadlines.extend(case_id, Actor("s", "seller", "And again"), Role.SELLER, at=START)
    keep_up(DUE)
    assert case(case_id).state == "open"
    with staff_scope():
        assert Step.objects.get(case_id=case_id, number=2).why == "The warehouse is closed"


def test_evidence_time_ends_on_file_and_settled_cases_settle_by_silence() -> None:
    case_id = opened()
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    due = clocks(case_id)[-1].due_at
    assert due is not None
    keep_up(due)
    assert case(case_id).state == "adjudication"
    other = decided()
    due = clocks(other)[-1].due_at
    assert due is not None
    keep_up(due)
    assert (case(other).state, paid(other)) == ("final", ["execute_outcome"])


def test_the_sellers_queue_is_seen_by_nobody_else() -> None:
    opened(parties=(BUYER, SHOP))
    from safeconduct.kernel.scope import seller_scope

    with seller_scope(SELLER):
        assert query("SELECT count(*) FROM case_deadline").fetchone() == (1,)
    with seller_scope(SELLER + 1):
        assert query("SELECT count(*) FROM case_deadline").fetchone() == (0,)

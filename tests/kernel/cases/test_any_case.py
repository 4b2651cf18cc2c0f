"""Whatever people, events and standstills do to a case, it stays whole: random steps, silence, pauses, restarts."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import tests.django_world as world
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.kernel.builders import person
from tests.kernel.cases.builders import START, decision, opened

from safeconduct.kernel.cases import deadlines, machine, pauses, publishing, seats, second_person
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.models import Case, Deadline, Party, Proposal, Seat, Step, StoredOutcome
from safeconduct.kernel.cases.moves import Move
from safeconduct.kernel.cases.sweep import keep_up
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import SEATS, ClockState, Liability, PauseScope, Role, Standing
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

ROLES = st.sampled_from([Role.SELLER, Role.BUYER, Role.ARBITER, Role.REVIEWER, Role.ENGINE])
STEPS = st.sampled_from(
    ["accept", "contest", "withdraw", "to_platform", "execute", "done", "on_file", "decide", "appeal", "settle", "rule", "backstop"]
)  # fmt: skip
#: Clocks of the platform that a case can miss at most: two in adjudication, two in the appeal.
MOST_MISSES = 4


class AnyCase(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        world.forget_everything()
        publishing.forget()
        self.now = START
        self.people = {role: person() for role in (Role.ARBITER, Role.REVIEWER, Role.MEDIATOR)}
        self.seconds = [person() for _ in range(3)]
        self.case_id = ""

    @initialize()
    def open_it(self) -> None:
        # More than the 1,000 yuan above which two people decide.
        self.case_id = opened(self.now, key="any", carrier="slowpost", amount_minor=250_000)

    @rule(
        name=STEPS,
        role=ROLES,
        with_outcome=st.booleans(),
        liability=st.sampled_from([Liability.SELLER, Liability.NOBODY]),
    )
    def somebody_tries_a_step(self, name: str, role: Role, with_outcome: bool, liability: Liability) -> None:
        who = self.people[role].id if role in SEATS else "someone"
        outcome = decision(liability=liability, standing=Standing.COUNTS) if with_outcome else None
        with suppress(CasesError), staff_scope():
            machine.transition(
                [Move(self.case_id, name, Actor(who, role.value, "Because"), role, outcome)], at=self.now
            )

    @rule(role=st.sampled_from(sorted(SEATS)), other=st.sampled_from([Role.ARBITER, Role.REVIEWER, Role.MEDIATOR]))
    def somebody_takes_a_seat(self, role: Role, other: Role) -> None:
        with suppress(CasesError), staff_scope():
            seats.take(self.case_id, self.people[other], role, at=self.now)

    @rule(returns=st.booleans(), number=st.integers(0, 2))
    def somebody_answers_as_the_second_person(self, returns: bool, number: int) -> None:
        who = self.seconds[number]
        with staff_scope():
            waits = second_person.latest(self.case_id)
        if waits is None or waits.state != "waiting":
            return
        with suppress(CasesError), staff_scope():
            second_person.take_seat(waits.id, who, at=self.now)
            if returns:
                second_person.send_back(waits.id, who, "Once more, please", at=self.now)
            else:
                second_person.confirm(waits.id, who, at=self.now)

    @rule(hours=st.integers(1, 24 * 40))
    def time_passes_and_the_sweeper_wakes_late(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        keep_up(self.now)

    @rule(hours=st.integers(1, 24 * 10))
    def time_passes_unseen(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def a_process_forgets_everything(self) -> None:
        publishing.forget()

    @rule(length=st.integers(1, 200), begins=st.integers(-50, 50))
    def a_carrier_strikes(self, length: int, begins: int) -> None:
        since = self.now + timedelta(hours=begins)
        with staff_scope():
            pauses.declare(PauseScope.CARRIER, "slowpost", since, since + timedelta(hours=length), {"en": "Strike"},
                           Actor("lead", "staff"), at=self.now)  # fmt: skip

    @rule()
    @precondition(lambda self: bool(self.case_id))
    def the_seller_asks_for_more_time(self) -> None:
        with suppress(CasesError), engine_scope():
            deadlines.extend(self.case_id, Actor("s", "seller", "Ill"), Role.SELLER, at=self.now)

    @invariant()
    def it_is_whole(self) -> None:
        if not self.case_id:
            return
        with staff_scope():
            case = Case.objects.get()
            steps = list(Step.objects.order_by("number"))
            open_clocks = list(Deadline.objects.filter(state__in=[ClockState.WAITING, ClockState.RUNNING]))
            outcomes = list(StoredOutcome.objects.order_by("at", "id"))
            parties = list(Party.objects.all())
            people = list(Seat.objects.values_list("person_id", flat=True))
            workflow = publishing.by_id([case.workflow_id])[case.workflow_id]
            waiting = list(Proposal.objects.filter(state="waiting"))
            missed = Deadline.objects.filter(platform=True, state=ClockState.MISSED).count()
            leaves = query("SELECT count(*) FROM leaf WHERE kind = 'case_step'").fetchone()
            paid = [what for (what,) in query("SELECT body->>'what' FROM leaf WHERE kind = 'paid'")]
        assert [step.number for step in steps] == list(range(1, case.step + 1))
        assert all(before.to_state == after.from_state for before, after in pairwise(steps))
        assert steps[-1].to_state == case.state
        assert leaves == (len(steps),)
        state = workflow.states[case.state]
        assert case.status == state.status
        assert len(open_clocks) == (0 if state.ends else 1)
        assert (case.closed_at is not None) == state.ends
        if case.status in ("decided", "appealed", "closed"):
            assert outcomes and case.outcome_id == outcomes[-1].id
        assert sum(outcome.replaces is None for outcome in outcomes) == min(len(outcomes), 1)
        deciders = [outcome.decided_by for outcome in outcomes if outcome.decided_by]
        deciders += [outcome.approved_by for outcome in outcomes if outcome.approved_by]
        assert len(set(deciders)) == len(deciders)
        assert all((outcome.approved_by is None) == (outcome.decided_by is None) for outcome in outcomes)
        assert all(one.state_name == case.state for one in waiting)
        assert len(set(people)) == len(people)
        done = {Role(party.role) for party in parties if party.done}
        assert {party.role: party.turn for party in parties} == {
            party.role: turn(workflow, state, Role(party.role), done).value for party in parties
        }
        assert len(paid) == (1 if state.ends else 0)
        assert missed <= MOST_MISSES
        if paid == ["fund_pays"]:
            assert (outcomes[-1].liability, outcomes[-1].standing) == ("platform", "does_not_count")

    def teardown(self) -> None:
        """Silence alone brings every case to an end."""
        if self.case_id:
            for _ in range(12):
                self.now += timedelta(days=200)
                keep_up(self.now)
            with staff_scope():
                assert Case.objects.get().status == "closed"
            assert self.now > datetime(2026, 1, 1, tzinfo=UTC)
            self.it_is_whole()


AnyCase.TestCase.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyCase = AnyCase.TestCase

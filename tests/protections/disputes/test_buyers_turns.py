"""Every time a buyer has the turn, whatever the preset, the buyer is told, with the date, and reminded before it is over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.protections.disputes.court import Court, decision
from tests.protections.disputes.test_buyers_are_told import the_shop_wants_to_know, told

import safeconduct.protections.disputes as disputes
import safeconduct.protections.returns as returns
from safeconduct.kernel.cases.buyer_telling import said_of, texts
from safeconduct.kernel.cases.reading import read_preset, read_workflow
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Remedy, Role, Turn
from safeconduct.kernel.cases.workflow import State, Workflow

DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)


def machines() -> list[tuple[str, Workflow]]:
    """The workflows whose buyers have a page, as they stand and by each preset."""
    found = []
    for package in (disputes, returns):
        home = Path(package.__file__).parent
        text = (home / "workflow.yaml").read_text(encoding="utf-8")
        found.append((home.name, read_workflow(text)))
        for file in sorted((home / "presets").glob("cases-*.yaml")):
            found.append(
                (f"{home.name}/{file.stem}", read_workflow(text, read_preset(file.read_text(encoding="utf-8"))))
            )
    return found


MACHINES = machines()


def of_the_buyer(workflow: Workflow) -> list[State]:
    return [
        state
        for state in workflow.states.values()
        if turn(workflow, state, Role.BUYER, frozenset()) in (Turn.MINE, Turn.CAN_APPEAL)
    ]


@pytest.mark.parametrize("workflow", [one for _, one in MACHINES], ids=[name for name, _ in MACHINES])
def test_wherever_it_is_the_buyers_turn_the_text_says_until_when_in_every_language(workflow: Workflow) -> None:
    states = of_the_buyer(workflow)
    assert states, "no state is the buyer's"
    for state in states:
        assert state.clock is not None, state.name
        for opens in (True, False):
            for decided in (True, False):
                said = said_of(workflow, state, opens=opens, decided=decided, due=DUE)
                assert all("{due}" in words["text"] for words in texts()[said].values()), (state.name, said)
        assert said_of(workflow, state, opens=False, decided=False, due=None) == "no_date_yet"


@pytest.mark.parametrize("workflow", [one for _, one in MACHINES], ids=[name for name, _ in MACHINES])
def test_nobody_is_told_that_it_is_their_turn_where_it_is_not(workflow: Workflow) -> None:
    mine = {state.name for state in of_the_buyer(workflow)}
    for state in workflow.states.values():
        if state.name not in mine:
            assert said_of(workflow, state, opens=False, decided=False, due=DUE) == "moved"


@pytest.mark.usefixtures("empty_database")
def test_a_buyer_is_reminded_of_the_time_to_appeal_and_told_until_when_goods_go_back() -> None:
    court = Court()
    the_shop_wants_to_know()
    court.open()
    court.take("decide", Role.ARBITER, court.to_the_arbiter(), decision(remedy=Remedy.REFUND_ON_RETURN))
    decided = told()[-1]
    assert (decided["what"], bool(decided["due_at"])) == ("decided", True)
    court.wait(6)
    assert (told()[-1]["what"], told()[-1]["due_at"]) == ("reminder", decided["due_at"])
    court.wait(3)
    last = told()[-1]
    assert last["what"] == "send_back" and last["due_at"] > decided["due_at"]

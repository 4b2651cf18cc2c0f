"""What the states and steps in answers mean, told over the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.api_world import Machine, good, key, problem
from tests.protections.disputes.court import Court

from safeconduct.kernel.cases.kinds import kind_of, kinds
from safeconduct.kernel.cases.queries import case
from safeconduct.kernel.scope import engine_scope
from safeconduct.protections import disputes

EBAY = Path(disputes.__file__).parent / "presets" / "cases-ebay-like.yaml"
pytestmark = pytest.mark.usefixtures("empty_database")


def test_every_kind_of_case_is_listed_with_its_states_and_the_steps_out_of_each() -> None:
    told = {one["workflow"]: one for one in good(Machine().get("/v1/workflows"))["items"]}
    assert told.keys() == kinds().keys()
    dispute, shipped = told["dispute"], kind_of("dispute").workflow()
    assert [state["state"] for state in dispute["states"]] == list(shipped.states)
    (first,) = (state for state in dispute["states"] if state["state"] == dispute["start"])
    assert first["acts"] == ["seller"] and first["term"] == "5 days, at least 24 working hours"
    assert [step["step"] for step in first["steps"]] == list(shipped.states[shipped.start].moves)
    assert set(first["title"]) == {"en", "zh", "es"}


def test_a_case_keeps_the_workflow_that_its_answers_name_when_others_come_into_force() -> None:
    court = Court(preset=EBAY.read_text(encoding="utf-8"))
    court.open()
    with engine_scope():
        version = case(court.case).workflow.version
    told = good(Machine().get(f"/v1/workflows/{version}"))
    assert (told["workflow"], told["version"]) == ("dispute", version)
    assert told["states"][0]["term"] == "3 working days"


@pytest.mark.parametrize("version", ["nothing", "0" * 20, "0" * 50, "%00"])
def test_a_version_that_never_was_is_not_found(version: str) -> None:
    problem(Machine().get(f"/v1/workflows/{version}"), 404, "not-found")


def test_a_key_without_the_scope_reads_none() -> None:
    problem(Machine(key("events:write")).get("/v1/workflows"), 403, "scope-missing")

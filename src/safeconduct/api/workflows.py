"""The workflows of cases: what an answer's `workflow` and `state` mean, told as data."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.pictures import enumeration
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, not_found

operations = Operations("workflows")
_VERSION: Final = re.compile(r"[0-9a-f]{1,40}")


class StepFound(Schema):
    """A step that leads out of a state."""

    step: str
    title: dict[str, str] = Field(description="By language: en, zh, es.")
    by: list[Role] = Field(description="Who can take it; `engine`: silence, or a rule.")
    to: str
    money: str = Field(description="What it does to money: the name of an effect, or `none`.")
    needs: list[str] = Field(description="What it is refused for the lack of: words, outcome, evidence.")


class StateFound(Schema):
    state: str
    title: dict[str, str] = Field(description="By language: en, zh, es.")
    status: Status
    acts: list[Role] = Field(description="Whose turn it is.")
    term: str | None = Field(description="How long they have, such as `3 working days`.")
    steps: list[StepFound]


class WorkflowFound(Schema):
    workflow: str = Field(description="The kind of case.")
    version: str = Field(description="Names the text and the marketplace's terms in it; a case keeps its own.")
    start: str
    second_person_above: dict[str, int] | None = Field(
        description="Currency → minor units at stake above which a second person confirms a decision; null: never."
    )
    states: list[StateFound]


class WorkflowsFound(Schema):
    items: list[WorkflowFound]


_FOUND: dict[str, Any] = {
    "workflow": "dispute", "version": "5d1f0c9f3b6a4e2d8c77", "start": "open", "second_person_above": {"USD": 100000},
    "states": [
        {
            "state": "open", "title": {"en": "The seller answers", "zh": "卖家答复", "es": "Responde el vendedor"},
            "status": "open", "acts": ["seller"], "term": "5 days, at least 24 working hours",
            "steps": [
                {
                    "step": "answer", "title": {"en": "Answer", "zh": "答复", "es": "Responder"}, "by": ["seller"],
                    "to": "negotiating", "money": "none", "needs": ["words"],
                }
            ],
        }
    ],
}  # fmt: skip


@operation(
    operations, "GET", "/workflows", scope=Scope.DISPUTES_READ, answer=WorkflowsFound, example={"items": [_FOUND]}
)
def list_workflows(request: Call) -> HttpResponse:
    """List the workflow of each kind of case that is in force for new cases: states, who acts, terms, steps."""
    found = publishing.in_force(kinds().keys(), datetime.now(UTC))
    return answers.respond({"items": [enumeration(found[name][1]) for name in sorted(found)]})


@operation(
    operations, "GET", "/workflows/{version}", scope=Scope.DISPUTES_READ, answer=WorkflowFound, example=_FOUND,
    problems=(Code.NOT_FOUND,),
)  # fmt: skip
def get_workflow(request: Call, version: str) -> HttpResponse:
    """Read the workflow that a case was opened with, by the version its answers name."""
    found = publishing.by_version(version) if _VERSION.fullmatch(version) else None
    if found is None:
        raise not_found("workflow", version)
    return answers.respond(enumeration(found))

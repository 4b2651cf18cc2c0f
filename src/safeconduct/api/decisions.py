"""Reading decisions, and a person's word instead of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.api import decided
from safeconduct.api.decision_documents import DecisionFound, DecisionPage, DecisionsAsked, OverrideSent
from safeconduct.api.examples import DECISION_FOUND, DECISION_LISTED
from safeconduct.api.staff import person_behind
from safeconduct.foundation.ids import is_id
from safeconduct.foundation.moments import EPOCH, moment
from safeconduct.kernel.decisions import actions
from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, number_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, invalid, not_found
from safeconduct.kernel.vault.pseudonyms import lookup_many

operations = Operations("decisions")
_LATEST = datetime(2090, 1, 1, tzinfo=UTC)


@operation(
    operations, "GET", "/decisions", scope=Scope.DECISIONS_READ, answer=DecisionPage,
    example={"items": [DECISION_LISTED], "next": None}, problems=(Code.INVALID,), speaks=True,
)  # fmt: skip
def list_decisions(request: Call, asked: Query[DecisionsAsked]) -> HttpResponse:
    """List decisions, newest event first.

    Decisions in shadow are left out: they have no effect.
    """
    language = answers.language_of(request)
    conditions, parameters = _conditions(asked)
    if conditions is None:
        return answers.respond({"items": [], "next": None}, language=language)
    rows = answers.read(
        f"{decided.SELECT_DECISIONS} WHERE {' AND '.join(conditions)} ORDER BY d.moment DESC, d.id DESC LIMIT %s",
        [*parameters, asked.limit + 1],
    )
    page = rows[: asked.limit]
    after = cursor_of(page[-1]["moment"], page[-1]["id"]) if len(rows) > asked.limit else None
    return answers.respond({"items": decided.named_rows(page, language), "next": after}, language=language)


@operation(
    operations, "GET", "/decisions/{decision_id}", scope=Scope.DECISIONS_READ, answer=DecisionFound,
    example=DECISION_FOUND, problems=(Code.NOT_FOUND,), speaks=True,
)  # fmt: skip
def get_decision(request: Call, decision_id: str) -> HttpResponse:
    """Read one decision with its reasons and the values it saw."""
    language = answers.language_of(request)
    return answers.respond(_found(decision_id, language), language=language)


@operation(
    operations, "POST", "/decisions/{decision_id}/override", scope=Scope.DECISIONS_WRITE, answer=DecisionFound,
    example=DECISION_FOUND | {
        "kind": "override", "action": "allow", "automated": False, "decided_by": "usr_01jy2d8m4kq5v6w7x8y9zabcde",
        "replaces": DECISION_FOUND["id"], "id": "dec_01jy2d9m5nf9abt3k7r6x1q0wz",
    },
    sends={"action": "allow", "why": "The buyer called; the shops are one chain.", "person": "mei@example.org"},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN), speaks=True,
)  # fmt: skip
def override_decision(request: Call, decision_id: str, sent: OverrideSent) -> HttpResponse:
    """Put a person's decision in the place of one.

    The earlier decision is kept. `why` becomes the statement of reasons. The person must be a member of staff.
    """
    if not is_id(decision_id, "dec"):
        raise not_found("decision", decision_id)
    person = person_behind(request.caller, sent.person)
    made = actions.override(
        decision_id, person, sent.action, sent.why, at=datetime.now(UTC), through=request.caller.key_id
    )
    language = answers.language_of(request)
    return answers.respond(_found(made.id, language), language=language)


def _found(decision_id: str, language: str) -> dict[str, Any]:
    rows = (
        answers.read(f"{decided.SELECT_DECISIONS} WHERE d.id = %s", [decision_id]) if is_id(decision_id, "dec") else []
    )
    if not rows:
        raise not_found("decision", decision_id)
    row = rows[0]
    return decided.named_rows(rows, language)[0] | {
        "fired": row["fired"], "muted": row["muted"], "allowed_by": row["allowed_by"] or None,
        "control": row["control"], "values": row["values"],
    }  # fmt: skip


def _conditions(asked: DecisionsAsked) -> tuple[list[str] | None, list[Any]]:
    """The WHERE of a list; None where an order or seller was never seen, so that there can be nothing."""
    conditions = [f"d.kind <> '{DecisionKind.SHADOW}'"]
    parameters: list[Any] = []
    named = {kind: value for kind, value in (("order", asked.order), ("seller", asked.seller)) if value is not None}
    keys = lookup_many(list(named.items()))
    for kind, value in named.items():
        if (kind, value) not in keys:
            return None, []
        conditions.append(f"d.{kind}_key = %s")
        parameters.append(keys[kind, value])
    if asked.action is not None:
        conditions.append("d.action = %s")
        parameters.append(asked.action.value)
    if asked.policy is not None:
        conditions.append("d.policy = %s")
        parameters.append(asked.policy)
    if asked.standing:
        conditions.append("d.standing")
    if asked.since is not None:
        if not EPOCH <= asked.since < _LATEST:
            raise invalid("since", "a time between 2020 and 2090")
        conditions.append("d.moment >= %s")
        parameters.append(moment(asked.since))
    if asked.cursor is not None:
        at, identity = parts_of(asked.cursor, 2)
        conditions.append("(d.moment, d.id) < (%s, %s)")
        parameters += [number_of(at), identity]
    return conditions, parameters

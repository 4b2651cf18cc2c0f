"""What a step writes: one statement for each table, whatever the number of cases. Called by `machine` alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import query

CASE_COLUMNS: Final = (
    "id, kind, workflow_id, seller_key, about, order_key, amount_minor, currency, route, carrier, state, status, step,"
    " since, opened_at, outcome_id, platform_misses"
)
_OUTCOME_COLUMNS: Final = (
    "id text, case_id text, seller_key bigint, remedy text, amount_minor bigint, currency text, liability text,"
    " shares jsonb, standing text, rule text, rule_version text, facts jsonb, told jsonb, disclosure text,"
    " category text, withheld_basis text, withheld_until date, considered text[], missing jsonb, cure jsonb,"
    " redress jsonb, automated boolean, decided_by text, decided_role text, approved_by text, approved_role text,"
    " proposal_id text, second_above_minor bigint,"
    " appeal_until timestamptz, appeal_paused boolean, final boolean, replaces text, verdict text, at timestamptz"
)
OUTCOME_NAMES: Final = ", ".join(part.split()[0] for part in _OUTCOME_COLUMNS.split(", "))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of history that changes no state, such as an extension. ``case``: its row, locked by the caller."""

    case: Mapping[str, Any]
    step_id: str
    name: str
    role: str
    actor: str
    facts: Mapping[str, Any]
    why: str = ""


def outcomes_of(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Id → an outcome as a row."""
    if not ids:
        return {}
    rows = query(f"SELECT {OUTCOME_NAMES} FROM case_outcome WHERE id = ANY(%s::text[])", [list(ids)])
    return {row[0]: dict(zip(OUTCOME_NAMES.split(", "), row, strict=True)) for row in rows}


def seats_of(ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Case → person → the seat they have now."""
    found: dict[str, dict[str, str]] = {}
    if ids:
        for case_id, person, role in query(
            "SELECT case_id, person_id, role FROM case_seat WHERE case_id = ANY(%s::text[]) AND left_at IS NULL",
            [list(ids)],
        ):
            found.setdefault(case_id, {})[person] = role
    return found


def exhibits_of(ids: Sequence[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Case → id of evidence → which role brought it, and its class of visibility."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for case_id, evidence, role, visibility in query(
        "SELECT x.case_id, e.id, e.given_by, e.visibility FROM case_exhibit x"
        " JOIN case_evidence e ON e.id = x.evidence_id WHERE x.case_id = ANY(%s::text[])",
        [list(ids)],
    ):
        found.setdefault(case_id, {})[evidence] = role, visibility
    return found


def steps(moved: Sequence[Moved], at: datetime) -> None:
    """Outcomes, history, leaves, then the cases and their parties."""
    made = [one.outcome for one in moved if one.new_outcome and one.outcome is not None]
    if made:
        query(
            f"INSERT INTO case_outcome ({OUTCOME_NAMES}) SELECT {OUTCOME_NAMES}"
            f" FROM jsonb_to_recordset(%s::jsonb) AS r({_OUTCOME_COLUMNS})",
            [json.dumps(made)],
        )
    lines = [_line(one) for one in moved]
    query(
        "WITH r AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id text, case_id text, seller_key bigint,"
        "  number int, name text, from_state text, to_state text, role text, actor text, why text, money text,"
        "  facts jsonb, outcome_id text, leaf jsonb)),"
        " kept AS (INSERT INTO case_step (id, case_id, seller_key, number, name, from_state, to_state, role, actor,"
        "  why, money, facts, outcome_id, at) SELECT id, case_id, seller_key, number, name, from_state, to_state, role,"
        "  actor, why, money, facts, outcome_id, %s FROM r)"
        " INSERT INTO leaf (kind, subject, body, created_at) SELECT 'case_step', id, leaf, %s FROM r",
        [json.dumps(lines, ensure_ascii=False), at, at],
    )
    if made:
        query(
            "INSERT INTO leaf (kind, subject, body, created_at)"
            " SELECT 'case_outcome', o->>'id', o, %s FROM jsonb_array_elements(%s::jsonb) AS o",
            [at, json.dumps([{"id": outcome["id"], "case": outcome["case_id"]} for outcome in made])],
        )
    query(
        "UPDATE case_file c SET state = r.state, status = r.status, step = r.number,"
        " since = CASE WHEN r.changed THEN %s ELSE c.since END,"
        " closed_at = CASE WHEN r.status = 'closed' THEN %s END, outcome_id = coalesce(r.outcome_id, c.outcome_id),"
        " platform_misses = CASE WHEN r.changed THEN 0 ELSE c.platform_misses END"
        " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, state text, status text, number int, changed boolean,"
        "  outcome_id text) WHERE c.id = r.id",
        [
            at, at,
            json.dumps([
                {
                    "id": one.case_id, "state": one.target.name, "status": one.target.status.value,
                    "number": one.case["step"] + 1, "changed": one.changed,
                    "outcome_id": one.outcome["id"] if one.new_outcome and one.outcome else None,
                }
                for one in moved
            ]),
        ],
    )  # fmt: skip
    turns = [
        (one.case_id, party["role"], turn(one.workflow, one.target, Role(party["role"]), one.done).value,
         Role(party["role"]) in one.done)
        for one in moved
        for party in one.parties
    ]  # fmt: skip
    query(
        "UPDATE case_party p SET turn = t.turn, done = t.done"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::boolean[]) AS t(case_id, role, turn, done)"
        " WHERE p.case_id = t.case_id AND p.role = t.role",
        [list(column) for column in zip(*turns, strict=True)],
    )


def followed(moved: Sequence[Moved], at: datetime) -> None:
    """Notes with a case's referral the new decision that an outside body's finding led to."""
    made = [(one.case_id, one.outcome["id"]) for one in moved if one.new_outcome and one.outcome is not None]
    if made:
        query(
            "UPDATE case_referral r SET followed = 'followed', outcome_id = n.outcome, closed_at = %s"
            " FROM unnest(%s::text[], %s::text[]) AS n(case_id, outcome)"
            " WHERE r.case_id = n.case_id AND r.state = 'answered'",
            [at, *(list(column) for column in zip(*made, strict=True))],
        )


def missed(misses: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], str]], at: datetime) -> None:
    """The platform's misses in the history of their cases, which stay in their states: clock, case, id of the step."""
    rows = [
        {
            "id": step, "case_id": case["id"], "seller_key": case["seller_key"], "number": case["step"] + 1,
            "state": case["state"], "facts": {"missed": clock["key"], "due_at": clock["due_at"].isoformat()},
        }
        for clock, case, step in misses
    ]  # fmt: skip
    query(
        "WITH r AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id text, case_id text, seller_key bigint,"
        "  number int, state text, facts jsonb)),"
        " kept AS (INSERT INTO case_step (id, case_id, seller_key, number, name, from_state, to_state, role, actor,"
        "  why, money, facts, at) SELECT id, case_id, seller_key, number, 'platform_missed', state, state, 'engine',"
        "  'engine', '', 'none', facts, %s FROM r),"
        " counted AS (UPDATE case_file c SET step = r.number, platform_misses = c.platform_misses + 1 FROM r"
        "  WHERE c.id = r.case_id)"
        " INSERT INTO leaf (kind, subject, body, created_at) SELECT 'case_step', id,"
        "  jsonb_build_object('case', case_id, 'number', number, 'step', 'platform_missed', 'facts', facts), %s FROM r",
        [json.dumps(rows), at, at],
    )


def lines(written: Sequence[Line], at: datetime) -> None:
    """Lines of history that change no state, one a case, with their leaves: one statement."""
    rows = [
        {
            "id": one.step_id, "case_id": one.case["id"], "seller_key": one.case["seller_key"],
            "number": one.case["step"] + 1, "name": one.name, "state": one.case["state"], "role": one.role,
            "actor": one.actor, "why": one.why.strip(), "facts": dict(one.facts),
        }
        for one in written
    ]  # fmt: skip
    if not rows:
        return
    query(
        "WITH r AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id text, case_id text, seller_key bigint,"
        "  number int, name text, state text, role text, actor text, why text, facts jsonb)),"
        " kept AS (INSERT INTO case_step (id, case_id, seller_key, number, name, from_state, to_state, role, actor,"
        "  why, money, facts, at) SELECT id, case_id, seller_key, number, name, state, state, role, actor, why, 'none',"
        "  facts, %s FROM r),"
        " counted AS (UPDATE case_file c SET step = r.number FROM r WHERE c.id = r.case_id)"
        " INSERT INTO leaf (kind, subject, body, created_at) SELECT 'case_step', id,"
        "  jsonb_build_object('case', case_id, 'number', number, 'step', name, 'facts', facts), %s FROM r",
        [json.dumps(rows, ensure_ascii=False), at, at],
    )


def _line(one: Moved) -> dict[str, Any]:
    number = one.case["step"] + 1
    outcome = one.outcome["id"] if one.new_outcome and one.outcome else None
    source = one.source.name if number > 1 else ""
    return {
        "id": one.step_id, "case_id": one.case_id, "seller_key": one.case["seller_key"], "number": number,
        "name": one.step.name, "from_state": source, "to_state": one.target.name, "role": one.move.role.value,
        "actor": one.move.actor.id, "why": one.move.actor.why.strip(),
        "money": one.step.money if one.changed else "none", "facts": dict(one.move.facts), "outcome_id": outcome,
        "leaf": {
            "case": one.case_id, "number": number, "step": one.step.name, "from": source, "to": one.target.name,
            "role": one.move.role.value, "workflow": one.workflow.version, "outcome": outcome,
        },
    }  # fmt: skip

"""Decisions above an amount as they are stored: nothing moves, the case stays where it is and its clock runs on.

Called by `machine` alone, which hands over every decision of a seat that exceeds its workflow's amount instead of
taking the step; `second_person` has what people do with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import outcomes, writing
from safeconduct.kernel.cases.models import Proposal
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import SEATS, ProposalState
from safeconduct.kernel.cases.writing import Line
from safeconduct.kernel.scope import query

#: The line of history that says so; the parties read that a decision is proposed, and not which.
PROPOSED: Final = "decision_proposed"
RETURNED: Final = "decision_returned"
_COLUMNS: Final = (
    "id text, case_id text, state_name text, name text, outcome jsonb, facts jsonb, at_stake_minor bigint,"
    " above_minor bigint, currency text, why text, proposed_by_id text, proposed_role text"
)
_NAMES: Final = ", ".join(part.split()[0] for part in _COLUMNS.split(", "))


def at_stake(one: Moved) -> int:
    """What a decision is about, in minor units: the case's amount, or its outcome's where that is more. Refusing it
    costs one side as much as granting it costs the other, so that both need the second person."""
    given = one.move.outcome
    return max(one.case["amount_minor"] or 0, (given.amount_minor or 0) if given is not None else 0)


def exceeded(one: Moved) -> int | None:
    """The amount that a decision exceeds; None where one person decides it."""
    given = one.move.outcome
    if given is None or one.move.role not in SEATS:
        return None
    above = one.workflow.second_person_above(given.currency or one.case["currency"])
    return above if above is not None and at_stake(one) > above else None


def propose(waiting: Sequence[Moved], at: datetime) -> None:
    """Stores these decisions. The same once more is the one that waits already; another takes its place."""
    if not waiting:
        return
    ids = [one.case_id for one in waiting]
    there = {p.case_id: p for p in Proposal.objects.filter(case_id__in=ids, state=ProposalState.WAITING)}
    rows: list[dict[str, Any]] = []
    for one in waiting:
        row = _row(one)
        before = there.get(one.case_id)
        if before is not None and _same(before, row):
            one.proposal = before.id
            continue
        one.proposal = row["id"]
        rows.append(row)
    _end([row["case_id"] for row in rows], ProposalState.REPLACED, at)
    _insert(rows, at)
    made = {row["case_id"] for row in rows}
    writing.lines(
        [
            Line(one.case, new_id("stp"), PROPOSED, one.move.role.value, one.move.actor.id, {"proposal": one.proposal})
            for one in waiting
            if one.case_id in made
        ],
        at,
    )  # fmt: skip


def close(moved: Sequence[Moved], at: datetime) -> None:
    """After steps: what waited in cases that have gone on falls away, and with a decision its second person's seat is
    free, so that the next decision of the case has another one."""
    _end([one.case_id for one in moved if one.changed], ProposalState.LAPSED, at)
    decided = [one.case_id for one in moved if one.new_outcome and one.move.role in SEATS]
    if decided:
        query(
            "UPDATE case_seat SET left_at = %s WHERE case_id = ANY(%s::text[]) AND role = 'approver'"
            " AND left_at IS NULL",
            [at, decided],
        )


def _row(one: Moved) -> dict[str, Any]:
    given, above = one.move.outcome, exceeded(one)
    assert given is not None
    assert above is not None
    return {
        "id": new_id("prp"), "case_id": one.case_id, "state_name": one.source.name, "name": one.step.name,
        "outcome": outcomes.plain(given), "facts": dict(one.move.facts), "at_stake_minor": at_stake(one),
        "above_minor": above, "currency": given.currency or one.case["currency"],
        "why": one.move.actor.why.strip(), "proposed_by_id": one.move.actor.id, "proposed_role": one.move.role.value,
    }  # fmt: skip


def _same(before: Proposal, row: Mapping[str, Any]) -> bool:
    told = json.loads(json.dumps({"outcome": row["outcome"], "facts": row["facts"]}))
    return (before.proposed_by_id, before.name, before.outcome, before.facts) == (
        row["proposed_by_id"], row["name"], told["outcome"], told["facts"],
    )  # fmt: skip


def _insert(rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    if not rows:
        return
    query(
        f"WITH r AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r({_COLUMNS})),"
        f" kept AS (INSERT INTO case_proposal ({_NAMES}, state, at, why_returned)"
        f"  SELECT {_NAMES}, 'waiting', %s, '' FROM r)"
        " INSERT INTO leaf (kind, subject, body, created_at)"
        " SELECT 'case_proposal', id, jsonb_build_object('id', id, 'case', case_id), %s FROM r",
        [json.dumps(list(rows), ensure_ascii=False), at, at],
    )


def _end(case_ids: Sequence[str], state: ProposalState, at: datetime) -> None:
    if case_ids:
        query(
            "UPDATE case_proposal SET state = %s, answered_at = %s WHERE case_id = ANY(%s::text[])"
            " AND state = 'waiting'",
            [state.value, at, list(case_ids)],
        )

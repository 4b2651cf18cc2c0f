"""Writing the history of claims: a step and its line in the record, one statement for a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.scope import Actor, query


@dataclass(frozen=True, slots=True)
class Did:
    """Something that was done to a claim. ``facts``: ids, amounts and times; never a buyer's personal data."""

    claim_id: str
    verb: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def steps(done: Sequence[Did], actor: Actor, at: datetime) -> None:
    """Adds to the histories of claims whose lines are locked."""
    if not done:
        return
    rows = [
        {"id": new_id("cst"), "claim_id": one.claim_id, "verb": one.verb, "facts": dict(one.facts), "place": place}
        for place, one in enumerate(done)
    ]
    query(
        "WITH r AS (SELECT * FROM jsonb_to_recordset(%s::jsonb)"
        "  AS r(id text, claim_id text, verb text, facts jsonb, place int)),"
        " kept AS (INSERT INTO claim_step (id, claim_id, seller_key, number, verb, facts, role, actor, why, at)"
        "  SELECT r.id, c.id, c.seller_key, row_number() OVER (PARTITION BY c.id ORDER BY r.place)"
        "   + coalesce((SELECT max(s.number) FROM claim_step s WHERE s.claim_id = c.id), 0),"
        "   r.verb, r.facts, %s, %s, %s, %s FROM r JOIN claim c ON c.id = r.claim_id)"
        " INSERT INTO leaf (kind, subject, body, created_at)"
        "  SELECT 'claim_step', id, jsonb_build_object('claim', claim_id, 'verb', verb), %s FROM r ORDER BY place",
        [json.dumps(rows, default=_time), actor.role, actor.id, actor.why.strip(), at, at],
    )


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is nothing that a history keeps")

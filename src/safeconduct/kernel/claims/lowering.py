"""What a later decision takes off refunds: what nobody has yet is sent to nobody, in whichever order decisions come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.asks import Lowering
from safeconduct.kernel.claims.errors import NoSuchRefund
from safeconduct.kernel.claims.settling import settle
from safeconduct.kernel.claims.telling import tell_of_refunds
from safeconduct.kernel.claims.words import RefundState
from safeconduct.kernel.claims.writing import Did, steps
from safeconduct.kernel.scope import Actor, query


def lower(
    lowerings: Sequence[Lowering], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:  # fmt: skip
    """A later decision leaves less of refunds than was asked for: what has not gone out is called off, and what a bank
    has paid is not asked for again should it give that back; the newest first. What has gone out stays as it is.

    Returns how many refunds changed; the same again changes none. Raises NoSuchRefund.
    """
    wanted = sorted({refund_id for one in lowerings for refund_id in one.refund_ids})
    lines = query(
        "SELECT DISTINCT c.line_id FROM claim_refund r JOIN claim c ON c.id = r.claim_id WHERE r.id = ANY(%s::text[])",
        [wanted],
    ).fetchall()
    reading.lock([line for (line,) in lines])
    found = _whole(wanted)
    missing = set(wanted) - found.keys()
    if missing:
        raise NoSuchRefund(min(missing))
    rows, done = [], []
    for one in lowerings:
        mine = [row for refund_id, row in found.items() if refund_id in one.refund_ids and row["state"] != "failed"]
        over = sum(row["amount"] - row["off"] - row["not_again"] for row in mine) - one.owed_minor
        for row in mine:
            off = max(0, min(over, row["amount"] - row["by_bank"] - row["off"])) if row["running"] else 0
            again = max(0, min(over - off, row["by_bank"] - row["not_again"]))
            if not off + again:
                continue
            over -= off + again
            row["off"] += off
            row["not_again"] += again
            if row["running"] and row["amount"] == row["by_bank"] + row["off"]:
                row["state"] = RefundState.PAID_BY_BANK if row["by_bank"] else RefundState.FAILED
            rows.append(row)
            facts = {"refund": row["id"], "called_off_minor": off, "not_again_minor": again}
            done.append(Did(row["claim"], "refund_called_off", facts))
    _write_lowered(rows, at)
    steps(done, actor, at)
    if not quiet:
        tell_of_refunds((), [row["id"] for row in rows if row["running"]], at)
    if settled and done:
        settle([line for (line,) in lines], actor, at=at, quiet=quiet)
    return len(rows)


def _whole(refund_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Refunds by id, the newest first."""
    names = ("id", "claim", "state", "running", "amount", "by_bank", "off", "not_again")
    return {
        row[0]: dict(zip(names, row, strict=True))
        for row in query(
            "SELECT id, claim_id, state, ended_at IS NULL, amount_minor, by_bank_minor, called_off_minor,"
            " not_again_minor FROM claim_refund WHERE id = ANY(%s::text[]) ORDER BY requested_at DESC, id DESC",
            [refund_ids],
        )
    }


def _write_lowered(rows: Sequence[dict[str, Any]], at: datetime) -> None:
    query(
        "UPDATE claim_refund f SET called_off_minor = r.off, not_again_minor = r.not_again, state = r.state,"
        " ended_at = coalesce(f.ended_at, CASE WHEN r.state IN ('paid_by_bank', 'failed') THEN %s::timestamptz END)"
        " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, off bigint, not_again bigint, state text) WHERE f.id = r.id",
        [at, json.dumps(rows)],
    )

"""What the record commits to about decisions: every column that never changes.

The seller is shown what was decided, by which version, and the sentences they were told. Values, rules and the full
reasons are withheld, because a thief could use them; they are committed to all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

_COLUMNS = (
    "id", "moment", "version_id", "policy", "kind", "action", "seller_key", "order_key", "amount_minor", "fired",
    "unknown", "muted", "allowed_by", "values", "reasons", "control", "latency_us", "decided_at", "decided_moment",
    "replaces", "actor",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM decision WHERE id = ANY(%b::text[])"


def contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these decisions say, without those that are not there."""
    found = {}
    for row in query(_SELECT, [list(ids)]):
        decision = dict(zip(_COLUMNS, row, strict=True))
        found[decision["id"]] = content(decision)
    return found


def content(decision: Mapping[str, Any]) -> Content:
    """What one decision says, from its columns."""
    d = decision
    reasons = d["reasons"]
    shown = {
        "id": d["id"], "policy": d["policy"], "version": d["version_id"], "kind": d["kind"], "action": d["action"],
        "moment": str(d["moment"]), "decided_at": stamp(d["decided_at"]), "seller": _key(d["seller_key"]),
        "order": _key(d["order_key"]), "amount_minor": plain(d["amount_minor"]), "replaces": d["replaces"],
        "automated": reasons.get("automated"),
        "told": [
            {"disclosure": line["disclosure"], "category": line["category"], "told": line["told"]}
            for line in reasons.get("statement", ())
        ],
    }  # fmt: skip
    withheld = {
        "fired": d["fired"], "unknown": d["unknown"], "muted": d["muted"], "allowed_by": d["allowed_by"],
        "values": plain(d["values"]), "reasons": plain(reasons), "control": d["control"],
        "latency_us": d["latency_us"], "decided_moment": str(d["decided_moment"]), "actor": d["actor"],
    }  # fmt: skip
    return Content(shown, withheld, d["action"], d["version_id"])


def ids(after: str | None, limit: int) -> list[str]:
    """Decisions that acted, by id: each must have an entry. Those in shadow have none."""
    rows = query(
        "SELECT id FROM decision WHERE id > %s AND kind <> 'shadow' ORDER BY id LIMIT %s", [after or "", limit]
    )
    return [key for (key,) in rows]


def _key(key: int | None) -> str | None:
    return None if key is None else str(key)


DECISIONS = Subjects(contents, ids)

"""Decisions as they are told to the marketplace's machines: whole reasons, in the language they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.operations.answers import DEFAULT_LANGUAGE, read, written
from safeconduct.kernel.vault.pseudonyms import reveal


def reasons(stored: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """A stored statement of reasons, each line in one language: `told` to its subject, and `full`."""
    return [
        {
            "rule": line["rule"], "action": line["action"], "decisive": line["decisive"],
            "category": line["category"], "disclosure": line["disclosure"],
            "told": _in(line["told"], language), "full": _in(line["full"], language),
            "missing": line["missing"], "teaches": line["teaches"],
        }
        for line in stored.get("statement", [])
    ]  # fmt: skip


def of_made(made: Made, language: str) -> dict[str, Any]:
    """A decision just made."""
    return {
        "id": made.id, "policy": made.policy, "version": made.version_number, "kind": made.kind.value,
        "action": made.action.value, "automated": made.reasons.get("automated", True),
        "reasons": reasons(made.reasons, language), "unknown": made.unknown, "latency_us": made.latency_us,
    }  # fmt: skip


def of_row(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A decision as `SELECT_DECISIONS` reads it."""
    return {
        "id": row["id"], "policy": row["policy"], "version": row["number"], "kind": row["kind"],
        "action": row["action"], "automated": row["reasons"].get("automated", True),
        "reasons": reasons(row["reasons"], language), "unknown": row["unknown"], "latency_us": row["latency_us"],
    }  # fmt: skip


SELECT_DECISIONS = (
    "SELECT d.id, d.moment, d.policy, v.number, d.kind, d.action, d.seller_key, d.order_key, d.fired, d.unknown,"
    " d.muted,"
    " d.allowed_by, d.values, d.reasons, d.control, d.latency_us, d.decided_at, d.standing, d.replaces, d.actor,"
    " e.id AS event, e.type AS event_type"
    " FROM decision d JOIN policy_version v ON v.id = d.version_id LEFT JOIN event e ON e.moment = d.moment"
)


def standing_decisions(moments: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The decisions that stand about events, by moment. Needs an open scope."""
    rows = read(
        SELECT_DECISIONS
        + f" WHERE d.moment = ANY(%b::bigint[]) AND d.standing AND d.kind <> '{DecisionKind.SHADOW}' ORDER BY d.policy",
        [list(moments)],
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["moment"], []).append(row)
    return found


def named_rows(rows: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """Decisions with the shop's ids of order and seller, revealed because they name no person. Needs an open scope."""
    names = reveal(key for row in rows for key in (row["order_key"], row["seller_key"]) if key is not None)
    return [
        of_row(row, language)
        | {
            "event": row["event"], "event_type": row["event_type"],
            "order": names[row["order_key"]][1] if row["order_key"] in names else None,
            "seller": names[row["seller_key"]][1] if row["seller_key"] in names else None,
            "standing": row["standing"], "replaces": row["replaces"] or None, "decided_by": row["actor"],
            "decided_at": written(row["decided_at"]),
        }
        for row in rows
    ]  # fmt: skip


def strictest(actions: Iterable[str]) -> str | None:
    """The action that holds where several policies spoke; None where none did."""
    found = [Action(action) for action in actions]
    return max(found, key=lambda action: action.rank).value if found else None


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get(DEFAULT_LANGUAGE) or next(iter(texts.values()), "")

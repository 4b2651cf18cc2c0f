"""What tests of the record start from."""

from __future__ import annotations

from datetime import timedelta

from tests.kernel import builders

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.scope import engine_scope, owner_scope, query

NOW = builders.START + timedelta(days=1)


def decisions(count: int = 8) -> list[str]:
    """Live decisions about so many orders, some of them held; returns their ids in order."""
    builders.live_policy()
    events = [
        builders.event(id=f"o-{i}", at=builders.START + timedelta(seconds=i), order=f"ord-{i}", seller=f"sel-{i % 4}")
        for i in range(count)
    ]
    lanes.accept(events, now=None)
    with engine_scope():
        return [key for (key,) in query("SELECT id FROM decision ORDER BY moment")]


def leaves(count: int, *, first: int = 0, kind: str = "note") -> None:
    """So many leaves about nothing in particular."""
    with engine_scope():
        query(
            "INSERT INTO leaf (kind, subject, body, created_at)"
            " SELECT %s, 'sub-' || i, jsonb_build_object('number', i), %s FROM generate_series(%s::int, %s::int) AS g(i)",
            [kind, NOW, first, first + count - 1],
        )


#: Tables whose triggers refuse changes even to the owner.
GUARDED = (
    "record_entry", "record_detail", "record_tile", "record_checkpoint", "record_key", "record_secret", "leaf",
    "ledger_hold_step", "ledger_hold", "ledger_payout",
)  # fmt: skip


def tamper(statement: str, parameters: tuple[object, ...] = ()) -> int:
    """What a dishonest owner of the database does: triggers off, and a statement. Returns how many rows it changed."""
    with owner_scope():
        for table in GUARDED:
            query(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        changed = query(statement, parameters).rowcount
        for table in GUARDED:
            query(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return changed

"""What the record commits to about accounts. Named in `RECORD_SUBJECTS`."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query


def event_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these events say; whose account it is and who acted are withheld, and where from is not in it at all."""
    rows = query(
        "SELECT id, seller_key, kind, level, facts, role, why, at, person_id, actor FROM security_event"
        " WHERE id = ANY(%s::text[])",
        [list(ids)],
    )
    return {
        key: Content(
            {
                "id": key, "seller": "" if seller is None else str(seller), "kind": kind, "level": level,
                "facts": plain(facts), "role": role, "at": stamp(at),
            },
            {"person": person or "", "actor": actor, "why": why},
            kind,
        )
        for key, seller, kind, level, facts, role, why, at, person, actor in rows
    }  # fmt: skip


def event_ids(after: str | None, limit: int) -> list[str]:
    """Events by id: each must have an entry."""
    rows = query("SELECT id FROM security_event WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


EVENTS = Subjects(event_contents, event_ids)

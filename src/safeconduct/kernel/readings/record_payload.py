"""What the record commits to about readings. Named in `RECORD_SUBJECTS`."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query


def reading_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these readings say; who read, whose data and which order are withheld."""
    rows = query(
        "SELECT id, side, role, scene, fields, at, actor, concerns, subject_key, order_key, why, batch FROM reading"
        " WHERE id = ANY(%s::text[])",
        [list(ids)],
    )
    return {
        key: Content(
            {"id": key, "side": side, "role": role, "scene": scene, "fields": list(fields), "at": stamp(at)},
            {
                "actor": actor, "seller": str(concerns or ""), "subject": str(subject or ""),
                "order": str(order or ""), "why": why, "batch": batch,
            },
            scene,
        )
        for key, side, role, scene, fields, at, actor, concerns, subject, order, why, batch in rows
    }  # fmt: skip


def reading_ids(after: str | None, limit: int) -> list[str]:
    """Readings by id: each must have an entry."""
    rows = query("SELECT id FROM reading WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


READINGS = Subjects(reading_contents, reading_ids)

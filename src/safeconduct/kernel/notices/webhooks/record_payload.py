"""What the record commits to about the marketplace's webhooks: what was done to which endpoint, by whom is withheld."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.leaves import numbered
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

WEBHOOK_STEP: Final = "webhook_step"
_STEP: Final = "whs_"
_IDS: Final = "SELECT id FROM webhook_step WHERE id > %s ORDER BY id LIMIT %s"


def subject(step_id: int) -> str:
    """The step of an endpoint as the record names it."""
    return f"{_STEP}{step_id}"


def _steps(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, endpoint_id, verb, actor, role, why, at FROM webhook_step WHERE id = ANY(%b::bigint[])",
        [numbered(_STEP, subjects)],
    )
    return {
        subject(key): Content(
            {"endpoint": endpoint, "step": verb, "role": role, "at": stamp(at)}, {"actor": actor, "why": why}, verb
        )
        for key, endpoint, verb, actor, role, why, at in rows
    }


def _ids(after: str | None, limit: int) -> list[str]:
    start = 0 if after is None else int(after.removeprefix(_STEP))
    return [subject(key) for (key,) in query(_IDS, [start, limit])]


STEPS: Final = Subjects(_steps, _ids)

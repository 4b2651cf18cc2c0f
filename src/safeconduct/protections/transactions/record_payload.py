"""What the record commits to: changes of orders' coverage, templates ruled on, steps of banks' disputes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

TEMPLATE: Final = "coverage_template"


def _steps(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, order_key, seller_key, at, written_at, moment, state, positions, up_to_minor, template_id"
        " FROM coverage_step WHERE id = ANY(%b::text[])",
        [list(subjects)],
    )
    return {
        key: Content(
            {
                "order": str(order), "seller": str(seller), "at": stamp(at), "written_at": stamp(written_at),
                "moment": str(moment), "state": state, "positions": plain(positions),
                "up_to_minor": plain(up_to_minor), "template": template,
            },
            None,
            state,
            template,
        )
        for key, order, seller, at, written_at, moment, state, positions, up_to_minor, template in rows
    }  # fmt: skip


def _step_ids(after: str | None, limit: int) -> list[str]:
    rows = query("SELECT id FROM coverage_step WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def _templates(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, name, number, state, valid_from, text, written_by, written_at, approved_by, approved_at, why"
        " FROM coverage_template WHERE id = ANY(%b::text[]) AND state <> 'draft'",
        [list(subjects)],
    )
    return {
        key: Content(
            {
                "name": name, "number": number, "state": state, "valid_from": valid_from.isoformat(),
                "text_sha256": hashlib.sha256(text.encode()).hexdigest(), "written_at": stamp(written_at),
                "ruled_at": stamp(ruled_at),
            },
            {"written_by": writer, "ruled_by": ruler, "why": why},
            state,
        )
        for key, name, number, state, valid_from, text, writer, written_at, ruler, ruled_at, why in rows
    }  # fmt: skip


def _template_ids(after: str | None, limit: int) -> list[str]:
    rows = query(
        "SELECT id FROM coverage_template WHERE id > %s AND state <> 'draft' ORDER BY id LIMIT %s", [after or "", limit]
    )
    return [key for (key,) in rows]


def _dispute_steps(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT s.id, s.dispute_id, d.ref, s.seller_key, s.what, s.stage, s.status, s.sha256, s.at, s.actor, s.why"
        " FROM bank_dispute_step s JOIN bank_dispute d ON d.id = s.dispute_id WHERE s.id = ANY(%b::text[])",
        [list(subjects)],
    )
    return {
        key: Content(
            {
                "dispute": dispute, "processor_id": ref, "seller": str(seller or ""), "what": what, "stage": stage,
                "status": status, "pack_sha256": sha256, "at": stamp(at),
            },
            {"actor": actor, "why": why},
            what,
        )
        for key, dispute, ref, seller, what, stage, status, sha256, at, actor, why in rows
    }  # fmt: skip


def _dispute_step_ids(after: str | None, limit: int) -> list[str]:
    rows = query("SELECT id FROM bank_dispute_step WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


STEPS: Final = Subjects(_steps, _step_ids)
TEMPLATES: Final = Subjects(_templates, _template_ids, public=True)
DISPUTE_STEPS: Final = Subjects(_dispute_steps, _dispute_step_ids)

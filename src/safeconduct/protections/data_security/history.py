"""What was done about incidents, requests, retention and transfers: append-only, each row a line of the record.

The database writes the line in the same statement, so that no caller can forget it. ``facts`` hold ids, counts, hashes
and times, never personal data; ``why`` is the words of who acted, which the public record only commits to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import models

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import Actor, query

#: How many steps a page shows.
SHOWN: Final = 100


class DataStep(models.Model):
    """One step. ``subject``: the id of the incident, request, hold, line or destination; ``seller_key``: of whose
    members' request, None where it is no seller's business."""

    id = models.CharField(primary_key=True, max_length=30)
    subject = models.CharField(max_length=40)
    seller_key = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=40)
    facts = models.JSONField()
    actor = models.CharField(max_length=60)
    role = models.CharField(max_length=40)
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "data_step"
        indexes: ClassVar = [models.Index(fields=["subject", "id"], name="data_step_of_subject")]


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done."""

    subject: str
    verb: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    seller_key: int | None = None


def note(steps: Sequence[Done], actor: Actor, at: datetime) -> None:
    """Keeps these, in the open scope; one statement."""
    if steps:
        query(
            "INSERT INTO data_step (id, subject, seller_key, verb, facts, actor, role, why, at)"
            " SELECT id, subject, seller, verb, facts::jsonb, %s, %s, %s, %s"
            " FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[])"
            " AS r(id, subject, seller, verb, facts)",
            [
                actor.id, actor.role, actor.why.strip(), at, [new_id("dst") for _ in steps],
                [one.subject for one in steps], [one.seller_key for one in steps], [one.verb for one in steps],
                [json.dumps(dict(one.facts)) for one in steps],
            ],
        )  # fmt: skip


def of(subject: str) -> list[DataStep]:
    """The latest steps about one thing, the latest first."""
    return list(DataStep.objects.filter(subject=subject).order_by("-id")[:SHOWN])


def step_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these steps say; who acted, and their words, are withheld."""
    rows = query(
        "SELECT id, subject, verb, facts, role, at, actor, why FROM data_step WHERE id = ANY(%s::text[])", [list(ids)]
    )
    return {
        key: Content(
            {"id": key, "about": subject, "facts": plain(facts), "role": role, "at": stamp(at)},
            {"actor": actor, "why": why},
            verb,
        )
        for key, subject, verb, facts, role, at, actor, why in rows
    }


def step_ids(after: str | None, limit: int) -> list[str]:
    """Steps by id: each must have an entry."""
    rows = query("SELECT id FROM data_step WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


STEPS = Subjects(step_contents, step_ids)

"""Asking for lines of the record: leaves in the outbox, in the transaction of what they are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from safeconduct.kernel.scope import query


def add(kind: str, subjects: Sequence[str], at: datetime) -> None:
    """One leaf each, in one statement. What is written down about them is read by the kind's `Subjects`."""
    query(
        "INSERT INTO leaf (kind, subject, body, created_at) SELECT %s, s, '{}', %s FROM unnest(%b::text[]) AS s",
        [kind, at, list(subjects)],
    )


def say(kind: str, subject: str, body: Mapping[str, str], at: datetime) -> None:
    """One leaf about something of which no row is registered: its body is what the line commits to."""
    query(
        "INSERT INTO leaf (kind, subject, body, created_at) VALUES (%s, %s, %s::jsonb, %s)",
        [kind, subject, json.dumps(dict(body)), at],
    )


def numbered(prefix: str, subjects: Iterable[str]) -> list[int]:
    """The numbers of rows whose subject is ``prefix`` and a number; others are not among them."""
    tails = [subject.removeprefix(prefix) for subject in subjects if subject.startswith(prefix)]
    return [int(tail) for tail in tails if tail.isascii() and tail.isdecimal()]

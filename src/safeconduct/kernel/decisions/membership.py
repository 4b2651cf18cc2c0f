"""Which members of a batch stand on which list, as the lists were at each event's moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from safeconduct.kernel.scope import query

Spans = dict[tuple[str, object], list[tuple[int, int | None]]]

_NOBODY: frozenset[object] = frozenset()


def find(lists: Collection[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> Spans:
    """The entries that concern these events: (list, member) → spans of moments. One statement, none without lists."""
    if not lists:
        return {}
    wanted = {(name, row[field]) for name, field in lists for row in rows if row.get(field) is not None}
    if not wanted:
        return {}
    keys = sorted((name, member) for name, member in wanted if isinstance(member, int))
    texts = sorted((name, member) for name, member in wanted if isinstance(member, str))
    found: Spans = {}
    for name, member, since, until in (
        ()
        if not keys
        else query(
            "SELECT e.watch_list_id, e.key, e.from_moment, e.until_moment"
            " FROM unnest(%b::text[], %b::bigint[]) AS w(name, key)"
            " JOIN list_entry e ON e.watch_list_id = w.name AND e.key = w.key",
            [[name for name, _ in keys], [member for _, member in keys]],
        )
    ):
        found.setdefault((name, member), []).append((since, until))
    for name, member, since, until in (
        ()
        if not texts
        else query(
            "SELECT e.watch_list_id, e.text, e.from_moment, e.until_moment"
            " FROM unnest(%b::text[], %b::text[]) AS w(name, text)"
            " JOIN list_entry e ON e.watch_list_id = w.name AND e.text = w.text",
            [[name for name, _ in texts], [member for _, member in texts]],
        )
    ):
        found.setdefault((name, member), []).append((since, until))
    return found


def all_of(lists: Collection[str]) -> Spans:
    """All entries of these lists: for conditions that ask for something computed, which cannot be looked up."""
    found: Spans = {}
    if lists:
        for name, key, text, since, until in query(
            "SELECT watch_list_id, key, text, from_moment, until_moment FROM list_entry WHERE watch_list_id = ANY(%s)",
            [sorted(lists)],
        ):
            found.setdefault((name, text if key is None else key), []).append((since, until))
    return found


def members(names: Collection[str], spans: Spans, moment: int) -> dict[str, frozenset[object]]:
    """The members of each list at a moment, as far as the batch is concerned."""
    at: dict[str, set[object]] = {}
    for (name, member), periods in spans.items():
        if any(since <= moment and (until is None or moment < until) for since, until in periods):
            at.setdefault(name, set()).add(member)
    return {name: frozenset(at[name]) if name in at else _NOBODY for name in names}

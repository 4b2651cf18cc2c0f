"""What the record commits to about what people do: steps of policies, mutes, lists, second looks, labels.

The public line says what was done to which policy or list, and when; who did it and why is withheld, and committed to.
Rows that are numbered by the database stand in the record under their number with a prefix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.leaves import numbered
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

POLICY_STEP: Final = "policy_step"
MUTE: Final = "mute"
MUTE_ENDED: Final = "mute_ended"
LIST_ENTRY: Final = "list_entry"
LIST_ENTRY_ENDED: Final = "list_entry_ended"
SECOND_LOOK: Final = "second_look"
LABEL: Final = "label"

_STEP: Final = "pst_"
_MUTE: Final = "mut_"
#: Steps that leave a policy's text open to change; all others are about a text that never changes again.
_OPEN_STEPS: Final = frozenset({"saved", "asked"})


def step_subject(step_id: int) -> str:
    """The step of a policy as the record names it."""
    return f"{_STEP}{step_id}"


def mute_subject(mute_id: int) -> str:
    """The mute of a rule as the record names it."""
    return f"{_MUTE}{mute_id}"


def _steps(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT s.id, s.verb, s.actor, s.why, s.at, v.id, v.policy, v.number, v.text FROM policy_step s"
        " JOIN policy_version v ON v.id = s.version_id WHERE s.id = ANY(%b::bigint[])",
        [numbered(_STEP, subjects)],
    )
    found = {}
    for key, verb, actor, why, at, version, policy, number, text in rows:
        shown: dict[str, Any] = {"policy": policy, "version": version, "number": number, "step": verb, "at": stamp(at)}
        if verb not in _OPEN_STEPS:
            shown["text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        found[step_subject(key)] = Content(shown, {"actor": actor, "why": why}, verb, version)
    return found


def _mutes(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, policy, rule, entity_key, cause, actor, why, since, until FROM mute WHERE id = ANY(%b::bigint[])",
        [numbered(_MUTE, subjects)],
    )
    return {
        mute_subject(key): Content(
            {"policy": policy, "cause": cause, "since": stamp(since), "until": None if until is None else stamp(until)},
            {"rule": rule, "entity": None if entity is None else str(entity), "actor": actor, "why": why},
            cause,
        )
        for key, policy, rule, entity, cause, actor, why, since, until in rows
    }


def _ended_mutes(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, policy, rule, ended_at, ended_by FROM mute WHERE id = ANY(%b::bigint[]) AND ended_at IS NOT NULL",
        [numbered(_MUTE, subjects)],
    )
    return {
        mute_subject(key): Content({"policy": policy, "at": stamp(at)}, {"rule": rule, "actor": actor})
        for key, policy, rule, at, actor in rows
    }


def _list_entries(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT e.id, l.name, l.kind, l.entity, e.key, e.text, e.from_moment, e.actor, e.why FROM list_entry e"
        " JOIN watch_list l ON l.name = e.watch_list_id WHERE e.id = ANY(%b::text[])",
        [list(subjects)],
    )
    return {
        key: Content(
            {"list": name, "kind": kind, "entity": entity, "from": str(since)},
            {"key": None if value is None else str(value), "text": text, "actor": actor, "why": why},
            kind,
        )
        for key, name, kind, entity, value, text, since, actor, why in rows
    }


def _ended_entries(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, watch_list_id, until_moment FROM list_entry WHERE id = ANY(%b::text[])"
        " AND until_moment IS NOT NULL",
        [list(subjects)],
    )
    return {key: Content({"list": name, "until": str(until)}) for key, name, until in rows}


def _second_looks(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT decision_id, asked_by, asked_why FROM review WHERE decision_id = ANY(%b::text[]) AND asked_by <> ''",
        [list(subjects)],
    )
    return {key: Content({"decision": key, "asked_by": by, "words": why}) for key, by, why in rows}


def _labels(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, order_key, kind, origin, moment, note FROM label WHERE id = ANY(%b::text[])", [list(subjects)]
    )
    return {
        key: Content(
            {"id": key, "moment": str(moment)}, {"order": str(order), "kind": kind, "origin": origin, "note": note}
        )
        for key, order, kind, origin, moment, note in rows
    }


def _by_number(prefix: str, statement: str) -> Callable[[str | None, int], list[str]]:
    """Pages over numbered rows; the statement takes the number after which to begin, and a limit."""

    def ids(after: str | None, limit: int) -> list[str]:
        start = 0 if after is None else int(after.removeprefix(prefix))
        return [f"{prefix}{key}" for (key,) in query(statement, [start, limit])]

    return ids


def _by_id(statement: str) -> Callable[[str | None, int], list[str]]:
    def ids(after: str | None, limit: int) -> list[str]:
        return [key for (key,) in query(statement, [after or "", limit])]

    return ids


POLICY_STEPS: Final = Subjects(
    _steps, _by_number(_STEP, "SELECT id FROM policy_step WHERE id > %s ORDER BY id LIMIT %s")
)
MUTES: Final = Subjects(_mutes, _by_number(_MUTE, "SELECT id FROM mute WHERE id > %s ORDER BY id LIMIT %s"))
ENDED_MUTES: Final = Subjects(
    _ended_mutes,
    _by_number(_MUTE, "SELECT id FROM mute WHERE id > %s AND ended_at IS NOT NULL ORDER BY id LIMIT %s"),
)
LIST_ENTRIES: Final = Subjects(_list_entries, _by_id("SELECT id FROM list_entry WHERE id > %s ORDER BY id LIMIT %s"))
#: Not every entry with an end was ended by a person: some were made with one.
ENDED_LIST_ENTRIES: Final = Subjects(_ended_entries)
SECOND_LOOKS: Final = Subjects(
    _second_looks,
    _by_id("SELECT decision_id FROM review WHERE decision_id > %s AND asked_by <> '' ORDER BY decision_id LIMIT %s"),
)
#: Labels of later events, of the API and of files are facts from outside: they have no line.
LABELS: Final = Subjects(
    _labels, _by_id("SELECT id FROM label WHERE id > %s AND starts_with(origin, 'staff/') ORDER BY id LIMIT %s")
)

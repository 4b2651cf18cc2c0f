"""Which workflow is in force: texts with presets, each from a day on. A case keeps the one of the day it was opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.errors import WorkflowRefused
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.lint import lint
from safeconduct.kernel.cases.models import PublishedWorkflow
from safeconduct.kernel.cases.reading import read_preset, read_workflow
from safeconduct.kernel.cases.workflow import Workflow
from safeconduct.kernel.scope import query

#: What was shipped is in force from the beginning, unless something was published.
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


def publish(
    kind: str, preset_text: str, *, since: datetime, written_by: str, approved_by: str, why: str, at: datetime
) -> PublishedWorkflow:
    """Puts a preset in force for a kind from a day on; cases that are open keep what they have. In a staff scope.

    Refused where the linter finds anything (WorkflowRefused), where the same person wrote and approved it, and where
    it would hold for the past.
    """
    if written_by == approved_by:
        raise WorkflowRefused(kind, ["a second person approves it"])
    if since < at:
        raise WorkflowRefused(kind, [f"it cannot be in force from {since:%Y-%m-%d %H:%M}, which is over"])
    workflow = kind_of(kind).workflow(preset_text)
    return PublishedWorkflow.objects.create(
        id=new_id("cwf"), kind=kind, version=workflow.version, text=kind_of(kind).text, preset=preset_text,
        since=since, written_by=written_by, approved_by=approved_by, why=why, at=at,
    )  # fmt: skip


def in_force(names: Collection[str], at: datetime) -> dict[str, tuple[str, Workflow]]:
    """Kind → (id, workflow) in force at a time. What is shipped is stored when it is first asked for, and again when a
    release brings another text."""
    found: dict[str, tuple[str, Workflow]] = {}
    rows = query(
        "SELECT DISTINCT ON (kind) kind, id, text, preset, written_by FROM case_workflow"
        " WHERE kind = ANY(%s::text[]) AND since <= %s ORDER BY kind, since DESC",
        [sorted(names), at],
    ).fetchall()
    for name, key, text, preset, written_by in rows:
        if written_by != "shipped" or text == kind_of(name).text:
            found[name] = key, _read(key, text, preset)
    for name in sorted(set(names) - found.keys()):
        first = not any(row[0] == name for row in rows)
        found[name] = _ship(name, _BEGINNING if first else at, at)
    return found


def by_id(ids: Collection[str]) -> Mapping[str, Workflow]:
    """Id → workflow, as it was published."""
    wanted = sorted(set(ids))
    found = {key: _kept[key] for key in wanted if key in _kept}
    unknown = [key for key in wanted if key not in found]
    if unknown:
        rows = query("SELECT id, text, preset FROM case_workflow WHERE id = ANY(%s::text[])", [unknown])
        for key, text, preset in rows:
            found[key] = _kept[key] = _read(key, text, preset)
    return found


def by_version(version: str) -> Workflow | None:
    """The workflow of this version, whenever it was in force; None where there was never one."""
    row = query("SELECT id, text, preset FROM case_workflow WHERE version = %s LIMIT 1", [version]).fetchone()
    return None if row is None else _read(*row)


def forget() -> None:
    """Drops what this process remembers of workflows: for tests that empty the tables."""
    _kept.clear()


#: Published texts never change, and there are few.
_kept: dict[str, Workflow] = {}


def _ship(name: str, since: datetime, at: datetime) -> tuple[str, Workflow]:
    kind = kind_of(name)
    workflow = kind.workflow()
    query(
        "INSERT INTO case_workflow (id, kind, version, text, preset, since, written_by, approved_by, why, at)"
        " VALUES (%s, %s, %s, %s, '', %s, 'shipped', '', '', %s) ON CONFLICT DO NOTHING",
        [new_id("cwf"), name, workflow.version, kind.text, since, at],
    )
    row = query("SELECT id FROM case_workflow WHERE kind = %s AND since = %s", [name, since]).fetchone()
    assert row is not None
    return row[0], workflow


@lru_cache(maxsize=64)
def _read(key: str, text: str, preset: str) -> Workflow:
    # Linted when it was published: what law has brought since is held by the deadlines themselves.
    return read_workflow(text, read_preset(preset) if preset else None)


def problems(kind: str, preset_text: str) -> list[str]:
    """What the linter says about a preset of a kind; empty where it can be published."""
    try:
        preset = read_preset(preset_text)
        return lint(read_workflow(kind_of(kind).text, preset), preset=preset)
    except WorkflowRefused as refused:
        return list(refused.findings)

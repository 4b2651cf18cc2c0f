"""`cases lint`, `cases draw`, `cases publish` and `cases fairness`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from safeconduct.cli.given import text_of
from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.staff import author_and_approver

#: A preset published without a date begins a little later: it never holds for the past.
_SOON = timedelta(seconds=1)


def lint(files: list[Path], *, as_json: bool) -> int:
    """Checks workflows, without a database; all that ship, with their presets, if none is named."""
    from safeconduct.kernel.cases.lint import findings

    for file in files:
        text_of(file)  # what is no text is refused by name before anything is checked
    found = findings(files)
    if as_json:
        emit_json({"findings": [{"file": name, "problem": problem} for name, problem in found]})
    else:
        sys.stdout.writelines(f"{name}: {problem}\n" for name, problem in found)
        if not found:
            sys.stdout.write("no errors\n")
    return FAILED if found else OK


def draw(kind: str, *, preset: str, language: str) -> int:
    """Prints the diagram of a workflow that ships, without a database."""
    from safeconduct.kernel.cases.errors import WorkflowRefused
    from safeconduct.kernel.cases.lint import checked, shipped
    from safeconduct.kernel.cases.pictures import mermaid
    from safeconduct.kernel.cases.reading import read_preset, read_workflow
    from safeconduct.kernel.cases.workflow import LANGUAGES

    if language not in LANGUAGES:
        fail(f"a workflow is told in {', '.join(LANGUAGES)}, not in {language}", USAGE)
    texts = {read_workflow(text).name: text for text in (file.read_text(encoding="utf-8") for file in shipped()[0])}
    if kind not in texts:
        fail(f"no workflow {kind} ships; there are {', '.join(sorted(texts))}", USAGE)
    try:
        workflow = checked(texts[kind], read_preset(_text(preset)) if preset else None)
    except WorkflowRefused as problem:
        fail(str(problem))
    sys.stdout.write(mermaid(workflow, language))
    return OK


def publish(
    preset: str, *, kind: str, author: str, approver: str, why: str, since: datetime | None, as_json: bool
) -> int:
    """Puts a preset in force for a kind of case: a file, or the name of one that ships. Two members of staff."""
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.cases import publishing
    from safeconduct.kernel.cases.errors import CasesError
    from safeconduct.kernel.cases.kinds import kinds
    from safeconduct.kernel.scope import staff_scope

    text, now = _text(preset), datetime.now(UTC)
    begins = now + _SOON if since is None else since.replace(tzinfo=UTC)
    if kind not in kinds():
        fail(f"there is no kind of case {kind}; there are {', '.join(sorted(kinds()))}")
    try:
        with staff_scope():
            first, second = author_and_approver(author, approver)
            made = publishing.publish(
                kind, text, since=begins, written_by=first.id, approved_by=second.id, why=why, at=now
            )
    except CasesError as problem:
        fail(str(problem))
    told = {"id": made.id, "kind": kind, "version": made.version, "since": made.since}
    if as_json:
        emit_json(told)
    else:
        sys.stdout.write(f"{kind}: {made.version} in force from {made.since:%Y-%m-%d %H:%M} UTC\n")
    return OK


def fairness(*, since: datetime | None, until: datetime | None, public: bool, as_json: bool) -> int:
    """How fairly cases were decided from the first moment of a day to the last of another (UTC), the last 90 days if
    left out. ``public``: without small cells."""
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.cases import fairness as figures
    from safeconduct.kernel.scope import staff_scope

    end = datetime.now(UTC) if until is None else until.replace(tzinfo=UTC) + timedelta(days=1)
    begin = end - figures.USUAL if since is None else since.replace(tzinfo=UTC)
    if begin >= end:
        fail(f"--since {begin:%Y-%m-%d} is not before --until", USAGE)
    with staff_scope():
        found = figures.document(figures.report(begin, end), public=public)
    if as_json:
        emit_json(found)
        return OK
    sys.stdout.write(f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC; shares with their 95 % interval\n")
    for one in found["decision_time"]:
        _line(f"time to decision, {one['kind']}", _hours(one["median_s"], one["p90_s"]), one["n"])
    _rate("overturned on appeal", found["appeals"]["overturned"])
    _rate("amended on appeal", found["appeals"]["amended"])
    _rate("sellers win", found["seller_wins"]["all"])
    for cell in found["seller_wins"]["by_country"]:
        _rate(f"sellers win, country {cell['name'] or '-'}", cell)
    for cell in found["seller_wins"]["by_language"]:
        _rate(f"sellers win, language {cell['name'] or '-'}", cell)
    _rate("losses that no person decided", found["automated_losses"])
    for cell in found["missed_by_zone"]:
        _rate(f"missed by sellers in {cell['name']}", cell)
    for part, cell in found["blind_review"].items():
        _rate(f"blind review agrees, {part}", cell)
    for one in found["platform_misses"]:
        text = f"{one['first']} once, {one['second']} twice (backstop)"
        sys.stdout.write(f"{'the platform missed ' + one['kind'] + '/' + one['clock']:<44}{text}\n")
    return OK


def _rate(name: str, cell: dict[str, Any]) -> None:
    if cell["share"] is None:
        return _line(name, "too few", cell["n"])
    low, high = cell["interval"]
    return _line(name, f"{cell['share']:.1%} ({low:.1%} to {high:.1%})", cell["n"])


def _line(name: str, value: str, number: int | None) -> None:
    sys.stdout.write(f"{name:<44}{value:<28}" + ("" if number is None else f"n = {number}") + "\n")


def _hours(median_s: int | None, p90_s: int | None) -> str:
    if median_s is None or p90_s is None:
        return "too few"
    return f"median {median_s / 3600:.1f} h, 9 of 10 {p90_s / 3600:.1f} h"


def _text(preset: str) -> str:
    """The text of a file, or of the preset of this name that ships."""
    from safeconduct.kernel.cases.lint import shipped

    file = Path(preset)
    if file.suffix:
        if not file.is_file():
            fail(f"there is no file {preset}")
        return text_of(file)
    names = {path.stem.removeprefix("cases-"): path for path in shipped()[1]}
    if preset not in names:
        fail(f"no preset {preset} ships; there are {', '.join(sorted(names))}")
    return names[preset].read_text(encoding="utf-8")

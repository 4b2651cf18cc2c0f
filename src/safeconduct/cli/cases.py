"""`cases lint` and `cases publish`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safeconduct.cli.output import OK, emit_json, fail

#: A preset published for now begins a little later: it never holds for the past.
_SOON = timedelta(seconds=1)


def lint(files: list[Path]) -> int:
    """Checks workflows, without a database; all that ship, with their presets, if none is named."""
    from safeconduct.kernel.cases.lint import main

    result = main([str(file) for file in files])
    if result == OK:
        sys.stdout.write("no errors\n")
    return result


def publish(
    preset: str, *, kind: str, author: str, approver: str, why: str, since: datetime | None, as_json: bool
) -> int:
    """Puts a preset in force for a kind of case: a file, or the name of one that ships. Two members of staff."""
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.cases import publishing
    from safeconduct.kernel.cases.errors import CasesError
    from safeconduct.kernel.cases.kinds import kinds
    from safeconduct.kernel.parties.models import User
    from safeconduct.kernel.scope import staff_scope

    text, now = _text(preset), datetime.now(UTC)
    begins = now + _SOON if since is None else since.replace(tzinfo=UTC)
    if kind not in kinds():
        fail(f"there is no kind of case {kind}; there are {', '.join(sorted(kinds()))}")
    try:
        with staff_scope():
            people = {user.email: user for user in User.objects.filter(email__in=[author, approver])}
            for email in (author, approver):
                if email not in people or not people[email].is_staff:
                    fail(f"{email} is no member of staff; `safeconduct people invite` makes one")
            made = publishing.publish(
                kind, text, since=begins, written_by=people[author].id, approved_by=people[approver].id, why=why, at=now
            )
    except CasesError as problem:
        fail(str(problem))
    told = {"id": made.id, "kind": kind, "version": made.version, "since": made.since}
    if as_json:
        emit_json(told)
    else:
        sys.stdout.write(f"{kind}: {made.version} in force from {made.since:%Y-%m-%d %H:%M} UTC\n")
    return OK


def _text(preset: str) -> str:
    """The text of a file, or of the preset of this name that ships."""
    from safeconduct.kernel.cases.lint import shipped

    file = Path(preset)
    if file.suffix:
        if not file.is_file():
            fail(f"there is no file {preset}")
        return file.read_text(encoding="utf-8")
    names = {path.stem.removeprefix("cases-"): path for path in shipped()[1]}
    if preset not in names:
        fail(f"no preset {preset} ships; there are {', '.join(sorted(names))}")
    return names[preset].read_text(encoding="utf-8")

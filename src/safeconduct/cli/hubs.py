"""`hubs import` and `hubs export`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from safeconduct.cli.given import text_of
from safeconduct.cli.output import OK, emit_json, fail
from safeconduct.cli.start import start_django

_WORDS = {"new": "new", "changed": "changed", "ends": "its end changed", "": "as it was"}


class _OnlyChecked(Exception):
    """Leaves the transaction, so that nothing of it stays."""


def bring(file: Path, by: str, *, check: bool, as_json: bool) -> int:
    """Names what a file says in a lead's name. ``check``: does it, tells what became of it, and takes it all back."""
    start_django()
    from safeconduct.kernel.parties.models import StaffRole, User
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.returns import hub_csv
    from safeconduct.protections.returns.errors import HubRefused

    told: list[dict[str, str]] = []
    try:
        drafts = hub_csv.read(text_of(file))
        with staff_scope():
            person = User.objects.filter(email=by.lower(), is_active=True).first()
            if person is None or not person.may(StaffRole.LEAD):
                fail(f"{by} is no lead of the staff; the console's page of people says who is")
            for one in hub_csv.bring(drafts, person, at=datetime.now(UTC)):
                told.append({"code": one.hub.code, "id": one.hub.id, "change": one.change})
            if check:
                raise _OnlyChecked
    except HubRefused as problem:
        fail(f"{file}: {problem}")
    except _OnlyChecked:
        pass
    if as_json:
        emit_json({"checked_only": check, "items": told})
        return OK
    for item in told:
        sys.stdout.write(f"{item['code']:<42}{_WORDS[item['change']]}\n")
    changed = sum(bool(item["change"]) for item in told)
    sys.stdout.write(f"{len(told):,} rows, {changed:,} {'would change' if check else 'changed'}\n")
    return OK


def export(*, ended: bool) -> int:
    """Prints them page by page."""
    start_django()
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.kernel.ui.csv_export import text
    from safeconduct.protections.returns import hub_csv, hubs

    sys.stdout.write(text([hub_csv.HEAD]))
    after, now = "", datetime.now(UTC)
    while True:
        with staff_scope():
            found = hubs.listed(ended=ended, at=now, after=after, size=500)
            lines = text(hub_csv.rows(found.items))
        sys.stdout.write(lines)
        after = found.next
        if not after:
            return OK

"""`incidents list`: open incidents with their clocks, for people and for whatever wakes them at night."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from safeconduct.cli.output import FAILED, OK, emit_json


def listed(*, as_json: bool) -> int:
    """Prints open incidents, the clocks of each with the strictest first. Exit code 1 where one was missed."""
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.data_security.incidents import queries

    now = datetime.now(UTC)
    with staff_scope():
        found = [(one, queries.clocks_of(one, now)) for one in queries.incidents_page(closed=False).items]
    told = [
        {
            "id": incident.id, "title": incident.title, "aware_at": incident.aware_at.isoformat(),
            "clocks": [
                {
                    "regime": s.regime.id, "law": s.regime.law, "clock": s.clock.clock, "to": s.clock.to,
                    "state": s.state, "due_at": s.clock.due_at and s.clock.due_at.isoformat(),
                    "sure": s.regime.sure.value,
                }
                for s in clocks
            ],
        }
        for incident, clocks in found
    ]  # fmt: skip
    missed = any(s.state == "missed" for _incident, clocks in found for s in clocks)
    if as_json:
        emit_json(told)
    elif not told:
        sys.stdout.write("no open incident\n")
    else:
        for incident, clocks in found:
            sys.stdout.write(f"{incident.id} {incident.title}\n")
            for s in clocks:
                due = f"{s.clock.due_at:%Y-%m-%d %H:%M} UTC" if s.clock.due_at else ""
                sys.stdout.write(f"  {s.state:<10} {due:<20} {s.regime.law}, {s.clock.to}\n")
    return FAILED if missed else OK

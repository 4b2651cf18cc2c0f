"""Mass reading by the staff is an act that the engine judges, as a seller's mass export is (signal S22).

It is asked when somebody has opened the data of `LEAST` different orders or people in a day (UTC), and again each time
that doubles: a day's work is a handful of decisions, and a thief who reads all night is met on the way. What is usual
for them is the 95th percentile of their own days, and of everybody's where they are new.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time
from typing import Final

from safeconduct.foundation.ids import encode, uuid7
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.parties.security_events import note as note_security
from safeconduct.kernel.readings.log import Side
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query
from safeconduct.protections.data_security.leases import judging, quota

#: Fewer in a day are never asked about (a proposal of ours, 2026-11-23: a quota is 20 at least).
LEAST: Final = 20
KIND: Final = "mass_reading"
ACCESS_LOG: Final = "/console/data_security/readings/?actor="
_OF_DAYS: Final = (
    "SELECT actor, (at AT TIME ZONE 'UTC')::date, count(DISTINCT coalesce(order_key::text, subject_key::text, id))"
    " FROM reading WHERE id >= %s AND at >= %s AND at < coalesce(%s::timestamptz, 'infinity') AND side = %s"
    " AND scene <> %s GROUP BY 1, 2"
)


def judge(now: datetime) -> int:
    """Has the engine judge who of the staff reads much today; how many people that were. A retry is the same act."""
    today = now.astimezone(UTC).date()
    midnight = datetime.combine(today, time.min, UTC)
    with engine_scope():
        many = {actor: days[today] for actor, days in _read_since(midnight).items() if days[today] >= LEAST}
        before = _read_since(midnight - quota.SPAN, midnight) if many else {}
    everybody = [count for days in before.values() for count in days.values()]
    for actor, rows in sorted(many.items()):
        usual = quota.usual_of(list(before.get(actor, {}).values()) or everybody)
        step = (rows // LEAST).bit_length()
        _judge(actor, rows, usual, f"mass-reading/{actor}/{today}/{step}", now)
    return len(many)


def _judge(person_id: str, rows: int, usual: int | None, act: str, now: datetime) -> None:
    verdict = judging.ask("", person_id, now, {"rows": rows, "usual_rows": usual}, act, kind="mass_reading")
    if not verdict.stops:
        return
    with engine_scope():
        query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [act])
        known = "SELECT 1 FROM security_event WHERE person_id = %s AND kind = %s AND facts->>'act' = %s"
        if query(known, [person_id, KIND, act]).fetchone() is None:
            facts = {"act": act, "rows": rows, "usual_rows": usual, "decision": verdict.decision_id}
            note_security([Happened(KIND, Level.ALERT, person_id, None, facts)], ENGINE_ACTOR, now)
            values = {"person": person_id, "rows": rows, "decision": verdict.decision_id}
            tell_administrators("staff.mass_reading", values, act, at=now, url=ACCESS_LOG + person_id)


def _read_since(since: datetime, until: datetime | None = None) -> dict[str, dict[date, int]]:
    """Member of the staff → day → of how many orders, or people, they opened data. Looking through the list of readings
    opens none. Ids sort by time, so that only rows of these days are read."""
    first = f"rdg_{encode(uuid7(int(since.timestamp() * 1000), 0))}"
    found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for actor, day, count in query(_OF_DAYS, [first, since, until, Side.STAFF.value, Scene.ACCESS_LOG.value]):
        found[actor][day] = count
    return found

"""Who of the staff reads far more than is usual: the engine judges it, and the administrators hear of it once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.kernel.builders import live_policy, person

from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.models import SecurityEvent, StaffRole, User
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import Actor, staff_scope
from safeconduct.protections.accounts import risk
from safeconduct.protections.data_security.leases import judging as engine
from safeconduct.protections.data_security.readings import judging
from safeconduct.protections.data_security.readings.judging import LEAST

pytestmark = pytest.mark.usefixtures("empty_database")
NOON = datetime.fromisoformat("2026-06-15T12:00:00+00:00")


def reads(who: User, orders: int, at: datetime, scene: Scene = Scene.CASE) -> None:
    """Somebody opens the data of so many different orders."""
    first = int(at.timestamp())
    with staff_scope():
        looked = [Read(scene, ("name",), 7, first + number) for number in range(orders)]
        note(looked, Actor(who.id, who.staff_role, "deciding"), at)
        note(looked, Actor(who.id, who.staff_role, "looking again"), at)  # the same orders: no more people's data


@pytest.fixture
def analyst() -> User:
    """Somebody who has opened five orders on each of the last days."""
    live_policy(risk.shipped_policies()[0])
    who = person(StaffRole.ANALYST)
    for day in range(1, 6):
        reads(who, 5, NOON - timedelta(days=day))
    return who


def test_a_night_of_reading_is_judged_and_every_administrator_is_told_once(analyst: User) -> None:
    administrator = person(StaffRole.ADMINISTRATOR)
    reads(analyst, 2 * LEAST, NOON)
    assert [judging.judge(NOON), judging.judge(NOON + timedelta(minutes=1))] == [1, 1]
    with staff_scope():
        made = Decision.objects.get()
        assert made.action == "block" and made.reasons["statement"][0]["rule"] == "unusual_export"
        assert Event.objects.get(moment=made.moment).data["usual_rows"] == 5
        assert NoticeCopy.objects.get(notice__code="staff.mass_reading").person_id == administrator.id
        happened = SecurityEvent.objects.get(kind="mass_reading")
        assert (happened.person_id, happened.level, happened.facts["rows"]) == (analyst.id, "alert", 2 * LEAST)
    reads(analyst, 3 * LEAST, NOON + timedelta(hours=1))
    judging.judge(NOON + timedelta(hours=2))
    with staff_scope():
        assert Decision.objects.count() == 2, "it has doubled, and is judged again"


def test_a_days_work_is_asked_about_by_nobody(analyst: User) -> None:
    reads(analyst, LEAST - 1, NOON)
    assert judging.judge(NOON) == 0
    with staff_scope():
        assert not Event.objects.exists()


def test_much_is_no_alarm_where_it_is_usual_and_looking_through_the_log_opens_nobodys_data(analyst: User) -> None:
    reads(analyst, LEAST, NOON - timedelta(days=6))  # the 95th percentile of six days is their greatest
    reads(analyst, 2 * LEAST, NOON)
    reads(person(StaffRole.LEAD), 5 * LEAST, NOON, Scene.ACCESS_LOG)
    assert judging.judge(NOON) == 1
    with staff_scope():
        assert (
            Decision.objects.get().action == "allow" and not SecurityEvent.objects.filter(kind="mass_reading").exists()
        )


def test_who_is_new_is_measured_by_what_is_usual_at_the_desk(analyst: User) -> None:
    reads(person(StaffRole.ANALYST), 2 * LEAST, NOON)
    judging.judge(NOON)
    with staff_scope():
        assert Decision.objects.get().action == "block"


def test_a_process_that_was_killed_after_the_decision_tells_when_it_comes_again(analyst: User) -> None:
    person(StaffRole.ADMINISTRATOR)
    reads(analyst, 2 * LEAST, NOON)
    act = f"mass-reading/{analyst.id}/{NOON.date()}/2"
    engine.ask("", analyst.id, NOON, {"rows": 2 * LEAST, "usual_rows": 5}, act, kind="mass_reading")
    judging.judge(NOON + timedelta(minutes=1))
    with staff_scope():
        assert Decision.objects.count() == 1 == SecurityEvent.objects.filter(kind="mass_reading").count()

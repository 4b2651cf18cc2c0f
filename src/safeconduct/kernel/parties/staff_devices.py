"""Browsers that members of the staff work with, let in one by one: a passkey shown elsewhere opens no console.

A browser is known by the cookie that it got at a sign-in (`attempts`), which a session does not live without. Its
person asks for it; another administrator lets it in, or the operator. With the first passkey of a new account it is
enrolled at once: an administrator has just invited that person. What is let in ends after a year, or when an
administrator ends it, and its sessions with it. Verbs run in a scope of staff; the caller tells the people.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.errors import AdministratorNeeded, DeviceRefused, NoSuchPerson
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, Noted
from safeconduct.kernel.parties.sessions import STAFF_DEVICE, Ended
from safeconduct.kernel.parties.sign_in_models import StaffDevice
from safeconduct.kernel.scope import Actor, query

#: How new an account is whose first passkey enrols a browser; the house's own number.
NEW_ACCOUNT: Final = timedelta(hours=24)
_LEVEL: Final = Level.ALERT
_SHORTEST_WHY: Final = 10


def ask(person: User, device: str, user_agent: str, *, at: datetime) -> tuple[StaffDevice, bool]:
    """Somebody asks for the browser they sit at (its id, and what it calls itself); the request, and whether it is new.
    An earlier one of theirs that still waits is withdrawn: one at a time. Raises DeviceRefused for a browser of which
    nothing is known."""
    if not device:
        raise DeviceRefused("this session began before your browser was known; sign out, and sign in again")
    query("SELECT FROM person WHERE id = %s FOR UPDATE", [person.id])
    there = _open().filter(person=person, device=device).first()
    if there is not None and (there.approved_at is None or not _lapsed(there, at)):
        return there, False
    _open().filter(person=person, approved_at=None).update(ended_at=at, ended_by=person.id)
    _open().filter(person=person, device=device).update(ended_at=at, ended_by=person.id)
    made = StaffDevice.objects.create(
        person=person, device=device, browser=str(browser_of(user_agent))[:60], asked_at=at
    )  # fmt: skip
    _note("device_asked", made, Actor(person.id, person.staff_role), at)
    return made, True


def with_first_passkey(person: User, device: str, user_agent: str, *, at: datetime) -> bool:
    """Enrols the browser in which a new member of staff sets up their first passkey; whether it did."""
    is_new = person.is_staff and at < person.created_at + NEW_ACCOUNT
    if not device or not is_new or StaffDevice.objects.filter(person=person).exists():
        return False
    if Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).count() != 1:
        return False
    made = StaffDevice.objects.create(
        person=person, device=device, browser=str(browser_of(user_agent))[:60], asked_at=at, approved_at=at,
        how=StaffDevice.How.FIRST_PASSKEY,
    )  # fmt: skip
    _note("device_enrolled", made, Actor(person.id, person.staff_role), at)
    return True


def approve(device_id: str, administrator: User, *, at: datetime) -> tuple[StaffDevice, Noted]:
    """Another administrator lets a browser in. Raises AdministratorNeeded, DeviceRefused."""
    found = _locked(device_id, administrator)
    if found.person_id == administrator.id:
        raise DeviceRefused("nobody lets in a browser of their own; ask another administrator, or the operator")
    if found.approved_at is not None:
        raise DeviceRefused("somebody was faster: this browser is let in already")
    found.approved_at, found.approved_by, found.how = at, administrator, StaffDevice.How.ADMINISTRATOR
    found.save(update_fields=["approved_at", "approved_by", "how"])
    return found, _note("device_enrolled", found, Actor(administrator.id, administrator.staff_role), at)


def approve_by_operator(email: str, why: str, *, at: datetime) -> StaffDevice:
    """The operator lets in the browser that somebody has asked for, where no other administrator can. Raises
    NoSuchPerson, DeviceRefused."""
    if len(why.strip()) < _SHORTEST_WHY:
        raise DeviceRefused(f"say in at least {_SHORTEST_WHY} letters how you know that it is theirs")
    person = User.objects.filter(email=email.strip().lower(), is_active=True).exclude(staff_role="").first()
    if person is None:
        raise NoSuchPerson(email)
    found = _open().select_for_update().filter(person=person, approved_at=None).order_by("-asked_at").first()
    if found is None:
        raise DeviceRefused("no browser of theirs waits: they sign in there, show their passkey, and ask for it first")
    found.approved_at, found.how = at, StaffDevice.How.OPERATOR
    found.save(update_fields=["approved_at", "how"])
    _note("device_enrolled", found, Actor("command line", "owner", why.strip()), at)
    return found


def end(device_id: str, administrator: User, *, at: datetime) -> tuple[StaffDevice, Noted]:
    """Takes a browser out, or refuses one that waits; its sessions end at once. Raises AdministratorNeeded,
    DeviceRefused."""
    found = _locked(device_id, administrator)
    found.ended_at, found.ended_by = at, administrator.id
    found.save(update_fields=["ended_at", "ended_by"])
    query(
        "UPDATE sign_in_session SET ended_at = %s, ended_why = %s WHERE person_id = %s AND device = %s"
        " AND ended_at IS NULL",
        [at, Ended.BY_STAFF.value, found.person_id, found.device],
    )
    return found, _note("device_ended", found, Actor(administrator.id, administrator.staff_role), at)


def waiting(limit: int = 50) -> list[StaffDevice]:
    """Browsers that wait to be let in, the first asked first. One query."""
    return list(_open().filter(approved_at=None).select_related("person").order_by("asked_at", "id")[:limit])


def enrolled() -> QuerySet[StaffDevice]:
    """Browsers that are let in, lapsed ones among them."""
    return _open().filter(approved_at__isnull=False).select_related("person", "approved_by")


def of_person(person: User, device: str) -> StaffDevice | None:
    """What is there of a person's browser: waiting, let in, or nothing."""
    return _open().filter(person=person, device=device).first() if device else None


def shown_as(found: StaffDevice) -> str:
    """Six letters by which both sides tell which request it is, such as on the telephone."""
    return found.id[-6:].upper()


def _open() -> QuerySet[StaffDevice]:
    return StaffDevice.objects.filter(ended_at=None)


def _lapsed(found: StaffDevice, at: datetime) -> bool:
    return found.approved_at is not None and found.approved_at + STAFF_DEVICE <= at


def _locked(device_id: str, administrator: User) -> StaffDevice:
    if not administrator.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded
    found = _open().select_for_update(of=["self"]).select_related("person").filter(id=device_id).first()
    if found is None:
        raise DeviceRefused("this browser is not on the list any more")
    return found


def _note(kind: str, found: StaffDevice, actor: Actor, at: datetime) -> Noted:
    (event,) = security_events.note([Happened(kind, _LEVEL, found.person_id, facts={"device": found.id})], actor, at)
    return Noted(event, None)

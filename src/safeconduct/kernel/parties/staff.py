"""What administrators do with people: their role, their access, a lost second factor. Each stands in the security log
of whom it concerns, and so in the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator

from safeconduct.kernel.parties import keys, sessions
from safeconduct.kernel.parties.errors import AdministratorNeeded, NoSuchPerson, NotOneself
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, Noted, note
from safeconduct.kernel.scope import Actor

#: Kinds of second factor that count: recovery codes alone do not.
_STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(person: User) -> bool:
    """Whether signing in asks this person for more than a password."""
    return bool(Authenticator.objects.filter(user=person, type__in=_STRONG).exists())


def with_second_factor(people: Collection[User]) -> set[str]:
    """The ids of those among these people who have one; one query."""
    found = Authenticator.objects.filter(user__in=people, type__in=_STRONG)
    return set(found.values_list("user_id", flat=True))


def change_role(person_id: str, role: StaffRole, administrator: User, *, at: datetime) -> User:
    """Gives a member of staff another role.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    person = subject(person_id, administrator)
    before, person.staff_role = person.staff_role, role
    person.save(update_fields=["staff_role"])
    facts = {"to": role.value, "before": str(before), "by": "administrator"}
    _note("role_changed", person, administrator, at, facts)
    return person


def has_passkey(person: User) -> bool:
    """Whether this person has a passkey or a security key."""
    return bool(Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).exists())


def deactivate(person_id: str, administrator: User, *, at: datetime) -> User:
    """Shuts a person out at once: their sessions end for good, and so do the API keys they made. What they did stays
    under their name.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    person = subject(person_id, administrator)
    person.is_active = False
    person.save(update_fields=["is_active"])
    sessions.end_all(person.id, sessions.Ended.LEFT, at)
    keys.end_keys_of(person.id, Actor(administrator.id, administrator.staff_role, "shut out"), at=at)
    _note("shut_out", person, administrator, at)
    return person


def reactivate(person_id: str, administrator: User, *, at: datetime) -> User:
    """Lets a person in again, with the role they had; they sign in anew.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    person = subject(person_id, administrator)
    person.is_active = True
    person.save(update_fields=["is_active"])
    _note("let_in", person, administrator, at)
    return person


def reset_second_factor(person_id: str, administrator: User, *, at: datetime) -> tuple[User, Noted]:
    """For a lost telephone or key: sessions end, and the person sets up a second factor anew after the next sign-in.
    Returns the person, and what was noted of it, to tell them.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    person = subject(person_id, administrator)
    Authenticator.objects.filter(user=person).delete()
    sessions.end_all(person.id, sessions.Ended.FACTOR_CHANGED, at)
    return person, _note("factors_reset", person, administrator, at, level=Level.ALERT)


def role_of_directory(person_id: str, role: StaffRole) -> User:
    """The role that the company's directory gives a member of staff from now on. One administrator always remains."""
    administrators = {person.id for person in _administrators()}
    person = User.objects.select_for_update().get(id=person_id)
    if role != StaffRole.ADMINISTRATOR and administrators == {person_id}:
        return person
    person.staff_role = role
    person.save(update_fields=["staff_role"])
    return person


def subject(person_id: str, administrator: User) -> User:
    """Somebody of the staff to whom an administrator is about to do something; locked.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    if administrator.id not in {person.id for person in _administrators()}:
        raise AdministratorNeeded
    if person_id == administrator.id:
        raise NotOneself
    person = User.objects.select_for_update().filter(id=person_id).exclude(staff_role=StaffRole.NONE).first()
    if person is None:
        raise NoSuchPerson(person_id)
    return person


def _note(
    kind: str, person: User, administrator: User, at: datetime, facts: Mapping[str, Any] | None = None,
    *, level: Level = Level.NOTICE,
) -> Noted:  # fmt: skip
    happened = Happened(kind, level, person.id, facts=facts or {})
    (event_id,) = note([happened], Actor(administrator.id, administrator.staff_role), at)
    return Noted(event_id, None)


def _administrators() -> list[User]:
    # All their rows are locked first, in one order: two who remove each other at the same instant wait, and the slower
    # one finds that it is none any more. So one administrator always remains.
    found = User.objects.filter(staff_role=StaffRole.ADMINISTRATOR, is_active=True).order_by("id")
    return list(found.select_for_update())

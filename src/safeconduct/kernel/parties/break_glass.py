"""Breaking the glass: how a member of staff who has lost every passkey comes in.

Two administrators, neither of them the one it is for, make a code that works once, within a day; every administrator is
told of each step, and the record has its line. Whoever uses it has no passkey any more and sets up a new one; it opens
nothing before that. Every verb needs a scope of staff; the caller tells the administrators (`staff.break_glass`).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.db.models import F, QuerySet

from safeconduct.kernel.parties import attempts, paper_codes
from safeconduct.kernel.parties.errors import AdministratorNeeded, BreakGlassRefused, NoSuchPerson
from safeconduct.kernel.parties.models import BreakGlass, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor

#: How long a request waits for the second administrator, and a code for its use; the house's own number.
LASTS: Final = timedelta(hours=24)
SHORTEST_WHY, LONGEST_WHY = 10, 300
#: So many letters: 160 bits.
_LENGTH: Final = 32


def ask(person_id: str, why: str, administrator: User, *, at: datetime) -> BreakGlass:
    """The first of two: asks for a code for somebody else of the staff. An earlier open one of theirs is withdrawn.

    Raises AdministratorNeeded, NoSuchPerson, BreakGlassRefused.
    """
    _must_be_administrator(administrator)
    why = " ".join(why.split())
    if not SHORTEST_WHY <= len(why) <= LONGEST_WHY:
        raise BreakGlassRefused(f"write why, in {SHORTEST_WHY} to {LONGEST_WHY} letters: all administrators read it")
    if person_id == administrator.id:
        raise BreakGlassRefused("nobody asks for a code for themselves; ask another administrator")
    # Two who ask for the same person at the same instant wait for each other.
    person = User.objects.select_for_update().filter(id=person_id, is_active=True).exclude(staff_role="").first()
    if person is None:
        raise NoSuchPerson(person_id)
    _open().filter(person=person).update(withdrawn_at=at)
    made = BreakGlass.objects.create(person=person, why=why, asked_by=administrator, asked_at=at, expires_at=at + LASTS)
    _note("break_glass_asked", made, administrator, at)
    return made


def agree(request_id: str, administrator: User, *, at: datetime) -> tuple[BreakGlass, str]:
    """The second of two: makes the code, which is nowhere else. Raises AdministratorNeeded, BreakGlassRefused."""
    _must_be_administrator(administrator)
    found = _open().select_for_update().filter(id=request_id, code_hash__isnull=True, expires_at__gt=at).first()
    if found is None:
        raise BreakGlassRefused("this request is over, or its code was made already; ask anew")
    if administrator.id in (found.asked_by_id, found.person_id):
        raise BreakGlassRefused("another administrator has to agree, who neither asked nor is to be let in")
    letters = paper_codes.make(_LENGTH)
    found.agreed_by, found.code_hash, found.expires_at = administrator, _hash(letters), at + LASTS
    found.save(update_fields=["agreed_by", "code_hash", "expires_at"])
    attempts.forgive(_counted(found.person.email))
    _note("break_glass_made", found, administrator, at)
    return found, paper_codes.shown(letters)


def withdraw(request_id: str, administrator: User, *, at: datetime) -> BreakGlass:
    """Makes a request, or its code, useless. Raises AdministratorNeeded, BreakGlassRefused."""
    _must_be_administrator(administrator)
    found = _open().select_for_update().filter(id=request_id).first()
    if found is None:
        raise BreakGlassRefused("this request is over already")
    found.withdrawn_at = at
    found.save(update_fields=["withdrawn_at"])
    _note("break_glass_withdrawn", found, administrator, at)
    return found


def use(email: str, code: str, *, at: datetime) -> BreakGlass | None:
    """Uses a code: whom it lets in is its `person`, whose lost factors are gone now. None for a code that is not good,
    whatever the cause. The caller has counted the try (`may_try`)."""
    found = (
        _open().select_for_update(of=["self"]).select_related("person")
        .filter(code_hash=_hash(code), person__email=email.strip().lower(), expires_at__gt=at).first()
    )  # fmt: skip
    if found is None or not found.person.is_staff:
        return None
    found.used_at = at
    found.save(update_fields=["used_at"])
    Authenticator.objects.filter(user=found.person).delete()
    attempts.forgive(_counted(found.person.email))
    _note("break_glass_used", found, found.person, at)
    return found


def may_try(email: str, at: datetime) -> bool:
    """Counts a try for this address, as wrong passwords from unknown browsers are counted; whether it may be made.
    Needs a visitor's scope of its own, committed at once."""
    return attempts.begin(_counted(email), "", at) is not None


def open_requests(*, at: datetime) -> list[BreakGlass]:
    """Requests that wait for the second administrator, and codes that wait for their use. One query."""
    rows = _open().filter(expires_at__gt=at).select_related("person", "asked_by", "agreed_by")
    return list(rows.order_by(F("asked_at").desc(), "id")[:50])


def _open() -> QuerySet[BreakGlass]:
    return BreakGlass.objects.filter(used_at__isnull=True, withdrawn_at__isnull=True)


def _must_be_administrator(administrator: User) -> None:
    if not administrator.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded


def _counted(email: str) -> str:
    return f"break-glass/{email.strip().lower()}"


def _hash(code: str) -> bytes:
    return hashlib.sha256(paper_codes.read(code).encode()).digest()


def _note(kind: str, found: BreakGlass, by: User, at: datetime) -> None:
    happened = Happened(kind, Level.ALERT, found.person_id, facts={"request": found.id})
    note([happened], Actor(by.id, by.staff_role, found.why), at)

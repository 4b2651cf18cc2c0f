"""Whose account a sign-in at the company's directory opens: one that is there already, unless a setting says more.

A person is found by the directory's own name for them (`sub`), of which only a keyed hash is kept; the first time by
the address that the directory stands for. From then on the address chooses nobody: whoever gets a leaver's mailbox
does not get their account. A claim gives a role, or an account, only where the operator has written which
(`SAFECONDUCT_OIDC_ROLES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties import staff
from safeconduct.kernel.parties.directory import Directory
from safeconduct.kernel.parties.errors import PartiesError
from safeconduct.kernel.parties.models import StaffIdentity, StaffRole, User
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.blinding import Waiting
from safeconduct.kernel.vault.holder import hashed, holder
from safeconduct.kernel.vault.key_types import Hashed


class NotAdmitted(StrEnum):
    """Why the directory's word opens no account."""

    ADDRESS = "address"
    DOMAIN = "domain"
    NO_ACCOUNT = "no_account"
    SHUT_OUT = "shut_out"
    ANOTHER = "another"
    NO_ROLE = "no_role"


class SignOnRefused(PartiesError):
    """A sign-in at the directory opens no account here; `why` says which rule, `person` whose account it was for."""

    code = "sign_on_refused"
    status = 403

    def __init__(self, why: NotAdmitted, person: User | None = None) -> None:
        super().__init__(f"single sign-on opens no account: {why.value}")
        self.why = why
        self.person = person


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whose account it opens; what this sign-in has done to it besides."""

    person: User
    linked: bool = False
    made: bool = False
    role_before: str | None = None


def admit(directory: Directory, claims: Mapping[str, Any], at: datetime) -> Admitted:
    """Finds the account, links it the first time, and gives the role that a claim gives. Needs a visitor's scope.

    Raises SignOnRefused.
    """
    subject = subject_hashes(directory.issuer, str(claims["sub"]))
    identity = StaffIdentity.objects.select_related("person").filter(subject_hash__in=subject.digests[0]).first()
    role, made = directory.role_of(claims), False
    person = None if identity is None else identity.person
    if identity is None:
        person, made = _by_address(directory, claims, role, at)
    assert person is not None
    if not person.is_active:
        raise SignOnRefused(NotAdmitted.SHUT_OUT, person)
    if person.staff_role == StaffRole.NONE:
        raise SignOnRefused(NotAdmitted.NO_ACCOUNT, person)
    if directory.roles and not role:
        raise SignOnRefused(NotAdmitted.NO_ROLE, person)
    if identity is None:
        _link(person, directory.issuer, subject, at)
    else:
        StaffIdentity.objects.filter(id=identity.id).update(
            last_used_at=at, subject_hash=subject.digests[0][0], hashed_with=subject.roots.current
        )
    before = person.staff_role
    if role and not made:
        person = staff.role_of_directory(person.id, StaffRole(role))
    changed = None if person.staff_role == before else before
    return Admitted(person, linked=identity is None, made=made, role_before=changed)


def linked(people: list[User]) -> set[str]:
    """The ids of those among these people who sign in at the directory; one query."""
    return set(StaffIdentity.objects.filter(person__in=people).values_list("person_id", flat=True))


def unlink(person_id: str, administrator: User) -> User:
    """Forgets whom the directory meant: for somebody who has another name there now. The next sign-in goes by the
    address again.

    Raises AdministratorNeeded, NotOneself, NoSuchPerson.
    """
    person = staff.subject(person_id, administrator)
    StaffIdentity.objects.filter(person=person).delete()
    return person


def subject_hashes(issuer: str, subject: str) -> Hashed:
    """The directory's name for a person, as it is kept under each root key there is."""
    return hashed("staff-identity", f"{issuer}\n{subject}".encode())


def _under_the_earlier_key() -> int:
    """How many of the staff the directory would not find again without the earlier root key: who may sign in, and has
    not since."""
    roots = holder().roots()
    row = query(
        "SELECT count(*) FROM staff_identity i JOIN person p ON p.id = i.person_id"
        " WHERE i.hashed_with <> %s AND p.is_active AND p.staff_role <> ''",
        [roots.current],
    ).fetchone()
    assert row is not None
    return 0 if roots.earlier is None else int(row[0])


#: What keeps an earlier root key: names of the directory's people are not kept, so that they follow at a sign-in.
WAITING: Final = Waiting(
    "staff_identity", _under_the_earlier_key,
    "they sign in at the directory once, or an administrator unlinks them on the console's page of people",
)  # fmt: skip


def _by_address(directory: Directory, claims: Mapping[str, Any], role: str, at: datetime) -> tuple[User, bool]:
    """The account of the address that the directory stands for; where a claim gives a role, a new one."""
    address = directory.address_of(claims)
    if not address:
        raise SignOnRefused(NotAdmitted.ADDRESS)
    if not directory.may_come(address):
        raise SignOnRefused(NotAdmitted.DOMAIN)
    person = User.objects.filter(email=address).first()
    if person is not None:
        return person, False
    if not role:
        raise SignOnRefused(NotAdmitted.NO_ACCOUNT)
    name = claims.get("name")
    given = name.strip()[:120] if isinstance(name, str) else ""
    return User.objects.create_user(address, None, name=given, staff_role=role, created_at=at), True


def _link(person: User, issuer: str, subject: Hashed, at: datetime) -> None:
    subject_hash = subject.digests[0][0]
    made = query(
        "INSERT INTO staff_identity (id, person_id, issuer, subject_hash, hashed_with, linked_at, last_used_at)"
        " VALUES (%s, %s, %s, %b, %s, %s, %s) ON CONFLICT DO NOTHING",
        [new_id("idn"), person.id, issuer, subject_hash, subject.roots.current, at, at],
    )
    if made.rowcount:
        return
    # Another name of the directory has this account, or the same sign-in came twice at one instant.
    if not StaffIdentity.objects.filter(person=person, subject_hash=subject_hash).exists():
        raise SignOnRefused(NotAdmitted.ANOTHER, person)

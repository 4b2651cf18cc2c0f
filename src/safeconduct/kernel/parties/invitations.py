"""Inviting people, to the staff or to a seller: a link that works once, until it expires, and as long as whoever sent
it may still invite: who leaves takes no back door along.

Only the hash of its token is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q, QuerySet

from safeconduct.kernel.parties.errors import AddressTaken, AdministratorNeeded, InvitationGone, OwnersFrozen
from safeconduct.kernel.parties.freezing import is_frozen
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor

#: What stands in the place of an address that was erased, or is past its time (a domain of nobody, RFC 2606).
FORGOTTEN: Final = "forgotten@erased.invalid"
#: A week: long enough for a holiday, short enough for a mailbox that changes hands.
VALID_DAYS = 7


def invite(email: str, role: StaffRole, inviter: User, *, at: datetime) -> tuple[Invitation, str]:
    """Invites an address; returns the invitation and its token, which is nowhere else. An earlier open one lapses.

    Raises AdministratorNeeded, AddressTaken.
    """
    if not inviter.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded
    email = User.objects.normalize_email(email).lower()
    if User.objects.filter(email=email).exists():
        raise AddressTaken(email)
    Invitation.objects.filter(
        email=email, seller_key__isnull=True, accepted_at__isnull=True, expires_at__gt=at
    ).update(expires_at=at)  # fmt: skip
    token, token_hash = fresh_token()
    invitation = Invitation.objects.create(
        email=email, role=role, token_hash=token_hash, invited_by=inviter, created_at=at,
        expires_at=at + timedelta(days=VALID_DAYS),
    )  # fmt: skip
    _note("staff_invited", inviter, at, {"invitation": invitation.id, "role": role.value})
    return invitation, token


def fresh_token() -> tuple[str, bytes]:
    """A new token, and the hash that is kept of it."""
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def look_up(token: str, *, at: datetime) -> Invitation:
    """The open invitation behind a token, to the staff or to a seller. Raises InvitationGone."""
    return open_invitation(token, at=at)


def open_invitation(token: str, *, at: datetime, lock: bool = False, of_member: bool = False) -> Invitation:
    """The open invitation behind a token, locked where it is to be used. Raises InvitationGone."""
    rows = meant(Invitation.objects.filter(token_hash=_hash(token), accepted_at__isnull=True, expires_at__gt=at))
    if of_member:
        rows = rows.filter(seller_key__isnull=False)
    invitation = (rows.select_for_update(of=["self"]) if lock else rows).first()
    if invitation is None:
        raise InvitationGone
    return invitation


def meant(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Those among these whose sender may still invite: the operator, an administrator, or an owner of that seller
    (whose membership never runs out)."""
    owns = Membership.objects.filter(
        person=OuterRef("invited_by"), seller_key=OuterRef("seller_key"), role=MemberRole.OWNER, ended_at__isnull=True
    )
    may = Q(invited_by__staff_role=StaffRole.ADMINISTRATOR) | Exists(owns)
    return rows.filter(Q(invited_by__isnull=True) | (Q(invited_by__is_active=True) & may))


def accept(
    token: str, name: str, password: str | None, *, at: datetime, language: str = "en", person_id: str = ""
) -> User:  # fmt: skip
    """Makes the invited person's account, and a member's membership; the link works no more.

    Raises InvitationGone; OwnersFrozen; AddressTaken where the address has an account: a member then signs in and uses
    `members.join`. The password is checked by the caller's form; staff set up the second factor after signing in.
    ``password``: None for who signs in with a passkey alone (`passkey_sign_up`), made for ``person_id``.
    """
    invitation = open_invitation(token, at=at, lock=True)
    if User.objects.filter(email=invitation.email).exists():
        raise AddressTaken(invitation.email)
    if invitation.member_role == MemberRole.OWNER and is_frozen(invitation.seller_key or 0, at):
        raise OwnersFrozen
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    person = User.objects.create_user(
        invitation.email, password, name=name.strip(), staff_role=invitation.role, language=language, created_at=at,
        **({"id": person_id} if person_id else {}),
    )  # fmt: skip
    # allauth would make it when it is first needed, and an answer that takes longer tells that there is an account.
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    if invitation.seller_key is not None:
        Membership.objects.create(
            person=person, seller_key=invitation.seller_key, role=invitation.member_role,
            added_by=invitation.invited_by, created_at=at, expires_at=invitation.member_until,
        )  # fmt: skip
    return person


def withdraw(invitation_id: str, administrator: User, *, at: datetime) -> None:
    """Makes an open invitation's link useless. Raises AdministratorNeeded, InvitationGone."""
    if not administrator.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded
    changed = Invitation.objects.filter(id=invitation_id, accepted_at__isnull=True, expires_at__gt=at).update(
        expires_at=at
    )
    if not changed:
        raise InvitationGone
    _note("staff_invitation_withdrawn", administrator, at, {"invitation": invitation_id})


def _note(kind: str, administrator: User, at: datetime, facts: Mapping[str, Any]) -> None:
    """Stands in the security log of the administrator: the person who is invited has none yet."""
    happened = Happened(kind, Level.NOTICE, administrator.id, facts=facts)
    note([happened], Actor(administrator.id, administrator.staff_role), at)


def forget(email: str) -> int:
    """Takes an address out of every invitation to it; of how many. In a scope of the staff."""
    return Invitation.objects.filter(email=email).update(email=FORGOTTEN)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Inviting people to the staff: a link that works once, until it expires. Only the hash of its token is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from safeconduct.kernel.parties.errors import AddressTaken, AdministratorNeeded, InvitationGone
from safeconduct.kernel.parties.models import Invitation, StaffRole, User

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
    Invitation.objects.filter(email=email, accepted_at__isnull=True, expires_at__gt=at).update(expires_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email, role=role, token_hash=_hash(token), invited_by=inviter, created_at=at,
        expires_at=at + timedelta(days=VALID_DAYS),
    )  # fmt: skip
    return invitation, token


def look_up(token: str, *, at: datetime) -> Invitation:
    """The open invitation behind a token. Raises InvitationGone."""
    invitation = Invitation.objects.filter(token_hash=_hash(token), accepted_at__isnull=True, expires_at__gt=at).first()
    if invitation is None:
        raise InvitationGone
    return invitation


def accept(token: str, name: str, password: str, *, at: datetime, language: str = "en") -> User:
    """Makes the invited person's account; the link works no more. Raises InvitationGone, AddressTaken.

    The password is checked by the caller's form; the second factor is set up after the first sign-in.
    """
    invitation = (
        Invitation.objects.select_for_update()
        .filter(token_hash=_hash(token), accepted_at__isnull=True, expires_at__gt=at)
        .first()
    )
    if invitation is None:
        raise InvitationGone
    if User.objects.filter(email=invitation.email).exists():
        raise AddressTaken(invitation.email)
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    return User.objects.create_user(
        invitation.email, password, name=name.strip(), staff_role=invitation.role, language=language, created_at=at
    )


def withdraw(invitation_id: str, administrator: User, *, at: datetime) -> None:
    """Makes an open invitation's link useless. Raises AdministratorNeeded, InvitationGone."""
    if not administrator.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded
    changed = Invitation.objects.filter(id=invitation_id, accepted_at__isnull=True, expires_at__gt=at).update(
        expires_at=at
    )
    if not changed:
        raise InvitationGone


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

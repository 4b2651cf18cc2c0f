"""Apps of a seller: another company's program that an owner lets read the shop's data, under a name, until a day.

A grant is an API key that is bound to one seller. It reads what its scopes say of that seller, through the same
row-level security as the seller's own pages, and changes nothing. It works as long as whoever granted it owns the shop;
any owner gives it a new key, beside which the old one ends by itself, and ends it in one step. Every verb needs an open
scope of the engine or of staff.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from safeconduct.kernel.parties import keys
from safeconduct.kernel.parties.errors import OwnerNeeded
from safeconduct.kernel.parties.keys import KeyRefused, Scope
from safeconduct.kernel.parties.members import members_of
from safeconduct.kernel.parties.models import ApiKey, MemberRole, User
from safeconduct.kernel.scope import Actor, query

#: What an app can be given; the database holds it to these (`api_key_of_an_app_reads`).
SCOPES: Final = (Scope.COVERAGE_READ, Scope.DISPUTES_READ, Scope.MONEY_READ, Scope.RETURNS_READ)
#: So many apps of a seller work at once.
MOST: Final = 20


def grant(
    name: str,
    scopes: Iterable[str],
    seller_key: int,
    owner: User,
    *,
    at: datetime,
    days: int,
    networks: Collection[str] = (),
) -> tuple[ApiKey, str]:
    """Lets an app read; returns the grant and its secret, which can never be shown again.

    Raises OwnerNeeded; KeyRefused, naming the field.
    """
    actor = _owner(owner, seller_key, at)
    wanted = sorted(set(scopes))
    if not set(wanted) <= {scope.value for scope in SCOPES}:
        raise KeyRefused(_("an app can only be given what reads"), "scopes")
    # Owners who connect apps at the same instant wait for each other, and for who ends one.
    query("SELECT FROM seller WHERE key = %s FOR UPDATE", [seller_key])
    live = [one for one in of_seller(seller_key) if keys.is_live(one, at)]
    if len({one.id for one in live} - {one.replaces_id for one in live}) >= MOST:
        raise KeyRefused(_("a shop has %d apps at most; end one that is not used any more") % MOST)
    return keys.create_key(
        name, wanted, actor, at=at, expires_at=at + timedelta(days=days), networks=networks, seller_key=seller_key
    )


def renew(key_id: str, seller_key: int, owner: User, *, at: datetime) -> tuple[ApiKey, str]:
    """A new key for an app, with what it may now and for as long as the one it has was given; that one goes on for a
    week beside it, and ends by itself (`keys.OVERLAP`). The app is let in by whoever renews it, from now on.

    Raises OwnerNeeded, KeyRefused.
    """
    actor = _owner(owner, seller_key, at)
    query("SELECT FROM seller WHERE key = %s FOR UPDATE", [seller_key])
    return keys.rotate_key(key_id, actor, at=at, seller_key=seller_key)


def of_seller(seller_key: int, *, limit: int = 100) -> list[ApiKey]:
    """The apps of a seller, the newest first, ended ones too. One query."""
    return list(ApiKey.objects.filter(seller_key=seller_key).order_by("-created_at", "-id")[:limit])


def end(key_id: str, seller_key: int, owner: User, *, at: datetime) -> ApiKey:
    """Ends an app's right at once and for ever, also by the key before or after this one. Ending twice changes nothing.
    Raises OwnerNeeded, KeyRefused."""
    actor = _owner(owner, seller_key, at)
    query("SELECT FROM seller WHERE key = %s FOR UPDATE", [seller_key])
    asked = ApiKey.objects.filter(id=key_id, seller_key=seller_key).first()
    if asked is None:
        raise KeyRefused(_("there is no such app"))
    line = ApiKey.objects.filter(Q(replaces=asked) | Q(id=asked.replaces_id), revoked_at=None, expires_at__gt=at)
    for other in line.order_by("id").values_list("id", flat=True):
        keys.revoke_key(other, actor, at=at)
    return keys.revoke_key(key_id, actor, at=at)


def _owner(person: User, seller_key: int, at: datetime) -> Actor:
    roles = {member.person_id: member.role for member in members_of(seller_key, at=at)}
    if roles.get(person.id) != MemberRole.OWNER:
        raise OwnerNeeded
    return Actor(person.id, MemberRole.OWNER.value)

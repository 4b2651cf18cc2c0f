"""Signing in, told to the log of events, where the features of account risk count it.

One event for each seller of the person: risk is a seller's as much as a person's. What has no seller yet (a wrong
password for an address nobody knows) is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.addresses import facts_of
from safeconduct.kernel.parties.members import Membership
from safeconduct.kernel.parties.models import MemberRole, Seller, User
from safeconduct.kernel.parties.security_events import Origin
from safeconduct.kernel.scope import engine_scope

SOURCE: Final = "safeconduct/accounts"
#: Beyond so many sellers of one person the others are left out; whoever has more is an agency.
MOST_SELLERS: Final = 5
_NEAR_MONEY: Final = (MemberRole.OWNER, MemberRole.FINANCE)


@dataclass(frozen=True, slots=True)
class ActsFor:
    """A seller that a person acts for: its key, the shop's id of it, and the person's role."""

    seller_key: int
    ref: str
    role: str


def sellers_of(person: User, at: datetime) -> list[ActsFor]:
    """Whom a person acts for, those first whose money they can move; at most `MOST_SELLERS`. Two queries."""
    found = sorted(members.sellers_of(person, at=at), key=_distance_from_money)[:MOST_SELLERS]
    with engine_scope():
        refs = dict(Seller.objects.filter(key__in=[m.seller_key for m in found]).values_list("key", "ref"))
    return [ActsFor(m.seller_key, refs[m.seller_key], m.role) for m in found if m.seller_key in refs]


def started(person: User, sellers: list[ActsFor], origin: Origin, known: Mapping[str, Any], at: datetime) -> None:
    """A sign-in succeeded."""
    data = {"member": person.id, "user_agent": origin.browser[:400] or None, **_place(origin), **known}
    data["proxy"] = facts_of([origin.address])[0].proxy
    _accept("session.started", sellers, data, at)


def failed(person: User | None, address: str, reason: str, origin: Origin, at: datetime) -> None:
    """A wrong password or second step; the features count it by person and by address."""
    data = {
        "email": address or None, "reason": reason, "member": None if person is None else person.id, **_place(origin),
    }  # fmt: skip
    _accept("session.failed", [], data, at)


def changed(person: User, sellers: list[ActsFor], change: str, origin: Origin, at: datetime) -> None:
    """A credential changed, or the account was recovered."""
    _accept("security.changed", sellers, {"member": person.id, "change": change, **_place(origin)}, at)


def _place(origin: Origin) -> dict[str, str | None]:
    return {"ip": origin.address or None, "ip_country": facts_of([origin.address])[0].country}


def _accept(kind: str, sellers: list[ActsFor], data: Mapping[str, Any], at: datetime) -> None:
    told = {name: value for name, value in data.items() if value is not None}
    places: list[dict[str, str]] = [{"seller": one.ref} for one in sellers]
    if kind == "session.failed":
        places = [{}]
    events = [
        {"id": new_id("evt"), "source": SOURCE, "type": kind, "time": at.isoformat(), "data": {**told, **place}}
        for place in places
    ]
    if events:
        lanes.accept(events, now=lambda: at)


def _distance_from_money(membership: Membership) -> tuple[bool, datetime]:
    return membership.role not in _NEAR_MONEY, membership.created_at

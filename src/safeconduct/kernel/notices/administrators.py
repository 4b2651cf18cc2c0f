"""What the marketplace's administrators and leads are told, each of them by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.models import StaffRole, User


@dataclass(frozen=True, slots=True)
class Told:
    """What they are told: `code`, `values` and `url` as of a `Notice`, once for each `key`."""

    code: str
    values: Mapping[str, Any]
    key: str
    url: str = ""


def tell_administrators(code: str, values: Mapping[str, Any], key: str, *, at: datetime, url: str = "") -> int:
    """A notice to every administrator who is active, once for each ``key``; how many are new. Needs a scope of engine
    or staff."""
    return tell_them([Told(code, values, key, url)], at=at)


def tell_leads(code: str, values: Mapping[str, Any], key: str, *, at: datetime, url: str = "") -> int:
    """As `tell_administrators`, to everybody who may do what a lead may."""
    return _tell([StaffRole.LEAD, StaffRole.ADMINISTRATOR], [Told(code, values, key, url)], at)


def tell_them(told: Sequence[Told], *, at: datetime) -> int:
    """The same of many things at once, with two statements."""
    return _tell([StaffRole.ADMINISTRATOR], told, at)


def _tell(roles: Sequence[StaffRole], told: Sequence[Told], at: datetime) -> int:
    if not told:
        return 0
    people = User.objects.filter(staff_role__in=roles, is_active=True).order_by("id")
    ids = list(people.values_list("id", flat=True))
    return notify(
        [Notice(f"{one.key}/{who}", one.code, one.values, at, person=who, url=one.url) for one in told for who in ids]
    )

"""What the marketplace's administrators and leads are told, each of them by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.models import StaffRole, User


def tell_administrators(code: str, values: Mapping[str, Any], key: str, *, at: datetime, url: str = "") -> int:
    """A notice to every administrator who is active, once for each ``key``; how many are new. Needs a scope of engine
    or staff."""
    return _tell([StaffRole.ADMINISTRATOR], code, values, key, at, url)


def tell_leads(code: str, values: Mapping[str, Any], key: str, *, at: datetime, url: str = "") -> int:
    """As `tell_administrators`, to everybody who may do what a lead may."""
    return _tell([StaffRole.LEAD, StaffRole.ADMINISTRATOR], code, values, key, at, url)


def _tell(roles: Sequence[StaffRole], code: str, values: Mapping[str, Any], key: str, at: datetime, url: str) -> int:
    people = User.objects.filter(staff_role__in=roles, is_active=True).order_by("id")
    return notify(
        [
            Notice(f"{key}/{person_id}", code, values, at, person=person_id, url=url)
            for person_id in people.values_list("id", flat=True)
        ]
    )

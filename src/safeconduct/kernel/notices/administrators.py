"""What the marketplace's administrators are told, each of them by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.models import StaffRole, User


def tell_administrators(code: str, values: Mapping[str, Any], key: str, *, at: datetime, url: str = "") -> int:
    """A notice to every administrator who is active, once for each ``key``; how many are new. Needs a scope of engine
    or staff."""
    people = User.objects.filter(staff_role=StaffRole.ADMINISTRATOR, is_active=True).order_by("id")
    return notify(
        [
            Notice(f"{key}/{person_id}", code, values, at, person=person_id, url=url)
            for person_id in people.values_list("id", flat=True)
        ]
    )

"""API keys end; the administrators are told in time to replace them, before a shop stands still."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.parties.models import ApiKey
from safeconduct.kernel.scope import engine_scope

#: Before its end: enough for a release of the shop's own software, and once more when that was forgotten.
BEFORE: Final = (timedelta(days=21), timedelta(days=3))
_MOST: Final = 500


def remind(at: datetime) -> int:
    """Tells of keys in use that end soon, once for each key and each time before its end; how many notices are new.
    Opens its own scope, and may run beside itself. Keys that nobody has used for a month end without a word."""
    told = 0
    with engine_scope():
        ending = ApiKey.objects.filter(
            revoked_at__isnull=True, expires_at__gt=at, expires_at__lte=at + max(BEFORE),
            last_used_on__gte=(at - timedelta(days=30)).date(),
        )  # fmt: skip
        for key in ending.order_by("expires_at", "id")[:_MOST]:
            days = min(before for before in BEFORE if key.expires_at <= at + before).days
            values = {"key": key.id, "until": key.expires_at}
            told += tell_administrators(
                "key.ending", values, f"key/{key.id}/ending/{days}", at=at, url="/console/keys/"
            )  # fmt: skip
    return told

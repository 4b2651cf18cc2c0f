"""API keys end; who can replace them is told in time, before a shop stands still: administrators of the marketplace's
own, owners of those of their apps. Administrators also hear when the vault's key is to be replaced, and until it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties.models import ApiKey
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.vault.status import REPLACED, wraps_since

#: Before its end: enough for a release of the shop's own software, and once more when that was forgotten.
BEFORE: Final = (timedelta(days=21), timedelta(days=3))
_MOST: Final = 500
#: Before a year is over; afterwards it is said again as often.
_EVERY: Final = timedelta(days=30)


def remind(at: datetime) -> int:
    """Tells of keys in use that end soon, once for each key and each time before its end; how many notices are new.
    Opens its own scope, and may run beside itself. Keys that nobody has used for a month end without a word; so does
    one that has a successor, but for the last days."""
    told = 0
    with engine_scope():
        ending = ApiKey.objects.filter(
            revoked_at__isnull=True, expires_at__gt=at, expires_at__lte=at + max(BEFORE),
            last_used_on__gte=(at - timedelta(days=30)).date(),
        )  # fmt: skip
        succeeded = set(
            ApiKey.objects.filter(replaces__in=ending, revoked_at__isnull=True).values_list("replaces", flat=True)
        )
        for key in ending.order_by("expires_at", "id")[:_MOST]:
            before = min(before for before in BEFORE if key.expires_at <= at + before)
            if key.id not in succeeded or before == min(BEFORE):
                told += _tell(key, before.days, at)
    return told


def remind_of_vault(at: datetime) -> int:
    """Tells administrators that the key of the region is to be replaced: a month before it is a year old, then, and
    each month until somebody does; how many notices are new. Opens its own scope, and may run beside itself."""
    with engine_scope():
        found = wraps_since()
        if found is None:
            return 0
        version, made_at = found
        due = at if made_at is None else made_at + REPLACED
        if at < due - _EVERY:
            return 0
        key = f"vault_key/{version}/{f'unknown/{at:%Y%m}' if made_at is None else (at - due) // _EVERY}"
        return tell_administrators(
            "vault_key.old", {"version": str(version), "until": due}, key, at=at, url="/console/vault/"
        )


def _tell(key: ApiKey, days: int, at: datetime) -> int:
    if key.seller_key is None:
        values = {"key": key.id, "until": key.expires_at}
        return tell_administrators("key.ending", values, f"key/{key.id}/ending/{days}", at=at, url="/console/keys/")
    values = {"step": "ending", "name": key.name, "until": key.expires_at}
    of_app = Notice(
        f"app/{key.id}/ending/{days}", "app.key", values, at, key.seller_key, url="/portal/accounts/apps/"
    )  # fmt: skip
    return notify([of_app])

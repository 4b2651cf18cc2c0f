"""Whether a shop's owners and payout account stay as they are, because two people claim it (`ownership`)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from safeconduct.kernel.parties.models import OwnershipClaim
from safeconduct.kernel.scope import APP, current_alias, engine_statements


def is_frozen(seller_key: int, at: datetime) -> bool:
    """From when a claim is heard until it is decided for good: with the appeal, or when the time for one is over. One
    query, by the engine where the login in force is the sellers'."""
    rows = OwnershipClaim.objects.filter(
        Q(state__in=["open", "appealed"]) | Q(state="decided", appeal_until__gt=at),
        seller_key=seller_key,
        frozen_at__isnull=False,
    )
    if current_alias() != APP:
        return rows.exists()
    with engine_statements():
        return rows.using("engine").exists()

"""A canary that comes in again: kept with the batch that brought it, and judged by the engine within seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.parties.security_events import note as note_security
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query
from safeconduct.protections.data_security.leases import judging
from safeconduct.protections.data_security.leases.canaries import touched
from safeconduct.protections.data_security.leases.models import CanaryTouch

#: Events in which a stolen address, telephone number or e-mail address can come in again.
EVENTS: Final = frozenset({
    "order.placed", "order.changed", "payment.attempted", "refund.requested", "shipment.shipped", "shipment.delivered",
})  # fmt: skip
_COLUMNS: Final = ("address", "billing_address", "phone", "email")
_BATCH: Final = 20


def hear(rows: Sequence[Mapping[str, Any]], at: datetime | None) -> None:
    """Keeps what of a batch's events meets a canary. In the transaction that decides; one query where nothing does."""
    met: dict[int, set[int]] = {}
    for row in rows:
        for name in _COLUMNS:
            if row.get(name) is not None:
                met.setdefault(row[name], set()).add(row["moment"])
    for canary, seller, key in touched(sorted(met)):
        for moment in sorted(met[key]):
            when = moment_time(moment) if at is None else at
            query(
                "INSERT INTO canary_touch (id, canary_id, seller_key, moment, at, decision_id)"
                " VALUES (%s, %s, %s, %s, %s, '') ON CONFLICT DO NOTHING",
                [new_id("cnt"), canary, seller, moment, when],
            )


def judge(now: datetime) -> int:
    """Has the engine judge what was kept, and tells the shop; how many. A retry is the same act."""
    with engine_scope():
        waiting = list(
            CanaryTouch.objects.filter(judged_at=None).select_related("canary__export").defer("canary__sealed")
            .order_by("at", "id")[:_BATCH]
        )  # fmt: skip
        sellers = Seller.objects.filter(key__in={touch.seller_key for touch in waiting})
        refs = dict(sellers.values_list("key", "ref")) if waiting else {}
    for touch in waiting:
        person = touch.canary.export.person_id
        verdict = judging.ask(refs.get(touch.seller_key, ""), person, now, {"canary": True}, f"canary/{touch.id}")
        with engine_scope():
            done = CanaryTouch.objects.filter(id=touch.id, judged_at=None).update(
                judged_at=now, decision_id=verdict.decision_id
            )
            if done:
                facts = {"export": touch.canary.export_id}
                happened = Happened("canary_touched", Level.ALERT, person, touch.seller_key, facts)
                note_security([happened], ENGINE_ACTOR, now)
    return len(waiting)

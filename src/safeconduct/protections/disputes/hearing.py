"""What events mean for disputes: refunds that were asked for or sent, goods that came back, parcels, banks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from ruamel.yaml import YAML

from safeconduct.foundation.moments import at_micros, moment_micros
from safeconduct.kernel.cases import new_evidence, pauses
from safeconduct.kernel.cases.models import Case, ClockPause
from safeconduct.kernel.cases.words import PauseScope, Remedy, Status
from safeconduct.kernel.claims.orders import lines_of
from safeconduct.kernel.events.attribution import with_orders
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.lines import named
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope, query
from safeconduct.protections.disputes import facts, money
from safeconduct.protections.disputes.burden import type_of
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes

EVENTS: Final = (
    "refund.requested", "refund.created", "return.received", "shipment.shipped", "shipment.tracked",
    "shipment.delivered", "dispute.opened", "dispute.closed",
)  # fmt: skip
ASKED, REFUNDED, RETURNED, SHIPPED, TRACKED, DELIVERED, BANK_OPENED, BANK_CLOSED = (
    CATALOGUE[name].code for name in EVENTS
)
_FILE: Final = Path(__file__).resolve().parent / "refund_requests.yaml"
_BATCH: Final = 200
#: A scan that came in while a dispute was being opened may have been missed by it, and is no harm twice.
_OPENING: Final = timedelta(minutes=1)
_BANK: Final = {
    "en": "The buyer's bank decides about the same payment; the clocks of this dispute stand still meanwhile.",
    "zh": "买家的银行正在处理同一笔付款；在此期间本纠纷暂停计时。",
    "es": "El banco del comprador decide sobre el mismo pago; entretanto se detienen los plazos de esta disputa.",
}


def hear(rows: Sequence[Mapping[str, Any]], at: datetime | None) -> None:
    """Acts on a batch of events, inside the transaction that decides. A few queries, whatever the batch's size.

    ``at``: now; None for history that is imported or replayed, of which nobody is mailed.
    """
    wanted = _wanted(rows)
    if not wanted:
        return
    keys = sorted({row["order"] for row in wanted})
    stamp = at or max(at_micros(row["occurred"]) for row in wanted)
    quiet = at is None
    _open([row for row in wanted if row["type"] == ASKED], stamp, quiet=quiet)
    disputes = list(Dispute.objects.filter(order_key__in=keys).order_by("number"))
    if not disputes:
        return
    of = {kind: {row["order"] for row in wanted if row["type"] == kind} for kind in _CODES}
    live = [dispute for dispute in disputes if dispute.ended_at is None]
    _gather([one for one in live if one.order_key in of[DELIVERED] | of[REFUNDED] | of[SHIPPED]], stamp, quiet=quiet)
    _scanned([row for row in wanted if row["type"] == TRACKED], live, stamp, quiet=quiet)
    _went_back(of[REFUNDED] | of[BANK_CLOSED], disputes, stamp)
    back = [one for one in disputes if one.return_by is not None and one.order_key in of[RETURNED]]
    if back:
        money.came_back(back, stamp, quiet=quiet)
    _stop([one for one in live if one.order_key in of[BANK_OPENED]], stamp)
    _go_on([one for one in live if one.order_key in of[BANK_CLOSED]], stamp)


def orders_of(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The orders whose disputes these events may open or move; whoever calls `hear` has their cases locked."""
    return {row["order"] for row in _wanted(rows)}


def returns_due(now: datetime) -> int:
    """Ends refunds on return whose time is over; returns how many. Opens its own scope."""
    with engine_scope():
        numbers = [
            number
            for (number,) in query(
                "SELECT d.number FROM dispute d JOIN case_file c ON c.id = d.case_id WHERE d.return_by <= %s"
                " AND d.paid_at IS NULL ORDER BY d.return_by LIMIT %s FOR UPDATE OF c SKIP LOCKED",
                [now, _BATCH],
            )
        ]
        late = list(Dispute.objects.filter(number__in=numbers, return_by__lte=now).order_by("return_by", "number"))
        if late:
            money.never_came_back(late, now)
    return len(late)


@lru_cache(maxsize=1)
def opens() -> Mapping[str, bool]:
    """Preset → whether a refund that a shop was asked for opens a dispute."""
    raw = YAML(typ="safe", pure=True).load(_FILE)
    return {name: bool(one["opens"]) for name, one in raw.items()}


_CODES: Final = frozenset(CATALOGUE[name].code for name in EVENTS)


def _wanted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return with_orders([row for row in rows if row["type"] in _CODES])


def _open(rows: Sequence[Mapping[str, Any]], at: datetime, *, quiet: bool) -> None:
    if not rows or not opens().get(settings.PRESET, False):
        return
    known = facts.orders({row["order"] for row in rows})
    lines = lines_of(known)
    busy = set(Dispute.objects.filter(order_key__in=known, ended_at=None).values_list("order_key", flat=True))
    told = {event.moment: event for event in Event.objects.filter(moment__in=[row["moment"] for row in rows])}
    requests: dict[int, Request] = {}
    for row in sorted(rows, key=lambda one: one["moment"]):
        order, event = known.get(row["order"]), told[row["moment"]]
        kind = type_of(str(event.data.get("reason") or ""))
        if order is None or kind is None or not order.amount_minor or order.key in busy | requests.keys():
            continue
        names = tuple(name for name in named(event.data) if name in lines[order.key].costs)
        costs = sum(lines[order.key].costs[name] for name in names) if names else order.amount_minor
        amount = _within(order, event.data.get("amount"), costs)
        requests[order.key] = Request(
            f"event/{event.id}", order.key, kind,
            Remedy.REFUND if amount is None else Remedy.PARTIAL_REFUND,
            Actor(event.source[:80], "event"), Opened.EVENT, amount, language=order.language, lines=names,
        )  # fmt: skip
    open_disputes(list(requests.values()), at=at, quiet=quiet)


def _within(order: facts.Order, amount: Mapping[str, Any] | None, most_minor: int) -> int | None:
    """What is asked for, where it is a part of what was paid, in the order's currency; None for all of it."""
    if not amount or amount.get("currency") != order.currency:
        return None
    minor = int(amount.get("minor") or 0)
    return minor if 0 < minor < most_minor else None


def _gather(disputes: Sequence[Dispute], at: datetime, *, quiet: bool) -> None:
    """A parcel that is handed over, a delivery or a refund while a dispute runs becomes an exhibit, with all scans, for
    both sides to see."""
    disputes = _with_room(disputes)
    if not disputes:
        return
    found = facts.collect(list(facts.orders([one.order_key for one in disputes]).values()), at=at)
    new_evidence.came({one.case_id: found[one.order_key] for one in disputes}, at=at, quiet=quiet)


def _scanned(rows: Sequence[Mapping[str, Any]], live: Sequence[Dispute], at: datetime, *, quiet: bool) -> None:
    """Each scan that comes while a dispute runs becomes an exhibit of its own, once, for both sides to see. What was
    known when it was opened is in it already."""
    of = {one.order_key: one for one in live}
    later = [
        (row["moment"], of[row["order"]])
        for row in rows
        if row["order"] in of and at_micros(moment_micros(row["moment"])) > of[row["order"]].opened_at - _OPENING
    ]
    room = {one.case_id for one in _with_room([one for _, one in later])}
    later = [(moment, dispute) for moment, dispute in later if dispute.case_id in room]
    if not later:
        return
    events = {event.moment: event for event in Event.objects.filter(moment__in=[moment for moment, _ in later])}
    scans = [
        (dispute.order_key, dispute.seller_key, facts.Happened(event.type, event.occurred_at, event.data))
        for event, dispute in ((events[moment], dispute) for moment, dispute in later)
    ]
    found: dict[str, list[str]] = {}
    for (_, dispute), key in zip(later, facts.collect_scans(scans, at=at), strict=True):
        found.setdefault(dispute.case_id, []).append(key)
    new_evidence.came(found, at=at, quiet=quiet)


def _with_room(disputes: Sequence[Dispute]) -> list[Dispute]:
    """A case or an order that is full of evidence takes no more of it; the event is stored all the same."""
    full = new_evidence.full({one.case_id: one.order_key for one in disputes}) if disputes else frozenset()
    return [one for one in disputes if one.case_id not in full]


def _went_back(orders: Collection[int], disputes: Sequence[Dispute], at: datetime) -> None:
    """A refund went out and is posted, or a bank took the money instead: where it was the whole of an outcome's, the
    seller gets what others bear. Again where a bank has given back what coverage had paid for until then."""
    over = [one for one in disputes if one.order_key in orders and one.ended_at is not None]
    back = money.went_back([one.case_id for one in over]) if over else frozenset()
    money.make_whole([one for one in over if one.case_id in back], at)


def _stop(disputes: Sequence[Dispute], at: datetime) -> None:
    running = Case.objects.filter(id__in=[one.case_id for one in disputes]).exclude(status=Status.CLOSED)
    stopped = set(_open_pauses(disputes).values_list("value", flat=True))
    for case_id in running.order_by("id").values_list("id", flat=True):
        if case_id not in stopped:
            pauses.declare(PauseScope.CASE, case_id, at, None, _BANK, ENGINE_ACTOR, at=at)


def _go_on(disputes: Sequence[Dispute], at: datetime) -> None:
    for pause in _open_pauses(disputes).filter(begins_at__lt=at):
        pauses.end(pause.id, at, at=at)


def _open_pauses(disputes: Sequence[Dispute]) -> Any:
    return ClockPause.objects.filter(
        scope=PauseScope.CASE, value__in=[one.case_id for one in disputes], ends_at=None, declared_by=ENGINE_ACTOR.id
    ).order_by("id")

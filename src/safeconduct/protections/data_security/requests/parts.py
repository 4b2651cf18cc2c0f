"""Into which parts a buyer's data falls, and until when each is kept: by the schedule, an order that runs, a dispute.

A *part* is a number of keys with one end. What also serves others, or what comes, opens for all until then: messages
and evidence of a case are its other side's too, and whoever orders again must get their parcel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.kernel.vault.data_keys import Owner
from safeconduct.protections.data_security.requests.belongings import (
    OF_ORDERS,
    OF_PAYMENTS,
    Belongings,
    Order,
    own_entities,
)
from safeconduct.protections.data_security.retention.schedule import schedule

#: Purposes of keys that are the buyer's alone, and of those that are of a case's other side as well.
PURPOSES: Final = frozenset({"event", "payment_defence", "chargeback", "pseudonym", "data_request"})
BESIDE: Final = frozenset({"case_message", "evidence"})


@dataclass(frozen=True, slots=True)
class Part:
    """``what``, ``why``: words of `words.WHAT` and `words.WHY`. ``until`` None: nobody knows yet. ``line``: of the
    schedule. ``order_key``: of the order it belongs to. ``waits``: something else must end first. ``serves``: it is not
    restricted before its end."""

    what: str
    why: str
    until: datetime | None
    line: str = ""
    owners: tuple[Owner, ...] = ()
    order_key: int | None = None
    waits: bool = False
    serves: bool = False

    @property
    def ends(self) -> bool:
        """Whether it goes with its day."""
        return bool(self.owners) and not self.waits

    @property
    def restricts(self) -> bool:
        """Whether it opens for fewer until then."""
        return self.ends and not self.serves


def parts_of(buyer_key: int, has: Belongings, now: datetime) -> list[Part]:
    """All parts of a buyer's data, also those that have ended."""
    found = [part for order in has.orders for part in _of_order(order, now)]
    waits = any(part.waits for part in found)
    paid = max(filter(None, [has.paid_at, *(order.paid_at for order in has.orders)]), default=None)
    defended = now if paid is None else schedule()["payment_defence"].until(paid)
    told = max((part.until for part in found if part.owners and part.until is not None), default=now)
    found.append(
        Part("payment_defence", "payment_disputes", defended, "payment_defence",
             _entities(own_entities(buyer_key, OF_PAYMENTS)), None, waits)
    )  # fmt: skip
    found.append(
        Part("orders", "transaction_records", max(told, defended), "order_data",
             _entities([buyer_key, *own_entities(buyer_key, OF_ORDERS)]), None, waits, serves=True)
    )  # fmt: skip
    if has.raw_at is not None:
        found.append(Part("raw_deliveries", "shared_by_many", schedule()["raw_deliveries"].until(has.raw_at)))
    return found


def _of_order(order: Order, now: datetime) -> Iterator[Part]:
    runs_until = schedule()["buyer_contact_shown"].until(order.ended_at or order.last_at)
    if order.open:
        yield Part("cases", "open_case", None)
    elif runs_until > now:
        yield Part("orders", "order_runs", runs_until)
    waits, key, lines = order.open or runs_until > now, f"order/{order.key}", schedule()
    records = lines["order_data"].until(order.last_at)
    yield Part("orders", "transaction_records", records, "order_data", ((key, "event"),), order.key, waits)
    defended = lines["payment_defence"].until(order.paid_at or order.last_at)
    answers = ((key, "payment_defence"), *((f"bank_dispute/{one}", "chargeback") for one in order.disputes))
    yield Part("payment_defence", "payment_disputes", defended, "payment_defence", answers, order.key, waits)
    last = records
    for case_id, closed_at in order.cases.items():
        if closed_at is not None:
            until = max(lines[name].until(closed_at) for name in ("messages", "dispute_evidence"))
            last = max(last, until)
            owners = tuple((f"case/{case_id}", purpose) for purpose in sorted(BESIDE))
            yield Part("closed_cases", "case_closed", until, "dispute_evidence", owners, order.key, waits, serves=True)
    collected = ((key, "evidence"),)
    yield Part("orders", "transaction_records", last, "order_data", collected, order.key, waits, serves=True)


def _entities(keys: list[int]) -> tuple[Owner, ...]:
    return tuple((f"entity/{key}", "pseudonym") for key in keys)

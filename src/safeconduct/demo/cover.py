"""What cover each order truly deserves: the marketplace's promise, held against what really happened.

The promise is written down here once more, in the world's own words, and judged from the world's own records: the
product is never asked. It is the promise of the shipped default template, and a test keeps the two alike. A shop that
is itself the thief deserves nothing, whatever terms it kept. Terms stand still while the marketplace holds an order;
the world knows nothing of holds, so a row says by how much a term was missed, and scoring compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from safeconduct.demo.almanac import DAY, END, HOUR, SECOND, rfc3339
from safeconduct.demo.orders import CURRENCY, Order
from safeconduct.demo.parameters import RATE_TO_USD
from safeconduct.demo.rendering import Record
from safeconduct.demo.world import World


class Cause(StrEnum):
    """What a buyer or bank says went wrong, as far as the promise covers it without a person's finding."""

    UNAUTHORISED = "unauthorised_payment"
    NOT_RECEIVED = "not_received"


class Deserves(StrEnum):
    """Cover, or why not: a term was missed, the shop was the thief, or nothing is left to cover."""

    COVER = "cover"
    NOTHING_LATE = "term_missed"
    NOTHING_CROOKED = "shop_is_the_thief"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the marketplace promises sellers. Terms in microseconds from the first payment; money in US cents."""

    ship_within: int = 48 * HOUR
    scan_within: int = 72 * HOUR
    scans: frozenset[str] = frozenset({"accepted", "in_transit", "customs", "out_for_delivery"})
    claims_within: int = 180 * DAY
    cap_minor: int = 25_000
    currency: str = "USD"


PROMISE = Promise()
_TELLING = frozenset({
    "order.placed", "order.paid", "shipment.shipped", "shipment.tracked", "shipment.delivered", "order.cancelled",
    "refund.requested", "refund.created", "dispute.opened", "dispute.closed",
})  # fmt: skip
_REASONS = {
    **dict.fromkeys(("fraudulent",), Cause.UNAUTHORISED),
    **dict.fromkeys(("product_not_received", "not_received"), Cause.NOT_RECEIVED),
}


@dataclass(frozen=True, slots=True)
class Cover:
    """What one order deserves, as known at the end of the world's history or some hours later.

    ``missed``: the first term that was missed, with ``missed_by_s`` seconds, or "". ``address`` has no such measure
    (-1). ``claims``: cause → what its lost claim costs the seller, in minor units of ``currency``; 0 while it is open.
    ``pays_minor``: what the fund owes for them all, in minor units of `Promise.currency`.
    """

    order_id: str
    placed_at: str
    amount_minor: int
    currency: str
    deserves: Deserves
    missed: str
    missed_by_s: int
    claims: dict[str, int]
    pays_minor: int
    decoy: str


@dataclass(slots=True)
class _Seen:
    """What a witness who stood beside everything would tell of one order."""

    order: Order
    placed: int = 0
    paid: list[tuple[int, int]] = field(default_factory=list)
    shipped: int | None = None
    scanned: int | None = None
    elsewhere: bool = False
    cancelled: bool = False
    refunds: list[tuple[int, int]] = field(default_factory=list)
    asked: list[tuple[int, str]] = field(default_factory=list)
    disputes: dict[str, tuple[int, str, str]] = field(default_factory=dict)


def covers(world: World, until: int = END) -> Iterator[Cover]:
    """A row for each order of the world, in order of placing, as known at an instant: the world's end, or later."""
    seen: dict[int, _Seen] = {}
    aftermath = takewhile(lambda record: record[0] < until, world.pending)
    for record in chain(world.records, aftermath):
        order = record[3]
        if order is not None and record[2] in _TELLING:
            one = seen.get(id(order))
            if one is None:
                one = seen[id(order)] = _Seen(order)
            _witness(one, record)
    decoys = world.decoy_orders
    placed = sorted((one for one in seen.values() if one.placed), key=lambda one: one.placed)
    return (_judge(one, until, decoys.get(one.order.id, "")) for one in placed)


def _witness(one: _Seen, record: Record) -> None:
    at, _, type_, order, given = record
    assert order is not None
    extra: dict[str, Any] = given or {}
    minor = extra["amount"]["minor"] if "amount" in extra else order.amount_minor
    match type_:
        case "order.placed":
            one.placed = at
        case "order.paid":
            one.paid.append((at, minor))
        case "shipment.shipped":
            one.shipped = at if one.shipped is None else one.shipped
            one.elsewhere = one.elsewhere or order.sent_to not in (None, order.address)
        case "shipment.tracked" if extra["scan"] in PROMISE.scans:
            one.scanned = at if one.scanned is None else one.scanned
        case "shipment.delivered":
            one.scanned = at if one.scanned is None else one.scanned
        case "order.cancelled":
            one.cancelled = True
        case "refund.requested":
            one.asked.append((at, str(extra["reason"])))
        case "refund.created":
            one.refunds.append((at, minor))
        case "dispute.opened":
            one.disputes[str(extra["dispute"])] = (at, str(extra["reason"]), "")
        case "dispute.closed":
            opened, reason, _ = one.disputes[str(extra["dispute"])]
            one.disputes[str(extra["dispute"])] = (opened, reason, str(extra["outcome"]))


def _judge(one: _Seen, until: int, decoy: str) -> Cover:
    missed, by_s = _missed(one, until)
    claims = _claims(one)
    gone = one.cancelled or (one.paid and _returned(one, None) >= _captured(one))
    if one.order.crooked:
        deserves = Deserves.NOTHING_CROOKED
    elif gone and not claims or one.cancelled and one.shipped is None:  # without goods sent there is no loss to pay
        deserves = Deserves.ENDED
    else:
        deserves = Deserves.NOTHING_LATE if missed else Deserves.COVER
    pays = 0
    if deserves is Deserves.COVER:
        pays = min(sum(in_dollars(minor) for minor in claims.values()), PROMISE.cap_minor)
    return Cover(
        one.order.id, rfc3339(one.placed), one.order.amount_minor, CURRENCY, deserves, missed, by_s,
        {cause.value: minor for cause, minor in claims.items()}, pays, decoy,
    )  # fmt: skip


def _missed(one: _Seen, until: int) -> tuple[str, int]:
    """The term that was missed first, and by how many seconds it was kept too late, or is late by now."""
    if not one.paid:
        return "", 0
    first = one.paid[0][0]
    late = []
    for name, at, within in (
        ("ship_by", one.shipped, PROMISE.ship_within), ("pickup_scan", one.scanned, PROMISE.scan_within),
    ):  # fmt: skip
        end = first + within
        when = until if at is None else at
        if when >= end and not one.cancelled:
            late.append((end, name, (when - end) // SECOND))
    if one.elsewhere and one.shipped is not None:
        late.append((one.shipped, "address", -1))
    return min(late)[1:] if late else ("", 0)


def _claims(one: _Seen) -> dict[Cause, int]:
    """Each cause that is claimed with what the claim cost the seller: 0 while it is open. Claims that were won or taken
    back leave nothing."""
    found: dict[Cause, int] = {}
    for opened, reason, outcome in sorted(one.disputes.values()):
        cause = _REASONS.get(reason)
        if cause is not None and outcome in ("", "lost"):
            left = max(0, min(one.order.amount_minor, _captured(one) - _returned(one, opened)))
            _keep(found, cause, left if outcome else 0)
    unused = sorted(one.refunds)
    for asked, reason in sorted(one.asked):
        cause = _REASONS.get(reason)
        paid = next((refund for refund in unused if refund[0] > asked), None)
        if paid is not None and cause is not None:
            unused.remove(paid)
        if cause is not None:
            left = _captured(one) - _returned(one, asked)
            _keep(found, cause, 0 if paid is None else max(0, min(paid[1], left)))
    return found


def _keep(found: dict[Cause, int], cause: Cause, minor: int) -> None:
    found[cause] = found.get(cause) or minor


def _captured(one: _Seen) -> int:
    return min(one.order.amount_minor, sum(minor for _, minor in one.paid))


def _returned(one: _Seen, before: int | None) -> int:
    return sum(minor for at, minor in one.refunds if before is None or at < before)


def in_dollars(minor: int) -> int:
    """The world's money in US cents, at its one rate, half a cent rounded to even."""
    return round(minor * Fraction(RATE_TO_USD))


_FIELDS = tuple(f.name for f in fields(Cover))


def write_covers(world: World, path: Path, until: int = END) -> int:
    """Write the rows as JSON lines and answer how many. Keep the file away from the product's database."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for line in cover_lines(covers(world, until)):
            out.write(line + "\n")
            count += 1
    return count


def cover_lines(rows: Iterable[Cover]) -> Iterator[str]:
    """Each row as one line of JSON, without the line's end."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return (encode({name: getattr(row, name) for name in _FIELDS}) for row in rows)


def read_covers(path: Path) -> list[Cover]:
    """The rows of a file written by `write_covers`. Raises ValueError naming the line that is not such a row."""
    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                given = json.loads(line)
                rows.append(Cover(**{**given, "deserves": Deserves(given["deserves"])}))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: not a row of cover ({error})") from error
    return rows

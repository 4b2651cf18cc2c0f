"""Reading and writing rows of coverage, a batch in one statement each."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from safeconduct.foundation import compact_json
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.coverage.certificate import Certificate
from safeconduct.protections.transactions.coverage.facts import OrderFacts
from safeconduct.protections.transactions.coverage.words import Standing


@dataclass(frozen=True, slots=True)
class Known:
    """What a stored row says, as far as the next look needs it. ``warned``: its seller heard that a term runs out."""

    seen_moment: int
    rulings: Sequence[Sequence[Any]]
    digest: int
    positions: Mapping[str, Sequence[Any]]
    template_id: str
    pays_minor: int
    advance_minor: int
    order_ref: str
    state: str
    warned: bool


@dataclass(frozen=True, slots=True)
class Named:
    """The order as the shop names it, and what the buyer paid in which currency."""

    ref: str
    minor: int | None
    currency: str


@dataclass(slots=True)
class Change:
    """One order that was looked at. ``evidence``: the moment of its latest event. ``before``: its row until now."""

    order: int
    seller: int
    named: Named | None
    facts: OrderFacts
    certificate: Certificate
    template_id: str
    seen_moment: int
    at_us: int
    evidence: int
    before: Known | None
    stored: dict[str, Any] = field(init=False)
    digest: int = field(init=False)

    def __post_init__(self) -> None:
        self.stored = self.certificate.as_json()
        rulings = [list(ruling) for ruling in self.facts.rulings]
        advance = self.certificate.advance_minor
        text = compact_json.dumps(
            [self.stored, rulings, self.facts.amount_minor, *([advance] if advance else ())]
        )  # fmt: skip
        self.digest = zlib.crc32(text.encode())

    @property
    def positions(self) -> dict[str, list[Any]]:
        return self.stored["positions"]  # type: ignore[no-any-return]

    @property
    def moved(self) -> bool:
        """Whether the order stands otherwise against some cause: that is history, and goes into the record."""
        return self.before is None or self.before.positions != self.positions

    @property
    def pays_minor(self) -> int:
        return sum(position.pays_minor for position in self.certificate.positions.values())

    @property
    def ref(self) -> str:
        return self.before.order_ref if self.before is not None else self.named.ref if self.named is not None else ""


_LOCK: Final = """
SELECT order_key, seen_moment, rulings, digest, certificate -> 'positions', template_id, pays_minor, advance_minor,
    order_ref, state, warned_at IS NOT NULL
FROM coverage WHERE order_key = ANY(%b::bigint[]) ORDER BY order_key FOR UPDATE
"""


def locked(orders: Sequence[int]) -> dict[int, Known]:
    """The rows of these orders, locked in the order of their keys."""
    return {order: Known(*rest) for order, *rest in query(_LOCK, [list(orders)])}


def order_names(placed: Mapping[int, int]) -> dict[int, Named]:
    """Order → how the shop names it, by the moments of their placing."""
    if not placed:
        return {}
    orders = {moment: order for order, moment in placed.items()}
    rows = query(
        "SELECT moment, data ->> 'order', data -> 'amount' FROM event WHERE moment = ANY(%b::bigint[])", [list(orders)]
    )
    return {orders[moment]: _named(ref, amount) for moment, ref, amount in rows}


def _named(ref: str | None, amount: Any) -> Named:
    if not isinstance(amount, dict):
        return Named(ref or "", None, "")
    minor = amount.get("minor")
    return Named(ref or "", minor if isinstance(minor, int) else None, str(amount.get("currency") or "")[:3])


def usage(wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """(seller, year) → what the fund paid, for now too; seller 0 stands for all. Locks rows of sellers, in order."""
    if not wanted:
        return {}
    ordered = sorted(wanted)
    sellers, years = [seller for seller, _ in ordered], [year for _, year in ordered]
    found = {
        (seller, year): paid
        for seller, year, paid in query(
            "SELECT u.seller_key, u.year, u.paid_minor + u.advanced_minor FROM coverage_usage u"
            " JOIN unnest(%b::bigint[], %b::int[]) AS w(seller, year) ON u.seller_key = w.seller AND u.year = w.year"
            " ORDER BY 1, 2 FOR UPDATE OF u",
            [sellers, years],
        )
    }
    for year, paid in query(
        "SELECT year, sum(paid_minor + advanced_minor)::bigint FROM coverage_usage WHERE year = ANY(%b::int[])"
        " GROUP BY year",
        [sorted(set(years))],
    ):
        found[0, year] = paid
    return found


_WRITE: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS g(
        order_key bigint, seller_key bigint, order_ref text, placed_at timestamptz, amount_minor bigint, currency text,
        order_minor bigint, order_currency text, ship_country text, action text, state text, shipped_at timestamptz,
        delivered_at timestamptz, ship_by_at timestamptz, next_at timestamptz, up_to_minor bigint, pays_minor bigint,
        rulings jsonb, certificate jsonb, digest bigint, template_id text, seen_moment bigint, changed_at timestamptz,
        fresh boolean, step text, evidence bigint, earlier_minor bigint, advance_minor bigint,
        earlier_advance_minor bigint)
), inserted AS (
    INSERT INTO coverage (order_key, seller_key, order_ref, placed_at, amount_minor, currency, order_minor,
        order_currency, ship_country, action, state, shipped_at, delivered_at, ship_by_at, next_at, up_to_minor,
        pays_minor, advance_minor, rulings, certificate, digest, template_id, seen_moment, changed_at)
    SELECT order_key, seller_key, order_ref, placed_at, amount_minor, currency, order_minor, order_currency,
        ship_country, action, state, shipped_at, delivered_at, ship_by_at, next_at, up_to_minor, pays_minor,
        advance_minor, rulings, certificate, digest, template_id, seen_moment, changed_at
    FROM given WHERE fresh ORDER BY order_key
    ON CONFLICT (order_key) DO NOTHING
    RETURNING order_key
), updated AS (
    UPDATE coverage c SET amount_minor = g.amount_minor, action = g.action, state = g.state,
        shipped_at = g.shipped_at, delivered_at = g.delivered_at, ship_by_at = g.ship_by_at, next_at = g.next_at,
        up_to_minor = g.up_to_minor, pays_minor = g.pays_minor, advance_minor = g.advance_minor, rulings = g.rulings,
        certificate = g.certificate, digest = g.digest, seen_moment = g.seen_moment, changed_at = g.changed_at
    FROM given g WHERE NOT g.fresh AND c.order_key = g.order_key
    RETURNING c.order_key
), done AS (
    SELECT order_key FROM inserted UNION ALL SELECT order_key FROM updated
), steps AS (
    INSERT INTO coverage_step (id, order_key, seller_key, at, moment, state, positions, up_to_minor, template_id)
    SELECT g.step, g.order_key, g.seller_key, g.changed_at, g.evidence, g.state, g.certificate -> 'positions',
        g.up_to_minor, g.template_id
    FROM given g JOIN done USING (order_key) WHERE g.step <> ''
    RETURNING id, order_key
), leaves AS (
    INSERT INTO leaf (kind, subject, body, created_at)
    SELECT 'coverage', g.step, '{}', g.changed_at
    FROM given g JOIN done USING (order_key) WHERE g.step <> ''
), change AS (
    SELECT g.seller_key, extract(year FROM g.placed_at AT TIME ZONE 'UTC')::smallint AS year,
        sum(g.pays_minor - g.earlier_minor)::bigint AS paid,
        sum((g.pays_minor > 0)::int - (g.earlier_minor > 0)::int)::int AS claims,
        sum(g.advance_minor - g.earlier_advance_minor)::bigint AS advanced
    FROM given g JOIN done USING (order_key)
    WHERE g.pays_minor <> g.earlier_minor OR g.advance_minor <> g.earlier_advance_minor GROUP BY 1, 2 ORDER BY 1, 2
), spent AS (
    INSERT INTO coverage_usage AS u (seller_key, year, paid_minor, claims, advanced_minor)
    SELECT seller_key, year, paid, claims, advanced FROM change WHERE paid >= 0 AND advanced >= 0
    ON CONFLICT (seller_key, year) DO UPDATE
    SET paid_minor = u.paid_minor + excluded.paid_minor, claims = u.claims + excluded.claims,
        advanced_minor = u.advanced_minor + excluded.advanced_minor
), regained AS (
    -- What is taken back was spent before: its row is there. An upsert would offend the check before it meets the row.
    UPDATE coverage_usage u SET paid_minor = u.paid_minor + c.paid, claims = u.claims + c.claims,
        advanced_minor = u.advanced_minor + c.advanced
    FROM change c WHERE (c.paid < 0 OR c.advanced < 0) AND u.seller_key = c.seller_key AND u.year = c.year
)
SELECT order_key FROM done
"""


def write(changes: Sequence[Change]) -> set[int]:
    """Writes what changed, with history and leaves: one statement. Returns orders another process made meanwhile."""
    changed = [c for c in changes if c.before is None or c.before.digest != c.digest]
    if not changed:
        return set()
    given = compact_json.dumps([_row(change) for change in changed])
    done = {order for (order,) in query(_WRITE, [given])}
    return {change.order for change in changed} - done


def _row(change: Change) -> dict[str, Any]:
    facts, certificate = change.facts, change.certificate
    shipped = min((p.shipped.at_us for p in facts.parcels if p.shipped is not None), default=None)
    delivered = [p.delivered.at_us for p in facts.parcels if p.delivered is not None]
    latest = max(facts.rulings, key=lambda ruling: ruling[:2], default=None)
    fresh = change.before is None
    named = change.named
    waits = [
        r.deadline_us for name, r in certificate.conditions.items()
        if r.standing is Standing.PENDING and r.deadline_us is not None
    ] if certificate.next_at_us is not None else []  # fmt: skip
    wakes = [at for at in (certificate.next_at_us, certificate.warn_at_us) if at is not None]
    row: dict[str, Any] = {
        "order_key": change.order, "seller_key": change.seller, "fresh": fresh,
        "placed_at": _time(facts.placed.at_us), "amount_minor": facts.amount_minor,
        "action": "" if latest is None else latest.action, "state": certificate.overall,
        "shipped_at": _time(shipped), "delivered_at": _time(max(delivered, default=None)),
        "ship_by_at": _time(min(waits, default=None)), "next_at": _time(min(wakes, default=None)),
        "up_to_minor": certificate.up_to_minor, "pays_minor": change.pays_minor, "rulings": facts.rulings,
        "certificate": change.stored, "digest": change.digest, "template_id": change.template_id,
        "seen_moment": change.seen_moment, "changed_at": _time(change.at_us), "evidence": change.evidence,
        "step": new_id("cov") if change.moved else "",
        "earlier_minor": 0 if change.before is None else change.before.pays_minor,
        "advance_minor": certificate.advance_minor,
        "earlier_advance_minor": 0 if change.before is None else change.before.advance_minor,
    }  # fmt: skip
    if fresh:
        ship = facts.ship_country or ""
        row |= {
            "order_ref": "" if named is None else named.ref[:200], "currency": settings.REPORTING_CURRENCY,
            "order_minor": None if named is None else named.minor, "ship_country": ship if len(ship) == 2 else "",
            "order_currency": "" if named is None else named.currency,
        }  # fmt: skip
    return row


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else at_micros(at_us).isoformat()


def note_warned(orders: Sequence[int], at: datetime) -> None:
    """Remembers that the sellers of these orders were warned."""
    query("UPDATE coverage SET warned_at = %s WHERE order_key = ANY(%b::bigint[])", [at, list(orders)])

"""Hearing of disputes: the mirror follows a batch of events, inside the transaction that decides."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.attribution import orders_of_disputes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import telling
from safeconduct.protections.transactions.chargebacks.mirror import Mirror, News, Told, fold

CODES: Final = {CATALOGUE[told.value].code: told for told in Told}
_PLACED: Final = CATALOGUE["order.placed"].code
_PAYS: Final = frozenset((_PLACED, CATALOGUE["order.paid"].code))
#: Beside the locks on orders, which whoever comes here may hold already: orders first, then disputes.
_LOCK: Final = 20_715

_NEWS: Final = """
SELECT f.dispute, f.moment, f.type, f.occurred, f."order", f.seller, e.source, e.data
FROM fact f JOIN event e ON e.moment = f.moment
WHERE f.dispute = ANY(%b::bigint[]) AND f.type = ANY(%b::smallint[])
"""
_COLUMNS: Final = (
    "id text, dispute_key bigint, seller_key bigint, order_key bigint, ref text, processor text, network text,"
    " network_code text, code_key text, reason text, stage text, status text, amount_minor bigint, currency text,"
    " opened_at timestamptz, due_at timestamptz, due_of_table boolean, answerable boolean, reviewed boolean,"
    " closed_at timestamptz, reopened smallint, evidence_offer text, seen_moment bigint"
)
_NAMES: Final = [part.split()[0] for part in _COLUMNS.split(", ")]
_WRITE: Final = f"""
INSERT INTO bank_dispute AS d ({", ".join(_NAMES)})
SELECT {", ".join(_NAMES)} FROM jsonb_to_recordset(%s::jsonb) AS g({_COLUMNS}) ORDER BY dispute_key
ON CONFLICT (dispute_key) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in ("id", "dispute_key"))},
    to_staff_at = CASE WHEN d.stage = excluded.stage THEN d.to_staff_at END
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a dispute's history, to be written with its leaf."""

    dispute_id: str
    seller_key: int | None
    what: str
    stage: str
    status: str
    at: datetime
    actor: str = ""
    why: str = ""
    sha256: str = ""


def hear(rows: Sequence[Mapping[str, Any]], at: datetime | None) -> list[str]:
    """Brings the mirrors of a batch's disputes up to date; returns their ids.

    Every event of a dispute is read, so order and repetition do not matter. ``at``: the time of the history's lines,
    None where the latest event's own is, in a world that is replayed. In a scope of the engine.
    """
    named = {row["dispute"] for row in rows if row["type"] in CODES} - {None}
    keys = sorted(named | _of_payments({row["payment"] for row in rows if row["type"] in _PAYS} - {None}))
    if not keys:
        return []
    query(
        "SELECT count(pg_advisory_xact_lock(hashint8extended(k, %b))) FROM"
        " (SELECT k FROM unnest(%b::bigint[]) AS n(k) ORDER BY k) AS sorted",
        [_LOCK, keys],
    )
    told = _told(keys)
    before = {
        key: rest
        for key, *rest in query(
            "SELECT dispute_key, id, stage, status FROM bank_dispute WHERE dispute_key = ANY(%b::bigint[])",
            [keys],
        )
    }
    written, steps, changed = [], [], []
    happened: dict[str, datetime] = {}
    for key, one in told.items():
        mirror = fold(one.news)
        identity, stage, status = before.get(key) or (new_id("pdp"), "", "")
        written.append(_row(identity, key, one, mirror))
        if (stage, status) != (mirror.stage.value, mirror.status.value):
            latest = max(news.at for news in one.news)
            happened[identity] = latest
            changed.append(written[-1])
            what = "opened" if not status else "closed" if mirror.closed_at is not None else "moved"
            steps.append(
                Step(identity, one.seller, what, mirror.stage.value, mirror.status.value, latest if at is None else at)
            )
    query(_WRITE, [json.dumps(written, ensure_ascii=False)])
    write_steps(steps)
    telling.tell_heard(changed, at, happened)
    return [row["id"] for row in written]


def write_steps(steps: Sequence[Step]) -> None:
    """Lines of history, each with its leaf for the record: one statement."""
    if not steps:
        return
    given = [
        {
            "id": new_id("pds"), "dispute_id": step.dispute_id, "seller_key": step.seller_key, "what": step.what,
            "stage": step.stage, "status": step.status, "actor": step.actor, "why": step.why[:500],
            "sha256": step.sha256, "at": step.at.isoformat(),
        }
        for step in steps
    ]  # fmt: skip
    query(
        "WITH g AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id text, dispute_id text, seller_key bigint,"
        "  what text, stage text, status text, actor text, why text, sha256 text, at timestamptz)),"
        " kept AS (INSERT INTO bank_dispute_step (id, dispute_id, seller_key, what, stage, status, actor, why, sha256,"
        "  at) SELECT id, dispute_id, seller_key, what, stage, status, actor, why, sha256, at FROM g)"
        " INSERT INTO leaf (kind, subject, body, created_at) SELECT 'bank_dispute', id, '{}', at FROM g",
        [json.dumps(given, ensure_ascii=False)],
    )


@dataclass(slots=True)
class _Heard:
    news: list[News]
    order: int | None = None
    seller: int | None = None


def _told(keys: Sequence[int]) -> dict[int, _Heard]:
    found: dict[int, _Heard] = {}
    for key, moment, kind, occurred, order, seller, source, data in query(_NEWS, [list(keys), list(CODES)]):
        one = found.setdefault(key, _Heard([]))
        one.news.append(News(moment, at_micros(occurred), CODES[kind], data, source))
        one.order = order if order is not None else one.order
        one.seller = seller if seller is not None else one.seller
    about = orders_of_disputes(found)
    for key, one in found.items():
        one.order = min(about.get(key, ()), default=None) if one.order is None else one.order
    nameless = {one.order for one in found.values() if one.seller is None and one.order is not None}
    sellers = _sellers(nameless | {order for orders in about.values() if len(orders) > 1 for order in orders})
    for key, one in found.items():
        if one.seller is None and one.order in sellers:
            one.seller = sellers[one.order]
        if len({sellers[order] for order in about.get(key, ()) if order in sellers} | {one.seller}) > 1:
            one.seller = None  # the bank takes one answer, and it is about orders of several: the staff give it
    return found


def _sellers(orders: Collection[int]) -> dict[int, int]:
    """Order → its seller, for those that were placed."""
    if not orders:
        return {}
    return dict(
        query(
            'SELECT DISTINCT ON ("order") "order", seller FROM fact WHERE "order" = ANY(%b::bigint[])'
            ' AND type = %b AND seller IS NOT NULL ORDER BY "order", moment',
            [sorted(orders), _PLACED],
        ).fetchall()
    )


def _of_payments(payments: Collection[int]) -> set[int]:
    """The disputes about these payments: an order that becomes known later may be another seller's."""
    if not payments:
        return set()
    rows = query(
        "SELECT DISTINCT dispute FROM fact WHERE payment = ANY(%b::bigint[]) AND type = ANY(%b::smallint[])"
        " AND dispute IS NOT NULL",
        [sorted(payments), list(CODES)],
    )
    return {dispute for (dispute,) in rows}


def _row(identity: str, key: int, one: _Heard, mirror: Mirror) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "id": identity, "dispute_key": key, "seller_key": one.seller, "order_key": one.order, "ref": mirror.ref[:200],
        "processor": mirror.processor[:120], "network": mirror.network[:40], "network_code": mirror.network_code[:40],
        "code_key": "" if mirror.code is None else mirror.code.key, "reason": mirror.reason[:80],
        "stage": mirror.stage.value, "status": mirror.status.value, "amount_minor": mirror.amount_minor,
        "currency": mirror.currency[:3], "opened_at": time(mirror.opened_at), "due_at": time(mirror.due_at),
        "due_of_table": mirror.due_of_table, "answerable": mirror.answerable, "reviewed": mirror.reviewed,
        "closed_at": time(mirror.closed_at), "reopened": mirror.reopened,
        "evidence_offer": mirror.evidence_offer[:200], "seen_moment": mirror.seen_moment,
    }  # fmt: skip

"""Builders of the ledger's tests: one seller, US dollars, round figures; whole dollars become cents."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from safeconduct.kernel.ledger.actions import Entry, HoldRequest, hold, post
from safeconduct.kernel.scope import engine_scope, query

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SELLER, ORDER = 7, 70
_numbers = itertools.count(1)


def days(count: float) -> datetime:
    return START + timedelta(days=count)


def entry(event: str, *, key: str = "", currency: str = "USD", at: datetime = START, **fields: Any) -> Entry:
    """An entry of the seller's one order; amounts in whole dollars."""
    own = {name: fields.pop(name) for name in ("seller_key", "order_key", "memo", "available_at") if name in fields}
    own = {"seller_key": SELLER, "order_key": ORDER, **own}
    return Entry(
        event=event, key=key or f"{event}-{next(_numbers)}", at=at, currency=currency,
        amounts={name: round(amount * 100) for name, amount in fields.items()}, **own,
    )  # fmt: skip


def request(amount: float = 92, **fields: Any) -> HoldRequest:
    fields = {
        "key": f"hold-{next(_numbers)}", "at": START, "seller_key": SELLER, "order_key": ORDER, "currency": "USD",
        "amount_minor": round(amount * 100), "reason": "dispute_open", "release_at": None,
        "released_by": "dispute_decided", **fields,
    }  # fmt: skip
    return HoldRequest(**fields)


def posted(*entries: Entry) -> list[str]:
    with engine_scope():
        return post(entries)


def held(*requests: HoldRequest) -> list[str]:
    with engine_scope():
        return hold(requests)


def sold(*, release: bool = True, **fields: Any) -> None:
    """A sale of 100 with a commission of 8."""
    posted(entry("capture", sale=100, fee=8, **fields))
    if release:
        kept = {name: fields[name] for name in ("seller_key", "order_key", "currency") if name in fields}
        posted(entry("release", amount=92, **kept))


def balances(currency: str = "USD", seller: int = SELLER) -> dict[str, float]:
    """What every account of the seller and the platform holds, from the postings; those at zero left out."""
    with engine_scope():
        found = query(
            "SELECT a.kind, sum(p.amount_minor)::bigint FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
            " WHERE a.currency = %s AND (a.seller_key IS NULL OR a.seller_key = %s) GROUP BY a.kind",
            [currency, seller],
        ).fetchall()
    return {kind: total / 100 for kind, total in found if total}

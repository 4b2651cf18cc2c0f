"""Builders of the claims' tests: one seller, one order of 100 dollars paid at once; whole dollars become cents."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.claims import actions
from safeconduct.kernel.claims.asks import Debit, Joining, Leaving, Lowering, Opening, Paid, RefundAsk, ToldRefund
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.ledger.actions import Entry, post
from safeconduct.kernel.scope import Actor, engine_scope, query

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SELLER, ORDER = 7, 70
ACTOR = Actor("test", "engine", "a test")
GERMANY = Route("DE", "CN")
_numbers = itertools.count(1)


def days(count: float) -> datetime:
    return START + timedelta(days=count)


def cents(dollars: float) -> int:
    return round(dollars * 100)


def paid(
    amount: float = 100, *, payment: str = "p-1", seller: int = SELLER, order: int = ORDER, line: str = "", fee: float = 8,
    books: bool = True,
) -> str:  # fmt: skip
    """A line that was paid, in the ledger too; returns its id."""
    with engine_scope():
        lines = actions.declare([Paid(payment, seller, order, "USD", cents(amount), line)], START)
        if books:
            amounts = {"sale": cents(amount), "fee": cents(fee)}
            key = f"sale-{payment}-{order}-{line}"
            post([Entry("capture", key, START, "USD", seller, order, {k: v for k, v in amounts.items() if v})])
    return lines[order, line]


def opened(*, seller: int = SELLER, order: int = ORDER, line: str = "", at: float = 0, route: Route = GERMANY) -> str:
    with engine_scope():
        return actions.open_claim([Opening(seller, order, "USD", line, route)], ACTOR, at=days(at))[0]


def join(
    claim: str, kind: ChannelKind = ChannelKind.CHARGEBACK, *, amount: float = 100, at: float = 1, until: float = 120,
    about: str = "", **fields: Any,
) -> str:  # fmt: skip
    asked = Joining(claim, kind, about or f"{kind}-1", cents(amount), days(until), **fields)
    with engine_scope():
        return actions.join_channel([asked], ACTOR, at=days(at))[0]


def leave(
    claim: str, outcome: ChannelOutcome, kind: ChannelKind = ChannelKind.CHARGEBACK, *, at: float = 2, about: str = "",
    round: int = 1,
) -> int:  # fmt: skip
    asked = Leaving(claim, kind, about or f"{kind}-1", outcome, round)
    with engine_scope():
        return actions.leave_channel([asked], ACTOR, at=days(at))


def ask(claim: str, amount: float = 100, *, at: float = 1, key: str = "", **fields: Any) -> str:
    asked = RefundAsk(key or f"r-{next(_numbers)}", claim, cents(amount), **fields)
    with engine_scope():
        return actions.request_refund([asked], ACTOR, at=days(at))[0]


def send(refund: str, *, at: float = 2) -> int:
    with engine_scope():
        return actions.refund([refund], ACTOR, at=days(at))


def lower(*refunds: str, owed: float, at: float = 2) -> int:
    with engine_scope():
        return actions.lower([Lowering(refunds, cents(owed))], ACTOR, at=days(at))


def told(claim: str, amount: float = 100, *, at: float = 2, key: str = "") -> int:
    with engine_scope():
        return actions.hear_of_refund(
            [ToldRefund(key or f"t-{next(_numbers)}", claim, cents(amount))], ACTOR, at=days(at)
        )


def debit(
    amount: float = 100,
    *,
    payment: str = "p-1",
    about: str = "chargeback-1",
    at: float = 2,
    key: str = "",
    **fields: Any,
) -> str:
    """A bank's debit; below zero, what it gave back."""
    fields = {"kind": ChannelKind.CHARGEBACK, "currency": "USD", **fields}
    asked = Debit(
        key=key or f"d-{next(_numbers)}",
        payment=payment,
        about=about,
        amount_minor=cents(amount),
        at=days(at),
        **fields,
    )
    with engine_scope():
        return actions.record_bank_debit([asked], ACTOR, at=days(at))[0]


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with engine_scope():
        return query(statement, parameters).fetchall()


def refunds() -> dict[str, tuple[str, int, int]]:
    """Key → state, amount and what a bank paid of it."""
    return {
        key: (state, amount, by_bank)
        for key, state, amount, by_bank in rows(
            "SELECT key, state, amount_minor, by_bank_minor FROM claim_refund ORDER BY key"
        )
    }


def parts() -> list[tuple[int, int, int, int]]:
    """Running, sent, taken by banks, got twice; in the order of lines."""
    return rows(
        "SELECT running_minor, sent_minor, bank_minor, excess_minor FROM claim_part p JOIN claim_line l ON l.id = p.line_id"
        " ORDER BY l.order_key, l.name, p.id"
    )


def recoveries() -> list[tuple[int, str]]:
    return rows("SELECT due_minor, defence FROM claim_recovery WHERE settled_at IS NULL ORDER BY part_id")


def holds() -> list[tuple[str, int]]:
    return rows("SELECT reason, held_minor FROM ledger_hold WHERE ended_at IS NULL ORDER BY at, id")


def is_open(claim: str) -> bool:
    return bool(rows("SELECT 1 FROM claim WHERE id = %s AND closed_at IS NULL", claim))


def is_frozen(claim: str) -> bool:
    return bool(rows("SELECT 1 FROM claim WHERE id = %s AND frozen_at IS NOT NULL", claim))

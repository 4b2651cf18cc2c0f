"""What banks take and give back: stored whatever was refunded before, and spread over what the payment paid for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.allocation import Standing, debit_shares, in_another
from safeconduct.kernel.claims.asks import Debit
from safeconduct.kernel.claims.errors import ClaimMalformed, KeyReused, NoSuchPayment
from safeconduct.kernel.claims.settling import settle
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query


class _Part(NamedTuple):
    id: str
    line_id: str
    seller_key: int
    place: tuple[int, str]
    standing: Standing


def record_bank_debit(
    debits: Sequence[Debit], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> list[str]:
    """Stores what banks took (below zero: gave back) and spreads it; returns the debits' ids in order. The same debit
    again returns the id of the first time.

    Raises NoSuchPayment (nothing was declared about it), ClaimMalformed, KeyReused.
    """
    payments = _locked(debits)
    known = {
        key: (identity, amount, about)
        for key, identity, amount, about in query(
            "SELECT key, id, amount_minor, about FROM claim_bank_debit WHERE key = ANY(%s::text[])",
            [[debit.key for debit in debits]],
        )
    }
    taken = _taken(debits)
    parts = _parts([identity for identity, _ in payments.values()])
    ids, rows, shares, lines = [], [], [], set()
    for debit in debits:
        if debit.key in known:
            identity, amount, about = known[debit.key]
            if (amount, about) != (debit.amount_minor, debit.about):
                raise KeyReused(debit.key)
            ids.append(identity)
            continue
        payment, currency = payments[debit.payment]
        row = _row(debit, payment, currency)
        there = parts[payment]
        standing = {
            part.id: part.standing._replace(taken_minor=taken.get((debit.kind, debit.about, part.id), 0))
            for part in there.values()
        }
        named = {part.id for part in there.values() if part.place in debit.lines}
        of_paid = debit_shares(row["paid_minor"], standing, named)
        of_bank = in_another(debit.amount_minor, of_paid)
        for part_id, minor in of_paid.items():
            part = there[part_id]
            left = part.standing.left_minor - minor
            there[part_id] = part._replace(standing=part.standing._replace(left_minor=left))
            name = (debit.kind, debit.about, part_id)
            taken[name] = taken.get(name, 0) + minor
            shares.append(
                {
                    "debit": row["id"],
                    "part": part_id,
                    "seller": part.seller_key,
                    "amount": of_bank[part_id],
                    "paid": minor,
                }
            )
            lines.add(part.line_id)
        rows.append(row)
        known[debit.key] = (row["id"], debit.amount_minor, debit.about)
        ids.append(row["id"])
    _store(rows, shares, at)
    if settled and rows:
        settle(lines, actor, at=at, quiet=quiet)
    return ids


def _locked(debits: Sequence[Debit]) -> dict[str, tuple[str, str]]:
    payments = {
        key: (identity, currency)
        for key, identity, currency in query(
            "SELECT key, id, currency FROM claim_payment WHERE key = ANY(%s::text[])",
            [[debit.payment for debit in debits]],
        )
    }
    missing = {debit.payment for debit in debits} - payments.keys()
    if missing:
        raise NoSuchPayment(min(missing))
    found = [identity for identity, _ in payments.values()]
    lines = query("SELECT DISTINCT line_id FROM claim_part WHERE payment_id = ANY(%s::text[])", [found]).fetchall()
    reading.lock([line for (line,) in lines], found)
    return payments


def _parts(payments: Sequence[str]) -> dict[str, dict[str, _Part]]:
    found: dict[str, dict[str, _Part]] = {}
    for payment, identity, line, seller, order, name, amount, sent, bank in query(
        "SELECT p.payment_id, p.id, p.line_id, p.seller_key, l.order_key, l.name, p.amount_minor, p.sent_minor,"
        " p.bank_minor FROM claim_part p JOIN claim_line l ON l.id = p.line_id WHERE p.payment_id = ANY(%s::text[])",
        [list(payments)],
    ):
        standing = Standing(amount, amount - sent - bank, 0)
        found.setdefault(payment, {})[identity] = _Part(identity, line, seller, (order, name), standing)
    return found


def _taken(debits: Sequence[Debit]) -> dict[tuple[str, str, str], int]:
    """(Kind, matter, part) → what this matter has taken of the part so far."""
    rows = query(
        "SELECT d.kind, d.about, s.part_id, sum(s.paid_minor)::bigint FROM claim_bank_debit d"
        " JOIN claim_bank_share s ON s.debit_id = d.id WHERE d.about = ANY(%s::text[])"
        " GROUP BY d.kind, d.about, s.part_id",
        [[debit.about for debit in debits]],
    )
    return {(kind, about, part): minor for kind, about, part, minor in rows}


def _row(debit: Debit, payment: str, currency: str) -> dict[str, Any]:
    paid = debit.amount_minor if debit.paid_minor is None else debit.paid_minor
    if debit.paid_minor is None and debit.currency != currency:
        raise ClaimMalformed("paid_minor", f"say what {debit.currency} {debit.amount_minor} is in {currency}")
    if not debit.amount_minor or (debit.amount_minor > 0) != (paid > 0):
        raise ClaimMalformed("amount_minor", "a bank takes more than nothing, or gives back more than nothing")
    return {
        "id": new_id("bdt"), "key": debit.key, "payment_id": payment, "kind": debit.kind, "about": debit.about,
        "currency": debit.currency, "amount_minor": debit.amount_minor, "paid_minor": paid, "at": debit.at.isoformat(),
    }  # fmt: skip


def _store(rows: list[dict[str, Any]], shares: list[dict[str, Any]], at: datetime) -> None:
    if not rows:
        return
    query(
        "INSERT INTO claim_bank_debit (id, key, payment_id, kind, about, currency, amount_minor, paid_minor, at)"
        " SELECT r.* FROM jsonb_to_recordset(%s::jsonb) AS r(id text, key text, payment_id text, kind text, about text,"
        "  currency text, amount_minor bigint, paid_minor bigint, at timestamptz)",
        [json.dumps(rows)],
    )
    query(
        "INSERT INTO claim_bank_share (debit_id, part_id, seller_key, amount_minor, paid_minor)"
        " SELECT r.* FROM jsonb_to_recordset(%s::jsonb)"
        "  AS r(debit text, part text, seller bigint, amount bigint, paid bigint) ORDER BY part",
        [json.dumps(shares)],
    )
    leaves.add("bank_debit", [row["id"] for row in rows], at)

"""What the record commits to about claims: steps of their history, and what banks took. Named in `RECORD_SUBJECTS`."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query


def step_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these steps say; which person of the staff took one is withheld."""
    rows = query(
        "SELECT s.id, s.claim_id, s.seller_key, s.number, s.verb, s.facts, s.role, s.why, s.at, s.actor"
        " FROM claim_step s WHERE s.id = ANY(%s::text[])",
        [list(ids)],
    )
    return {
        key: Content(
            {
                "id": key, "claim": claim, "seller": str(seller), "number": number, "verb": verb, "facts": plain(facts),
                "role": role, "why": why, "at": stamp(at),
            },
            {"actor": actor},
            verb,
        )
        for key, claim, seller, number, verb, facts, role, why, at, actor in rows
    }  # fmt: skip


def debit_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What banks took. A payment may be of several sellers, so that none is shown the whole."""
    rows = query(
        "SELECT id, payment_id, kind, about, currency, amount_minor, paid_minor, at FROM claim_bank_debit"
        " WHERE id = ANY(%s::text[])",
        [list(ids)],
    )
    return {
        key: Content(
            {"id": key, "kind": kind, "at": stamp(at)},
            {
                "payment": payment, "about": about, "currency": currency, "amount_minor": str(amount),
                "paid_minor": str(paid),
            },
            "taken" if amount > 0 else "given_back",
        )
        for key, payment, kind, about, currency, amount, paid, at in rows
    }  # fmt: skip


def step_ids(after: str | None, limit: int) -> list[str]:
    """Steps by id: each must have an entry."""
    rows = query("SELECT id FROM claim_step WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def debit_ids(after: str | None, limit: int) -> list[str]:
    """Debits by id: each must have an entry."""
    rows = query("SELECT id FROM claim_bank_debit WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


STEPS = Subjects(step_contents, step_ids)
DEBITS = Subjects(debit_contents, debit_ids)

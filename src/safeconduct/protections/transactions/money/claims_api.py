"""Claims over the API: in which ways the money of an order line is asked for, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.kernel.claims import queries
from safeconduct.kernel.ledger.rules import known_language, reasons, releases
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code
from safeconduct.kernel.paging import Order, page
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.transactions.money.claims_documents import CLAIM, ClaimPage, ClaimsAsked

operations = Operations("claims")
_NEWEST = Order("opened_at", descending=True)


@operation(
    operations, "GET", "/claims", scope=Scope.DISPUTES_READ, answer=ClaimPage, example={"items": [CLAIM], "next": None},
    problems=(Code.INVALID,), speaks=True, for_apps=True,
)  # fmt: skip
def list_claims(request: Call, asked: Query[ClaimsAsked]) -> HttpResponse:
    """List claims: the order lines in trouble, each with every way in which its money is asked for."""
    language = answers.language_of(request)
    seller = lookup("seller", asked.seller)
    order = None if asked.order is None else lookup("order", asked.order)
    if seller is None or (asked.order is not None and order is None):
        return answers.respond({"items": [], "next": None}, language=language)
    rows = queries.claims(seller_key=seller, active=True if asked.open else None)
    if order is not None:
        rows = rows.filter(order_key=order)
    after = "" if asked.cursor is None else parts_of(asked.cursor, 1)[0]
    found = page(rows, _NEWEST, after=after, size=asked.limit)
    names = reveal({one.order_key for one in found.items}) if found.items else {}
    items = [_claim(one, names, language) for one in queries.overview(found.items)]
    return answers.respond({"items": items, "next": cursor_of(found.next) if found.next else None}, language=language)


def _claim(one: queries.Overview, names: Mapping[int, tuple[str, str]], language: str) -> dict[str, Any]:
    claim = one.claim
    return {
        "id": claim.id, "order": names[claim.order_key][1] if claim.order_key in names else None,
        "line": one.line.name, "currency": one.line.currency, "opened_at": answers.written(claim.opened_at),
        "closed_at": answers.written(claim.closed_at), "frozen": bool(one.freezing), "paid_minor": one.paid_minor,
        "refunds_running_minor": one.running_minor, "refunds_sent_minor": one.sent_minor,
        "bank_minor": one.bank_minor, "recovery_minor": one.recovery_minor, "refundable_minor": one.refundable_minor,
        "channels": [
            {
                "kind": channel.kind, "round": channel.round, "case": channel.case_id or None,
                "claimed_minor": channel.claimed_minor, "opened_at": answers.written(channel.opened_at),
                "ended_at": answers.written(channel.ended_at), "outcome": channel.outcome or None,
            }
            for channel in one.channels
        ],
        "refunds": [
            {
                "id": refund.id, "item": refund.item, "amount_minor": refund.amount_minor, "state": refund.state,
                "by_bank_minor": refund.by_bank_minor, "requested_at": answers.written(refund.requested_at),
                "due_at": answers.written(refund.due_at), "ended_at": answers.written(refund.ended_at),
            }
            for refund in one.refunds
        ],
        "hold": None if one.hold is None else _hold(one.hold, language),
    }  # fmt: skip


def _hold(hold: queries.Hold, language: str) -> dict[str, Any]:
    known = known_language(language)
    return {
        "held_minor": hold.amount_minor, "reason": hold.reason, "says": reasons()[hold.reason].says[known],
        "released_by": hold.released_by, "release_says": releases()[hold.released_by][known],
        "release_at": answers.written(hold.release_at),
    }  # fmt: skip

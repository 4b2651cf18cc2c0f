"""A seller's money: balances, and what is held."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from django.http import HttpResponse
from ninja import Query

from safeconduct.kernel.ledger import queries
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import SellerAsked
from safeconduct.kernel.operations.problems import Code
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.transactions.money import due
from safeconduct.protections.transactions.money.api_documents import BALANCE, HOLD, BalancesAnswer, HoldPage, HoldsAsked

operations = Operations("money")


@operation(
    operations, "GET", "/balances", scope=Scope.MONEY_READ, answer=BalancesAnswer,
    example={"items": [BALANCE], "next_payout_at": "2026-06-11T06:00:00Z"}, problems=(Code.INVALID,),
    for_apps=True,
)  # fmt: skip
def get_balances(request: Call, asked: Query[SellerAsked]) -> HttpResponse:
    """Read what a seller has, by currency, and when the next payout is due."""
    now = datetime.now(UTC)
    seller = lookup("seller", asked.seller)
    found = {} if seller is None else queries.balances(seller)
    items = [
        asdict(balance) | {"next_release_at": answers.written(balance.next_release_at)}
        for _, balance in sorted(found.items())
    ]
    return answers.respond({"items": items, "next_payout_at": answers.written(due.schedule(now).following(now))})


@operation(
    operations, "GET", "/holds", scope=Scope.MONEY_READ, answer=HoldPage, example={"items": [HOLD], "next": None},
    problems=(Code.INVALID,), speaks=True, for_apps=True,
)  # fmt: skip
def list_holds(request: Call, asked: Query[HoldsAsked]) -> HttpResponse:
    """List what is held of a seller's money: why, until when, and what would release it now."""
    language = answers.language_of(request)
    seller = lookup("seller", asked.seller)
    order = None if asked.order is None else lookup("order", asked.order)
    if seller is None or (asked.order is not None and order is None):
        return answers.respond({"items": [], "next": None}, language=language)
    after = "" if asked.cursor is None else "~".join(parts_of(asked.cursor, 2))
    page = queries.holds(seller, open_only=asked.open, order_key=order, after=after, size=asked.limit)
    names = reveal({hold.order_key for hold in page.items if hold.order_key is not None})
    items = [
        {
            "id": hold.id, "order": names[hold.order_key][1] if hold.order_key in names else None,
            "currency": hold.currency, "held_minor": hold.held_minor, "asked_minor": hold.asked_minor,
            "reason": hold.reason, "says": hold.says(language), "released_by": hold.released_by,
            "release_says": hold.release_says(language), "held_at": answers.written(hold.at),
            "release_at": answers.written(hold.release_at), "ended_at": answers.written(hold.ended_at),
        }
        for hold in page.items
    ]  # fmt: skip
    following = cursor_of(*page.next.split("~")) if page.next else None
    return answers.respond({"items": items, "next": following}, language=language)

"""Issuers' early warnings over the API, and a refund in answer to them or to a bank that only asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from safeconduct.foundation.ids import is_id
from safeconduct.kernel.operations import answers as api
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import Amount, Cursor, Sent, Text
from safeconduct.kernel.operations.problems import Code, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.transactions.chargebacks import before, early
from safeconduct.protections.transactions.chargebacks.foreseen import Early, Foreseen
from safeconduct.protections.transactions.chargebacks.models import EarlyWarning, WarningState

operations = Operations("early fraud warnings")


class WarningsAsked(Schema):
    """The newest first."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""
    open: bool = Field(True, description="Only those that nobody has decided and no bank has gone on with.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class CostFound(Schema):
    """What history says, from `n` such cases whose end is known. Minor units of the warning's currency."""

    advice: Early
    n: int
    refund_now_minor: int | None
    waiting_minor: int | None
    waiting_low_minor: int | None
    waiting_high_minor: int | None


class WarningFound(Schema):
    """An issuer's report that a payment was fraud. `state`: what was decided about it."""

    id: str
    order: str | None
    seller: str | None
    processor: str
    reason: str
    amount: Amount | None
    warned_at: datetime
    state: WarningState
    decided_at: datetime | None
    holds_order: bool = Field(description="Whether the order was not sent yet when it came, and is held.")
    chargeback: str | None = Field(description="Id of the dispute, where the bank went on.")
    cost: CostFound | None = Field(description="Null once it is decided.")


class WarningPage(Schema):
    items: list[WarningFound]
    next: str | None


class RefundsAsked(Schema):
    """The refunds that are asked for; the shop sends each while its state is `requested`."""

    refunds: list[str]


class Nothing(Sent):
    """An empty document."""


_WARNING: dict[str, Any] = {
    "id": "efw_01jy2d8m5nf9abt3k7r6x1q0wz", "order": "ord-90112", "seller": "sel-1042", "processor": "stripe",
    "reason": "fraudulent", "amount": {"minor": 12990, "currency": "USD"}, "warned_at": "2026-06-01T12:00:00Z",
    "state": "open", "decided_at": None, "holds_order": False, "chargeback": None,
    "cost": {
        "advice": "refund", "n": 42, "refund_now_minor": 12990, "waiting_minor": 14100, "waiting_low_minor": 13020,
        "waiting_high_minor": 15480,
    },
}  # fmt: skip


@operation(
    operations, "GET", "/fraud-warnings", scope=Scope.DISPUTES_READ, answer=WarningPage,
    example={"items": [_WARNING], "next": None}, problems=(Code.INVALID,),
)  # fmt: skip
def list_fraud_warnings(request: Call, asked: Query[WarningsAsked]) -> HttpResponse:
    """List issuers' early fraud warnings, newest first, with what waiting and a refund cost.

    Banks' inquiries are `GET /v1/chargebacks?stage=inquiry`.
    """
    seller = lookup("seller", asked.seller) if asked.seller else None
    if asked.seller and seller is None:
        return api.respond({"items": [], "next": None})
    found = before.warnings_page(seller, open_only=asked.open, after=asked.cursor or "", size=asked.limit)
    return api.respond({"items": _items(found.items), "next": found.next or None})


@operation(
    operations, "POST", "/fraud-warnings/{warning_id}/refund", scope=Scope.DISPUTES_WRITE, answer=RefundsAsked,
    status=201, example={"refunds": ["rfd_01jy2d8m5nf9abt3k7r6x1q0wz"]}, sends={},
    problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def refund_fraud_warning(request: Call, warning_id: str, sent: Nothing) -> HttpResponse:
    """Pay the buyer back before the bank takes the money: all that is left of the order, through its claim."""
    made = early.refund_warned(_one(warning_id).id, _actor(request), datetime.now(UTC))
    return api.respond({"refunds": made}, status=201)


@operation(
    operations, "POST", "/fraud-warnings/{warning_id}/wait", scope=Scope.DISPUTES_WRITE, answer=WarningFound,
    example=_WARNING | {"state": "wait", "cost": None}, sends={}, problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def wait_fraud_warning(request: Call, warning_id: str, sent: Nothing) -> HttpResponse:
    """Leave a warning as it is. If the bank goes on, its dispute is told as `chargeback`."""
    early.wait(_one(warning_id).id, _actor(request), datetime.now(UTC))
    return api.respond(_items([_one(warning_id)])[0])


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/refund", scope=Scope.DISPUTES_WRITE, answer=RefundsAsked,
    status=201, example={"refunds": ["rfd_01jy2d8m5nf9abt3k7r6x1q0wz"]}, sends={},
    problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def refund_inquiry(request: Call, chargeback_id: str, sent: Nothing) -> HttpResponse:
    """Answer a bank that only asks with a refund. Refused where it has taken the money already."""
    if not is_id(chargeback_id, "pdp"):
        raise not_found("chargeback", chargeback_id)
    return api.respond({"refunds": early.refund_asked(chargeback_id, _actor(request), datetime.now(UTC))}, status=201)


def _actor(request: Call) -> Actor:
    return Actor(request.caller.key_id, "machine")


def _one(warning_id: str) -> EarlyWarning:
    found = EarlyWarning.objects.filter(id=warning_id).first() if is_id(warning_id, "efw") else None
    if found is None:
        raise not_found("fraud warning", warning_id)
    return found


def _items(found: Sequence[EarlyWarning]) -> list[dict[str, Any]]:
    names = reveal({key for one in found for key in (one.order_key, one.seller_key) if key is not None})
    costs = before.weighed(found, [], datetime.now(UTC))
    return [
        {
            "id": one.id, "order": _name(names, one.order_key), "seller": _name(names, one.seller_key),
            "processor": one.processor, "reason": one.reason,
            "amount": None
            if one.amount_minor is None or not one.currency
            else {"minor": one.amount_minor, "currency": one.currency},
            "warned_at": api.written(one.warned_at), "state": one.state, "decided_at": api.written(one.decided_at),
            "holds_order": one.to_hold, "chargeback": one.dispute_id,
            "cost": _cost(costs[one.id]) if one.id in costs else None,
        }
        for one in found
    ]  # fmt: skip


def _name(names: dict[int, tuple[str, str]], key: int | None) -> str | None:
    return names[key][1] if key is not None and key in names else None


def _cost(found: Foreseen) -> dict[str, Any]:
    return {
        "advice": found.advice, "n": found.chance.decided, "refund_now_minor": found.now_minor,
        "waiting_minor": found.wait_minor, "waiting_low_minor": found.low_minor,
        "waiting_high_minor": found.high_minor,
    }  # fmt: skip

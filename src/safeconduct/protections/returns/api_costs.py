"""Freight and duty of a return, as the marketplace's systems note them: a warehouse's, a customs broker's, a bank's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import Amount, Sent, Text
from safeconduct.kernel.operations.problems import Code
from safeconduct.protections.returns import actions, costs
from safeconduct.protections.returns.bearing import Place
from safeconduct.protections.returns.cost_sheet import costs_of
from safeconduct.protections.returns.words import Cost, Payer

operations = Operations("return costs")


class ReturnCostSent(Sent):
    """What a return cost beside the goods, and who paid it out. Once for each kind: sent again it takes the place of
    the first, as long as nobody was paid for it; an amount of zero takes it back."""

    kind: Cost
    amount: Annotated[int, Field(ge=0, description="In minor units of the return's currency, as the paper says it.")]
    paid_by: Payer = Field(description="Who paid it out; who bears it follows from the decision.")
    source: Annotated[
        Text, Field(min_length=1, max_length=120, description="The paper that says so: an invoice, a receipt.")
    ]


class ReturnCostPaid(Sent):
    """`back`: the carrier paid for it, or customs gave it back; `sent`: the buyer got what is owed."""

    place: Literal["back", "sent"]


class ReturnCostFound(Schema):
    """A cost as it stands. `bears`: who bears it; null before it is decided, and where customs gives it back."""

    kind: Cost
    amount: Amount
    paid_by: Payer
    bears: Payer | None
    source: str
    state: str = Field(
        description="open, stays, moved, owed, sent, carrier, customs, back or debt: where it stands in the books."
    )
    noted_at: datetime
    recovered_at: datetime | None = Field(description="When the carrier paid for it, or customs gave it back.")
    sent_at: datetime | None = Field(description="When the buyer got what was owed.")


class ReturnCostsFound(Schema):
    items: list[ReturnCostFound]


_FREIGHT: Final[dict[str, Any]] = {
    "kind": "return_freight", "amount": {"minor": 1250, "currency": "USD"}, "paid_by": "buyer", "bears": "seller",
    "source": "DHL invoice 4471", "state": "owed", "noted_at": "2026-06-09T09:30:00Z", "recovered_at": None,
    "sent_at": None,
}  # fmt: skip
_FOUND: Final[dict[str, Any]] = {"items": [_FREIGHT]}


@operation(
    operations, "GET", "/returns/{return_id}/costs", scope=Scope.RETURNS_READ, answer=ReturnCostsFound, example=_FOUND,
    problems=(Code.NOT_FOUND,), for_apps=True,
)  # fmt: skip
def list_return_costs(request: Call, return_id: str) -> HttpResponse:
    """List what a return cost beside the goods: freight and duty, who paid, who bears it, and how it stands."""
    return _answer(return_id)


@operation(
    operations, "POST", "/returns/{return_id}/costs", scope=Scope.RETURNS_WRITE, answer=ReturnCostsFound,
    example=_FOUND, sends={"kind": "return_freight", "amount": 1250, "paid_by": "buyer", "source": "DHL invoice 4471"},
    problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def note_return_cost(request: Call, return_id: str, sent: ReturnCostSent) -> HttpResponse:
    """Note freight or duty of a return; the books follow as soon as the return is decided, and with every decision."""
    costs.note(
        return_id, request.caller.key_id, sent.kind, sent.amount, sent.paid_by, sent.source, at=datetime.now(UTC)
    )  # fmt: skip
    return _answer(return_id)


@operation(
    operations, "POST", "/returns/{return_id}/costs/{kind}/paid", scope=Scope.RETURNS_WRITE, answer=ReturnCostsFound,
    example={"items": [_FREIGHT | {"state": "sent", "sent_at": "2026-06-12T08:00:00Z"}]}, sends={"place": "sent"},
    problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def note_return_cost_paid(request: Call, return_id: str, kind: Cost, sent: ReturnCostPaid) -> HttpResponse:
    """Note that carrier or customs paid, or that the buyer got what is owed; once, the same again changes nothing."""
    costs.paid(return_id, kind, Place(sent.place), at=datetime.now(UTC))
    return _answer(return_id)


def _answer(return_id: str) -> HttpResponse:
    returned = actions.find(return_id)
    return answers.respond(
        {
            "items": [
                {
                    "kind": one.cost.kind, "amount": {"minor": one.cost.amount_minor, "currency": returned.currency},
                    "paid_by": one.cost.paid_by, "bears": one.bearer, "source": one.cost.source, "state": one.state,
                    "noted_at": answers.written(one.cost.noted_at),
                    "recovered_at": answers.written(one.cost.recovered_at),
                    "sent_at": answers.written(one.cost.sent_at),
                }
                for one in costs_of(returned, Role.SELLER)
            ]
        }
    )  # fmt: skip

"""Returns: asked for by the shop in the buyer's name, followed, and moved on by either side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from ninja import Query

from safeconduct.kernel import faces
from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.cases import queries as cases
from safeconduct.kernel.cases.evidence import Piece, collect
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.models import StoredOutcome
from safeconduct.kernel.cases.words import Role, Source
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import file_of
from safeconduct.kernel.operations.problems import Code, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.returns import actions, api_costs, api_hubs, queries
from safeconduct.protections.returns.api_documents import (
    ReturnEvidenceSent,
    ReturnFound,
    ReturnLinkMade,
    ReturnLinkSent,
    ReturnMessageSent,
    ReturnPage,
    ReturnsAsked,
    ReturnSent,
    ReturnStepSent,
)
from safeconduct.protections.returns.asks import Ask
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.uploads import bring_contents

operations = Operations("returns")
OPERATIONS = (operations, api_costs.operations, api_hubs.operations)
_PROVED: Final = {"en": "A statement in writing", "zh": "书面说明", "es": "Una declaración por escrito"}
LISTED: Final[dict[str, Any]] = {
    "id": "ret_01jy2d8m5nf9abt3k7r6x1q0wz", "order": "ord-90112", "reason": "no_reason", "state": "inspecting",
    "status": "open", "amount": {"minor": 12990, "currency": "USD"}, "requested_at": "2026-06-01T12:00:00Z",
    "law_due_at": "2026-06-15T21:59:59Z",
}  # fmt: skip
FOUND: Final[dict[str, Any]] = LISTED | {
    "step": 3, "authorisation": "R-7X6R1Q0W", "hub": "", "hub_id": None,
    "send_to": "Lindenstr. 4\n10115 Berlin\nDE",
    "statutory": True, "freight": "buyer",
    "can": {"buyer": [], "seller": ["accept", "contest"]},
    "lines": [
        {
            "name": "", "amount_minor": 12990, "reception": "received", "acceptance": "pending", "grade": "",
            "take_off_minor": 0, "late_minor": 0,
        }
    ],
    "compared": [
        {"what": "weight", "finding": "different", "because": "heavier", "left": "420", "back": "900"},
    ],
    "outcomes": [],
}  # fmt: skip


@operation(
    operations, "POST", "/returns", scope=Scope.RETURNS_WRITE, answer=ReturnFound, status=201, example=FOUND,
    sends={"reference": "rma-311", "order": "ord-90112", "reason": "no_reason", "time_zone": "Europe/Berlin"},
    problems=(Code.NOT_FOUND, Code.CONFLICT), speaks=True,
)  # fmt: skip
def request_return(request: Call, sent: ReturnSent) -> HttpResponse:
    """Ask for a return in a buyer's name.

    What law allows is authorised at once; its amount is held, and what was noted when the goods left becomes evidence.
    """
    order, now = lookup("order", sent.order), datetime.now(UTC)
    if order is None:
        raise not_found("order", sent.order)
    ask = Ask(
        f"api/{sent.reference}", order, now, sent.reason, sent.wish, sent.lines, sent.time_zone, sent.duties,
        sent.no_travel,
    )  # fmt: skip
    (made,) = actions.request([ask], _actor(request), Role.ENGINE, at=now)
    return _answer(request, made, status=201)


@operation(
    operations, "GET", "/returns", scope=Scope.RETURNS_READ, answer=ReturnPage,
    example={"items": [LISTED], "next": None}, problems=(Code.INVALID,), for_apps=True,
)  # fmt: skip
def list_returns(request: Call, asked: Query[ReturnsAsked]) -> HttpResponse:
    """List returns, newest first, of one seller or of all."""
    seller = lookup("seller", asked.seller) if asked.seller else None
    if asked.seller and seller is None:
        return answers.respond({"items": [], "next": None})
    found = queries.returns_page(queries.Filtered(seller), after=asked.cursor or "", size=asked.limit)
    return answers.respond({"items": [_listed(one) for one in found.items], "next": found.next or None})


@operation(
    operations, "GET", "/returns/{return_id}", scope=Scope.RETURNS_READ, answer=ReturnFound, example=FOUND,
    problems=(Code.NOT_FOUND,), speaks=True, for_apps=True,
)  # fmt: skip
def get_return(request: Call, return_id: str) -> HttpResponse:
    """Read one return: where it stands, what left beside what came back, what was decided and why."""
    return _answer(request, return_id)


@operation(
    operations, "POST", "/returns/{return_id}/steps", scope=Scope.RETURNS_WRITE, answer=ReturnFound, example=FOUND,
    sends={"role": "buyer", "step": "sent", "carrier": "dhl", "tracking": "00340434292135100186"},
    problems=(Code.NOT_FOUND, Code.CONFLICT), speaks=True,
)  # fmt: skip
def move_return(request: Call, return_id: str, sent: ReturnStepSent) -> HttpResponse:
    """Take a step in a return for one of its parties: sent, withdraw, accept, contest, appeal …

    The shop answers for acting in the name of the party.
    """
    role, now = Role(sent.role), datetime.now(UTC)
    returned = actions.find(return_id)
    actor = _actor(request, sent.words)
    if sent.proof:
        piece = Piece(
            EvidenceKind.DECLARATION, Source(sent.role), sent.proof.encode(), returned.seller_key, now, _PROVED, role,
            case_id=returned.case_id,
        )  # fmt: skip
        collect([piece], actor, at=now)
    actions.step(
        returned.id, sent.step, actor, role, at=now, seen_step=sent.seen_step, hub=sent.hub, carrier=sent.carrier,
        tracking=sent.tracking, send_to=sent.send_to,
    )  # fmt: skip
    return _answer(request, return_id)


@operation(
    operations, "POST", "/returns/{return_id}/evidence", scope=Scope.RETURNS_WRITE, answer=ReturnFound, status=201,
    example=FOUND, sends={"role": "seller", "files": ["iVBORw0KGgo…"]},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.INVALID), speaks=True,
)  # fmt: skip
def bring_to_return(request: Call, return_id: str, sent: ReturnEvidenceSent) -> HttpResponse:
    """Bring pictures and other files to a return for one of its parties; both sides see them, whoever judges too."""
    returned = actions.find(return_id)
    contents = [file_of(f"files.{number}", one) for number, one in enumerate(sent.files)]
    bring_contents(returned, contents, Role(sent.role), _actor(request), at=datetime.now(UTC))
    return _answer(request, return_id, status=201)


@operation(
    operations, "POST", "/returns/{return_id}/messages", scope=Scope.RETURNS_WRITE, answer=ReturnFound, status=201,
    example=FOUND, sends={"role": "buyer", "words": "It went back this morning, with all its parts."},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.INVALID), speaks=True,
)  # fmt: skip
def write_in_return(request: Call, return_id: str, sent: ReturnMessageSent) -> HttpResponse:
    """Write to the other side of a return for one of its parties; the other side is told.

    What the two sides have written to each other stands on their pages alone.
    """
    returned = actions.find(return_id)
    actions.say(returned.id, _actor(request), Role(sent.role), sent.words, at=datetime.now(UTC))
    return _answer(request, return_id, status=201)


@operation(
    operations, "POST", "/return-links", scope=Scope.RETURNS_WRITE, answer=ReturnLinkMade, status=201,
    example={"url": "https://safeconduct.example/returns/NTM1…/"}, sends={"order": "ord-90112"},
    problems=(Code.NOT_FOUND,),
)  # fmt: skip
def make_return_link(request: Call, sent: ReturnLinkSent) -> HttpResponse:
    """Make the link under which a buyer asks for a return of an order and follows it, without an account.

    It is good for 180 days. Whoever has it acts as the buyer: send it to the buyer alone.
    """
    order = lookup("order", sent.order)
    if order is None:
        raise not_found("order", sent.order)
    url = faces.link(request, reverse("returns:show", args=[token_of(order)]))
    return answers.respond({"url": url}, status=201)


def _actor(request: Call, why: str = "") -> Actor:
    return Actor(request.caller.key_id, "machine", why)


def _answer(request: Call, return_id: str, *, status: int = 200) -> HttpResponse:
    language = answers.language_of(request)
    return answers.respond(_found(actions.find(return_id), language), status=status, language=language)


def _listed(one: Return) -> dict[str, Any]:
    return {
        "id": one.id, "order": one.order_ref, "reason": one.reason, "state": one.case.state, "status": one.case.status,
        "amount": {"minor": one.amount_minor, "currency": one.currency},
        "requested_at": answers.written(one.requested_at), "law_due_at": answers.written(one.law_due_at),
    }  # fmt: skip


def _found(one: Return, language: str) -> dict[str, Any]:
    can = {role: [step.name for step in cases.steps_for(one.case, role)] for role in (Role.BUYER, Role.SELLER)}
    return _listed(one) | {
        "step": one.case.step, "authorisation": one.authorisation, "hub": one.hub, "hub_id": one.at_hub_id,
        "send_to": one.send_to,
        "statutory": one.statutory, "freight": one.freight, "can": can,
        "lines": [
            {
                "name": line.name, "amount_minor": line.amount_minor, "reception": line.reception,
                "acceptance": line.acceptance, "grade": line.grade, "take_off_minor": line.take_off_minor,
                "late_minor": line.late_minor,
            }
            for line in queries.lines_of(one)
        ],
        "compared": [
            {"what": c.what, "finding": c.finding, "because": c.because, "left": c.left, "back": c.back}
            for c in queries.compared(one)
        ],
        "outcomes": [_outcome(outcome, language) for outcome in cases.outcomes(one.case_id)],
    }  # fmt: skip


def _outcome(outcome: StoredOutcome, language: str) -> dict[str, Any]:
    paid = None
    if outcome.amount_minor is not None:
        paid = {"minor": outcome.amount_minor, "currency": outcome.currency}
    return {
        "remedy": outcome.remedy, "amount": paid, "liability": outcome.liability, "standing": outcome.standing,
        "rule": outcome.rule, "rule_version": outcome.rule_version, "says": spoken(outcome.told, language),
        "automated": outcome.automated, "decided_role": outcome.decided_role,
        "confirmed_role": outcome.approved_role, "appeal_until": answers.written(outcome.appeal_until),
        "decided_at": answers.written(outcome.at),
    }  # fmt: skip

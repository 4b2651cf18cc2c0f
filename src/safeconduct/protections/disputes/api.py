"""Disputes between buyer and seller: opened by the shop, followed, and moved on by either side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from ninja import Query

from safeconduct.foundation.ids import is_id
from safeconduct.kernel import faces
from safeconduct.kernel.cases.words import MessageKind, Role
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import file_of
from safeconduct.kernel.operations.problems import Code, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.disputes import queries
from safeconduct.protections.disputes.api_documents import (
    FOUND,
    LISTED,
    SENT,
    STEP,
    DisputeFound,
    DisputePage,
    DisputesAsked,
    DisputeSent,
    DisputeStepSent,
    LinkMade,
    LinkSent,
)
from safeconduct.protections.disputes.doing import Asked, do
from safeconduct.protections.disputes.links import token_of
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.disputes.reading import View, view_of

operations = Operations("disputes")
OPERATIONS = (operations,)


@operation(
    operations, "POST", "/disputes", scope=Scope.DISPUTES_WRITE, answer=DisputeFound, status=201, example=FOUND,
    sends=SENT, problems=(Code.NOT_FOUND, Code.CONFLICT), speaks=True,
)  # fmt: skip
def open_dispute(request: Call, sent: DisputeSent) -> HttpResponse:
    """Open a dispute about an order.

    The order's records become evidence, the amount is held once, and the seller's clock starts. An order has one open
    dispute at a time.
    """
    language = answers.language_of(request)
    now = datetime.now(UTC)
    (made,) = open_disputes(
        [
            Request(
                f"api/{sent.reference}", _order(sent.order), sent.type, sent.asked, _actor(request), Opened.API,
                sent.amount_minor, sent.words, sent.time_zone, sent.language, tuple(sent.lines),
            )
        ],
        at=now,
    )  # fmt: skip
    return answers.respond(_found(made, language, now), status=201, language=language)


@operation(
    operations, "GET", "/disputes", scope=Scope.DISPUTES_READ, answer=DisputePage,
    example={"items": [LISTED], "next": None}, problems=(Code.INVALID,), for_apps=True,
)  # fmt: skip
def list_disputes(request: Call, asked: Query[DisputesAsked]) -> HttpResponse:
    """List disputes, newest first, of one seller or of all."""
    after = "" if asked.cursor is None else parts_of(asked.cursor, 1)[0]
    if asked.seller:
        seller = lookup("seller", asked.seller)
        if seller is None:
            return answers.respond({"items": [], "next": None})
        found = queries.of_seller(seller, open_only=asked.open, after=after, size=asked.limit)
    else:
        found = queries.everything(open_only=asked.open, after=after, size=asked.limit)
    return answers.respond({"items": _listed(found.lines), "next": cursor_of(found.next) if found.next else None})


@operation(
    operations, "GET", "/disputes/{dispute_id}", scope=Scope.DISPUTES_READ, answer=DisputeFound, example=FOUND,
    problems=(Code.NOT_FOUND,), speaks=True, for_apps=True,
)  # fmt: skip
def get_dispute(request: Call, dispute_id: str) -> HttpResponse:
    """Read one dispute: whose turn it is, until when, what was offered, decided and why.

    What the two sides have written to each other is not in it.
    """
    language = answers.language_of(request)
    return answers.respond(_found(_one(dispute_id), language, datetime.now(UTC)), language=language)


@operation(
    operations, "POST", "/disputes/{dispute_id}/steps", scope=Scope.DISPUTES_WRITE, answer=DisputeFound, example=FOUND,
    sends=STEP, problems=(Code.NOT_FOUND, Code.CONFLICT), speaks=True,
)  # fmt: skip
def move_dispute(request: Call, dispute_id: str, sent: DisputeStepSent) -> HttpResponse:
    """Do something in a dispute for one of its parties: answer, offer, accept, escalate, bring evidence, appeal …

    The shop answers for acting in the name of the party.
    """
    language, now, found = answers.language_of(request), datetime.now(UTC), _one(dispute_id)
    values = {"words": sent.words, "offer": sent.offer, "remedy": "" if sent.remedy is None else sent.remedy.value}
    if sent.amount_minor is not None:
        values["amount_minor"] = str(sent.amount_minor)
    values |= {"kind": sent.kind.value, "gist": sent.gist}
    content = file_of("file", sent.file) if sent.file else None
    currency = queries.currency_of(found.case_id)
    do(sent.verb, Asked(found, Role(sent.role), _actor(request), values, content, sent.seen_step, currency), at=now)
    return answers.respond(_found(found, language, now), language=language)


@operation(
    operations, "POST", "/dispute-links", scope=Scope.DISPUTES_WRITE, answer=LinkMade, status=201,
    example={"url": "https://safeconduct.example/disputes/NTM1…/"}, sends={"order": "ord-90112"},
    problems=(Code.NOT_FOUND,),
)  # fmt: skip
def make_dispute_link(request: Call, sent: LinkSent) -> HttpResponse:
    """Make the link under which a buyer opens and follows a dispute about an order, without an account.

    It is good for 180 days. Whoever has it acts as the buyer: send it to the buyer alone.
    """
    url = faces.link(request, reverse("disputes:show", args=[token_of(_order(sent.order))]))
    return answers.respond({"url": url}, status=201)


def _actor(request: Call) -> Actor:
    return Actor(request.caller.key_id, "machine")


def _order(ref: str) -> int:
    key = lookup("order", ref)
    if key is None:
        raise not_found("order", ref)
    return key


def _one(dispute_id: str) -> Dispute:
    found = Dispute.objects.filter(case_id=dispute_id).first() if is_id(dispute_id, "cas") else None
    if found is None:
        raise not_found("dispute", dispute_id)
    return found


def _found(dispute: Dispute, language: str, at: datetime) -> dict[str, Any]:
    seller, buyer = view_of(dispute, Role.SELLER, at=at), view_of(dispute, Role.BUYER, at=at)
    (line,) = queries.lines_of([dispute.case_id])
    return _listed([line])[0] | {
        "step": seller.case.step, "lines": list(seller.lines),
        "turns": {role.value: party.turn for role, party in seller.parties.items()},
        "can": {"buyer": sorted(buyer.can), "seller": sorted(seller.can)}, "proves": seller.help.proves.value,
        "rule_says": spoken(seller.help.burden.rule, language),
        "missing": [spoken(gap.shows, language) for gap in seller.help.gaps],
        "offers": _offers(seller), "outcomes": _outcomes(seller, language),
        "evidence": [
            {
                "id": piece.id, "kind": piece.kind, "source": piece.source, "says": spoken(piece.gist, language),
                "sha256": piece.sha256, "captured_at": answers.written(piece.captured_at),
            }
            for piece in seller.pieces
        ],
        "history": [
            {"step": step.name, "to": step.to_state, "role": step.role, "at": answers.written(step.at)}
            for step in seller.past
        ],
        "workflow": seller.workflow.version,
    }  # fmt: skip


def _offers(view: View) -> list[dict[str, Any]]:
    return [
        {
            "id": said.id, "role": said.role.value, "remedy": said.offer.remedy.value,
            "amount": _money(said.offer.amount_minor, said.offer.currency), "state": said.offer_state,
        }
        for said in view.said
        if said.offer is not None and said.kind in (MessageKind.OFFER, MessageKind.PROPOSAL)
    ]  # fmt: skip


def _outcomes(view: View, language: str) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id, "remedy": one.remedy, "amount": _money(one.amount_minor, one.currency),
            "liability": one.liability, "shares": one.shares, "standing": one.standing, "rule": one.rule,
            "rule_version": one.rule_version, "ground": one.category or None, "says": spoken(one.told, language),
            "missing": [spoken(words, language) for words in one.missing], "automated": one.automated,
            "decided_role": one.decided_role, "confirmed_role": one.approved_role,
            "final": one.final, "appeal_until": answers.written(one.appeal_until),
            "decided_at": answers.written(one.at),
        }
        for one in view.outcomes
    ]  # fmt: skip


def _listed(lines: Sequence[queries.Line]) -> list[dict[str, Any]]:
    names = reveal({line.seller_key for line in lines})
    return [
        {
            "id": line.case_id, "number": f"DSP-{line.number}", "order": line.order_ref,
            "seller": names[line.seller_key][1] if line.seller_key in names else None, "type": line.type,
            "state": line.state, "status": line.status, "amount": _money(line.amount_minor, line.currency),
            "due_at": answers.written(line.due_at), "opened_at": answers.written(line.opened_at),
        }
        for line in lines
    ]  # fmt: skip


def _money(minor: int | None, currency: str) -> dict[str, Any] | None:
    return None if minor is None else {"minor": minor, "currency": currency}

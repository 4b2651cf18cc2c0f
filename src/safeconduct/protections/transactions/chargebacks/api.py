"""Banks' disputes over the API: listed, shown, answered and given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from ninja import Query

from safeconduct.foundation.ids import is_id
from safeconduct.kernel.operations import answers as api
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, Problem, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.transactions.chargebacks import answers, earlier_words, queries
from safeconduct.protections.transactions.chargebacks.api_documents import (
    FOUND,
    LISTED,
    READINESS,
    AnswerStaged,
    AnswerSubmitted,
    ChargebackAccepted,
    ChargebackFound,
    ChargebackPage,
    ChargebacksAsked,
    ReadinessAsked,
    ReadinessFound,
)
from safeconduct.protections.transactions.chargebacks.api_people import GIVES_UP, SENDS, ByPerson, person_named
from safeconduct.protections.transactions.chargebacks.dossier import PackRefused
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER
from safeconduct.protections.transactions.chargebacks.models import AnswerKind, AnswerState, BankAnswer, BankDispute
from safeconduct.protections.transactions.chargebacks.readiness import readiness
from safeconduct.protections.transactions.chargebacks.reason_codes import table
from safeconduct.protections.transactions.chargebacks.wording import reason_texts

operations = Operations("chargebacks")


@operation(
    operations, "GET", "/chargebacks", scope=Scope.DISPUTES_READ, answer=ChargebackPage,
    example={"items": [LISTED], "next": None}, problems=(Code.INVALID,), speaks=True, for_apps=True,
)  # fmt: skip
def list_chargebacks(request: Call, asked: Query[ChargebacksAsked]) -> HttpResponse:
    """List banks' disputes, newest first, of one seller or of all."""
    language = api.language_of(request)
    seller = lookup("seller", asked.seller) if asked.seller else None
    if asked.seller and seller is None:
        return api.respond({"items": [], "next": None}, language=language)
    after = "" if asked.cursor is None else parts_of(asked.cursor, 1)[0]
    found = queries.disputes_page(seller, stage=asked.stage, after=after, size=asked.limit)
    following = cursor_of(found.next) if found.next else None
    return api.respond({"items": _listed(found.items, language), "next": following}, language=language)


@operation(
    operations, "GET", "/chargebacks/readiness", scope=Scope.DISPUTES_READ, answer=ReadinessFound, example=READINESS,
    problems=(Code.INVALID, Code.NOT_FOUND),
)  # fmt: skip
def get_readiness(request: Call, asked: Query[ReadinessAsked]) -> HttpResponse:
    """Count how many of the last 180 days' orders Compelling Evidence 3.0 could defend, and what is lacking."""
    seller = lookup("seller", asked.seller) if asked.seller else None
    if asked.seller and seller is None:
        raise not_found("seller", asked.seller)
    found = readiness(datetime.now(UTC), seller=seller, across_sellers=settings.MERCHANT_OF_RECORD == "platform")
    counted = found.as_json()
    return api.respond({"since": counted.pop("from"), **counted})


@operation(
    operations, "GET", "/chargebacks/{chargeback_id}", scope=Scope.DISPUTES_READ, answer=ChargebackFound, example=FOUND,
    problems=(Code.NOT_FOUND,), speaks=True, for_apps=True,
)  # fmt: skip
def get_chargeback(request: Call, chargeback_id: str) -> HttpResponse:
    """Read one: what the bank says, until when it takes an answer, and how complete the answer is."""
    return _shown(found_or_missing(chargeback_id), api.language_of(request))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/answer", scope=Scope.DISPUTES_WRITE, answer=ChargebackFound,
    example=FOUND, sends={"language": "en"}, problems=(Code.NOT_FOUND, Code.CONFLICT), speaks=True,
)  # fmt: skip
def stage_answer(request: Call, chargeback_id: str, sent: AnswerStaged) -> HttpResponse:
    """Put the answer together from what is known now. It is sent by another call, or by a person on the pages."""
    found = found_or_missing(chargeback_id)
    try:
        answers.stage(found.id, _actor(request), datetime.now(UTC), language=sent.language)
    except PackRefused as problem:
        raise Problem(Code.CONFLICT, str(problem)) from problem
    return _shown(found_or_missing(found.id), api.language_of(request))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/submit", scope=Scope.DISPUTES_WRITE, answer=ChargebackFound,
    example=FOUND, sends={"sha256": "5f" * 32, "person": "mei@example.org"},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN), speaks=True,
)  # fmt: skip
def submit_answer(request: Call, chargeback_id: str, sent: AnswerSubmitted) -> HttpResponse:
    """Send the answer that a person has looked at. One that was made anew meanwhile is not sent.

    What nobody looks at is sent twelve hours before the last moment under the seller's standing authorisation.
    """
    found, now = found_or_missing(chargeback_id), datetime.now(UTC)
    actor = person_named(request.caller, sent.person, found.seller_key, SENDS, now)
    answers.submit(found.id, actor, now, sha256=sent.sha256)
    return _shown(found_or_missing(found.id), api.language_of(request))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/accept", scope=Scope.DISPUTES_WRITE, answer=ChargebackFound,
    example=FOUND, sends={"confirm": True, "person": "mei@example.org"},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN), speaks=True,
)  # fmt: skip
def accept_chargeback(request: Call, chargeback_id: str, sent: ChargebackAccepted) -> HttpResponse:
    """Give a dispute up: the buyer keeps the money, it counts as lost, and it cannot be taken back."""
    found, now = found_or_missing(chargeback_id), datetime.now(UTC)
    actor = person_named(request.caller, sent.person, found.seller_key, GIVES_UP, now)
    answers.accept(found.id, actor, now)
    answers.submit(found.id, actor, now, kind=AnswerKind.ACCEPT)
    return _shown(found_or_missing(found.id), api.language_of(request))


@operation(
    operations, "POST", "/chargebacks/{chargeback_id}/send-again", scope=Scope.DISPUTES_WRITE, answer=ChargebackFound,
    example=FOUND, sends={"person": "mei@example.org"}, problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN),
    speaks=True,
)  # fmt: skip
def send_answer_again(request: Call, chargeback_id: str, sent: ByPerson) -> HttpResponse:
    """Send an answer that was not let out, in a lead's name, once what held it has been mended; it is judged anew."""
    found, now = found_or_missing(chargeback_id), datetime.now(UTC)
    answers.send_again(found.id, person_named(request.caller, sent.person, None, (), now), now)
    return _shown(found_or_missing(found.id), api.language_of(request))


def _actor(request: Call) -> Actor:
    return Actor(request.caller.key_id, "machine")


def found_or_missing(chargeback_id: str) -> BankDispute:
    """The dispute with this id. Raises Problem."""
    found = BankDispute.objects.filter(id=chargeback_id).first() if is_id(chargeback_id, "pdp") else None
    if found is None:
        raise not_found("chargeback", chargeback_id)
    return found


def _shown(one: BankDispute, language: str) -> HttpResponse:
    answer = BankAnswer.objects.filter(dispute=one, stage=one.stage).defer("fields", "problem").first()
    now = datetime.now(UTC)
    open_now = one.status in {status.value for status in OPEN_FOR_ANSWER} and one.answerable
    document = _listed([one], language)[0] | {
        "answer": None if answer is None else _answer(answer),
        "may_answer": open_now
        and (answer is None or answer.state == AnswerState.STAGED)
        and (one.due_at is None or one.due_of_table or now < one.due_at),
    }
    return api.respond(document, language=language)


def _answer(answer: BankAnswer) -> dict[str, Any]:
    return {
        "kind": answer.kind, "state": answer.state, "complete": answer.complete, "percent": answer.percent,
        "missing": list(answer.missing.get("required", ())),
        "missing_one_of": [list(group) for group in answer.missing.get("any_of", ())],
        "exhibits": [entry["document"] for entry in answer.manifest],
        "earlier_payments": earlier_words.documents(answer.earlier), "sha256": answer.sha256,
        "staged_at": api.written(answer.staged_at), "sent_at": api.written(answer.sent_at),
    }  # fmt: skip


def _listed(found: Sequence[BankDispute], language: str) -> list[dict[str, Any]]:
    keys = {key for one in found for key in (one.order_key, one.seller_key) if key is not None}
    names = {key: value for key, (_kind, value) in reveal(keys).items()} if keys else {}
    return [
        {
            "id": one.id, "dispute": one.ref, "order": names.get(one.order_key or 0), "seller": names.get(
                one.seller_key or 0
            ),
            "status": one.status, "stage": one.stage, "network": one.network, "network_code": one.network_code,
            "reason": one.reason, "reason_says": _reason(one, language),
            "amount": None
            if one.amount_minor is None or not one.currency
            else {"minor": one.amount_minor, "currency": one.currency},
            "opened_at": api.written(one.opened_at), "due_at": api.written(one.due_at),
            "due_of_table": one.due_of_table, "closed_at": api.written(one.closed_at),
            "reopenable_until": api.written(queries.reopenable_until(one)),
        }
        for one in found
    ]  # fmt: skip


def _reason(one: BankDispute, language: str) -> str:
    texts = reason_texts(table(one.opened_at.date()).codes.get(one.code_key), one.reason)
    return texts.get(language) or texts["en"]

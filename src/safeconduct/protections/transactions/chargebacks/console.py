"""The staff's page of chargebacks: which banks wait, what nobody answered, and answers that are handed in by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.paging import PAGE, Slice
from safeconduct.kernel.parties.models import Seller, StaffRole
from safeconduct.kernel.protection import Held
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.parts import Page, Text, View
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.chargebacks import (
    answers,
    documents,
    earlier_words,
    portal_documents,
    queries,
    sending,
)
from safeconduct.protections.transactions.chargebacks.models import AnswerKind, AnswerState, BankAnswer, BankDispute
from safeconduct.protections.transactions.chargebacks.portal import answer_of, history_of, line_of, words_of
from safeconduct.protections.transactions.chargebacks.weighing import Weighed, weighed
from safeconduct.protections.transactions.chargebacks.wording import measure

#: Why an answer may not leave, and the way out.
_HELD: Final[Mapping[str, Text]] = {
    Held.NOBODY: lazy(
        "Nobody named %(name)s is declared as a recipient of personal data. Declare it under “Transfers”, then send"
        " again."
    ),
    Held.KINDS: lazy(
        "%(name)s is not declared for all of: addresses, contact, devices, messages, orders, payment. End it under"
        " “Transfers” and declare it with these, then send again."
    ),
    Held.THRESHOLD: lazy(
        "More people than a law lets go to %(name)s. Declare it under “Transfers” with what makes it lawful, then send"
        " again."
    ),
}


@require_GET
def disputes(request: StaffRequest) -> HttpResponse:
    """All disputes, newest first, or those that wait, the nearest last day first; each with its answer."""
    waits, now = request.GET.get("view") == "waiting", timezone.now()
    if waits:
        found = Slice(queries.waiting(None, now, limit=PAGE))
    else:
        found = queries.disputes_page(None, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    given = {
        (one.dispute_id, one.stage): one
        for one in BankAnswer.objects.filter(dispute__in=found.items).defer("fields", "manifest")
    }
    language = get_language() or "en"
    worth = weighed([(one, bool((a := given.get((one.id, one.stage))) and a.complete)) for one in found.items], now)
    shops = {one.key: one for one in Seller.objects.filter(key__in={row.seller_key for row in found.items})}
    rows = [
        {
            **_row(one, given.get((one.id, one.stage)), worth[one.id], language, now),
            "seller": shops.get(one.seller_key or 0),
        }
        for one in found.items
    ]
    return page(
        request,
        "transactions/console/chargebacks.html",
        {
            "rows": rows,
            "page": Page(found.next, found.previous, len(found.items)),
            "views": _views(waits=waits),
            "is_lead": request.user.may(StaffRole.LEAD),
        },
    )


def _views(*, waits: bool) -> list[View]:
    here = reverse("console:transactions:chargebacks")
    return [
        View(_("All"), here, current=not waits),
        View(_("Waits for an answer"), f"{here}?view=waiting", current=waits),
    ]


@require_GET
def dispute(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """One dispute: what the answer shows and lacks, what earlier payments prove, the claim it is a part of."""
    one = _found(dispute_id)
    answer = BankAnswer.objects.filter(dispute=one, stage=one.stage).defer("fields").first()
    language, now = get_language() or "en", timezone.now()
    worth = weighed([(one, answer is not None and answer.complete)], now)[one.id]
    order = reveal({one.order_key}) if one.order_key is not None else {}
    context = {
        "row": _row(one, answer, worth, language, now), **answer_of(answer, language),
        "earlier": earlier_words.shown(None if answer is None else answer.earlier), "history": history_of(one),
        "seller": None if one.seller_key is None else Seller.objects.filter(key=one.seller_key).first(),
        "claims": claims_of(one.order_key, language, here=str(one.dispute_key), staff=True),
        "files": portal_documents.listed(documents.of_dispute(one.id)),
        "order_ref": order[one.order_key][1] if one.order_key in order else "",
        "is_lead": request.user.may(StaffRole.LEAD),
    }  # fmt: skip
    return page(request, "transactions/console/chargeback.html", context)


@require_GET
def copy(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """The seller's copy of the answer, with personal data masked: what is looked at before it is sent."""
    one = _found(dispute_id)
    answer = BankAnswer.objects.filter(dispute=one, stage=one.stage).exclude(sha256="").only("id").first()
    if answer is None:
        raise Http404
    with engine_scope():
        pdf = answers.opened(answer.id, "copy")
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{answer.id}.pdf"'
    return response


def _found(dispute_id: str) -> BankDispute:
    one = BankDispute.objects.filter(id=dispute_id).first()
    if one is None:
        raise Http404
    return one


def _row(
    one: BankDispute, answer: BankAnswer | None, worth: Weighed, language: str, now: datetime
) -> dict[str, object]:  # fmt: skip
    """A dispute as the staff see it: its answer, and what can be done about it now."""
    row = line_of(one, language, now)
    staged = answer is not None and answer.state == AnswerState.STAGED
    may = bool(row["open"]) and one.answerable and (one.due_at is None or now < one.due_at)
    giving_up = staged and answer is not None and answer.kind == AnswerKind.ACCEPT
    by_hand = answer is not None and answer.kind == AnswerKind.FIGHT and (
        answer.state == AnswerState.FAILED or (answer.state == AnswerState.QUEUED and answer.next_try_at is None)
    )  # fmt: skip
    return {
        **row, "answer": answer, "may_stage": may and (answer is None or staged),
        "held": _why_held(answer, one.processor),
        "may_submit": may and staged and not giving_up, "may_give_up": may and giving_up, "by_hand": by_hand,
        "measure": measure(answer) if answer is not None and answer.kind == AnswerKind.FIGHT else None,
        "weighed": words_of(worth) if may else None,
    }  # fmt: skip


@require_POST
@for_role(StaffRole.ANALYST)
def stage(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Puts the answer together from the records."""
    return _do(request, dispute_id, answers.stage, _("The answer is ready."))


@require_POST
@for_role(StaffRole.LEAD)
def submit(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Sends it."""
    verb = partial(answers.submit, sha256=request.POST.get("sha256", ""))
    return _do(request, dispute_id, verb, _("The answer goes to the bank. It cannot be changed any more."))


@require_POST
@for_role(StaffRole.LEAD)
def accept(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Makes ready to give it up."""
    return _do(
        request,
        dispute_id,
        answers.accept,
        _("Nothing is told to the bank yet. Confirm it, or put an answer together."),
    )


@require_POST
@for_role(StaffRole.LEAD)
def give_up(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Confirms that it is given up."""
    verb = partial(answers.submit, kind=AnswerKind.ACCEPT)
    return _do(request, dispute_id, verb, _("The dispute is given up; the buyer keeps the money."))


@require_POST
@for_role(StaffRole.LEAD)
def send_again(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Sends an answer that was not let out, when what held it has been mended."""
    return _do(request, dispute_id, answers.send_again, _("The answer is judged anew, and goes if it may."))


@require_POST
@for_role(StaffRole.LEAD)
def hand_in(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """The bank's copy with clear data, for a person who hands it in; from then on it counts as sent."""
    with engine_scope():
        pdf = answers.hand_in(dispute_id, actor_of(request), timezone.now())
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{dispute_id}.pdf"'
    return response


def _why_held(answer: BankAnswer | None, processor: str) -> str:
    """Why an answer was not let out and what to do; empty for every other."""
    if answer is None or not answers.is_held(answer):
        return ""
    name = sending.name_of(processor).capitalize()
    return str(_HELD[answer.problem.removeprefix(sending.HELD)]) % {"name": name}


def _do(
    request: StaffRequest, dispute_id: str, verb: Callable[..., BankAnswer], said_after: str
) -> HttpResponse:  # fmt: skip
    with engine_scope():
        verb(dispute_id, actor_of(request), timezone.now())
    here = reverse("console:transactions:chargeback", args=[dispute_id])
    return done(request, said_after, here if request.POST.get("stay") else reverse("console:transactions:chargebacks"))

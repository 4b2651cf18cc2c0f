"""The staff's page of chargebacks: which banks wait, what nobody answered, and answers that are handed in by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.protection import Held
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.parts import Page, Text
from safeconduct.protections.transactions.chargebacks import answers, queries, sending
from safeconduct.protections.transactions.chargebacks.models import AnswerKind, AnswerState, BankAnswer
from safeconduct.protections.transactions.chargebacks.portal import line_of, words_of
from safeconduct.protections.transactions.chargebacks.weighing import weighed
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
    """All disputes, newest first, each with its answer; those that were handed to the staff are marked."""
    found = queries.disputes_page(None, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    given = {
        (one.dispute_id, one.stage): one
        for one in BankAnswer.objects.filter(dispute__in=found.items).defer("fields", "manifest")
    }
    language, now = get_language() or "en", timezone.now()
    worth = weighed([(one, bool((a := given.get((one.id, one.stage))) and a.complete)) for one in found.items], now)
    rows = []
    for one in found.items:
        answer = given.get((one.id, one.stage))
        row = line_of(one, language)
        staged = answer is not None and answer.state == AnswerState.STAGED
        may = bool(row["open"]) and one.answerable and (one.due_at is None or now < one.due_at)
        giving_up = staged and answer is not None and answer.kind == AnswerKind.ACCEPT
        by_hand = answer is not None and answer.kind == AnswerKind.FIGHT and (
            answer.state == AnswerState.FAILED or (answer.state == AnswerState.QUEUED and answer.next_try_at is None)
        )  # fmt: skip
        rows.append(
            {**row, "answer": answer, "may_stage": may and (answer is None or staged),
             "held": _why_held(answer, one.processor),
             "may_submit": may and staged and not giving_up, "may_give_up": may and giving_up, "by_hand": by_hand,
             "measure": measure(answer) if answer is not None and answer.kind == AnswerKind.FIGHT else None,
             "weighed": words_of(worth[one.id]) if may else None}
        )  # fmt: skip
    return page(
        request,
        "transactions/console/chargebacks.html",
        {"rows": rows, "page": Page(found.next, found.previous, len(found.items))},
    )


@require_POST
@for_role(StaffRole.ANALYST)
def stage(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Puts the answer together from the records."""
    return _do(request, dispute_id, answers.stage, _("The answer is ready."))


@require_POST
@for_role(StaffRole.LEAD)
def submit(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """Sends it."""
    return _do(request, dispute_id, answers.submit, _("The answer goes to the bank. It cannot be changed any more."))


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
    return done(request, said_after, reverse("console:transactions:chargebacks"))

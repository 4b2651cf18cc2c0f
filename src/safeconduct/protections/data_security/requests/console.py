"""The staff's pages of requests: what waits, one request with its identity check, its time, its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.case_pages import term_words
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import engine_scope, savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Moment, Page, View
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.requests import actions, queries
from safeconduct.protections.data_security.requests.files import served
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.terms import law_of, rules
from safeconduct.protections.data_security.requests.words import IDENTIFIED, KINDS, STATES, STEPS, Kind, State
from safeconduct.protections.data_security.words import SURE

#: What staff can do with a request → the action; each takes the reason that was written.
ACTS: Final[dict[str, Callable[..., None]]] = {
    "identify": actions.identify_by_staff,
    "extend": actions.extend,
    "approve": actions.approve,
    "answer": actions.answer,
    "refuse": lambda key, actor, at: actions.answer(key, actor, at=at, refuse=True),
}


@require_GET
@for_role(StaffRole.LEAD)
def requests(request: StaffRequest) -> HttpResponse:
    """Requests that wait, by when they are due; or those that were answered."""
    answered = request.GET.get("show") == "answered"
    found = queries.requests_page(
        open_ones=not answered, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    here = reverse("console:data_security:requests")
    context = {
        "rows": [_row(one) for one in found.items], "answered": answered,
        "page": Page(found.next, found.previous, len(found.items)),
        "views": [
            View(_("Waiting"), here, current=not answered),
            View(_("Answered"), f"{here}?show=answered", current=answered),
        ],
    }  # fmt: skip
    return page(request, "data_security/console/requests.html", context)


@require_GET
@for_role(StaffRole.LEAD)
def one(request: StaffRequest, request_id: str) -> HttpResponse:
    """One request."""
    found = _found(request_id)
    rule = rules()[found.rule]
    context = {
        **_row(found), "words": actions.words_of(found), "rule": rule, "sure": SURE[rule.sure],
        "term": term_words(rule.term), "longer_term": term_words(rule.extension) if rule.extension else "",
        "longer": found.statement.get("extended_because", ""),
        "answer": {
            "kept": queries.kept_in(found.statement), "gone": queries.gone_in(found.statement),
            "says": found.statement.get("says", ""), "longer": found.statement.get("extended_because", ""),
            "receipt": _receipt_url(found),
        },
        "may_identify": found.state == State.ASKED,
        "may_extend": found.open and found.extended_at is None and rule.extension is not None,
        "may_approve": found.kind == Kind.ERASURE and found.state == State.IDENTIFIED,
        "may_answer": found.kind == Kind.CORRECTION and found.state == State.IDENTIFIED,
        "may_refuse": found.open and found.state != State.APPROVED,
        "history": [Moment(STEPS[step.verb], step.at, step.why) for step in history.of(found.id)],
    }  # fmt: skip
    return page(request, "data_security/console/request.html", context)


@require_GET
@for_role(StaffRole.LEAD)
def receipt(request: StaffRequest, request_id: str) -> HttpResponse:
    """What was erased and what stays, signed: for whoever asks by letter."""
    found = _found(request_id)
    with engine_scope():
        return served(found, actions.receipts_of(found, actor_of(request), at=timezone.now()))


@require_POST
@for_role(StaffRole.LEAD)
def act(request: StaffRequest, request_id: str, verb: str) -> HttpResponse:
    """Does something with a request; a refusal is said on its page."""
    found = _found(request_id)
    url = reverse("console:data_security:request", args=[found.id])
    if verb not in ACTS:
        raise Http404
    try:
        with savepoint():
            ACTS[verb](found.id, actor_of(request, request.POST.get("reason", "")[:4000]), at=timezone.now())
    except DataSecurityError as problem:
        return page_again(request, problem, url)
    return done(request, _("Done. It stands in the history."), url)


def _row(one: DataRequest) -> dict[str, object]:
    return {
        "one": one, "kind": KINDS[one.kind], "tone": STATES[one.state][0], "word": STATES[one.state][1],
        "who": str(one.person) if one.person is not None else _("a buyer"), "identified": IDENTIFIED[one.identified],
        "law": law_of(one.rule),
    }  # fmt: skip


def _receipt_url(one: DataRequest) -> str:
    return reverse("console:data_security:request_receipt", args=[one.id]) if one.statement.get("receipts") else ""


def _found(request_id: str) -> DataRequest:
    found = queries.request_of(request_id)
    if found is None:
        raise Http404
    return found

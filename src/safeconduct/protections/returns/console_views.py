"""The staff's pages of returns: what has to be judged, one return with its grading, a seller's claim on the fund."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.buyer_pages import bundled, served
from safeconduct.kernel.cases import blind, macros, seats
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.labels import LIABILITIES, REMEDIES
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Status
from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.desk_pages import desk
from safeconduct.kernel.judging_pages import panel
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.outside_pages import of_staff
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Choice, Filter, Page
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.protections.returns import actions, advice, judging, queries, reimbursing, sheet
from safeconduct.protections.returns.errors import JudgementRefused, ReturnsError
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.portal_words import (
    CLAIMED,
    COST_PAYERS,
    COSTS,
    GRADES,
    REASONS,
    RECEPTIONS,
    STATUSES,
)
from safeconduct.protections.returns.words import Claimed, Grade, Payer, Reason, Reception

#: The filter for what waits for a second person.
_SECOND: Final = "second"
_KEPT: Final = lazy("Kept. A second person confirms it, because of the amount; nothing moves until then.")
#: Who may judge in which state of a case.
_SEATS: Final = {"judging": Role.ARBITER, "appealed": Role.REVIEWER}
#: Who can have paid freight or duty.
_CAN_PAY: Final = (Payer.SELLER, Payer.BUYER, Payer.PLATFORM)
REFUSALS: Final = (CasesError, ReturnsError)


@require_GET
def returns(request: StaffRequest) -> HttpResponse:
    """Returns, the newest first; those that wait for a person by default."""
    given = request.GET.get("status", "")
    status = given or Status.UNDER_REVIEW.value
    wanted = queries.Filtered(status=status if status in set(Status) else "", second_person=given == _SECOND)
    found = queries.returns_page(wanted, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    states = [Choice(state.value, word) for state, (_tone, word) in STATUSES.items() if state != Status.UNDER_REVIEW]
    waits = STATUSES[Status.UNDER_REVIEW][1]
    context = {
        "rows": [
            {"one": one, "status": STATUSES[Status(one.case.status)], "reason": REASONS[Reason(one.reason)]}
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
        "filters": [Filter("status", _("State"), [*states, *_beside()], given, everything=waits)],
    }  # fmt: skip
    return page(request, "returns/console/returns.html", context)


def _beside() -> list[Choice]:
    return [Choice(_SECOND, _("waits for a second person")), Choice("any", _("any"))]


@require_GET
def one(request: StaffRequest, return_id: str) -> HttpResponse:
    """One return: the comparison, the evidence, what the policy advises, and the panel that grades and decides."""
    returned, reader = _found(return_id), reader_of(request)
    claim = queries.reimbursement_of(returned)
    case_ids = [returned.case_id, *([] if claim is None else [claim.case_id])]
    for case_id in case_ids:
        if review := blind.reads_blind(case_id, request.user):
            return HttpResponseRedirect(reverse("console:blind_review", args=[review]))
    held = seats.holders(case_ids)
    context = {
        **sheet.of_return(returned, reader, Role.ARBITER), "seen": returned.case.step,
        "base": reverse("console:returns:return", args=[returned.id]),
        "second": panel(returned.case, request.user, reader.language),
        "claim_second": None if claim is None else panel(claim.case, request.user, reader.language),
        "cost_kinds": list(COSTS.items()), "cost_payers": [(who, COST_PAYERS[who]) for who in _CAN_PAY],
        "may_decide": returned.case.state in _SEATS, "grades": list(GRADES.items()),
        "receptions": list(RECEPTIONS.items()), "advice": advice.of_return(returned),
        "claim": None if claim is None else {"row": claim, "ground": CLAIMED[Claimed(claim.ground)]},
        "claim_sheet": None if claim is None else sheet.of_case(claim.case, reader.language),
        "may_decide_claim": claim is not None and claim.case.state in _SEATS,
        "desk": desk(
            returned.case, request.user, order_ref=returned.order_ref, macro_id=request.GET.get("macro", ""),
            language=reader.language, at=timezone.now(),
        ),
        "holder": held.get((returned.case_id, _seat(returned.case.state))),
        "claim_holder": None if claim is None else held.get((claim.case_id, _seat(claim.case.state))),
        "precedents": _precedents(returned, reader.language),
        "claim_evidence": [] if claim is None else sheet.evidence_of(claim.case, reader.language),
        "outside": of_staff(returned.case, request.user, reader.language),
        "claims": claims_of(returned.order_key, reader.language, here=returned.id, staff=True),
        "outside_file": reverse("console:returns:export", args=[returned.id]),
        "claim_outside": claim and of_staff(claim.case, request.user, reader.language),
        "claim_file": claim and reverse("console:case_file", args=[claim.case_id]),
    }  # fmt: skip
    return page(request, "returns/console/return.html", context)


@require_POST
def say(request: StaffRequest, return_id: str) -> HttpResponse:
    """Writes to both sides."""
    returned = _found(return_id)
    url = f"{reverse('console:returns:return', args=[returned.id])}#conversation"
    words = request.POST.get("words", "")
    try:
        with savepoint():
            macros.refuse_gaps("words", words)
            actions.say(returned.id, actor_of(request), Role.OPERATOR, words, at=timezone.now())
    except REFUSALS as problem:
        return _again(request, problem, return_id)
    return done(request, _("Sent. Both sides read it."), url)


@require_GET
def of_case(request: StaffRequest, case_id: str) -> HttpResponse:
    """The page of the return that a case is of, or that its claim on the fund is about."""
    found = queries.of_any_case(case_id)
    if found is None:
        raise Http404
    return HttpResponseRedirect(reverse("console:returns:return", args=[found.id]))


@require_GET
def piece(request: StaffRequest, return_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, as a file to keep."""
    return served(_found(return_id).case_id, evidence_id, Role.ARBITER, actor_of(request))


@require_GET
def export(request: StaffRequest, return_id: str) -> HttpResponseBase:
    """The return as a ZIP, with all that who judges may open."""
    found = _found(return_id)
    if blind.reads_blind(found.case_id, request.user):
        raise Http404
    return bundled(found.case_id, Role.ARBITER, actor_of(request))


@require_POST
def decide(request: StaffRequest, return_id: str) -> HttpResponse:
    """Grades every line and decides, under the name of who is signed in."""
    returned = _found(return_id)
    url = reverse("console:returns:return", args=[returned.id])
    try:
        with savepoint():
            findings = {line.name: _finding(request, returned, n) for n, line in enumerate(queries.lines_of(returned))}
            moved = judging.decide(
                returned.id, request.user, _seat(returned.case.state), findings, _says(request), at=timezone.now(),
                counts=request.POST.get("counts") == "1", seen_step=_seen(request),
                instead_of=request.POST.get("held_by", ""),
            )  # fmt: skip
    except REFUSALS as problem:
        return _again(request, problem, return_id)
    return done(
        request, str(_KEPT) if moved.proposal else _("Decided. Both sides read your reasons, and can appeal."), url
    )  # fmt: skip


@require_POST
def reimbursement(request: StaffRequest, return_id: str) -> HttpResponse:
    """Decides the seller's claim on the fund; the fund pays with the decision."""
    returned = _found(return_id)
    url, claim = reverse("console:returns:return", args=[returned.id]), queries.reimbursement_of(returned)
    if claim is None:
        raise Http404
    try:
        with savepoint():
            moved = reimbursing.decide(
                claim, request.user, _seat(claim.case.state), _amount(request, "amount", returned.currency),
                _says(request), at=timezone.now(), considered=tuple(request.POST.getlist("evidence")[:50]),
                seen_step=_seen(request), instead_of=request.POST.get("held_by", ""),
            )  # fmt: skip
    except REFUSALS as problem:
        return _again(request, problem, return_id)
    return done(
        request, str(_KEPT) if moved.proposal else _("Decided. The seller reads your reasons, and can appeal."), url
    )  # fmt: skip


def _precedents(returned: Return, language: str) -> list[dict[str, object]]:
    return [
        {
            "return_id": return_id, "order": order_ref, "gets": REMEDIES[Remedy(remedy)], "rule": rule,
            "pays": LIABILITIES[Liability(liability)], "reasons": spoken(told, language), "at": at,
        }
        for return_id, order_ref, remedy, liability, rule, told, at in queries.precedents(returned)
    ]  # fmt: skip


def _finding(request: StaffRequest, returned: Return, number: int) -> judging.Finding:
    given = request.POST
    grade, reception = given.get(f"grade_{number}", ""), given.get(f"reception_{number}", "")
    if grade not in set(Grade):
        raise JudgementRefused(_("Every line needs a grade."), "grade")
    return judging.Finding(
        Grade(grade), _amount(request, f"take_off_{number}", returned.currency),
        _amount(request, f"late_{number}", returned.currency), tuple(given.getlist("evidence")[:50]),
        Reception(reception) if reception in set(Reception) else None,
    )  # fmt: skip


def _amount(request: StaffRequest, name: str, currency: str) -> int:
    text = request.POST.get(name, "").strip()
    if not text:
        return 0
    try:
        return Money.parse(text, currency).minor
    except MoneyError as problem:
        raise ReturnsError(str(problem), name) from None


def _says(request: StaffRequest) -> dict[str, str]:
    language, said = (get_language() or "en").split("-")[0], request.POST.get("reason", "").strip()
    macros.refuse_gaps("reason", said)
    return {language: said}


def _seat(state: str) -> Role:
    return _SEATS.get(state, Role.ARBITER)


def _seen(request: StaffRequest) -> int | None:
    text = request.POST.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _found(return_id: str) -> Return:
    found = queries.return_of(return_id)
    if found is None:
        raise Http404
    return found


def _again(request: StaffRequest, problem: Exception, return_id: str) -> HttpResponse:
    """The page of the return, with why an act was refused and what was written for it."""
    here = reverse("console:returns:return", args=[return_id])
    return page_again(request, problem, here)

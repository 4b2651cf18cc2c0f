"""The staff's pages of account cases."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.parties.security_events import SECURITY, origin_of
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, page
from safeconduct.kernel.ui.parts import Choice, Filter, Page
from safeconduct.kernel.vault.data_keys import reading_for
from safeconduct.protections.accounts.sign_in import account_cases as cases
from safeconduct.protections.accounts.sign_in.words import FINDINGS
from safeconduct.protections.accounts.words import sentence_of


@require_GET
def account_cases(request: StaffRequest) -> HttpResponse:
    """Cases that wait for a person by default, the newest first."""
    decided = request.GET.get("show") == "decided"
    found = cases.listed(
        is_open=not decided, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    context = {
        "rows": [(case, sentence_of(case.event), _finding(case.finding)) for case in found.items],
        "page": Page(found.next, found.previous, len(found.items)), "decided": decided,
        "filters": [Filter("show", _("Cases"), [Choice("decided", _("decided"))], "decided" if decided else "")],
    }  # fmt: skip
    return page(request, "accounts/console/cases.html", context)


@require_GET
def account_case(request: StaffRequest, case_id: str) -> HttpResponse:
    """One case: who, what happened, what is frozen, and what was found."""
    case = cases.one(case_id)
    if case is None:
        raise Http404
    with reading_for(SECURITY):
        origin = origin_of(case.event)
    context = {
        "case": case, "sentence": sentence_of(case.event), "finding": _finding(case.finding),
        "sellers": cases.sellers_of(case), "findings": [(key, *words) for key, words in FINDINGS.items()],
        "accounts": len(case.frozen.get("payout_accounts", [])), "keys": len(case.frozen.get("keys", [])),
        "origin": origin, "locked": case.event.kind == "account_locked",
    }  # fmt: skip
    return page(request, "accounts/console/case.html", context)


@require_POST
def decide(request: StaffRequest, case_id: str) -> HttpResponse:
    """A person says what it was."""
    cases.decide(case_id, request.POST.dict(), actor_of(request), timezone.now())
    return done(
        request, _("Kept. What is frozen stays frozen until two people give it back."),
        reverse("console:accounts:account_case", args=[case_id]),
    )  # fmt: skip


def _finding(key: str) -> str:
    return str(FINDINGS[key][0]) if key in FINDINGS else ""

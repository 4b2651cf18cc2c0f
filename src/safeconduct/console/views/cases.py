"""The queue of cases of all kinds, and one allowed step for several of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, back_to, page, staff_page
from safeconduct.kernel.cases import assigning, bulk, desk, publishing, second_person
from safeconduct.kernel.cases.bulk import Order, Planned, Verb
from safeconduct.kernel.cases.errors import CaseMalformed, CasesError
from safeconduct.kernel.cases.kinds import kind_of, kinds, names_of
from safeconduct.kernel.cases.labels import PARTY, SEATS
from safeconduct.kernel.cases.models import Case, Deadline
from safeconduct.kernel.cases.words import PARTIES, Role
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import Seller, StaffRole, User
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import staff_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.formats import country_name, language_name
from safeconduct.kernel.ui.parts import Choice, Filter, Page, View

_VIEWS: Final[dict[desk.View, str | Promise]] = {
    desk.View.ALL: lazy("All"), desk.View.MINE: lazy("Mine"), desk.View.SOON: lazy("Due within 4 hours"),
    desk.View.APPEALS: lazy("Appeals that are not mine"), desk.View.SECOND: lazy("Waits for a second person"),
    desk.View.PARTIES: lazy("The parties act"),
}  # fmt: skip
_VERBS: Final[dict[Verb, str | Promise]] = {
    Verb.ASK: lazy("Ask both for evidence"), Verb.MEDIATE: lazy("Take as mediator"),
    Verb.EXTEND: lazy("Extend the deadline"), Verb.ASSIGN: lazy("Assign"),
}  # fmt: skip
#: Colleagues to whom a case can be assigned on the page in between.
_MOST_PEOPLE: Final = 200


@require_GET
@staff_page()
def queue(request: StaffRequest) -> HttpResponse:
    """What waits for the platform, or for the parties, the nearest deadline first."""
    given, now, language = request.GET, timezone.now(), get_language() or "en"
    wanted = _wanted(request)
    found = desk.waiting(wanted, request.user.id, now, after=given.get("after", ""), before=given.get("before", ""))
    context = {
        "rows": _rows(found.items, language), "page": Page(found.next, found.previous, len(found.items)),
        "views": [
            View(label, f"?view={view}" if view else "?", current=view is wanted.view) for view, label in _VIEWS.items()
        ],
        "filters": _filters(wanted, language), "filtered": bool(wanted.kind or wanted.country or wanted.language),
        "here": request.get_full_path(),
    }  # fmt: skip
    return page(request, "console/cases.html", "cases", context)


@require_POST
@staff_page()
def plan(request: StaffRequest) -> HttpResponse:
    """The page in between: what would happen for each chosen case, and what is refused and why. Nothing happens yet."""
    back = back_to(request, reverse("console:cases"))
    try:
        order = _order(request)
        found = _planned(request, order)
    except CasesError as problem:
        return page_again(request, problem, back)
    return page(request, "console/cases_plan.html", "cases", _plan_context(request, order, found, back))


@require_POST
@staff_page(scoped=False)
def do(request: StaffRequest) -> HttpResponseBase:
    """Does it, each case in a transaction of its own, and tells what became of each."""
    back = back_to(request, reverse("console:cases"))
    try:
        with staff_scope():
            order = _order(request)
            order.check()
            chosen = _chosen(request)
    except CasesError as problem:
        with staff_scope():
            return _again(request, problem, back)
    results = [(case_id, _one(order, case_id, step)) for case_id, step in chosen]
    with staff_scope():
        cases = {case.id: case for case in desk.by_id([case_id for case_id, _problem in results])}
        called = names_of((case.kind, case.id) for case in cases.values())
        context = {
            "results": [
                {
                    "case_id": case_id, "name": called.get(case_id, ""), "url": _url(cases.get(case_id)),
                    "problem": problem,
                }
                for case_id, problem in results
            ],
            "done": sum(1 for _case, problem in results if not problem), "verb": _VERBS[order.verb], "back": back,
            "refused": sum(1 for _case, problem in results if problem),
        }  # fmt: skip
        return page(request, "console/cases_done.html", "cases", context)


def _one(order: Order, case_id: str, step: int) -> str:
    """Does it for one case; what was refused, or ""."""
    try:
        with staff_scope():
            bulk.do(order, case_id, step, at=timezone.now())
    except (CasesError, Refusal) as problem:
        return str(problem)
    return ""


def _again(request: StaffRequest, problem: CasesError, back: str) -> HttpResponse:
    """The page in between once more, with what is wrong; the queue where there is nothing to plan."""
    try:
        order = _order(request)
        found = _planned(request, order)
    except CasesError:
        return page_again(request, problem, back)
    context = {**_plan_context(request, order, found, back), "problem": str(problem)}
    return page(request, "console/cases_plan.html", "cases", context, status=422)


def _planned(request: StaffRequest, order: Order) -> list[Planned]:
    language = get_language() or "en"
    return bulk.planned(order, request.POST.getlist("id"), language)


def _plan_context(request: StaffRequest, order: Order, found: Sequence[Planned], back: str) -> dict[str, object]:
    workflows = publishing.by_id([one.case.workflow_id for one in found])
    language = get_language() or "en"
    called = names_of((one.case.kind, one.case.id) for one in found)
    leads = request.user.may(StaffRole.LEAD) and order.verb is Verb.ASSIGN
    return {
        "rows": [
            {
                "one": one, "url": _url(one.case), "name": called.get(one.case.id, ""), "kind": spoken(workflows[one.case.workflow_id].title, language),
                "state": spoken(workflows[one.case.workflow_id].states[one.case.state].title, language),
            }
            for one in found
        ],
        "verb": order.verb.value, "title": _VERBS[order.verb], "why": order.why, "to": order.receiver, "back": back,
        "people": _people() if leads else [], "asks_why": order.verb is Verb.EXTEND,
        "allowed": sum(1 for one in found if not one.refused), "refused": sum(1 for one in found if one.refused),
    }  # fmt: skip


def _people() -> list[User]:
    rows = User.objects.filter(is_active=True).exclude(staff_role=StaffRole.NONE)
    return sorted(rows.order_by("id")[:_MOST_PEOPLE], key=str)


def _order(request: StaffRequest) -> Order:
    given = request.POST
    try:
        verb = Verb(given.get("do", ""))
    except ValueError:
        raise CaseMalformed("do", _("is nothing that can be done for several cases at once")) from None
    return Order(verb, request.user, given.get("why", ""), _receiver(request) if verb is Verb.ASSIGN else None)


def _receiver(request: StaffRequest) -> User:
    wanted = request.POST.get("to", "")
    if wanted in ("", request.user.id):
        return request.user
    found = User.objects.filter(id=wanted).first()
    if found is None:
        raise CaseMalformed("to", _("is nobody of the staff"))
    return found


def _chosen(request: StaffRequest) -> list[tuple[str, int]]:
    """The cases of the page in between, each with the step it was read at. Raises CaseMalformed."""
    ids = list(dict.fromkeys(request.POST.getlist("id")))
    if not 0 < len(ids) <= bulk.MOST:
        raise CaseMalformed("id", _("choose 1 to %(most)s cases") % {"most": bulk.MOST})
    found = []
    for case_id in ids:
        seen = request.POST.get(f"seen_{case_id}", "")
        if not (seen.isdecimal() and len(seen) < 9):
            raise CaseMalformed("seen", _("is missing; choose the cases in the queue again"))
        found.append((case_id, int(seen)))
    return found


def _wanted(request: StaffRequest) -> desk.Wanted:
    given = request.GET
    view = given.get("view", "")
    kind = given.get("kind", "")
    return desk.Wanted(
        desk.View(view) if view in set(desk.View) else desk.View.ALL, kind if kind in kinds() else "",
        given.get("country", "")[:2], given.get("language", "")[:16],
    )  # fmt: skip


def _filters(wanted: desk.Wanted, language: str) -> list[Filter]:
    titles = publishing.in_force(kinds().keys(), timezone.now())
    named = sorted((spoken(workflow.title, language), name) for name, (_id, workflow) in titles.items())
    return [
        Filter("kind", _("Kind"), [Choice(name, title) for title, name in named], wanted.kind),
        Filter(
            "country",
            _("Country"),
            [Choice(code, country_name(code, language)) for code in desk.countries()],
            wanted.country,
        ),
        Filter(
            "language",
            _("Language"),
            [Choice(code, language_name(code, language)) for code in desk.languages()],
            wanted.language,
        ),
    ]


def _rows(clocks: Sequence[Deadline], language: str) -> list[dict[str, object]]:
    ids = [clock.case_id for clock in clocks]
    workflows = publishing.by_id([clock.case.workflow_id for clock in clocks])
    seats, cared, waits = desk.seats_in(ids), assigning.of_cases(ids), second_person.waiting_cases(ids)
    sides = desk.languages_in(ids)
    called = names_of((clock.case.kind, clock.case_id) for clock in clocks)
    sellers = {s.key: s for s in Seller.objects.filter(key__in={clock.case.seller_key for clock in clocks})}
    found: list[dict[str, object]] = []
    for clock in clocks:
        case, workflow = clock.case, workflows[clock.case.workflow_id]
        state = workflow.states[case.state]
        found.append({
            "clock": clock, "case": case, "kind": spoken(workflow.title, language), "url": _url(case),
            "state": spoken(state.title, language), "seller": sellers.get(case.seller_key),
            "sides": [
                (PARTY[role], _where(*where, language)) for role, where in sides.get(case.id, {}).items()
                if role in PARTIES
            ],
            "seats": [(seat.person, SEATS[Role(seat.role)]) for seat in seats.get(case.id, [])],
            "cares": cared.get(case.id), "second": case.id in waits, "name": called.get(case.id, ""),
        })  # fmt: skip
    return found


def _where(country: str, spoken_there: str, language: str) -> str:
    """A side's country and language by their names, as far as they are known."""
    tongue = spoken_there.split("-")[0]
    names = (country and country_name(country, language), tongue and language_name(tongue, language))
    return " · ".join(filter(None, names))


def _url(case: Case | None) -> str:
    return "" if case is None else kind_of(case.kind).console_url.replace("{id}", case.id)

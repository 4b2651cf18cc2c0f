"""Bodies outside the marketplace: which it names, and the cases that sellers and buyers have taken there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, back_to, done, page, staff_page
from safeconduct.console.forms import OutsideBodyForm
from safeconduct.console.views.judging import url_of
from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.buyer_pages import bundled
from safeconduct.kernel.cases import blind, bodies, correcting, publishing, queries, referrals, seats
from safeconduct.kernel.cases.bodies import Draft
from safeconduct.kernel.cases.correcting import Corrected
from safeconduct.kernel.cases.errors import CaseMalformed, CasesError, NoSuchBody, NoSuchCase, NoSuchReferral
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.models import Referral
from safeconduct.kernel.cases.outside_telling import state_of
from safeconduct.kernel.cases.redress import laws
from safeconduct.kernel.cases.referrals import Answer
from safeconduct.kernel.cases.words import BodyWay, Finding, Role, Standing
from safeconduct.kernel.decisions.errors import NotFound, RoleNeeded
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.outside_pages import BY, WAYS
from safeconduct.kernel.parties.models import Seller, StaffRole
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page, View

#: The views of the list of cases.
_VIEWS: Final = ("", "all")
_WHOSE: Final = {Role.SELLER: lazy("sellers' cases"), Role.BUYER: lazy("buyers' cases")}


@require_GET
@staff_page()
def taken(request: StaffRequest) -> HttpResponse:
    """Cases that sellers and buyers have taken outside: those that are not over, the oldest first; or all, the newest first."""
    everything, language = request.GET.get("view") == "all", get_language() or "en"
    found = referrals.listed(
        open_only=not everything, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    names = {s.key: s for s in Seller.objects.filter(key__in={one.seller_key for one in found.items})}
    titles, here = _titles(), reverse("console:outside")
    context = {
        "rows": [
            {
                "one": one, "state": spoken(state_of(one), language), "kind": titles.get(one.case.kind, one.case.kind),
                "url": url_of(one.case), "seller": names.get(one.seller_key), "way": WAYS[BodyWay(one.body.way)], "by": BY[Role(one.referred_role)],
            }
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
        "views": [
            View(_("Not over"), here, current=not everything), View(_("All"), f"{here}?view=all", current=everything),
        ],
    }  # fmt: skip
    return page(request, "console/outside.html", "outside", context)


@require_http_methods(["GET", "POST"])
@staff_page()
def named(request: StaffRequest) -> HttpResponse:
    """The bodies that the marketplace names, what law fixes of each kind, and for leads the form for another."""
    lead, here, titles = request.user.may(StaffRole.LEAD), reverse("console:outside_bodies"), _titles()
    if request.method == "POST" and not lead:
        raise RoleNeeded(StaffRole.LEAD)
    form = OutsideBodyForm(request.POST or None, kinds=titles, ways=[(way.value, WAYS[way]) for way in BodyWay])
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                bodies.name(_draft(form.cleaned_data), request.user, at=timezone.now())
        except CaseMalformed as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return done(request, _("It is named in decisions from now on."), here)
    ended, language = request.GET.get("show") == "ended", get_language() or "en"
    found = bodies.named(ended=ended, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        "rows": [
            {
                "one": one, "way": WAYS[BodyWay(one.way)], "pays": spoken(one.pays, language),
                "kinds": [titles.get(kind, kind) for kind in one.kinds],
                "whose": [_WHOSE[Role(role)] for role in one.takes_from],
            }
            for one in found.items
        ],
        "laws": [
            {"law": law, "way": WAYS[way], "platform": spoken(law.platform, language)}
            for way, several in laws().items()
            for law in several
        ],
        "page": Page(found.next, found.previous, len(found.items)), "form": form if lead else None, "ended": ended,
        "views": [
            View(_("In force"), here, current=not ended), View(_("Ended"), f"{here}?show=ended", current=ended),
        ],
    }  # fmt: skip
    return page(request, "console/outside_bodies.html", "outside", context, status=422 if form.errors else 200)


@require_POST
@staff_page(StaffRole.LEAD)
def end_body(request: StaffRequest, body_id: str) -> HttpResponse:
    """Names a body no more."""
    try:
        bodies.end(body_id, request.user, at=timezone.now())
    except NoSuchBody as problem:
        raise NotFound("body", body_id) from problem
    return done(
        request, _("It is named no more. Cases that are with it stay there."), reverse("console:outside_bodies")
    )


@require_POST
@staff_page()
def act(request: StaffRequest, referral_id: str, verb: str) -> HttpResponse:
    """A step of the staff about a referral; a refusal is told on the page it stands on, which keeps what was written."""
    back = back_to(request, reverse("console:outside"))
    try:
        with savepoint():
            said = _do(request, referral_id, verb, timezone.now())
    except NoSuchReferral:
        raise Http404 from None
    except (CasesError, Refusal) as problem:
        return page_again(request, problem, back)
    return done(request, said, back)


@require_GET
@staff_page()
def case_file(request: StaffRequest, case_id: str) -> HttpResponseBase:
    """A case as a ZIP, as its seller may send it to a body."""
    try:
        found = queries.case(case_id)
    except NoSuchCase:
        raise Http404 from None
    if blind.reads_blind(case_id, request.user):
        raise Http404
    return bundled(found.id, Role.SELLER, Actor(request.user.id, request.user.staff_role))


def _do(request: StaffRequest, referral_id: str, verb: str, at: datetime) -> str:
    given = request.POST
    actor = Actor(request.user.id, Role.OPERATOR.value, given.get("words", ""))
    match verb:
        case "engage":
            referrals.engage(referral_id, actor, at=at)
            return _("Noted. Who took it there is told that the marketplace takes part.")
        case "extend":
            referrals.extend(referral_id, actor, at=at)
            return _("Noted. The longer time runs.")
        case "end":
            referrals.end(referral_id, actor, at=at)
            return _("Ended. Both sides can turn to another body.")
        case "answer":
            referrals.answer(referral_id, _answer(request), actor, at=at)
            return _("Written down. Somebody who has had no seat in the case decides what follows from it.")
        case "seat":
            case_id = Referral.objects.filter(id=referral_id).values_list("case_id", flat=True).first()
            if case_id is None:
                raise NoSuchReferral(referral_id)
            seats.take(case_id, request.user, Role.REVIEWER, at=at, instead_of=given.get("held_by", ""))
            return _("The seat is yours. Decide anew, or say why the finding is not followed.")
        case "correct":
            moved = correcting.decide(referral_id, _corrected(request, referral_id), request.user, at=at)
            if moved.proposal:
                return _("Kept. A second person confirms it, because of the amount; nothing moves until then.")
            return _("Decided anew. Both sides are told, with your reasons; the earlier decision stays in the record.")
        case "refuse":
            referrals.not_follow(referral_id, _sentence(given.get("why", "")), actor, at=at)
            return _("Kept. Both sides read why.")
    raise Http404


def _answer(request: StaffRequest) -> Answer:
    given = request.POST
    try:
        found, day = Finding(given.get("found", "")), date.fromisoformat(given.get("found_on", ""))
    except ValueError:
        raise CaseMalformed("found_on", _("say what the body found, and on which day")) from None
    fees, currency = given.get("fees", "").strip(), given.get("fees_currency", "").strip().upper()
    minor = _minor("fees", fees, currency) if fees else 0
    return Answer(found, day, _sentence(given.get("says", "")), minor, currency if minor else "")


def _corrected(request: StaffRequest, referral_id: str) -> Corrected:
    given = request.POST
    made = Referral.objects.select_related("case").get(id=referral_id)
    try:
        standing = Standing(given.get("standing", ""))
    except ValueError:
        raise CaseMalformed("standing", _("say whether it counts against the seller")) from None
    amount = given.get("amount", "").strip()
    minor = _minor("amount", amount, made.case.currency) if amount else 0
    facts = _sentence(given.get("facts", ""))
    if made.referred_role == Role.BUYER:
        return Corrected(0, standing, facts, minor)
    return Corrected(minor, standing, facts)


def _minor(field: str, text: str, currency: str) -> int:
    try:
        return Money.parse(text.replace(",", "."), currency).minor
    except MoneyError as problem:
        raise CaseMalformed(field, str(problem)) from None


def _sentence(words: str) -> dict[str, str]:
    language = (get_language() or "en").split("-")[0]
    return {language: words.strip()} if words.strip() else {}


def _titles() -> dict[str, str]:
    language, found = get_language() or "en", publishing.in_force(kinds().keys(), timezone.now())
    return {name: spoken(workflow.title, language) for name, (_id, workflow) in found.items()}


def _draft(given: dict[str, Any]) -> Draft:
    return Draft(
        BodyWay(given["way"]), given["name"], given["url"], given["source"], given["read_on"],
        {language: given[f"pays_{language}"] for language in ("en", "zh", "es")}, given["certified_by"],
        given["certified_until"], tuple(given["kinds"]), tuple(given["sellers"].upper().replace(",", " ").split()),
        given["refer_within"].strip(), given["decides_within"].strip(),
        tuple(Role(role) for role in given["takes_from"]),
    )  # fmt: skip

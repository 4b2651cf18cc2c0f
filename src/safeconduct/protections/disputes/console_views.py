"""The staff's pages of disputes: the queue, and one dispute with the matrix of evidence and the panel for deciding.

Who has no seat in a dispute reads it as the one who is to decide next would: offers stay hidden, so that nobody who
has seen them takes the seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.buyer_pages import bundled, served
from safeconduct.kernel.cases import blind, macros, seats, second_person
from safeconduct.kernel.cases import messages as talk
from safeconduct.kernel.cases.grounds import GROUNDS, Ground
from safeconduct.kernel.cases.labels import SEATS as STAFF_SEATS
from safeconduct.kernel.cases.models import Seat
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing, Turn
from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.desk_pages import desk
from safeconduct.kernel.judging_pages import panel
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.outside_pages import of_staff
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page
from safeconduct.kernel.ui.parts import View as Saved
from safeconduct.protections.disputes import actions, queries
from safeconduct.protections.disputes.burden import ClaimType, burdens
from safeconduct.protections.disputes.case_page import context_of
from safeconduct.protections.disputes.doing import offer_of
from safeconduct.protections.disputes.errors import NoSuchDispute, RequestMalformed
from safeconduct.protections.disputes.forms import OfferForm, minor_of
from safeconduct.protections.disputes.guards import DECIDED
from safeconduct.protections.disputes.models import Dispute
from safeconduct.protections.disputes.reading import View, view_of
from safeconduct.protections.disputes.views import REFUSED
from safeconduct.protections.disputes.words import LIABILITIES, REMEDIES, ROLES, SEAT_NAMES, STANDINGS, TURNS

#: State → the seat that acts there.
SEATS: Final[Mapping[str, Role]] = {
    "mediation": Role.MEDIATOR, "adjudication": Role.ARBITER, "appealed": Role.REVIEWER,
}  # fmt: skip
#: Who can bear what is decided, in the order of the panel.
_LIABILITIES: Final = (
    Liability.NOBODY, Liability.SELLER, Liability.CARRIER, Liability.FUND, Liability.PLATFORM, Liability.BUYER,
)  # fmt: skip
_VIEWS: Final = ("", "mine", "soon", "appeals", "second")


@require_GET
def queue(request: StaffRequest) -> HttpResponse:
    """What waits for the platform, the nearest deadline first, in saved views."""
    chosen, language = request.GET.get("view", ""), get_language() or "en"
    found = queries.queue(request.user.id, chosen, timezone.now(), after=request.GET.get("after", ""))
    lines = found.lines
    names = {s.key: s for s in Seller.objects.filter(key__in={line.seller_key for line in lines})}
    seated = _seated([line.case_id for line in lines])
    waiting = second_person.waiting_cases([line.case_id for line in lines])
    labels = {
        "": _("All"), "mine": _("Mine"), "soon": _("Due within 4 hours"), "appeals": _("Appeals that are not mine"),
        "second": _("Waits for a second person"),
    }  # fmt: skip
    context = {
        "rows": [
            {
                "line": line, "title": spoken(burdens()[ClaimType(line.type)].title, language),
                "seller": names.get(line.seller_key), "seats": seated.get(line.case_id, []),
                "acts": ROLES[SEATS.get(line.state, Role.OPERATOR)],
                "second": line.case_id in waiting, "turn": TURNS[Turn(line.turn)],
            }
            for line in lines
        ],
        "views": [
            Saved(labels[name], f"?view={name}" if name else "?", current=name == chosen) for name in _VIEWS
        ],
        "page": Page(found.next, "", len(lines)), "here": request.get_full_path(),
    }  # fmt: skip
    return page(request, "disputes/console/queue.html", context)


@require_GET
def dispute(request: StaffRequest, case_id: str) -> HttpResponse:
    """One dispute for the staff."""
    found = _one(case_id)
    if review := blind.reads_blind(case_id, request.user):
        return HttpResponseRedirect(reverse("console:blind_review", args=[review]))
    held = list(Seat.objects.filter(case_id=case_id).select_related("person").order_by("at"))
    view = view_of(found, _reads_as(request.user.id, held), at=timezone.now())
    language = get_language() or "en"
    outside = of_staff(view.case, request.user, language)
    look = Read(Scene.CASE, ("conversation",), found.seller_key, found.order_key, batch=case_id)
    note([look], actor_of(request), timezone.now())
    mine = next((seat.role for seat in held if seat.person_id == request.user.id), "")
    wanted = SEATS.get(view.case.state)
    holder = next((s.person for s in held if wanted and s.role == wanted and s.left_at is None), None)
    context = {
        **context_of(view, language), "base": reverse("console:disputes:dispute", args=[case_id]),
        "seats": [(STAFF_SEATS[Role(s.role)], s.person, s.left_at) for s in held],
        "wanted": wanted, "wanted_word": wanted and SEAT_NAMES[wanted], "holder": holder, "mine": mine,
        "desk": desk(
            view.case, request.user, order_ref=found.order_ref, macro_id=request.GET.get("macro", ""),
            language=language, at=timezone.now(),
        ),
        "acts": holder is not None and holder.id == request.user.id,
        "offer_form": OfferForm(view.case.currency), "seller": Seller.objects.filter(key=found.seller_key).first(),
        "remedies": [(r.value, REMEDIES[r]) for r in DECIDED],
        "liabilities": [(one.value, LIABILITIES[one]) for one in _LIABILITIES],
        "grounds": [(one.value, GROUNDS[one]) for one in Ground],
        "standings": [(one.value, STANDINGS[one]) for one in (Standing.DOES_NOT_COUNT, Standing.COUNTS)],
        "precedents": _precedents(found, language), "pieces": _pieces(view, language),
        "exports": True, "second": panel(view.case, request.user, language),
        "decides": view.case.state in ("adjudication", "appealed"), "outside": outside,
        "outside_file": reverse("console:disputes:export", args=[case_id]),
        "claims": claims_of(found.order_key, language, here=case_id, staff=True),
    }  # fmt: skip
    context["stops"] = outside.after(context["stops"])
    return page(request, "disputes/console/case.html", context)


@require_GET
def piece(request: StaffRequest, case_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, for those who judge."""
    return served(_one(case_id).case_id, evidence_id, Role.ARBITER, actor_of(request))


@require_GET
def export(request: StaffRequest, case_id: str) -> HttpResponseBase:
    """The dispute as a ZIP, with all that who judges may open."""
    found = _one(case_id)
    if blind.reads_blind(case_id, request.user):
        raise Http404
    return bundled(found.case_id, Role.ARBITER, actor_of(request))


@require_POST
def act(request: StaffRequest, case_id: str, verb: str) -> HttpResponse:
    """Does a verb of the staff; a refusal is told on the page of the dispute, which keeps what was written."""
    found, here = _one(case_id), reverse("console:disputes:dispute", args=[case_id])
    try:
        with savepoint():
            said = _do(request, found, verb, timezone.now())
    except REFUSED as problem:
        return page_again(request, problem, here)
    return done(request, said, here)


def _do(request: StaffRequest, found: Dispute, verb: str, at: datetime) -> str:
    given, case_id = request.POST, found.case_id
    step = given.get("seen_step", "")
    seen = int(step) if step.isdecimal() and len(step) < 9 else None
    words = given.get("words", "")
    match verb:
        case "seat":
            role = SEATS.get(actions.state_of(case_id))
            if role is None:
                raise RequestMalformed("seat", _("nobody has to judge in this state"))
            seats.take(case_id, request.user, role, at=at, instead_of=given.get("held_by", ""))
            return _("The seat is yours. Nobody who had another in this dispute can take it.")
        case "ask_for_evidence" | "mediate":
            actions.take(case_id, verb, actor_of(request, words), Role.OPERATOR, at=at, seen_step=seen)
            return _("Done; the next clock runs.")
        case "no_proposal":
            actions.take(case_id, verb, actor_of(request, words), Role.MEDIATOR, at=at, seen_step=seen)
            return _("Somebody decides now.")
        case "propose":
            terms = {key: str(value) for key, value in given.items()}
            currency = actions.currency_of(case_id)
            if terms.get("amount", "").strip():
                terms["amount_minor"] = str(minor_of(terms["amount"], currency))
            actions.propose(
                case_id, Actor(request.user.id, "mediator"), offer_of(terms, currency), words or "–", at=at,
                seen_step=seen,
            )  # fmt: skip
            return _("Both sides have your proposal.")
        case "decide" | "rule":
            outcome = _outcome(request, found)
            role = Role.ARBITER if verb == "decide" else Role.REVIEWER
            moved = actions.take(
                case_id, verb, Actor(request.user.id, role.value), role, at=at, seen_step=seen, outcome=outcome
            )
            if moved.proposal:
                return _("Kept. A second person confirms it, because of the amount; nothing moves until then.")
            return _("Decided. Both sides are told, with your reasons.")
        case "say":
            macros.refuse_gaps("words", words)
            talk.say(case_id, actor_of(request), Role.OPERATOR, words, at=at)
            return _("Sent. Both sides read it.")
        case "note":
            talk.note(case_id, actor_of(request), words, at=at)
            return _("Noted, for the staff alone.")
    raise RequestMalformed("verb", _("%(verb)s is nothing that the staff can do here") % {"verb": verb})


def _outcome(request: StaffRequest, found: Dispute) -> Outcome:
    """The outcome that the panel says. Missing pieces of the side that had to prove are named by themselves."""
    given, currency = request.POST, actions.currency_of(found.case_id)
    macros.refuse_gaps("facts", given.get("facts", ""))
    try:
        remedy = Remedy(given.get("remedy", ""))
        liability, standing = Liability(given.get("liability", "")), Standing(given.get("standing", ""))
    except ValueError:
        raise RequestMalformed(
            "outcome", _("has three answers: what the buyer gets, who pays, whether it counts")
        ) from None
    ground = given.get("ground", "")
    if ground and ground not in set(Ground):
        raise RequestMalformed("ground", _("is none that can be named; choose one of the list, or none"))
    amount = minor_of(given["amount"], currency) if given.get("amount", "").strip() else None
    if remedy in (Remedy.REFUND, Remedy.REFUND_ON_RETURN) and amount is None:
        amount = actions.amount_of(found.case_id)
    if remedy in (Remedy.NOTHING, Remedy.REPLACEMENT):
        amount = None
    view = view_of(found, Role.ARBITER, at=timezone.now())
    language = (get_language() or "en").split("-")[0]
    return Outcome(
        remedy, liability, standing, f"dispute/{found.type}", view.workflow.version,
        {language: given.get("facts", "").strip()}, amount_minor=amount, currency="" if amount is None else currency,
        category=ground, considered=tuple(given.getlist("considered")),
        missing=tuple(gap.shows for gap in view.help.gaps),
        cure=_sentence(language, given.get("cure", "")), redress=_sentence(language, given.get("redress", "")),
    )  # fmt: skip


def _sentence(language: str, words: str) -> dict[str, str]:
    return {language: words.strip()} if words.strip() else {}


def _one(case_id: str) -> Dispute:
    try:
        return queries.one(case_id)
    except NoSuchDispute:
        raise Http404 from None


def _reads_as(person: str, held: list[Seat]) -> Role:
    """The reader's seat; who has none, or another, reads as the reviewer, who sees least."""
    own = next((Role(seat.role) for seat in held if seat.person_id == person), Role.REVIEWER)
    return Role.REVIEWER if own in (Role.APPROVER, Role.BLIND_REVIEWER) else own


def _seated(case_ids: list[str]) -> dict[str, list[tuple[object, str]]]:
    found: dict[str, list[tuple[object, str]]] = {}
    for seat in Seat.objects.filter(case_id__in=case_ids, left_at=None).select_related("person"):
        found.setdefault(seat.case_id, []).append((STAFF_SEATS[Role(seat.role)], str(seat.person)))
    return found


def _precedents(found: Dispute, language: str) -> list[dict[str, object]]:
    return [
        {
            "number": number, "case_id": case_id, "gets": REMEDIES.get(Remedy(remedy), remedy),
            "pays": LIABILITIES[Liability(liability)], "counts": STANDINGS[Standing(standing)],
            "reasons": spoken(told, language), "at": at,
        }
        for number, case_id, remedy, liability, standing, told, at in queries.precedents(found.type, found.case_id)
    ]  # fmt: skip


def _pieces(view: View, language: str) -> list[tuple[str, str]]:
    return [(piece.id, spoken(piece.gist, language)) for piece in view.pieces]

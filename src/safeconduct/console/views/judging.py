"""Decisions that wait for a second person, and blind second reviews, of all kinds of cases."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, back_to, done, page, staff_page
from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.buyer_pages import served
from safeconduct.kernel.cases import blind, second_person
from safeconduct.kernel.cases.errors import CaseMalformed, CasesError, NoSuchReview
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.labels import LIABILITIES, PARTY, REMEDIES, SEATS, SOURCES, STANDINGS
from safeconduct.kernel.cases.messages import Said
from safeconduct.kernel.cases.models import BlindReview, Case, Deadline
from safeconduct.kernel.cases.queries import workflow_of
from safeconduct.kernel.cases.words import ClockState, Liability, Remedy, Role, Source, Standing
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page

#: Who bears what is decided. Shares are for who decides with effect.
_PAYS: Final = tuple(word for word in LIABILITIES if word is not Liability.SHARED)


@require_GET
@staff_page()
def proposals(request: StaffRequest) -> HttpResponse:
    """What waits for a second person, the oldest first; what is proposed is read on the page of the case."""
    found = second_person.all_waiting(after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    rows = Deadline.objects.filter(case_id__in=[one.case_id for one in found.items], state=ClockState.RUNNING)
    due = {clock.case_id: clock for clock in rows}
    context = {
        "rows": [
            {
                "one": one, "clock": due.get(one.case_id), "kind": _kind(one.case), "url": url_of(one.case),
                "role": SEATS[Role(one.proposed_role)],
            }
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
    }  # fmt: skip
    return page(request, "console/proposals.html", "proposals", context)


@require_POST
@staff_page()
def proposal(request: StaffRequest, proposal_id: str, verb: str) -> HttpResponse:
    """Takes the seat of the second person, confirms, or returns; a refusal is told on the page, which keeps what was written."""
    back, now = back_to(request, reverse("console:proposals")), timezone.now()
    try:
        with savepoint():
            match verb:
                case "seat":
                    second_person.take_seat(
                        proposal_id, request.user, at=now, instead_of=request.POST.get("held_by", "")
                    )
                    said = _("The seat is yours. Read what is proposed, then confirm or return it.")
                case "confirm":
                    second_person.confirm(proposal_id, request.user, at=now)
                    said = _("Confirmed. It takes effect now; both sides are told that two people decided.")
                case "return":
                    second_person.send_back(proposal_id, request.user, request.POST.get("why", ""), at=now)
                    said = _("Returned to its author. The deadline runs on.")
                case _:
                    raise Http404
    except (CasesError, Refusal) as problem:
        return page_again(request, problem, back)
    return done(request, said, back)


@require_GET
@staff_page()
def review(request: StaffRequest, review_id: str) -> HttpResponse:
    """One blind review: the evidence and the words for who has taken it, both outcomes for everyone once it is given."""
    try:
        sheet = blind.sheet(review_id)
    except NoSuchReview:
        raise Http404 from None
    found, language = sheet.review, get_language() or "en"
    mine = found.taken_by_id == request.user.id
    says = kind_of(sheet.case.kind).says
    context = {
        "says": "" if says is None else says(sheet.case.id, language), "review": found, "case": sheet.case, "kind": _kind(sheet.case), "mine": mine, "url": url_of(sheet.case),
        "pieces": [
            (piece, spoken(piece.gist, language), SOURCES[Source(piece.source)])
            for piece in (sheet.pieces if mine else ())
        ],
        "said": _said(sheet, language) if mine else [],
        "remedies": [(word.value, REMEDIES[word]) for word in kind_of(sheet.case.kind).remedies],
        "liabilities": [(word.value, LIABILITIES[word]) for word in _PAYS],
        "standings": [(word.value, text) for word, text in STANDINGS.items()],
        "both": compared(found) if found.given_at is not None else [],
    }  # fmt: skip
    return page(request, "console/blind_review.html", "fairness", context)


@require_POST
@staff_page()
def review_act(request: StaffRequest, review_id: str, verb: str) -> HttpResponse:
    """Takes a blind review, gives its outcome, or (a lead) looks at a disagreement."""
    here, now = reverse("console:blind_review", args=[review_id]), timezone.now()
    try:
        with savepoint():
            match verb:
                case "take":
                    blind.take(review_id, request.user, at=now)
                    said = _("It is yours. You read neither the outcome nor what was offered.")
                case "give":
                    blind.give(review_id, request.user, _given(request, review_id), at=now)
                    said = _("Kept. It changes nothing; where the two differ, a lead looks at it.")
                case "look":
                    blind.look(review_id, request.user, request.POST.get("found", ""), at=now)
                    said = _("Noted. The outcome stands as it is.")
                case _:
                    raise Http404
    except NoSuchReview:
        raise Http404 from None
    except CasesError as problem:
        return page_again(request, problem, here)
    return done(request, said, here)


@require_GET
@staff_page()
def review_piece(request: StaffRequest, review_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, for who reviews blind."""
    found = BlindReview.objects.filter(id=review_id, taken_by=request.user).first()
    if found is None:
        raise Http404
    return served(found.case_id, evidence_id, Role.BLIND_REVIEWER, Actor(request.user.id, request.user.staff_role))


def _said(sheet: blind.Sheet, language: str) -> list[tuple[object, str, datetime]]:
    """Who said what when, messages and the words of steps together."""
    found: list[tuple[object, str, datetime]] = [
        (PARTY.get(said.role, SEATS.get(said.role, "")), _words(said, language), said.at) for said in sheet.said
    ]
    found += [(PARTY[Role(step.role)], step.why, step.at) for step in sheet.steps]
    return sorted(found, key=lambda one: one[2])


def _words(said: Said, language: str) -> str:
    return said.text(language)


def compared(found: BlindReview) -> list[tuple[str, object, object, bool]]:
    """Part, the first outcome's, the blind reviewer's, whether they differ."""
    first = found.outcome
    return [
        (_("The buyer gets"), REMEDIES[Remedy(first.remedy)], REMEDIES[Remedy(found.remedy)], "remedy" in found.differs),
        (
            _("Who pays"), LIABILITIES[Liability(first.liability)], LIABILITIES[Liability(found.liability)],
            "liability" in found.differs,
        ),
        (
            _("Does it count?"), STANDINGS[Standing(first.standing)], STANDINGS[Standing(found.standing)],
            "standing" in found.differs,
        ),
    ]  # fmt: skip


def url_of(case: Case) -> str:
    """The staff's page of a case, or ""."""
    return kind_of(case.kind).console_url.replace("{id}", case.id)


def _kind(case: Case) -> str:
    return spoken(workflow_of(case).title, get_language() or "en")


def _given(request: StaffRequest, review_id: str) -> blind.Given:
    given = request.POST
    case = Case.objects.filter(id__in=BlindReview.objects.filter(id=review_id).values("case_id")).first()
    if case is None:
        raise NoSuchReview(review_id)
    try:
        remedy, liability = Remedy(given.get("remedy", "")), Liability(given.get("liability", ""))
        standing = Standing(given.get("standing", ""))
    except ValueError:
        raise CaseMalformed(
            "outcome", _("has three answers: what the buyer gets, who pays, whether it counts")
        ) from None
    return blind.Given(
        remedy, liability, standing, given.get("says", ""), _amount(given.get("amount", ""), case, remedy)
    )


def _amount(text: str, case: Case, remedy: Remedy) -> int | None:
    """The amount in minor units; all that the case is about, where a full refund names none."""
    if not text.strip():
        return case.amount_minor if remedy is Remedy.REFUND else None
    try:
        return Money.parse(text.strip(), case.currency).minor
    except MoneyError as problem:
        raise CaseMalformed("amount", str(problem)) from None

"""A seller's pages of chargebacks: what banks dispute, what the answer holds, by when it must go, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.claim_pages import claims_of_bank
from safeconduct.kernel.claims.models import Channel
from safeconduct.kernel.claims.whole import paid_for_now
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page
from safeconduct.protections.transactions.chargebacks import (
    answers,
    documents,
    earlier_words,
    early,
    portal_documents,
    portal_early,
    queries,
)
from safeconduct.protections.transactions.chargebacks.dossier import PackRefused
from safeconduct.protections.transactions.chargebacks.mirror import ENDED, OPEN_FOR_ANSWER, Stage, Status
from safeconduct.protections.transactions.chargebacks.models import (
    AnswerKind,
    AnswerState,
    BankAnswer,
    BankDispute,
    DefenceAuthorisation,
    DisputeStep,
)
from safeconduct.protections.transactions.chargebacks.packs import packs
from safeconduct.protections.transactions.chargebacks.reading import said
from safeconduct.protections.transactions.chargebacks.reason_codes import network_name, table
from safeconduct.protections.transactions.chargebacks.weighing import Weighed, weighed
from safeconduct.protections.transactions.chargebacks.wording import measure, reason_of
from safeconduct.protections.transactions.chargebacks.worth import Advice

Text = str | Promise

#: Status → tone and words. *Won* is never said without that the bank can go on.
STATUSES: Final[Mapping[Status, tuple[str, Text]]] = {
    Status.WARNING_NEEDS_RESPONSE: ("warn", lazy("The bank asks")),
    Status.WARNING_UNDER_REVIEW: ("info", lazy("The bank reads the answer")),
    Status.WARNING_CLOSED: ("good", lazy("Question closed")),
    Status.NEEDS_RESPONSE: ("bad", lazy("An answer is needed")),
    Status.UNDER_REVIEW: ("info", lazy("The bank reads the answer")),
    Status.WON: ("good", lazy("Won for now; the bank can reopen it")),
    Status.LOST: ("bad", lazy("Lost")),
    Status.PREVENTED: ("", lazy("Refunded before it began")),
}
#: An answer would come too late, and the bank has not decided yet.
_LATE: Final = lazy("The last day has passed")
STAGES: Final[Mapping[Stage, Text]] = {
    Stage.INQUIRY: lazy("Question of the bank"),
    Stage.CHARGEBACK: lazy("Chargeback"),
    Stage.SECOND_CHARGEBACK: lazy("Second chargeback"),
    Stage.PRE_ARBITRATION: lazy("Before arbitration"),
    Stage.ARBITRATION: lazy("Arbitration"),
}
STEPS: Final[Mapping[str, Text]] = {
    "opened": lazy("The bank opened the dispute"),
    "moved": lazy("The dispute went on"),
    "closed": lazy("The bank decided"),
    "submitted": lazy("The answer was given out to be sent; it cannot be changed any more"),
    "accepted": lazy("The dispute was given up"),
    "sent": lazy("The answer reached the processor"),
    "not_sent": lazy("The processor refused the answer; the marketplace looks at it"),
    "held": lazy("The answer may not leave the country yet; the marketplace looks at it"),
    "sent_again": lazy("The answer was given out to be sent again"),
    "handed_in": lazy("The answer was handed in by hand"),
    "to_staff": lazy("The marketplace takes it over: the last day is near"),
    "warned": lazy("The card's bank had reported the payment as fraud before"),
    "refunded": lazy("A refund was asked for before the bank decided"),
    "document_added": lazy("A file was added for the bank"),
    "document_removed": lazy("A file for the bank was removed"),
}
#: What the numbers say, for people; they decide.
ADVICE: Final[Mapping[Advice, tuple[str, Text]]] = {
    Advice.FIGHT: ("good", lazy("Fighting pays")),
    Advice.ACCEPT: ("warn", lazy("Fighting costs more than it brings")),
    Advice.UNCLEAR: ("", lazy("The numbers do not say")),
}
_MOST_STEPS: Final = 50
#: Warnings, and disputes that wait for an answer.
_MOST_WAITING: Final = 20
#: Disputes of banks about one order.
_MOST_OF_AN_ORDER: Final = 50


@require_GET
def disputes(request: MemberRequest) -> HttpResponse:
    """What waits, the nearest last day first; the list; and the standing authorisation."""
    seller = request.seller.key
    found = queries.disputes_page(seller, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    language, now = get_language() or "en", timezone.now()
    warned = early.of_seller(seller, limit=_MOST_WAITING)
    with engine_scope():
        warnings = portal_early.lines(warned)
    context = {
        "waiting": [line_of(one, language, now) for one in queries.waiting(seller, now, limit=_MOST_WAITING)],
        "rows": [line_of(one, language, now) for one in found.items],
        "warnings": warnings,
        "page": Page(found.next, found.previous, len(found.items)),
        "authorisation": DefenceAuthorisation.objects.filter(seller_key=request.seller.key, revoked_at=None).first(),
    }
    return page(request, "transactions/chargebacks.html", context)


@require_GET
def dispute(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """One dispute: what is asked, what the answer shows and lacks, by when, and what happened."""
    one = _mine(request, dispute_id)
    language, now = get_language() or "en", timezone.now()
    answer = BankAnswer.objects.filter(dispute=one, stage=one.stage).defer("fields", "problem").first()
    found = packs()

    context = {
        **line_of(one, language, now),
        "answer": answer,
        "measure": measure(answer) if answer and answer.kind == AnswerKind.FIGHT else None,
        "claims": claims_of_bank(one.dispute_key, one.order_key, language),
        "earlier": earlier_words.shown(None if answer is None else answer.earlier),
        "weighed": _weighed(one, answer),
        "asked": portal_early.of_inquiry(one),
        "files": portal_documents.listed(documents.of_dispute(one.id)),
        "file_form": portal_documents.form_for(found.of(table(one.opened_at.date()).codes.get(one.code_key))),
        **answer_of(answer, language),
        "may_answer": one.status in {status.value for status in OPEN_FOR_ANSWER}
        and one.answerable
        and (answer is None or answer.state == AnswerState.STAGED)
        and (one.due_at is None or now < one.due_at),
        "wanted": [
            said(found.documents[name].title, language)
            for name in found.of(table(one.opened_at.date()).codes.get(one.code_key)).required
        ],
        "history": history_of(one),
        "for_now": _for_now(one),
    }
    return page(request, "transactions/chargeback.html", context)


@require_GET
def copy(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """The seller's copy of the answer, as PDF, with personal data masked."""
    one = _mine(request, dispute_id)
    answer = BankAnswer.objects.filter(dispute=one, stage=one.stage).exclude(sha256="").only("id").first()
    if answer is None:
        raise Http404
    response = HttpResponse(answers.opened(answer.id, "copy"), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{answer.id}.pdf"'
    return response


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Prepare the answer to a chargeback"))
def stage(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """Makes the answer ready."""
    return _do(request, dispute_id, answers.stage, _("The answer is ready. Look at it, then send it."))


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Send the answer to a chargeback to the bank"))
def submit(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """Sends it."""
    verb = partial(answers.submit, sha256=request.POST.get("sha256", ""))
    return _do(request, dispute_id, verb, _("The answer goes to the bank. It cannot be changed any more."))


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Prepare to give a chargeback up"))
def accept(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """Makes ready to give the dispute up."""
    return _do(
        request, dispute_id, answers.accept, _("Nothing is told to the bank yet. Read what it costs, then confirm.")
    )


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Give a chargeback up"))
def give_up(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """Confirms that it is given up."""
    verb = partial(answers.submit, kind=AnswerKind.ACCEPT)
    return _do(request, dispute_id, verb, _("The dispute is given up; the buyer keeps the money."))


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Let the marketplace answer chargebacks by itself"))
def authorise(request: MemberRequest) -> HttpResponse:
    """Gives the standing authorisation, or takes it back."""
    target, now = reverse("portal:transactions:chargebacks"), timezone.now()
    if request.POST.get("give") == "1":
        answers.authorise(request.seller.key, str(request.user.pk), now)
        return done(request, _("Complete answers go by themselves twelve hours before the last moment."), target)
    answers.revoke(request.seller.key, str(request.user.pk), now)
    return done(request, _("No answer goes by itself any more."), target)


def _do(
    request: MemberRequest, dispute_id: str, verb: Callable[..., BankAnswer], said_after: str
) -> HttpResponse:  # fmt: skip
    one = _mine(request, dispute_id)
    target = reverse("portal:transactions:chargeback", args=[one.id])
    try:
        # The evidence lies where no seller may read: whose dispute it is was checked in the seller's own scope.
        with engine_scope():
            verb(one.id, Actor(str(request.user.pk), request.membership.role), timezone.now())
    except (Refusal, PackRefused) as problem:
        return page_again(request, problem, target)
    return done(request, said_after, target)


def _weighed(one: BankDispute, answer: BankAnswer | None) -> dict[str, object] | None:
    """What fighting is worth, while it can be chosen. The history is the marketplace's: only its figures come here."""
    if one.status not in {status.value for status in OPEN_FOR_ANSWER}:
        return None
    with engine_scope():
        found = weighed([(one, answer is not None and answer.complete)], timezone.now())[one.id]
    return words_of(found)


def _for_now(one: BankDispute) -> list[tuple[str, int]]:
    """(Currency, minor units) that the fund has paid for the dispute's order until the bank decides."""
    if one.order_key is None or one.status in {status.value for status in ENDED}:
        return []
    with engine_scope():
        return sorted((currency, minor) for (_, currency), minor in paid_for_now([one.order_key]).items())


def words_of(found: Weighed) -> dict[str, object]:
    """What was weighed, with the words for it."""
    tone, says = ADVICE[found.advice]
    interval = found.chance.interval
    return {"found": found, "tone": tone, "says": says, "low": interval.low, "high": interval.high}


def _mine(request: MemberRequest, dispute_id: str) -> BankDispute:
    one = BankDispute.objects.filter(id=dispute_id, seller_key=request.seller.key).first()
    if one is None:
        raise Http404
    return one


def answer_of(answer: BankAnswer | None, language: str) -> dict[str, object]:
    """What an answer shows and lacks, in words."""
    documents = packs().documents

    def title(name: str) -> str:
        return said(documents[name].title, language)

    lacks = answer.missing if answer and answer.kind == AnswerKind.FIGHT else {}
    return {
        "shown": [(title(entry["document"]), entry.get("brought")) for entry in answer.manifest] if answer else [],
        "missing": [title(name) for name in lacks.get("required", ())],
        "missing_one_of": [[title(name) for name in group] for group in lacks.get("any_of", ())],
    }


def history_of(one: BankDispute) -> list[tuple[Text, datetime]]:
    """What happened to a dispute, the oldest first."""
    steps = DisputeStep.objects.filter(dispute=one).order_by("id")[:_MOST_STEPS]
    return [(STEPS.get(step.what, step.what), step.at) for step in steps]


def urls_of(order_key: int) -> Callable[[Channel], str]:
    """The pages of those channels of an order's claims that are banks' disputes. One query, in the seller's scope."""
    rows = BankDispute.objects.filter(order_key=order_key).values_list("dispute_key", "id")[:_MOST_OF_AN_ORDER]
    found = {str(key): reverse("portal:transactions:chargeback", args=[dispute]) for key, dispute in rows}
    return lambda channel: found.get(channel.about, "")


def line_of(one: BankDispute, language: str, now: datetime) -> dict[str, object]:
    """What a list says of a dispute, for sellers and staff."""
    code = table(one.opened_at.date()).codes.get(one.code_key)
    is_open = one.status in {status.value for status in OPEN_FOR_ANSWER}
    late = is_open and one.due_at is not None and one.due_at <= now
    tone, word = ("bad", _LATE) if late else STATUSES[Status(one.status)]
    return {
        "dispute": one, "tone": tone, "word": word, "stage": STAGES[Stage(one.stage)],
        "why": reason_of(code, one.reason, language), "open": is_open, "late": late,
        "network": network_name(one.network), "reopenable_until": queries.reopenable_until(one),
    }  # fmt: skip

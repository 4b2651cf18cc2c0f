"""A seller's page of an issuer's early warning, and what can be done before there is a chargeback."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.claims.errors import ClaimsError
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.chargebacks import early
from safeconduct.protections.transactions.chargebacks.foreseen import Early, Foreseen, Matter, foreseen
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER, Stage
from safeconduct.protections.transactions.chargebacks.models import BankDispute, EarlyWarning, WarningState
from safeconduct.protections.transactions.chargebacks.portal_documents import refused

Text = str | Promise

STATES: Final[Mapping[WarningState, tuple[str, Text]]] = {
    WarningState.OPEN: ("warn", pgettext_lazy("early warning", "Decide")),
    WarningState.REFUND: ("good", lazy("Refund asked for")),
    WarningState.WAIT: ("", lazy("You wait")),
}
#: Why an issuer warns, by the names of Stripe's API (radar/early_fraud_warnings, fraud_type), which others map to.
_REASONS: Final[Mapping[str, Text]] = {
    "card_never_received": lazy("The card never reached its holder"),
    "fraudulent_card_application": lazy("The card was applied for by fraud"),
    "made_with_counterfeit_card": lazy("Paid with a counterfeit card"),
    "made_with_lost_card": lazy("Paid with a lost card"),
    "made_with_stolen_card": lazy("Paid with a stolen card"),
    "unauthorized_use_of_card": lazy("Used without its holder's leave"),
    "misc": lazy("Fraud of another kind"),
}
ADVICE: Final[Mapping[Early, tuple[str, Text]]] = {
    Early.REFUND: ("warn", lazy("A refund now costs less than waiting")),
    Early.WAIT: ("good", lazy("Waiting costs less than a refund")),
    Early.UNCLEAR: ("", lazy("The numbers do not say")),
}


def lines(warnings: Sequence[EarlyWarning]) -> list[dict[str, object]]:
    """Warnings as lists show them. In a scope that may read the registry: of the engine or the staff."""
    orders = reveal({one.order_key for one in warnings if one.order_key is not None})
    return [
        {
            "warning": one, "tone": STATES[WarningState(one.state)][0], "word": STATES[WarningState(one.state)][1],
            "order": orders[one.order_key][1] if one.order_key in orders else "–",
            "why": _REASONS.get(one.reason, one.reason.replace("_", " ")),
        }
        for one in warnings
    ]  # fmt: skip


@require_GET
def warning(request: MemberRequest, warning_id: str) -> HttpResponse:
    """One warning: what it means, what waiting costs, what can be done."""
    one = EarlyWarning.objects.filter(id=warning_id, seller_key=request.seller.key).first()
    if one is None:
        raise Http404
    with engine_scope():
        (line,) = lines([one])
        found = foreseen([Matter(one.id, one.amount_minor, one.currency, sent=_sent(one.order_key))], timezone.now())
    return page(request, "transactions/warning.html", {**line, **words_of(found[one.id])})


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Refund an order that its bank warns of"))
def refund(request: MemberRequest, warning_id: str) -> HttpResponse:
    """Pays the buyer back before the bank does."""
    return _do(request, warning_id, early.refund_warned, _("The refund is asked for. Your shop sends it."))


@require_POST
@only_for(MemberRole.FINANCE, MemberRole.SUPPORT, says=lazy("Leave an order that its bank warns of as it is"))
def wait(request: MemberRequest, warning_id: str) -> HttpResponse:
    """Leaves it at that."""
    return _do(request, warning_id, early.wait, _("You wait. If the bank goes on, the dispute appears here."))


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Refund an order that its bank asks about"))
def refund_inquiry(request: MemberRequest, dispute_id: str) -> HttpResponse:
    """A refund in answer to a bank that only asks."""
    target = reverse("portal:transactions:chargeback", args=[dispute_id])
    if not BankDispute.objects.filter(id=dispute_id, seller_key=request.seller.key).exists():
        raise Http404
    try:
        with engine_scope():
            early.refund_asked(dispute_id, _actor(request), timezone.now())
    except (Refusal, ClaimsError) as problem:
        return refused(request, problem, target)
    return done(request, _("The refund is asked for. Your shop sends it."), target)


def of_inquiry(one: BankDispute) -> dict[str, object] | None:
    """What a bank's question costs, while a refund still answers it."""
    if one.stage != Stage.INQUIRY or one.status not in {status.value for status in OPEN_FOR_ANSWER}:
        return None
    with engine_scope():
        matter = Matter(
            one.id, one.amount_minor, one.currency, sent=_sent(one.order_key), code_key=one.code_key, inquiry=True
        )
        return words_of(foreseen([matter], timezone.now())[one.id])


def words_of(found: Foreseen) -> dict[str, object]:
    """What is foreseen, with the words for it."""
    tone, says = ADVICE[found.advice]
    return {"foreseen": found, "advice_tone": tone, "advice": says}


def _sent(order_key: int | None) -> bool:
    """Whether the goods are gone; of an order that is not known it is taken for granted."""
    if order_key is None:
        return True
    row = query(
        'SELECT 1 FROM fact WHERE "order" = %s AND type = %s LIMIT 1', [order_key, early.SHIPPED]
    ).fetchone()  # fmt: skip
    return row is not None


def _do(
    request: MemberRequest, warning_id: str, verb: Callable[..., object], said_after: str
) -> HttpResponse:  # fmt: skip
    if not EarlyWarning.objects.filter(id=warning_id, seller_key=request.seller.key).exists():
        raise Http404
    target = reverse("portal:transactions:warning", args=[warning_id])
    try:
        with engine_scope():
            verb(warning_id, _actor(request), timezone.now())
    except (Refusal, ClaimsError) as problem:
        return refused(request, problem, target)
    return done(request, said_after, target)


def _actor(request: MemberRequest) -> Actor:
    return Actor(str(request.user.pk), request.membership.role)

"""The seller's pages about payout accounts: owners change them, finance watches and cancels, nobody else sees them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.ledger import payout_reading
from safeconduct.kernel.ledger.payout_reading import AccountState, PayoutAccount
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import MemberRole, SecurityEvent
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.ui.parts import Moment
from safeconduct.protections.accounts.payout import actions, asking
from safeconduct.protections.accounts.payout.asking import Asking, Wish
from safeconduct.protections.accounts.payout.errors import NotConfirmed, NothingThere, PayoutRefused
from safeconduct.protections.accounts.payout.forms import AddForm, countries, fresh
from safeconduct.protections.accounts.payout.models import PayoutContest
from safeconduct.protections.accounts.payout.words import STATES, is_shared, masked, stop_words, why_of
from safeconduct.protections.accounts.words import LEVELS, PAYOUT_KINDS, sentence_of

#: How many steps of the past stand on the page, and how far back.
_PAST: Final = 50
_PAST_SHOWN: Final = timedelta(days=730)
_OPEN: Final = (AccountState.DRAFT, AccountState.VERIFIED, AccountState.AGEING, AccountState.REVIEW)
_SHORTEST_CONTEST, _LONGEST_CONTEST = 10, 4000


@require_GET
@only_for(MemberRole.FINANCE, says=lazy("See where payouts go"))
def accounts(request: MemberRequest) -> HttpResponse:
    """Where payouts go, what waits and until when, and what happened."""
    now, key = timezone.now(), request.seller.key
    found = payout_reading.accounts_of(key)
    contests = {
        one.account_id: one
        for one in PayoutContest.objects.filter(account_id__in=[a.id for a in found])
        .defer("answered_by")
        .order_by("at", "id")
    }
    rows = [_row(one, contests.get(one.id)) for one in found]
    past = security_events.of_seller(key, since=now - _PAST_SHOWN, limit=_PAST, about=PAYOUT_KINDS)
    context = {
        "rows": [row for row in rows if row["account"].state is not AccountState.CANCELLED],
        "ended": [row for row in rows if row["account"].state is AccountState.CANCELLED],
        "stops": [(one, stop_words(one.reason)) for one in payout_reading.stops_of(key, now)],
        "owns": request.membership.role == MemberRole.OWNER, "past": [_moment(event) for event in past],
        "under_way": any(one.state in _OPEN for one in found),
    }  # fmt: skip
    return page(request, "accounts/payout.html", context)


def _row(one: PayoutAccount, contest: PayoutContest | None) -> dict[str, Any]:
    tone, name, means = STATES[one.state]
    may_contest = is_shared(one.state, one.why) and contest is None
    return {
        "account": one, "number": masked(one.last4), "country": countries().get(one.country, one.country), "tone": tone,
        "state": name, "means": means, "why": why_of(one.state, one.why), "may_cancel": one.state in _OPEN,
        "may_use": one.state is AccountState.AGED, "may_contest": may_contest, "contest": contest,
    }  # fmt: skip


def _moment(event: SecurityEvent) -> Moment:
    number = masked(event.facts["last4"]) if "last4" in event.facts else ""
    return Moment(sentence_of(event), event.at, " · ".join(filter(None, (number, event.why))), LEVELS[event.level][0])


@never_cache
@require_http_methods(["GET", "POST"])
@only_for(says=lazy("Ask for payouts to go to another account"))
def add(request: MemberRequest) -> HttpResponse:
    """The form for another account; what is filled in rightly is judged, and then shown to be confirmed."""
    if request.method == "GET":
        return page(request, "accounts/payout_add.html", {"form": fresh()})
    form = AddForm(request.POST)
    if not form.is_valid():
        return page(request, "accounts/payout_add.html", {"form": form}, status=422)
    given = form.cleaned_data
    wish = Asking(
        given["once"], Wish.ADD, request.seller.key, request.user.id, number=given["number"], holder=given["holder"],
        country=given["country"],
    )  # fmt: skip
    return _judge(request, wish)


@require_POST
@only_for(says=lazy("Have payouts go to an account of earlier again"))
def use(request: MemberRequest, account_id: str) -> HttpResponse:
    """Asks to be paid to an account again that was in use before."""
    one = _mine(request, account_id)
    return _judge(request, Asking(new_id("pca"), Wish.USE, request.seller.key, request.user.id, account_id=one.id))


def _judge(request: MemberRequest, wish: Asking) -> HttpResponse:
    address = str(DefaultAccountAdapter(request).get_client_ip(request) or "")
    judgement = actions.judged(wish, request.seller, _actor(request), address, at=timezone.now())
    if judgement.refused:
        asking.forget(request)
        messages.error(
            request, _("This is refused because of what happened to the account lately. Nothing was changed.")
        )
        if judgement.decision_id:
            return _see(reverse("portal:decision", args=[judgement.decision_id]))
        return _see(_home())
    asking.begin(request, wish)
    return _see(reverse("portal:accounts:payout_confirm"))


@never_cache
@require_http_methods(["GET", "POST"])
@only_for(says=lazy("Confirm with a passkey where payouts go"))
def confirm(request: MemberRequest) -> HttpResponse:
    """Shows in words what would change, and does it when a passkey has confirmed exactly that."""
    now, wish = timezone.now(), asking.current(request)
    if wish is None:
        messages.info(request, _("Nothing waits to be confirmed. It may have been done already: look below."))
        return _see(_home())
    if request.method == "POST":
        try:
            return _confirmed(request, wish, now)
        except NotConfirmed as problem:
            messages.error(request, str(problem))
            return _see(reverse("portal:accounts:payout_confirm"))
    return _shown(request, wish, now)


def _shown(request: MemberRequest, wish: Asking, now: datetime) -> HttpResponse:
    known = {one.id: one for one in payout_reading.accounts_of(request.seller.key)}
    to = known.get(wish.account_id)
    if wish.wish is Wish.USE and to is None:
        raise NothingThere(_("There is nothing here. Go back to the list."))
    country = wish.country if to is None else to.country
    keys = asking.passkeys_of(request.user, now)
    before = next((one for one in known.values() if one.state is AccountState.ACTIVE), None)
    pairs = [
        (_("To the account"), masked(wish.number[-4:] if to is None else to.last4)),
        (_("Country"), countries().get(country, country)), (_("Holder"), wish.holder),
        (_("Instead of"), _("the account that the marketplace has") if before is None else masked(before.last4)),
    ]  # fmt: skip
    context = {
        "adds": wish.wish is Wish.ADD, "pairs": [(name, value) for name, value in pairs if value], "keys": keys,
        "js_data": {"request_options": asking.challenge(request, now)} if keys.ready else None,
    }  # fmt: skip
    return page(request, "accounts/payout_confirm.html", context)


def _confirmed(request: MemberRequest, wish: Asking, now: datetime) -> HttpResponse:
    shown = asking.proof(request, now)
    state = actions.carry_out(wish, request.seller, _actor(request), shown, at=now)
    asking.forget(request)
    text = {
        AccountState.DRAFT: _("Asked for. The marketplace confirms that the account is yours; then it waits 72 hours."),
        AccountState.ACTIVE: _("Payouts go to this account from now on."),
    }.get(state, _("You have this account here already; below you see how it stands."))
    return done(request, text, _home())


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Cancel a change of the payout account"))
def cancel(request: MemberRequest, account_id: str) -> HttpResponse:
    """Ends a change that is under way: whoever watches the money may, since nothing can be won by it."""
    actions.cancel(_mine(request, account_id).id, _actor(request), at=timezone.now())
    return done(request, _("Cancelled. Payouts go on to the account before."), _home())


@require_POST
@only_for(MemberRole.FINANCE, says=lazy("Object to a link between payout accounts"))
def contest(request: MemberRequest, account_id: str) -> HttpResponse:
    """Says why being paid to the same account as another shop means nothing."""
    one = _mine(request, account_id)
    text = request.POST.get("text", "").strip()
    if not is_shared(one.state, one.why):
        raise PayoutRefused(_("Nobody looks at this account because of another shop. Load the page again."))
    if not _SHORTEST_CONTEST <= len(text) <= _LONGEST_CONTEST:
        raise PayoutRefused(_("Write a sentence or two: what connects you, or that nothing does."))
    actions.contest(request.seller.key, one.id, text, _actor(request), at=timezone.now())
    return done(request, _("Kept. The person who looks at the account reads it before they decide."), _home())


def _mine(request: MemberRequest, account_id: str) -> PayoutAccount:
    """An account of the shop that is shown. Raises NothingThere."""
    found = next((one for one in payout_reading.accounts_of(request.seller.key) if one.id == account_id), None)
    if found is None:
        raise NothingThere(_("There is nothing here. Go back to the list."))
    return found


def _actor(request: MemberRequest) -> Actor:
    return Actor(request.user.id, request.membership.role)


def _home() -> str:
    return reverse("portal:accounts:payout")


def _see(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response

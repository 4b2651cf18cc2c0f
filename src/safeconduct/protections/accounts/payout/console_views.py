"""The staff's pages about payout accounts: what waits and why, one account with what is known, and stops of payouts.

Every member of the staff may look; leads act. What the seller loses or gains by it takes reasons, which they read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.decisions.queries import sellers_by_key
from safeconduct.kernel.ledger import payout_reading
from safeconduct.kernel.ledger.payout_reading import AccountState, PayoutAccount
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import SecurityEvent, StaffRole, User
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.parts import Moment, Page
from safeconduct.protections.accounts.payout import desk
from safeconduct.protections.accounts.payout.errors import said
from safeconduct.protections.accounts.payout.forms import countries
from safeconduct.protections.accounts.payout.models import PayoutContest, PayoutProposal, Proposed
from safeconduct.protections.accounts.payout.words import PROPOSED, STATES, masked, stop_words, why_of
from safeconduct.protections.accounts.words import LEVELS, PAYOUT_KINDS, sentence_of

#: How many steps of the past stand on the page of an account, and how far back.
_PAST: Final = 50
_PAST_SHOWN: Final = timedelta(days=730)


@require_GET
def queue(request: StaffRequest) -> HttpResponse:
    """Accounts that wait for a person, the longest first, and the stops of payouts."""
    now = timezone.now()
    waiting = payout_reading.waiting(request.GET.get("after", ""))
    stops = payout_reading.open_stops(now, request.GET.get("stops_after", ""))
    sellers = sellers_by_key([*(one.seller_key for one in waiting.items), *(one.seller_key for one in stops.items)])
    targets = [*(one.id for one in waiting.items), *(one.id for one in stops.items)]
    proposals = _proposals(targets, request.user)
    objected = set(
        PayoutContest.objects.filter(account_id__in=targets, answered_at=None).values_list("account_id", flat=True)
    )
    context = {
        "rows": [
            {
                **_row(one), "seller": sellers.get(one.seller_key), "objected": one.id in objected,
                "proposal": proposals.get(one.id),
            }
            for one in waiting.items
        ],
        "page": Page(waiting.next, shown=len(waiting.items)),
        "stops": [
            {
                "stop": one, "why": stop_words(one.reason), "seller": sellers.get(one.seller_key),
                "proposal": proposals.get(one.id),
            }
            for one in stops.items
        ],
        "more_stops": stops.next, "leads": request.user.may(StaffRole.LEAD),
    }  # fmt: skip
    return page(request, "accounts/console/payout.html", context)


@never_cache
@require_GET
@said
def one(request: StaffRequest, account_id: str) -> HttpResponse:
    """One account: why it waits, which other shops share it, what the seller says, and what can be done."""
    return _one(request, account_id)


@never_cache
@require_POST
@for_role(StaffRole.LEAD)
def number(request: StaffRequest, account_id: str) -> HttpResponse:
    """The same page with the whole number and the holder, this once; the seller sees that they were read."""
    shown = desk.read_number(account_id, actor_of(request), at=timezone.now())
    return _one(request, account_id, shown)


def _one(request: StaffRequest, account_id: str, shown: desk.Number | None = None) -> HttpResponse:
    now, found = timezone.now(), payout_reading.account(account_id)
    same = payout_reading.same_number(found.id)
    sellers = sellers_by_key([found.seller_key, *(other.seller_key for other in same)])
    contests = PayoutContest.objects.filter(account_id=found.id).order_by("-at", "-id")[:20]
    past = security_events.of_seller(found.seller_key, since=now - _PAST_SHOWN, limit=_PAST, about=PAYOUT_KINDS)
    context = {
        **_row(found), "seller": sellers.get(found.seller_key), "shown": shown,
        "same": [{**_row(other), "seller": sellers.get(other.seller_key)} for other in same],
        "contests": list(contests), "past": [_moment(event) for event in past],
        "proposal": _proposals([found.id], request.user).get(found.id), "leads": request.user.may(StaffRole.LEAD),
        "may_confirm": found.state is AccountState.DRAFT, "may_judge": found.state is AccountState.REVIEW,
        "may_give_back": found.state is AccountState.FROZEN,
    }  # fmt: skip
    return page(request, "accounts/console/payout_one.html", context)


@require_POST
@for_role(StaffRole.LEAD)
def holder(request: StaffRequest, account_id: str) -> HttpResponse:
    """Says whether the bank knows the account under the shop's name."""
    matches = request.POST.get("matches") == "yes"
    state = desk.confirm_holder(account_id, actor_of(request, _reason(request)), matches=matches, at=timezone.now())
    if state is AccountState.AGEING:
        return done(request, _("Confirmed. It waits 72 hours now, and the seller is told."), _home())
    return done(request, _("Kept. It needs a person's decision now: look at why."), _url(account_id))


@require_POST
@for_role(StaffRole.LEAD)
def judge(request: StaffRequest, account_id: str) -> HttpResponse:
    """Lets a doubtful account begin to wait, or ends the change."""
    allow = request.POST.get("allow") == "yes"
    desk.judge(account_id, actor_of(request, _reason(request)), allow=allow, at=timezone.now())
    if allow:
        return done(request, _("Allowed. It waits 72 hours from now; the seller reads your reasons."), _home())
    return done(request, _("Ended. The seller reads your reasons; payouts go on to the account before."), _home())


@require_POST
@for_role(StaffRole.LEAD)
def propose_return(request: StaffRequest, account_id: str) -> HttpResponse:
    """The first of two people who give an account back."""
    desk.propose(Proposed.GIVE_BACK, account_id, actor_of(request, _reason(request)), at=timezone.now())
    return done(request, _("Proposed. A second person has to agree."), _url(account_id))


@require_POST
@for_role(StaffRole.LEAD)
def propose_end(request: StaffRequest, stop_id: str) -> HttpResponse:
    """The first of two people who let payouts go on."""
    desk.propose(Proposed.END_STOP, stop_id, actor_of(request, _reason(request)), at=timezone.now())
    return done(request, _("Proposed. A second person has to agree."), _home())


@require_POST
@for_role(StaffRole.LEAD)
def agree(request: StaffRequest, proposal_id: str) -> HttpResponse:
    """The second of two people."""
    kind = desk.agree(proposal_id, actor_of(request), at=timezone.now())
    if kind is Proposed.END_STOP:
        return done(request, _("This stop has ended. Payouts go on, if nothing else stops them."), _home())
    return done(request, _("Given back. An owner chooses now which account is used."), _home())


@require_POST
@for_role(StaffRole.LEAD)
def withdraw(request: StaffRequest, proposal_id: str) -> HttpResponse:
    """A proposal that nobody should agree to."""
    desk.withdraw(proposal_id, actor_of(request), at=timezone.now())
    return done(request, _("Withdrawn. Nothing was changed."), _home())


def _row(found: PayoutAccount) -> dict[str, Any]:
    tone, name, _means = STATES[found.state]
    waits = {
        AccountState.DRAFT: _("Confirm with the bank whose account it is."),
        AccountState.FROZEN: _("Find out who the owner is; two people give it back."),
    }
    return {
        "account": found, "number": masked(found.last4), "country": countries().get(found.country, found.country),
        "tone": tone, "state": name, "why": waits.get(found.state) or why_of(found.state, found.why),
    }  # fmt: skip


def _moment(event: SecurityEvent) -> Moment:
    number = masked(event.facts["last4"]) if "last4" in event.facts else ""
    return Moment(sentence_of(event), event.at, " · ".join(filter(None, (number, event.why))), LEVELS[event.level][0])


def _proposals(targets: Iterable[str], me: User) -> dict[str, dict[str, Any]]:
    """Target → what is proposed for it, with who did and whether that is who looks. Two queries."""
    found = list(PayoutProposal.objects.filter(target__in=list(targets), closed_at=None))
    people = {person.id: str(person) for person in User.objects.filter(id__in={p.proposed_by for p in found})}
    return {
        p.target: {
            "id": p.id, "what": PROPOSED[Proposed(p.kind)], "why": p.why, "at": p.at,
            "who": people.get(p.proposed_by, ""), "mine": p.proposed_by == me.id,
        }
        for p in found
    }  # fmt: skip


def _reason(request: StaffRequest) -> str:
    return request.POST.get("reason", "").strip()[:2000]


def _home() -> str:
    return reverse("console:accounts:payout")


def _url(account_id: str) -> str:
    return reverse("console:accounts:payout_one", args=[account_id])

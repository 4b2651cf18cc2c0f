"""The seller's pages of transaction protection: orders, and one order with its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from babel import Locale
from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.decisions.told import MEANS, reasons_of, taken_by, withheld
from safeconduct.kernel.ledger.of_order import money_of
from safeconduct.kernel.member_pages import MemberRequest, lasting_scope, page
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import recipient_url
from safeconduct.kernel.readings.contacts import masked
from safeconduct.kernel.readings.scenes import FIELDS
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.formats import locale_of
from safeconduct.kernel.ui.parts import ACTIONS, Choice, Filter, Page
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.protections.transactions import order_page, queries
from safeconduct.protections.transactions.chargebacks import portal as chargebacks
from safeconduct.protections.transactions.coverage.words import State
from safeconduct.protections.transactions.models import Coverage
from safeconduct.protections.transactions.portal_words import COVERED, PAYMENT_METHODS, STATES

#: What may be chosen as the time of a list, in days.
_DAYS: Final = (7, 30, 90, 365)
CSV_HEAD: Final = (
    "order", "placed_at", "state", "action", "amount_minor", "currency", "covered_up_to_minor", "covered_currency",
    "ship_country", "next_term_at",
)  # fmt: skip


@require_GET
def orders(request: MemberRequest) -> HttpResponseBase:
    """The list, with filters; as CSV too."""
    wanted = _wanted(request)
    if request.GET.get("format") == "csv":
        return _csv(request, wanted)
    found = queries.orders_page(
        request.seller.key, wanted, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "rows": [
            {"order": order, "state": STATES[State(order.state)], "covered": order.state in COVERED}
            for order in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)), "filters": _filters(request),
        "filtered": any(request.GET.get(key) for key in ("state", "action", "days", "q", "todo")),
    }  # fmt: skip
    return page(request, "transactions/orders.html", context)


def _wanted(request: MemberRequest) -> queries.OrderFilter:
    """What the address asks for; anything else in it is left out."""
    given, now = request.GET, timezone.now()
    state, action, days = given.get("state", ""), given.get("action", ""), given.get("days", "")
    return queries.OrderFilter(
        state=state if state in STATES else "",
        action=action if action in ACTIONS else "",
        words=given.get("q", "").strip()[:200].replace("\x00", ""),
        since=now - timedelta(days=int(days)) if days in {str(n) for n in _DAYS} else None,
        waits_at=now if given.get("todo") else None,
    )


def _filters(request: MemberRequest) -> list[Filter]:
    given = request.GET
    states = [Choice(state.value, word) for state, (_tone, word) in STATES.items()]
    actions = [Choice(name, label) for name, (_tone, _icon, label) in ACTIONS.items()]
    days = [Choice(str(n), _("the last %(n)s days") % {"n": n}) for n in _DAYS]
    return [
        Filter("state", _("Coverage"), states, given.get("state", "")),
        Filter("action", _("Risk check"), actions, given.get("action", "")),
        Filter("days", _("Placed"), days, given.get("days", ""), everything=_("any time")),
        Filter("todo", _("Waits for"), [Choice("1", _("you"))], given.get("todo", ""), everything=_("anybody")),
    ]


def _csv(request: MemberRequest, wanted: queries.OrderFilter) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.orders_page(request.seller.key, wanted, after=after, size=1000)
        return [
            (
                order.order_ref, order.placed_at.isoformat(), order.state, order.action,
                order.amount_minor if order.order_minor is None else order.order_minor,
                order.order_currency or order.currency, order.up_to_minor, order.currency, order.ship_country,
                order.ship_by_at.isoformat() if order.ship_by_at else "",
            )
            for order in found.items
        ], found.next  # fmt: skip

    return stream("orders", CSV_HEAD, read, lasting_scope(request))


@require_GET
def order(request: MemberRequest, order_key: int) -> HttpResponse:
    """One order: what keeps it covered, how it was judged, its money, its parcels, what happened."""
    found, reader = _mine(request, order_key), reader_of(request)
    events, steps = queries.events_of(found), queries.steps_of(order_key)
    decisions = list(
        Decision.objects.filter(order_key=order_key, seller_key=request.seller.key)
        .exclude(kind=DecisionKind.SHADOW)
        .defer("values")
        .order_by("decided_at", "id")[:20]
    )
    money = money_of(request.seller.key, order_key)
    made = next((d for d in reversed(decisions) if d.standing), None)
    context = {
        "order": found, "sheet": order_page.Writer(found, events, reader, money).sheet(), "made": made,
        "about": _about(found, events, reader.language), "parcels": order_page.parcels_of(events),
        "history": order_page.history(events, steps, decisions),
        "lines": order_page.money_lines(money, reader.language),
        "sums": order_page.money_sums(money, reader), "available_at": money.available_at,
        "holds": [
            {"hold": h, "why": h.says(reader.language), "cure": h.release_says(reader.language)} for h in money.holds
        ],
        "step": steps[-1].id if steps else "", "currency": settings.REPORTING_CURRENCY,
        "claims": claims_of(order_key, reader.language, url_of=chargebacks.urls_of(order_key)),
        **_recipient(request, order_key),
    }  # fmt: skip
    if made is not None:
        context |= {
            "reasons": reasons_of(made), "withheld": withheld(made), "means": MEANS[made.action],
            "taken_by": taken_by(made),
        }  # fmt: skip
    return page(request, "transactions/order.html", context)


@require_GET
def proof(request: MemberRequest, order_key: int) -> HttpResponse:
    """The file with which anybody can check, offline, how the order was covered after its latest change."""
    _mine(request, order_key)
    steps = queries.steps_of(order_key, limit=1)
    file: dict[str, Any] | None = None
    if steps:
        with engine_scope():
            file = proof_of("coverage", steps[0].id)
    if file is None:
        raise Http404
    response = JsonResponse(file, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{steps[0].id}.proof.json"'
    return response


def _mine(request: MemberRequest, order_key: int) -> Coverage:
    found = queries.order_of(request.seller.key, order_key)
    if found is None:
        raise Http404
    return found


def _recipient(request: MemberRequest, order_key: int) -> dict[str, Any]:
    """The order's recipient as masks, and where they can be shown in clear."""
    seller, now = request.seller.key, timezone.now()
    with engine_scope():
        found = masked([order_key], seller, now).get(order_key)
    pairs = [] if found is None else [(capfirst(str(FIELDS[name])), value) for name, value in found.values.items()]
    if found is not None and found.recipient:
        pairs.append((_("Recipient's id this week"), found.recipient))
    may = bool(pairs) and request.membership.role in (MemberRole.OWNER, MemberRole.FULFILMENT)
    return {"recipient": pairs, "recipient_url": recipient_url(order_key) if may else ""}


def _about(order: Coverage, events: Sequence[queries.Happened], language: str) -> list[tuple[str, str]]:
    """What is known of the order and may be shown: of the buyer, the country."""
    data: dict[str, Any] = next((event.data for event in events if event.type == "order.placed"), {})
    countries: dict[str, str] = dict(Locale.parse(str(locale_of(language))).territories)
    method = str(data.get("payment_method") or "")
    pairs = [
        (_("Ships to"), countries.get(order.ship_country, order.ship_country)),
        (_("Paid by"), str(PAYMENT_METHODS.get(method, method))),
        (_("Category"), str(data.get("category") or "")),
        (_("Units"), str(data.get("items") or "")),
    ]
    return [(label, text) for label, text in pairs if text]

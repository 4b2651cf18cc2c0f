"""Decisions about the seller's orders: why, by what rule, how to object, and the proof that nobody changed them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions import second_look as second
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.decisions.models import Decision, DecisionKind, Review
from safeconduct.kernel.decisions.paging import page as page_of
from safeconduct.kernel.decisions.queries import NEWEST_FIRST
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.scope import engine_scope, seller_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import ACTIONS, Choice, Filter, Page
from safeconduct.portal.access import MemberRequest, done, member_page, page
from safeconduct.portal.words import MEANS, first_reason, missing, reasons_of, taken_by, withheld


def about(seller_key: int) -> QuerySet[Decision]:
    """The seller's decisions that count, without what only the staff may see."""
    return (
        Decision.objects.filter(seller_key=seller_key)
        .exclude(kind=DecisionKind.SHADOW)
        .select_related("version")
        .defer("values", "version__text", "version__note")
    )


def rows_of(found: Iterable[Decision]) -> list[dict[str, Any]]:
    """Decisions as rows of a list; one query for the names of their orders."""
    found = list(found)
    events = Event.objects.filter(moment__in=[d.moment for d in found]).only("moment", "data")
    orders = {event.moment: event.data.get("order") for event in events}
    return [
        {"made": d, "order": orders.get(d.moment) or d.id, "why": first_reason(d), "at": moment_time(d.moment)}
        for d in found
    ]


@require_GET
@member_page()
def decisions(request: MemberRequest) -> HttpResponseBase:
    """The list: what was decided against the seller or overruled, unless all of it is asked for."""
    chosen = request.GET.get("action", "")
    rows = about(request.seller.key)
    if chosen in ACTIONS:
        rows = rows.filter(action=chosen)
    elif chosen != "all":
        rows = rows.exclude(action="allow", kind=DecisionKind.LIVE)
    if request.GET.get("format") == "csv":
        return _csv(request.seller.key, chosen)
    found = page_of(rows, NEWEST_FIRST, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    choices = [Choice(name, text) for name, (_tone, _icon, text) in ACTIONS.items()] + [
        Choice("all", _("All decisions"))
    ]
    context = {
        "rows": rows_of(found.items), "page": Page(found.next, found.previous, len(found.items)),
        "filters": [Filter("action", _("Decision"), choices, chosen, everything=_("Not simply allowed"))],
        "currency": settings.REPORTING_CURRENCY, "filtered": bool(chosen),
    }  # fmt: skip
    return page(request, "portal/decisions.html", "decisions", context)


def _csv(seller_key: int, chosen: str) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        rows = about(seller_key)
        rows = rows.filter(action=chosen) if chosen in ACTIONS else rows
        found = page_of(rows, NEWEST_FIRST, after=after, size=500)
        return [
            (
                row["order"], row["made"].id, row["made"].action, row["why"], row["made"].policy,
                row["made"].version.number, row["at"].isoformat(), row["made"].amount_minor, settings.REPORTING_CURRENCY,
            )
            for row in rows_of(found.items)
        ], found.next  # fmt: skip

    head = ("order", "decision", "action", "reason", "policy", "version", "at", "amount_minor", "currency")
    return stream("decisions", head, read, partial(seller_scope, seller_key))


@require_GET
@member_page()
def decision(request: MemberRequest, decision_id: str) -> HttpResponse:
    """One decision: its reasons, what it means, what came before it, how to object, how to check it."""
    made = _mine(request, decision_id)
    (row,) = rows_of([made])
    with engine_scope():
        review = Review.objects.filter(decision_id=made.id).first()
        recorded = recorded_at(made.id)
    earlier = list(about(request.seller.key).filter(moment=made.moment, policy=made.policy).order_by("decided_at"))
    context = {
        "row": row, "made": made, "reasons": reasons_of(made), "withheld": withheld(made), "missing": missing(made),
        "means": MEANS[made.action], "taken_by": taken_by(made), "review": review, "recorded": recorded,
        "earlier": [d for d in earlier if d.id != made.id], "currency": settings.REPORTING_CURRENCY,
        "may_ask": second.may_ask(made, timezone.now()) and not (review is not None and review.asked_by),
        "ask_until": made.decided_at + second.MAY_ASK_FOR,
    }  # fmt: skip
    return page(request, "portal/decision.html", "decisions", context)


@require_POST
@member_page("support", "listing", "fulfilment", "finance")
def second_look(request: MemberRequest, decision_id: str) -> HttpResponse:
    """Asks for a person who did not decide to look at it again."""
    with engine_scope():
        second.ask(decision_id, request.seller.key, request.user, request.POST.get("reason", ""), at=timezone.now())
    return done(
        request, _("Asked. A person who did not take this decision will look at it; the answer comes as a notice."),
        reverse("portal:decision", args=[decision_id]),
    )  # fmt: skip


@require_GET
@member_page()
def proof(request: MemberRequest, decision_id: str) -> HttpResponse:
    """The file with which anybody can check, offline, that this decision stands in the public record as it was taken."""
    made = _mine(request, decision_id)
    with engine_scope():
        file = proof_of("decision", made.id)
    if file is None:
        raise Http404(_("This decision is not in the record yet. It enters within seconds; try again."))
    response = JsonResponse(file, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{made.id}.proof.json"'
    return response


def _mine(request: MemberRequest, decision_id: str) -> Decision:
    made = about(request.seller.key).filter(id=decision_id).first()
    if made is None:
        raise NotFound("decision", decision_id)
    return made

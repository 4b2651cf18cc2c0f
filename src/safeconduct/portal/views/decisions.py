"""Decisions about the seller: why, by what rule, how to object, and the proof that nobody changed them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions import second_look as second
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.decisions.models import Decision, DecisionKind, PolicyVersion, Review
from safeconduct.kernel.decisions.queries import NEWEST_FIRST
from safeconduct.kernel.decisions.told import first_reason, means, missing, reasons_of, taken_by, withheld
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.events.words import event_name
from safeconduct.kernel.member_pages import MemberRequest, done, lasting_scope, only_for, page
from safeconduct.kernel.paging import page as page_of
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import order_url
from safeconduct.kernel.record.proving import proof_of, recorded_at
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import ACTIONS, Choice, Filter, Page

CSV_HEAD: Final = (
    "order", "decision", "about", "action", "standing", "reason", "policy", "version", "at", "amount_minor", "currency",
)  # fmt: skip


def about(seller_key: int) -> QuerySet[Decision]:
    """The seller's decisions that count, without what only the staff may see."""
    return Decision.objects.filter(seller_key=seller_key).exclude(kind=DecisionKind.SHADOW).defer("values")


def not_simply_allowed(rows: QuerySet[Decision]) -> QuerySet[Decision]:
    """Without what was allowed at once, which is nearly everything."""
    return rows.exclude(action="allow", kind=DecisionKind.LIVE)


def rows_of(found: Iterable[Decision]) -> list[dict[str, Any]]:
    """Decisions as rows of a list; one query for the events they are about."""
    found = list(found)
    events = {
        event.moment: event
        for event in Event.objects.filter(moment__in=[d.moment for d in found]).only("moment", "type", "data")
    }
    rows = []
    for d in found:
        event = events.get(d.moment)
        rows.append(
            {
                "made": d, "order": event.data.get("order", "") if event else "", "why": first_reason(d),
                "what": event_name(event.type)[0] if event else "", "type": event.type if event else "",
                "at": moment_time(d.moment),
            }
        )  # fmt: skip
    return rows


@require_GET
def decisions(request: MemberRequest) -> HttpResponseBase:
    """The list: what was decided against the seller or overruled, unless all of it is asked for."""
    chosen = request.GET.get("action", "")
    if request.GET.get("format") == "csv":
        return _csv(request, chosen)
    found = page_of(
        _chosen(request.seller.key, chosen), NEWEST_FIRST, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    choices = [Choice(name, text) for name, (_tone, _icon, text) in ACTIONS.items()]
    choices.append(Choice("all", _("All decisions")))
    context = {
        "rows": rows_of(found.items), "page": Page(found.next, found.previous, len(found.items)),
        "filters": [Filter("action", _("Decision"), choices, chosen, everything=_("Not simply allowed"))],
        "currency": settings.REPORTING_CURRENCY, "filtered": bool(chosen),
    }  # fmt: skip
    return page(request, "portal/decisions.html", context)


def _chosen(seller_key: int, action: str) -> QuerySet[Decision]:
    rows = about(seller_key)
    if action in ACTIONS:
        return rows.filter(action=action)
    return rows if action == "all" else not_simply_allowed(rows)


def _csv(request: MemberRequest, action: str) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = page_of(_chosen(request.seller.key, action), NEWEST_FIRST, after=after, size=500)
        numbers = _version_numbers(found.items)
        return [
            (
                row["order"], row["made"].id, row["what"], row["made"].action, row["made"].standing, row["why"].text,
                row["made"].policy, numbers.get(row["made"].version_id, ""), row["at"].isoformat(),
                row["made"].amount_minor, settings.REPORTING_CURRENCY,
            )
            for row in rows_of(found.items)
        ], found.next  # fmt: skip

    return stream("decisions", CSV_HEAD, read, lasting_scope(request))


def _version_numbers(found: Iterable[Decision]) -> dict[str, int]:
    """Version → its number. The texts of policies are the marketplace's; their numbers everybody may know."""
    with engine_scope():
        wanted = {d.version_id for d in found}
        return dict(PolicyVersion.objects.filter(id__in=wanted).values_list("id", "number"))


@require_GET
def decision(request: MemberRequest, decision_id: str) -> HttpResponse:
    """One decision: its reasons, what it means, what came before it, how to object, how to check it."""
    made = _mine(request, decision_id)
    (row,) = rows_of([made])
    with engine_scope():
        review = Review.objects.filter(decision_id=made.id).first()
        recorded = recorded_at("decision", made.id)
    others = about(request.seller.key).filter(moment=made.moment, policy=made.policy).exclude(id=made.id)
    context = {
        "row": row, "made": made, "reasons": reasons_of(made), "withheld": withheld(made), "missing": missing(made),
        "means": means(made.action, row["type"]), "taken_by": taken_by(made),
        "number": _version_numbers([made])[made.version_id],
        "review": review, "recorded": recorded, "others": list(others.order_by("decided_at", "id")[:20]),
        "currency": settings.REPORTING_CURRENCY, "order_url": order_url(made.order_key),
        "may_ask": _may_act(request) and second.may_ask(made, timezone.now()) and not (review and review.asked_by),
        "ask_until": made.decided_at + second.MAY_ASK_FOR,
    }  # fmt: skip
    return page(request, "portal/decision.html", context)


def _may_act(request: MemberRequest) -> bool:
    return request.membership.role != MemberRole.READ_ONLY


@require_POST
@only_for(
    MemberRole.SUPPORT,
    MemberRole.LISTING,
    MemberRole.FULFILMENT,
    MemberRole.FINANCE,
    says=lazy("Ask for a second look at a decision"),
)
def second_look(request: MemberRequest, decision_id: str) -> HttpResponse:
    """Asks for a person who did not decide to look at it again."""
    with engine_scope():
        second.ask(decision_id, request.seller.key, request.user, request.POST.get("reason", ""), at=timezone.now())
    return done(
        request, _("Asked. A person who did not take this decision will look at it; the answer comes as a notice."),
        reverse("portal:decision", args=[decision_id]),
    )  # fmt: skip


@require_GET
def proof(request: MemberRequest, decision_id: str) -> HttpResponse:
    """The file with which anybody can check, offline, that this decision stands in the record as it was taken."""
    made = _mine(request, decision_id)
    with engine_scope():
        file = proof_of("decision", made.id)
    if file is None:
        raise Http404
    response = JsonResponse(file, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{made.id}.proof.json"'
    return response


def _mine(request: MemberRequest, decision_id: str) -> Decision:
    made = about(request.seller.key).filter(id=decision_id).first()
    if made is None:
        raise NotFound("decision", decision_id)
    return made

"""Decisions: the list with its filters and export, one decision with everything about it, and its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.case import Names, arrange, load
from safeconduct.console.forms import LabelForm
from safeconduct.console.subjects import subjects
from safeconduct.console.words import KINDS, spoken
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions import labels, queries
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.decisions.models import Decision, DecisionKind, LabelKind, PolicyVersion, VersionState
from safeconduct.kernel.decisions.queries import NEWEST_FIRST, DecisionFilter
from safeconduct.kernel.paging import page as page_of
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import ACTIONS, Choice, Filter, Page


@require_GET
@staff_page()
def decisions(request: StaffRequest) -> HttpResponseBase:
    """The list; with ``format=csv`` all of it as a stream."""
    wanted = _wanted(request.GET)
    rows = queries.decisions(wanted, timezone.get_current_timezone())
    if request.GET.get("format") == "csv":
        return _csv(request, wanted)
    found = page_of(rows, NEWEST_FIRST, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    sellers = queries.sellers_by_key(d.seller_key for d in found.items)
    version = PolicyVersion.objects.defer("text").filter(id=wanted.version).first() if wanted.version else None
    named = {"action", "policy", "kind", "q", "version"}
    context = {
        "rows": decision_rows(found.items, sellers), "filters": _filters(request.GET),
        "page": Page(found.next, found.previous, len(found.items)), "currency": settings.REPORTING_CURRENCY,
        "since": wanted.since.isoformat() if wanted.since else "", "until": wanted.until.isoformat() if wanted.until else "",
        "seller": wanted.seller, "rule": wanted.rule, "version": version,
        "kept": [(key, request.GET[key]) for key in named if request.GET.get(key)],
        "filtered": wanted != DecisionFilter(),
    }  # fmt: skip
    return page(request, "console/decisions.html", "decisions", context)


@require_GET
@staff_page()
def decision(request: StaffRequest, decision_id: str) -> HttpResponse:
    """One decision with reasons, facts, links and history."""
    case = load(decision_id)
    arrange(case, Names(case.keys()), queries.sellers_by_key([case.decision.seller_key]))
    here = reverse("console:decision", args=[decision_id])
    made = case.decision
    context = {
        "case": case, "currency": settings.REPORTING_CURRENCY, "kind": str(KINDS[made.kind]),
        "automated": made.reasons.get("automated", True), "latency": took(made),
        "mine": case.holder is not None and case.holder.id == request.user.id,
        "may_decide": made.standing and made.kind != DecisionKind.SHADOW,
        "back": "", "stays": urlencode({"back": here}), "label_form": LabelForm(),
    }  # fmt: skip
    return page(request, "console/decision.html", "decisions", context)


@require_POST
@staff_page()
def label(request: StaffRequest, decision_id: str) -> HttpResponse:
    """Keeps what an order turned out to be."""
    form = LabelForm(request.POST)
    made = Decision.objects.only("order_key").filter(id=decision_id).first()
    if made is None or made.order_key is None:
        raise NotFound("order of decision", decision_id)
    if not form.is_valid():
        raise NotFound("label", request.POST.get("kind", ""))
    actor = Actor(request.user.id, request.user.staff_role, form.cleaned_data["note"])
    labels.say(made.order_key, LabelKind(form.cleaned_data["kind"]), actor)
    return done(
        request, _("Kept. The statistics of the rules count it."), reverse("console:decision", args=[decision_id])
    )


def decision_rows(found: Iterable[Decision], sellers: Mapping[int, Seller]) -> list[dict[str, Any]]:
    """Decisions as rows of a table; one query for the names of their orders, one for what the others are about."""
    found = list(found)
    names = Names(d.order_key for d in found)
    about = subjects(found, names)
    return [
        {
            "made": d, "order": about[d.id],
            "seller": sellers.get(d.seller_key or 0), "why": why(d), "took": took(d), "at": moment_time(d.moment),
            "kind": "" if d.kind == DecisionKind.LIVE else str(KINDS[d.kind]),
        }
        for d in found
    ]  # fmt: skip


def why(made: Decision) -> str:
    """The first sentence of the statement of reasons."""
    lines = made.reasons.get("statement") or []
    return spoken(lines[0]["full"]) if lines else ""


def took(made: Decision) -> str:
    """How long the engine took for it; empty for a person."""
    return "" if made.kind == DecisionKind.OVERRIDE else f"{made.latency_us / 1000:.1f} ms"


def _wanted(given: QueryDict) -> DecisionFilter:
    return DecisionFilter(
        action=given.get("action", ""), policy=given.get("policy", ""), rule=given.get("rule", "").strip(),
        seller=given.get("seller", "").strip(), kind=given.get("kind", ""), version=given.get("version", ""),
        since=_day(given.get("since", "")), until=_day(given.get("until", "")), words=given.get("q", "").strip()[:200],
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2020, 1, 2) <= day <= date(2200, 1, 1) else None


def _filters(given: QueryDict) -> list[Filter]:
    names = PolicyVersion.objects.exclude(state=VersionState.DRAFT).values_list("policy", flat=True)
    known = sorted(set(names.distinct().order_by("policy")[:100]))
    return [
        Filter("action", _("Action"), [Choice(k, text) for k, (_t, _i, text) in ACTIONS.items()], given.get("action", "")),
        Filter("policy", _("Policy"), [Choice(p, p) for p in known], given.get("policy", "")),
        Filter(
            "kind", _("Kind"), [Choice(k, text) for k, text in KINDS.items()], given.get("kind", ""),
            everything=_("in force"),
        ),
    ]  # fmt: skip


def _csv(request: StaffRequest, wanted: DecisionFilter) -> HttpResponseBase:
    zone = timezone.get_current_timezone()

    def read(after: str) -> tuple[list[Row], str]:
        found = page_of(queries.decisions(wanted, zone), NEWEST_FIRST, after=after, size=1000)
        sellers = queries.sellers_by_key(d.seller_key for d in found.items)
        rows: list[Row] = [
            (
                r["made"].id, r["order"] if r["made"].order_key is not None else "", getattr(r["seller"], "ref", ""),
                r["made"].action, r["made"].kind, r["made"].policy, r["made"].version.number, " ".join(r["made"].fired),
                " ".join(r["made"].unknown), r["why"], r["made"].amount_minor, settings.REPORTING_CURRENCY,
                r["at"].isoformat(), r["made"].decided_at.isoformat(), r["made"].latency_us, r["made"].actor,
            )
            for r in decision_rows(found.items, sellers)
        ]  # fmt: skip
        return rows, found.next

    head = ("decision", "order", "seller", "action", "kind", "policy", "version", "rules", "not_checked", "reason",
            "amount_minor", "currency", "event_at", "decided_at", "latency_us", "decided_by")  # fmt: skip
    return stream("decisions", head, read, lasting_scope(request))


def latest_of_seller(seller: Seller, limit: int = 25) -> list[Decision]:
    """A seller's newest standing decisions."""
    rows = queries.decisions(replace(DecisionFilter()), timezone.get_current_timezone())
    return list(rows.filter(seller_key=seller.key).order_by("-moment", "-id")[:limit])

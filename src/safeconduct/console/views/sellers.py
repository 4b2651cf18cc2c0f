"""Sellers as the staff sees them: what was decided about their orders, and with whom they are linked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.console.case import Names
from safeconduct.console.views.decisions import decision_rows, latest_of_seller
from safeconduct.foundation.moments import moment as moment_of
from safeconduct.kernel.decisions import links, queries
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.parties.models import Seller, StaffRole
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.graph import Edge, Node
from safeconduct.kernel.ui.parts import ACTIONS, Page

#: Decisions of this many days are counted: what a seller is like now, and a few thousand rows however old the shop.
COUNTED_DAYS = 30
_TONES = {"allow": "good", "challenge": "info", "review": "warn", "block": "bad"}


@require_GET
@staff_page()
def sellers(request: StaffRequest) -> HttpResponseBase:
    """The list, with what was decided about each."""
    words = request.GET.get("q", "").strip()[:200]
    if request.GET.get("format") == "csv":
        return _csv(request, words)
    found = queries.sellers_page(words, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    counts = _counts(found.items)
    context = {
        "days": COUNTED_DAYS,
        "rows": [{"seller": s, "counts": counts.get(s.key, {}), "bar": _bar(counts.get(s.key, {}))} for s in found.items],
        "page": Page(found.next, found.previous, len(found.items)), "words": words,
    }  # fmt: skip
    return page(request, "console/sellers.html", "sellers", context)


def _counts(sellers: Iterable[Seller]) -> dict[int, dict[str, int]]:
    since = timezone.now() - timedelta(days=COUNTED_DAYS)
    return queries.action_counts((one.key for one in sellers), since=since)


def _bar(counts: dict[str, int]) -> list[tuple[str, float, str]]:
    return [(str(ACTIONS[name][2]), float(counts[name]), _TONES[name]) for name in ACTIONS if counts.get(name)]


@require_GET
@staff_page()
def seller(request: StaffRequest, seller_id: str) -> HttpResponse:
    """One seller."""
    found = Seller.objects.filter(id=seller_id).first()
    if found is None:
        raise NotFound("seller", seller_id)
    now = timezone.now()
    rows = links.seller_links(found.key, since_moment=moment_of(now - timedelta(days=365)))
    latest = latest_of_seller(found)
    counts = _counts([found]).get(found.key, {})
    linked = queries.sellers_by_key(other for _name, _key, other, _n in rows)
    names = Names(key for _name, key, _other, _n in rows)
    nodes, edges = _graph(found, rows, linked, names)
    context = {
        "seller": found, "rows": decision_rows(latest, {found.key: found}), "nodes": nodes, "edges": edges,
        "tiles": [(ACTIONS[name][2], counts.get(name, 0), _TONES[name] if counts.get(name) and name != "allow" else "", name)
                  for name in ACTIONS],
        "currency": settings.REPORTING_CURRENCY, "days": COUNTED_DAYS, "may_look": request.user.may(StaffRole.LEAD),
    }  # fmt: skip
    return page(request, "console/seller.html", "sellers", context)


def _graph(
    found: Seller, rows: list[tuple[str, int, int, int]], linked: dict[int, Seller], names: Names
) -> tuple[list[Node], list[Edge]]:
    if not rows:
        return [], []
    nodes = {"focus": Node("focus", "seller", str(found), focus=True)}
    edges: list[Edge] = []
    ways: dict[int, int] = {}
    for _name, _key, other, _n in rows:
        ways[other] = ways.get(other, 0) + 1
    for name, key, other, _n in rows:
        thing, shop = f"{name}-{key}", f"seller-{other}"
        if thing not in nodes:
            nodes[thing] = Node(thing, name, names.of(key))
            edges.append(Edge("focus", thing))
        row = linked.get(other)
        url = reverse("console:seller", args=[row.id]) if row else ""
        nodes[shop] = Node(shop, "seller", str(row or other), url=url)
        edges.append(Edge(thing, shop, strong=ways[other] > 1))
    return list(nodes.values()), edges


@require_GET
@staff_page()
def by_key(request: StaffRequest, key: int) -> HttpResponse:
    """From a pseudonym to the seller's page."""
    found = Seller.objects.filter(key=key).only("id").first()
    if found is None:
        raise NotFound("seller", str(key))
    return HttpResponseRedirect(reverse("console:seller", args=[found.id]))


def _csv(request: StaffRequest, words: str) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.sellers_page(words, after=after, size=500)
        counts = _counts(found.items)
        rows: list[Row] = [
            (s.ref, s.name, s.country, s.registered_at.isoformat() if s.registered_at else "",
             *(counts.get(s.key, {}).get(name, 0) for name in ACTIONS))
            for s in found.items
        ]  # fmt: skip
        return rows, found.next

    counted = (f"{name}_{COUNTED_DAYS}_days" for name in ACTIONS)
    return stream("sellers", ("seller", "name", "country", "registered_at", *counted), read, lasting_scope(request))

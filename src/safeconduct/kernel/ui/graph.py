"""The picture of linked accounts: who shares a card, a device, an address with whom.

Drawn by the server, the same picture for the same links in whatever order they come: positions start on rings around
the focus, are relaxed by springs for a fixed number of steps without chance, and are then pushed apart until neither
nodes nor their names cover each other. A table beside it says the same in words.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from safeconduct.kernel.ui.icons import PATHS
from safeconduct.kernel.ui.svg import element, tone_class

#: More nodes than this are no picture any more; the nearest to the focus are kept and the rest is counted.
NODE_LIMIT: Final = 60
LABEL_LIMIT: Final = 16

#: kind → (icon, tone, name). A kind not listed here is drawn calmly with a dot.
KINDS: Final[Mapping[str, tuple[str, str, object]]] = {
    "account": ("key", "violet", pgettext_lazy("kind", "Payout account")),
    "address": ("pin", "good", pgettext_lazy("kind", "Address")),
    "buyer": ("user", "accent", pgettext_lazy("kind", "Buyer")),
    "card": ("card", "bad", pgettext_lazy("kind", "Card")),
    "device": ("device", "info", pgettext_lazy("kind", "Device")),
    "bank_account": ("coins", "violet", pgettext_lazy("kind", "Bank account")),
    "email": ("send", "info", pgettext_lazy("kind", "E-mail address")),
    "ip": ("globe", "violet", pgettext_lazy("kind", "IP address")),
    "member": ("people", "accent", pgettext_lazy("kind", "Member")),
    "order": ("file", "calm", pgettext_lazy("kind", "Order")),
    "seller": ("shop", "warn", pgettext_lazy("kind", "Seller")),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that is linked. `id` is unique in the graph; `label` is shown, `note` only in tooltip and table."""

    id: str
    kind: str
    label: str
    url: str = ""
    focus: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A link between two nodes; `strong` for one that counts in the decision."""

    source: str
    target: str
    label: str = ""
    strong: bool = False


@dataclass(slots=True)
class _Spot:
    x: float
    y: float
    half_width: float
    above: float
    below: float


def kind_name(kind: str) -> str:
    """The kind as the reader calls it."""
    return str(KINDS[kind][2]) if kind in KINDS else kind


def draw(nodes: Iterable[Node], edges: Iterable[Edge], *, title: str = "") -> SafeString:
    """The graph as a figure with legend and table. Links to unknown nodes are left out, doubles drawn once."""
    kept, links, hidden = _select(list(nodes), list(edges))
    title = title or _("Linked accounts")
    width, height = _canvas(len(kept))
    spots = layout(kept, links, width, height)
    lines = [
        element("path", element("title", e.label) if e.label else "", class_="edge strong" if e.strong else "edge",
                d=f"M{spots[e.source].x:.1f} {spots[e.source].y:.1f}L{spots[e.target].x:.1f} {spots[e.target].y:.1f}")
        for e in links
    ]  # fmt: skip
    size = "few" if len(kept) <= 14 else "many" if len(kept) > 30 else ""
    said = ngettext("%(count)s link", "%(count)s links", len(links)) % {"count": len(links)}
    drawing = element(
        "svg", element("title", title), element("desc", f"{said}. {_sentence(kept, links)}"),
        element("g", *lines), *(_node(n, spots[n.id]) for n in kept),
        viewBox=f"0 0 {width:.0f} {height:.0f}", class_=f"graph {size}".strip(),
        role="group" if any(n.url for n in kept) else "img",
    )  # fmt: skip
    parts: list[SafeString] = [element("div", drawing, class_="graph-view", tabindex="0", role="region",
                                       aria_label=title), _legend(kept)]  # fmt: skip
    if hidden:
        more = ngettext("%(count)s more is not drawn.", "%(count)s more are not drawn.", hidden) % {"count": hidden}
        parts.append(element("p", more, class_="muted"))
    parts.append(_table(kept, links, title))
    return element("figure", *parts, class_="chart")


def layout(nodes: Sequence[Node], edges: Sequence[Edge], width: float, height: float) -> dict[str, _Spot]:
    """Where each node stands, by id; every node with its name lies inside the canvas."""
    spots = {n.id: _spot(n) for n in nodes}
    if not nodes:
        return spots
    _rings(nodes, edges, spots, width, height)
    _relax(nodes, edges, spots, width, height)
    for _step in range(120):
        moved = _separate(list(spots.values()))
        _inside(spots.values(), width, height)
        if not moved:
            break
    return spots


def _select(nodes: list[Node], edges: list[Edge]) -> tuple[list[Node], list[Edge], int]:
    """The nodes to draw in a fixed order (by distance from the focus, kind, id), their links, how many are left out."""
    by_id = {n.id: n for n in nodes}
    links: dict[tuple[str, str], Edge] = {}
    for e in sorted(edges, key=lambda e: (not e.strong, e.source, e.target, e.label)):
        if e.source in by_id and e.target in by_id and e.source != e.target:
            links.setdefault((min(e.source, e.target), max(e.source, e.target)), e)
    depth = _depths(by_id, links)
    ordered = sorted(by_id.values(), key=lambda n: (depth[n.id], n.kind, n.id))
    kept = ordered[:NODE_LIMIT]
    names = {n.id for n in kept}
    chosen = [e for key, e in sorted(links.items()) if key[0] in names and key[1] in names]
    return kept, chosen, len(ordered) - len(kept)


def _neighbours(links: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = defaultdict(list)
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    return {k: sorted(v) for k, v in near.items()}


def _depths(by_id: Mapping[str, Node], links: Iterable[tuple[str, str]]) -> dict[str, int]:
    near = _neighbours(links)
    starts = (
        sorted(n.id for n in by_id.values() if n.focus) or sorted(by_id, key=lambda i: (-len(near.get(i, ())), i))[:1]
    )
    depth = dict.fromkeys(starts, 0)
    queue = deque(starts)
    while queue:
        here = queue.popleft()
        for there in near.get(here, ()):
            if there not in depth:
                depth[there] = depth[here] + 1
                queue.append(there)
    far = max(depth.values(), default=0) + 1
    return {i: depth.get(i, far) for i in by_id}


def _canvas(count: int) -> tuple[float, float]:
    if count <= 14:
        return 430.0, 330.0
    return (720.0, 470.0) if count <= 30 else (960.0, 680.0)


def _text_width(text: str) -> float:
    return sum(13.0 if east_asian_width(c) in "WF" else 7.0 for c in text)


def short(label: str) -> str:
    """A name that fits under a node."""
    return label if len(label) <= LABEL_LIMIT else f"{label[: LABEL_LIMIT - 1]}…"


def _radius(node: Node) -> float:
    return 18.0 if node.focus else 14.0


def _spot(node: Node) -> _Spot:
    r = _radius(node)
    return _Spot(0.0, 0.0, max(r, _text_width(short(node.label)) / 2) + 4, r + 4, r + 19)


def _rings(nodes: Sequence[Node], edges: Sequence[Edge], spots: dict[str, _Spot], width: float, height: float) -> None:
    depth = _depths({n.id: n for n in nodes}, [(e.source, e.target) for e in edges])
    rings: dict[int, list[Node]] = defaultdict(list)
    for n in nodes:
        rings[depth[n.id]].append(n)
    near = _neighbours([(e.source, e.target) for e in edges])
    angle: dict[str, float] = {}
    outer = max(rings) or 1
    for d in sorted(rings):
        # Children stand near their parents' direction; the id breaks ties, so that the picture never jumps.
        def towards(n: Node) -> tuple[float, str, str]:
            known = [angle[m] for m in near.get(n.id, ()) if m in angle]
            return (sum(known) / len(known) if known else 0.0, n.kind, n.id)

        ring = sorted(rings[d], key=towards)
        alone = d == 0 and len(ring) == 1
        for i, n in enumerate(ring):
            turn = 2 * math.pi * (i + 0.5) / len(ring) + d * 0.7
            reach = 0.0 if alone else (d + (0.35 if d == 0 else 0.0)) / (outer + 0.25)
            spots[n.id].x = width / 2 + math.cos(turn) * reach * width / 2.3
            spots[n.id].y = height / 2 + math.sin(turn) * reach * height / 2.3
        angle.update({n.id: 2 * math.pi * (i + 0.5) / len(ring) for i, n in enumerate(ring)})


def _relax(nodes: Sequence[Node], edges: Sequence[Edge], spots: dict[str, _Spot], width: float, height: float) -> None:
    """Springs along links, repulsion between all, a little pull to the middle; cooling, a fixed number of steps."""
    n = len(nodes)
    if n < 3:
        return
    stretch = width / height  # distances are measured as if the canvas were square
    ideal = 0.82 * math.sqrt(height * height / n)
    ids = [node.id for node in nodes]
    steps = 70 if n <= 30 else 40
    for step in range(steps):
        push = {i: [0.0, 0.0] for i in ids}
        for a, first in enumerate(ids):
            for second in ids[a + 1 :]:
                dx = (spots[first].x - spots[second].x) / stretch
                dy = spots[first].y - spots[second].y
                distance = max(math.hypot(dx, dy), 0.5)
                force = ideal * ideal / distance / distance
                push[first][0] += dx * force
                push[first][1] += dy * force
                push[second][0] -= dx * force
                push[second][1] -= dy * force
        for e in edges:
            dx = (spots[e.source].x - spots[e.target].x) / stretch
            dy = spots[e.source].y - spots[e.target].y
            force = math.hypot(dx, dy) / ideal
            push[e.source][0] -= dx * force
            push[e.source][1] -= dy * force
            push[e.target][0] += dx * force
            push[e.target][1] += dy * force
        heat = height / 9 * (1 - step / steps)
        for node in nodes:
            spot, (dx, dy) = spots[node.id], push[node.id]
            dx += (width / 2 - spot.x) / stretch * (0.6 if node.focus else 0.12)
            dy += (height / 2 - spot.y) * (0.6 if node.focus else 0.12)
            size = math.hypot(dx, dy) or 1.0
            spot.x += dx / size * min(size, heat) * stretch
            spot.y += dy / size * min(size, heat)
    _fill(spots.values(), width, height)


def _fill(spots: Iterable[_Spot], width: float, height: float) -> None:
    """Moves and scales the whole so that it uses the canvas."""
    spots = list(spots)
    left, right = min(s.x - s.half_width for s in spots), max(s.x + s.half_width for s in spots)
    top, bottom = min(s.y - s.above for s in spots), max(s.y + s.below for s in spots)
    scale_x, scale_y = width / max(right - left, 1.0), height / max(bottom - top, 1.0)
    for s in spots:
        s.x = width / 2 + (s.x - (left + right) / 2) * min(scale_x, 2.0)
        s.y = height / 2 + (s.y - (top + bottom) / 2) * min(scale_y, 2.0)


def _separate(spots: list[_Spot]) -> bool:
    """Pushes overlapping boxes (node and name) apart along the shorter way; says whether any overlapped."""
    moved = False
    for i, a in enumerate(spots):
        for b in spots[i + 1 :]:
            over_x = a.half_width + b.half_width - abs(a.x - b.x)
            down = b.y >= a.y
            over_y = (a.below + b.above - (b.y - a.y)) if down else (b.below + a.above - (a.y - b.y))
            if over_x <= 0.01 or over_y <= 0.01:
                continue
            moved = True
            if over_x < over_y:
                way = over_x / 2 * (1.0 if b.x >= a.x else -1.0)
                a.x, b.x = a.x - way, b.x + way
            else:
                way = over_y / 2 * (1.0 if down else -1.0)
                a.y, b.y = a.y - way, b.y + way
    return moved


def _inside(spots: Iterable[_Spot], width: float, height: float) -> None:
    for s in spots:
        s.x = min(max(s.x, s.half_width + 2), width - s.half_width - 2)
        s.y = min(max(s.y, s.above + 2), height - s.below - 2)


def _node(node: Node, spot: _Spot) -> SafeString:
    glyph, tone, _name = KINDS.get(node.kind, ("dot", "calm", node.kind))
    r = _radius(node)
    scale = r / 21
    parts = [
        element("title", f"{kind_name(node.kind)}: {node.label}" + (f" · {node.note}" if node.note else "")),
        element("circle", cx=spot.x, cy=spot.y, r=r, class_="shape"),
        element("path", d=PATHS[glyph], class_="mark",
                transform=f"translate({spot.x - 12 * scale:.1f} {spot.y - 12 * scale:.1f}) scale({scale:.2f})"),
        element("text", short(node.label), x=spot.x, y=spot.y + r + 14, text_anchor="middle"),
    ]  # fmt: skip
    group = element("g", *parts, class_=f"node {tone_class(tone)}{' focus' if node.focus else ''}")
    return element("a", group, href=node.url) if node.url else group


def _legend(nodes: Sequence[Node]) -> SafeString:
    items = []
    for kind in sorted({n.kind for n in nodes}):
        glyph, tone, _name = KINDS.get(kind, ("dot", "calm", kind))
        mark = element("svg", element("path", d=PATHS[glyph], class_="mark"), viewBox="0 0 24 24",
                       class_=f"icon {tone_class(tone)}", aria_hidden="true")  # fmt: skip
        items.append(element("li", mark, kind_name(kind)))
    return element("ul", *items, class_="legend")


def _sentence(nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    names = {n.id: n.label for n in nodes}
    near = _neighbours([(e.source, e.target) for e in edges])
    return " ".join(
        _("%(name)s is linked with %(others)s.") % {"name": n.label, "others": ", ".join(names[i] for i in near[n.id])}
        for n in nodes if n.focus and n.id in near
    )  # fmt: skip


def _table(nodes: Sequence[Node], edges: Sequence[Edge], title: str) -> SafeString:
    names = {n.id: n.label for n in nodes}
    near = _neighbours([(e.source, e.target) for e in edges])
    head = element("tr", *(element("th", text, scope="col") for text in (_("Name"), _("Kind"), _("Linked with"))))
    body = []
    for n in nodes:
        name = element("a", n.label, href=n.url) if n.url else n.label
        others = ", ".join(names[i] for i in near.get(n.id, ())) or "\N{EN DASH}"
        note = element("small", n.note, class_="muted") if n.note else ""
        body.append(element("tr", element("th", name, " ", note, scope="row"), element("td", kind_name(n.kind)),
                            element("td", others)))  # fmt: skip
    inner = element("table", element("caption", title, class_="sr"), element("thead", head), element("tbody", *body))
    return element("details", element("summary", _("Show as a table")), element("div", inner, class_="scroll"),
                   class_="as-table")  # fmt: skip

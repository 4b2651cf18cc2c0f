"""Charts drawn by the server: sparkline, line, stacked bars, share bar, signed bar.

Plots stretch with the page while their words stay text of normal size (axis labels are HTML beside the SVG). Every
chart carries its numbers a second time as a table, for those who cannot see it and those who want to copy them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from safeconduct.kernel.ui.svg import element, join, path, tone_class

WIDTH, HEIGHT = 600.0, 160.0
Show = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one layer of bars: a value for each label, None where nothing was measured."""

    name: str
    values: Sequence[float | None]
    tone: str = "accent"


def plain(value: float) -> str:
    """How a value is written unless the caller says otherwise."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def ceiling(value: float, *, steps: int = 4) -> float:
    """The smallest round top of an axis that holds `value` in `steps` equal, round steps."""
    if value < 1e-9:  # nothing to see, or an artefact of arithmetic
        return 1.0
    raw = value / steps
    magnitude = 10.0 ** math.floor(math.log10(raw))
    whole = value == int(value)  # counts are not cut into fractions
    step = next(
        m * magnitude for m in (1, 2, 2.5, 3, 4, 5, 10)
        if m * magnitude >= raw * (1 - 1e-9) and not (whole and magnitude <= 1 and m * magnitude != int(m * magnitude))
    )  # fmt: skip
    return step * steps


def sparkline(values: Sequence[float | None], label: str, *, tone: str = "accent") -> SafeString:
    """A line without axes, for a tile. One or no value gives a flat line."""
    known = [v for v in values if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    reach = (high - low) or 1.0
    step = 100.0 / max(len(values) - 1, 1)
    points = [(i * step, 26 - 22 * (v - low) / reach if high > low else 15.0)
              for i, v in enumerate(values) if v is not None]  # fmt: skip
    parts = []
    if points:
        ground = [*points, (points[-1][0], 28.0), (points[0][0], 28.0)]
        parts = [
            element("path", d=path(ground) + "Z", class_="wash"),
            element("path", d=path(points), class_="stroke"),
            element("path", d=f"{path(points[-1:])}h.01", class_="dot"),
        ]
    drawing = element("svg", element("title", label), *parts, viewBox="0 0 100 28", preserveAspectRatio="none",
                      role="img", aria_label=label)  # fmt: skip
    return element("span", drawing, class_=f"spark {tone_class(tone)}")


def line_chart(
    title: str, labels: Sequence[str], series: Sequence[Series], *, show: Show = plain, limit: float | None = None,
    limit_name: str = "", table: bool = True,
) -> SafeString:  # fmt: skip
    """Lines over common labels, from zero. `limit` draws a dashed line (a standing limit, a budget)."""
    _same_lengths(labels, series)
    top = ceiling(max([v for s in series for v in s.values if v is not None] + [limit or 0.0]))
    band = WIDTH / max(len(labels), 1)
    parts = [_rules()]
    if limit is not None:
        parts.append(element("path", d=f"M0 {_y(limit, top):.2f}H{WIDTH:.0f}", class_="limit"))
    for s in series:
        runs = _runs([(band * (i + 0.5), v) for i, v in enumerate(s.values)])
        drawn = [element("path", d=path([(x, _y(v, top)) for x, v in run]), class_="stroke") for run in runs]
        dots = [
            element("path", element("title", f"{labels[i]} · {s.name}: {show(v)}"),
                    d=f"{path([(band * (i + 0.5), _y(v, top))])}h.01", class_="dot")
            for i, v in enumerate(s.values) if v is not None
        ]  # fmt: skip
        parts.append(element("g", *drawn, *(dots if len(labels) <= 40 else []), class_=tone_class(s.tone)))
    names = [(s.name, s.tone) for s in series]
    if limit is not None:
        names.append((limit_name or _("Limit %(value)s") % {"value": show(limit)}, "bad"))
    return _figure(title, labels, series, join(parts), top, show, names if len(names) > 1 else [], table=table)


def bar_chart(
    title: str, labels: Sequence[str], series: Sequence[Series], *, show: Show = plain, table: bool = True
) -> SafeString:
    """Bars, stacked where there are several series. Raises ValueError for negative values."""
    _same_lengths(labels, series)
    if any(v is not None and v < 0 for s in series for v in s.values):
        raise ValueError("stacked bars cannot show negative values; use a line chart")
    totals = [sum(s.values[i] or 0 for s in series) for i in range(len(labels))]
    top = ceiling(max(totals, default=0.0))
    band = WIDTH / max(len(labels), 1)
    width = min(band * 0.62, 44.0)
    bases = [0.0] * len(labels)
    parts = [_rules()]
    for s in series:
        bars = []
        for i, v in enumerate(s.values):
            if not v:
                continue
            upper = _y(bases[i] + v, top)
            bars.append(element(
                "rect", element("title", f"{labels[i]} · {s.name}: {show(v)}"), class_="fill",
                x=band * i + (band - width) / 2, y=upper, width=width, height=_y(bases[i], top) - upper,
            ))  # fmt: skip
            bases[i] += v
        parts.append(element("g", *bars, class_=tone_class(s.tone)))
    names = [(s.name, s.tone) for s in series] if len(series) > 1 else []
    return _figure(title, labels, series, join(parts), top, show, names, table=table)


def share_bar(parts: Sequence[tuple[str, float, str]], label: str) -> SafeString:
    """One bar cut by share: (name, amount, tone) each; amounts below or at zero are left out."""
    total = sum(max(amount, 0.0) for _name, amount, _tone in parts) or 1.0
    drawn, at = [element("rect", x=0, y=0, width=100, height=8, class_="track")], 0.0
    for name, amount, tone in parts:
        width = 100 * max(amount, 0.0) / total
        if width:
            piece = element("rect", element("title", name), x=at, y=0, width=width, height=8, class_="fill")
            drawn.append(element("g", piece, class_=tone_class(tone)))
        at += width
    return element(
        "svg", *drawn, viewBox="0 0 100 8", preserveAspectRatio="none", class_="bar", role="img", aria_label=label
    )


def meter_bar(value: float, label: str, *, limit: float = 1.0, tone: str = "accent") -> SafeString:
    """How much of a limit is used; what lies beyond the limit is drawn as full."""
    used = min(max(value / limit, 0.0), 1.0) if limit > 0 else 0.0
    piece = element("rect", x=0, y=0, width=100 * used, height=8, class_="fill")
    return element(
        "svg", element("rect", x=0, y=0, width=100, height=8, class_="track"),
        element("g", piece, class_=tone_class(tone)),
        viewBox="0 0 100 8", preserveAspectRatio="none", class_="bar", role="img", aria_label=label,
    )  # fmt: skip


def signed_bar(weight: float, reach: float, label: str) -> SafeString:
    """A bar from the middle: to the end of the line for what spoke against, to its start for what spoke in favour.

    `reach` is the greatest absolute weight of the list, so that the bars of one list compare.
    """
    half = 50 * min(abs(weight) / reach, 1.0) if reach > 0 else 0.0
    x = 50.0 if weight >= 0 else 50.0 - half
    return element(
        "svg", element("rect", x=0, y=2, width=100, height=6, class_="track"),
        element("g", element("rect", x=x, y=1, width=half, height=8, class_="fill"),
                class_=tone_class("bad" if weight >= 0 else "good")),
        element("path", d="M50 0V10", class_="rule"),
        viewBox="0 0 100 10", preserveAspectRatio="none", role="img", aria_label=label,
    )  # fmt: skip


def _same_lengths(labels: Sequence[str], series: Sequence[Series]) -> None:
    for s in series:
        if len(s.values) != len(labels):
            raise ValueError(f"series {s.name!r} has {len(s.values)} values for {len(labels)} labels")


def _y(value: float, top: float) -> float:
    return HEIGHT - HEIGHT * value / top


def _rules() -> SafeString:
    return element("path", class_="rule", d="".join(f"M0 {HEIGHT * i / 4:.0f}H{WIDTH:.0f}" for i in range(5)))


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """The line's pieces: a gap where nothing was measured stays a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, v in points:
        if v is None:
            runs.append([])
        else:
            runs[-1].append((x, v))
    return [run for run in runs if run]


def _figure(
    title: str, labels: Sequence[str], series: Sequence[Series], plot: SafeString, top: float, show: Show,
    names: Sequence[tuple[str, str]], *, table: bool,
) -> SafeString:  # fmt: skip
    view = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    drawing = element("svg", plot, viewBox=view, preserveAspectRatio="none", role="img", aria_label=title)
    y_axis = element("div", *(element("span", show(top * i / 4)) for i in (4, 3, 2, 1, 0)), class_="axis-y",
                     aria_hidden="true")  # fmt: skip
    every = max(1, math.ceil(len(labels) / 6))
    # On a phone every second of the shown labels goes (class nth): words keep their size, there are fewer of them.
    cells = (
        element("span", text if i % every == 0 else "", class_="nth" if (i // every) % 2 else None)
        for i, text in enumerate(labels)
    )
    x_axis = element("div", *cells, class_="axis-x", aria_hidden="true")
    swatch = element("rect", width=10, height=10, rx=3, class_="fill")
    legend = [
        element("li", element("svg", swatch, viewBox="0 0 10 10", class_=tone_class(tone), aria_hidden="true"), name)
        for name, tone in names
    ]
    parts = [element("div", y_axis, drawing, x_axis, class_="plot")]
    if legend:
        parts.append(element("ul", *legend, class_="legend"))
    if table:
        parts.append(_table(title, labels, series, show))
    return element("figure", *parts, class_="chart")


def _table(title: str, labels: Sequence[str], series: Sequence[Series], show: Show) -> SafeString:
    head = element("tr", element("td"), *(element("th", s.name, scope="col", class_="num") for s in series))
    dash = "\N{EN DASH}"
    body = (
        element("tr", element("th", label, scope="row"),
                *(element("td", dash if (v := s.values[i]) is None else show(v), class_="num") for s in series))
        for i, label in enumerate(labels)
    )  # fmt: skip
    inner = element("table", element("caption", title, class_="sr"), element("thead", head), element("tbody", *body))
    return element("details", element("summary", _("Show as a table")), element("div", inner, class_="scroll"),
                   class_="as-table")  # fmt: skip

"""Plots of two measured axes as SVG text: lines and dots, with ticks, a legend and a title for readers that cannot see.

The drawings are for a report beside the figures, so they stand alone: colours are attributes, which the stylesheet's
classes override where a page embeds the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from safeconduct.kernel.ui.svg import element, join, path, tone_class

WIDTH, HEIGHT = 480.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 14.0, 48.0, 46.0
#: About how wide a letter of the legend is.
_LETTER = 6.0
_INK = {"accent": "#2f5fd0", "good": "#1d7a4b", "warn": "#a86400", "bad": "#b3261e", "calm": "#7a7f87"}


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y) under a name; `dots` marks each of them, `line` joins them."""

    name: str
    points: Sequence[tuple[float, float]]
    tone: str = "accent"
    line: bool = True
    dots: bool = False


def xy_plot(
    title: str, x_name: str, y_name: str, curves: Sequence[Curve], *, x_top: float | None = None,
    y_top: float | None = None,
) -> str:  # fmt: skip
    """Curves over common axes that begin at 0. Raises ValueError for a negative or unfinished number."""
    points = [point for curve in curves for point in curve.points]
    if any(not math.isfinite(v) or v < 0 for point in points for v in point):
        raise ValueError(f"the plot {title!r} has a value that is negative or not a number")
    right = x_top or _top(max((x for x, _ in points), default=1.0))
    upper = y_top or _top(max((y for _, y in points), default=1.0))

    def place(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + (WIDTH - _LEFT - _RIGHT) * x / right
        return across, HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * y / upper

    parts: list[str] = [element("title", title), _label(title, _LEFT, 18, size=13)]
    for number in range(5):
        x, y = right * number / 4, upper * number / 4
        left, bottom = place(x, y)
        parts.append(
            element("path", d=path([(_LEFT, bottom), (WIDTH - _RIGHT, bottom)]), stroke="#c9ccd1", class_="rule")
        )
        parts.append(_label(_tick(y, upper), _LEFT - 6, bottom + 4, anchor="end"))
        parts.append(_label(_tick(x, right), left, HEIGHT - _BOTTOM + 16, anchor="middle"))
    parts.append(_label(x_name, (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, anchor="middle"))
    parts.append(_label(y_name, _LEFT, 38))
    end = WIDTH - _RIGHT
    for curve in reversed(curves):
        parts.append(_legend(curve, end))
        end -= 26 + _LETTER * len(curve.name)
    placed = [[place(min(x, right), min(y, upper)) for x, y in curve.points] for curve in curves]
    parts += [_drawn(curve, points) for curve, points in zip(curves, placed, strict=True)]
    view = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return str(
        element(
            "svg", join(parts), xmlns="http://www.w3.org/2000/svg", viewBox=view, role="img", aria_label=title,
            font_family="system-ui, sans-serif",
        )
    )  # fmt: skip


def _drawn(curve: Curve, placed: list[tuple[float, float]]) -> str:
    ink = _INK[curve.tone]
    drawn: list[str] = []
    if curve.line and len(placed) > 1:
        drawn.append(element("path", d=path(placed), fill="none", stroke=ink, stroke_width=2, class_="stroke"))
    if curve.dots or len(placed) == 1:
        drawn += [element("circle", cx=x, cy=y, r=3, fill=ink) for x, y in placed]
    return element("g", element("title", curve.name), *drawn, class_=tone_class(curve.tone))


def _legend(curve: Curve, end: float) -> str:
    swatch = element("rect", x=end - 10, y=29, width=10, height=10, fill=_INK[curve.tone])
    return join([swatch, _label(curve.name, end - 15, 38, anchor="end")])


def _label(text: str, x: float, y: float, *, anchor: str = "start", size: int = 11) -> str:
    return element("text", text, x=x, y=y, text_anchor=anchor, font_size=size, fill="currentColor")


def _tick(value: float, top: float) -> str:
    if top >= 20:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if top > 0.2 else f"{value:.3g}"


def _top(value: float) -> float:
    """The next round number above a value, for the end of an axis."""
    if value <= 0:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(m * magnitude for m in (1, 2, 2.5, 4, 5, 8, 10) if m * magnitude >= value * (1 - 1e-9))

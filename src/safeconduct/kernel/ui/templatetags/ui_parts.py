"""Tags for the larger parts: ``{% load ui_parts %}``. docs/interface.md lists them with their parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import get_language

from safeconduct.kernel.ui import charts, formats, graph, parts
from safeconduct.kernel.ui.svg import element, join
from safeconduct.kernel.ui.templatetags.ui import read, reader_in

register = template.Library()


@register.inclusion_tag("ui/parts/tile.html")
def tile(
    label: object, value: object, note: object = "", tone: str = "", url: str = "",
    trend: Sequence[float | None] | None = None,
) -> dict[str, object]:  # fmt: skip
    """One figure with its name and what to make of it; `value` is already written (use ``{% money … as x %}``)."""
    spark = charts.sparkline(trend, str(label), tone=tone or "accent") if trend else ""
    return {"label": label, "value": value, "note": note, "tone": tone, "url": url, "spark": spark}


@register.inclusion_tag("ui/parts/empty.html")
def empty(
    title: object, text: object = "", icon: str = "inbox", url: str = "", button: object = "", lesson_url: str = "",
    lesson: object = "",
) -> dict[str, object]:  # fmt: skip
    """An empty list that says why it is empty, what would fill it, and offers the next step."""
    return {"title": title, "text": text, "icon": icon, "url": url, "button": button, "lesson_url": lesson_url,
            "lesson": lesson}  # fmt: skip


@register.inclusion_tag("ui/parts/reasons.html")
def reasons(items: Iterable[object], empty: object = "") -> dict[str, object]:
    """Reasons of a decision (`parts.Reason` or alike): action, words, facts, rule and version, lesson."""
    return {"items": list(items), "empty": empty}


@register.simple_tag
def own_words(reason: object, most: int = 0) -> SafeString | str:
    """What a reason says. Words of a person in another language than the page's stand marked as such, after a sentence
    in the page's. `most`: letters of it, 0 for all."""
    text, language = str(read(reason, "text")), str(read(reason, "language"))
    said = Truncator(text).chars(most) if most else text
    if not language:
        return said
    name = formats.language_name(language, get_language() or "en")
    quoted = element("q", said, lang=language, title=name)
    return join([f"{read(reason, 'gist')} ", quoted])


@register.inclusion_tag("ui/parts/contributions.html", takes_context=True)
def contributions(context: Context, items: Iterable[object]) -> dict[str, object]:
    """What spoke against and in favour (`parts.Contribution` or alike), as signed bars of one scale."""
    language = reader_in(context).language
    listed = [(str(read(i, "label")), float(str(read(i, "weight", 0.0))), str(read(i, "shown"))) for i in items]
    reach = max((abs(weight) for _label, weight, _shown in listed), default=0.0)
    rows = []
    for label, weight, shown in listed:
        text = shown or formats.decimal(weight, language, signed=True)
        rows.append((label, charts.signed_bar(weight, reach, f"{label}: {text}"), text))
    return {"rows": rows}


@register.inclusion_tag("ui/parts/timeline.html", takes_context=True)
def timeline(context: Context, items: Iterable[object]) -> dict[str, object]:
    """What happened, and what comes next (`parts.Moment` or alike)."""
    return {"items": list(items), "reader": reader_in(context)}


@register.inclusion_tag("ui/parts/steps.html", takes_context=True)
def steps(context: Context, items: Sequence[parts.Step], label: object = "") -> dict[str, object]:
    """A workflow's steps with the one that is now."""
    return {"items": items, "label": label, "reader": reader_in(context)}


@register.inclusion_tag("ui/parts/key_values.html")
def key_values(pairs: Iterable[tuple[object, object]], style: str = "") -> dict[str, object]:
    """Names and values; style "money" puts the values at the end of the line."""
    return {"pairs": list(pairs), "style": style}


@register.inclusion_tag("ui/parts/skeleton.html")
def skeleton(lines: int = 5) -> dict[str, object]:
    """Grey lines while htmx loads; class htmx-indicator."""
    return {"lines": range(lines)}


# -- drawings ---------------------------------------------------------------------------------------------------------


def _show(context: Context, unit: str) -> Callable[[float], str]:
    """How a chart writes its values. unit: empty (number), percent (ratio), or a currency code (minor units)."""
    language = reader_in(context).language
    if unit == "percent":
        return lambda value: formats.share(value, language)
    if unit:
        return lambda value: formats.money(round(value), unit, language)
    return lambda value: (
        formats.count(int(value), language) if value == int(value) else formats.decimal(value, language)
    )


@register.simple_tag(takes_context=True)
def line_chart(
    context: Context, title: str, labels: Sequence[str], series: Sequence[charts.Series], unit: str = "",
    limit: float | None = None, limit_name: str = "", table: bool = True,
) -> SafeString:  # fmt: skip
    """Lines over common labels. unit: empty, percent, or a currency code. `limit` draws a dashed line."""
    return charts.line_chart(title, labels, series, show=_show(context, unit), limit=limit, limit_name=limit_name,
                             table=table)  # fmt: skip


@register.simple_tag(takes_context=True)
def bar_chart(
    context: Context, title: str, labels: Sequence[str], series: Sequence[charts.Series], unit: str = "",
    table: bool = True,
) -> SafeString:  # fmt: skip
    """Bars, stacked where there are several series. unit as in line_chart."""
    return charts.bar_chart(title, labels, series, show=_show(context, unit), table=table)


@register.simple_tag
def share_bar(pieces: Sequence[tuple[str, float, str]], label: str) -> SafeString:
    """One bar cut by share; (name, amount, tone) each."""
    return charts.share_bar(pieces, label)


@register.simple_tag
def meter(value: float, label: str, limit: float = 1.0, tone: str = "accent") -> SafeString:
    """How much of a limit is used."""
    return charts.meter_bar(value, label, limit=limit, tone=tone)


@register.simple_tag
def linked_accounts(nodes: Iterable[graph.Node], edges: Iterable[graph.Edge], title: str = "") -> SafeString:
    """The graph of linked accounts with legend and table."""
    return graph.draw(nodes, edges, title=title)

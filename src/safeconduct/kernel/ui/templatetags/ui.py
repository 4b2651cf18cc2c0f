"""Tags for values and small parts: ``{% load ui %}``. docs/interface.md lists them with their parameters.

Values are written for the page's reader: language, zone and moment come from ``reader`` in the context (see
`kernel.ui.reader`), with Django's active language and zone where a template is rendered without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.http import QueryDict
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import brief
from safeconduct.kernel.ui import code, formats, parts
from safeconduct.kernel.ui.icons import icon as draw_icon
from safeconduct.kernel.ui.reader import Reader
from safeconduct.kernel.ui.svg import element, join

register = template.Library()


def reader_in(context: Context) -> Reader:
    """The page's reader, also where no context processor ran (mail, tests)."""
    found = context.get("reader")
    if isinstance(found, Reader):
        return found
    return Reader(get_language() or "en", "", timezone.get_current_timezone(), timezone.now())


def read(item: object, name: str, default: object = "") -> object:
    """An attribute or a key of the same name."""
    if isinstance(item, Mapping):
        return item.get(name, default)
    return getattr(item, name, default)


# -- values -----------------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of `kernel.ui.icons`; give `label` only where it stands alone."""
    return draw_icon(name, label, css)


@register.simple_tag
def tag(text: object, tone: str = "", icon: str = "") -> SafeString:
    """A word with a state. tone: good, warn, bad, info, violet or empty."""
    return element("span", draw_icon(icon) if icon else "", str(text), class_=f"tag {tone}".strip())


@register.simple_tag
def action(value: object, note: object = "") -> SafeString:
    """A decision's action as a badge with icon, word and colour; `note` is written behind it."""
    tone, name, label = parts.ACTIONS.get(str(value), ("", "dot", str(value)))
    return tag(f"{label} · {note}" if note else str(label), tone, name)


@register.simple_tag(takes_context=True)
def money(context: Context, amount_minor: int | None, currency: str, signed: bool = False) -> str:
    """An amount in minor units, or a dash."""
    if amount_minor is None:
        return "\N{EN DASH}"
    return formats.money(amount_minor, currency, reader_in(context).language, signed=signed)


@register.simple_tag(takes_context=True)
def count(context: Context, value: int, compact: bool = False) -> str:
    """A whole number with the language's grouping; compact writes 1.2M."""
    return formats.count(value, reader_in(context).language, compact=compact)


@register.simple_tag(takes_context=True)
def share(context: Context, value: float | None, digits: int = 1, signed: bool = False) -> str:
    """A ratio as a percentage, or a dash."""
    if value is None:
        return "\N{EN DASH}"
    return formats.share(value, reader_in(context).language, digits=digits, signed=signed)


@register.simple_tag(takes_context=True)
def decimal(context: Context, value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A number with fixed decimals, or a dash."""
    if value is None:
        return "\N{EN DASH}"
    return formats.decimal(value, reader_in(context).language, digits=digits, signed=signed)


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None, style: str = "both") -> SafeString | str:
    """A moment in the reader's zone. style: both (absolute · relative), absolute, relative, day, seconds."""
    if at is None:
        return "\N{EN DASH}"
    who = reader_in(context)
    absolute = formats.absolute(at, who.zone, who.language, who.now, seconds=style == "seconds")
    relative = formats.relative(at, who.now, who.language)
    match style:
        case "relative":
            text = relative
        case "day":
            text = formats.day(at, who.zone, who.language, who.now)
        case "both":
            text = f"{absolute} · {relative}"
        case _:
            text = absolute
    return element("time", text, datetime=at.isoformat(), title=formats.full(at, who.zone, who.language))


@register.filter
def country(code: str) -> str:
    """A country's name by its code."""
    return formats.country_name(code, get_language() or "en")


@register.filter
def language(tag: str) -> str:
    """A language's name by its tag."""
    return formats.language_name(tag, get_language() or "en")


@register.filter(name="brief")
def brief_id(text: str) -> str:
    """An id of ours by its end, where only people look at it."""
    return brief(text)


@register.filter
def as_day(value: date | None) -> str:
    """A day of the calendar (a date, or a moment as its own zone writes it) with its year, or a dash."""
    return "\N{EN DASH}" if value is None else formats.calendar_day(value, get_language() or "en")


@register.filter
def as_month(value: date | None) -> str:
    """A month of the calendar with its year, or a dash."""
    return "\N{EN DASH}" if value is None else formats.calendar_month(value, get_language() or "en")


@register.simple_tag(takes_context=True)
def due(context: Context, at: datetime | None, compact: bool = False) -> SafeString | str:
    """A deadline: what is left (coloured when it presses), and under it the absolute time unless compact."""
    if at is None:
        return "\N{EN DASH}"
    who = reader_in(context)
    left, tone = formats.remaining(at, who.now, who.language, compact=compact)
    said = element("b", left, class_=None if tone == "calm" else f"text-{tone}")
    absolute = formats.absolute(at, who.zone, who.language, who.now)
    inner = said if compact else join([said, element("small", absolute)])
    return element("time", inner, datetime=at.isoformat(), title=formats.full(at, who.zone, who.language))


@register.simple_tag(takes_context=True)
def span(context: Context, value: timedelta | float) -> str:
    """A length of time; a number is seconds."""
    delta = value if isinstance(value, timedelta) else timedelta(seconds=value)
    return formats.span(delta, reader_in(context).language)


@register.simple_tag
def copyable(value: object, shown: object = "") -> SafeString:
    """An id in fixed width with a copy button (which only appears with scripts). `shown`: a shorter form."""
    button = element("button", draw_icon("copy"), type="button", class_="js-only", data_copy=str(value),
                     aria_label=_("Copy %(value)s") % {"value": value}, title=_("Copy"))  # fmt: skip
    text = element("code", str(shown or value), title=str(value) if shown else None)
    return element("span", text, button, class_="copy")


@register.simple_tag
def keys(*names: str) -> SafeString:
    """Keys as they stand on the keyboard; ``{% keys "g" "q" %}`` is g then q."""
    return join([element("kbd", name) for name in names])


# -- lists ------------------------------------------------------------------------------------------------------------


def _query(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET if request is not None else QueryDict()


@register.simple_tag(takes_context=True)
def here_with(context: Context, **changes: object) -> str:
    """The page's own address with some query parameters changed; None removes one, cursors are dropped."""
    return parts.query(_query(context), **changes)


@register.simple_tag(takes_context=True)
def sort_header(context: Context, key: str, label: str, numeric: bool = False, first: str = "ascending") -> SafeString:
    """A ``<th>`` that sorts by ``?sort=key`` (``-key`` descending). `first`: the order of the first click."""
    current = _query(context).get("sort", "")
    order = "ascending" if current == key else "descending" if current == f"-{key}" else None
    flips = order == "ascending" or (order is None and first == "descending")
    name = {"ascending": "sort-up", "descending": "sort-down", None: "sort"}[order]
    link = element("a", label, draw_icon(name), href=parts.query(_query(context), sort=f"-{key}" if flips else key))
    return element("th", link, scope="col", class_="num" if numeric else None, aria_sort=order)


@register.simple_tag(takes_context=True)
def csv_link(context: Context, label: str = "") -> SafeString:
    """The same list as CSV: this address with ``format=csv``."""
    return element("a", draw_icon("download"), label or "CSV", class_="btn quiet small", download=True,
                   href=parts.query(_query(context), format="csv"), title=_("Download this list as CSV"))  # fmt: skip


@register.inclusion_tag("ui/parts/pager.html", takes_context=True)
def pager(context: Context, page: parts.Page) -> dict[str, object]:
    """Newer and older by cursor (``after``, ``before``), and how many are shown."""
    current = _query(context)
    return {
        "page": page, "reader": reader_in(context),
        "next_url": parts.query(current, after=page.next) if page.next else "",
        "previous_url": parts.query(current, before=page.previous) if page.previous else "",
    }  # fmt: skip


@register.inclusion_tag("ui/parts/filter_bar.html", takes_context=True)
def filter_bar(
    context: Context, filters: Sequence[parts.Filter], search: bool = True, placeholder: str = "", csv: bool = True
) -> dict[str, object]:
    """Filters of a list as a GET form, what is chosen as chips that take themselves away, search (``q``), CSV."""
    current = _query(context)
    chosen = [(f, f.chosen, parts.query(current, **{f.key: None})) for f in filters if f.chosen]
    words = current.get("q", "")
    named = {f.key for f in filters} | {"q", "after", "before", "format"}
    return {
        "filters": filters, "chosen": chosen, "search": search, "words": words, "reader": reader_in(context),
        "placeholder": placeholder, "request": context.get("request"), "csv": csv,
        "kept": [(key, value) for key in current if key not in named for value in current.getlist(key)],
        "no_words_url": parts.query(current, q=None),
        "clear_url": parts.query(current, q=None, **{f.key: None for f in filters}),
    }  # fmt: skip


@register.inclusion_tag("ui/parts/views.html")
def views(items: Sequence[parts.View], label: str = "") -> dict[str, object]:
    """Saved views as a segmented control of links."""
    return {"items": items, "label": label or _("Views")}


# -- forms ------------------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/parts/field.html")
def field(
    bound: BoundField, label: str = "", help: str = "", css: str = "", placeholder: bool = True
) -> dict[str, object]:
    """A form field with label, help and error, tied together for assistive technology.

    ``placeholder=False`` empties a placeholder that only repeats the label.
    """
    described = [f"{bound.auto_id}_help"] if help or bound.help_text else []
    attributes: dict[str, str | bool] = {"class": css} if css else {}
    if not placeholder:
        attributes["placeholder"] = ""
    if bound.errors:
        described.append(f"{bound.auto_id}_fault")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    grouped = isinstance(bound.field.widget, RadioSelect | CheckboxSelectMultiple)
    return {
        "bound": bound, "label": label or bound.label, "help": help or bound.help_text,
        "widget": bound.as_widget(attrs=attributes), "grouped": grouped,
        "check": isinstance(bound.field.widget, CheckboxInput) and not grouped,
    }  # fmt: skip


@register.inclusion_tag("ui/parts/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, object]:
    """What is wrong with a form, above it, each fault a link to its field."""
    bad = [(bound, bound.errors) for bound in form if bound.errors] if form.is_bound else []
    general = list(form.non_field_errors()) if form.is_bound else []
    return {"form": form, "bad": bad, "general": general, "total": len(bad) + len(general)}


@register.inclusion_tag("ui/parts/confirm.html", takes_context=True)
def confirm(
    context: Context, url: str, label: str, text: str = "", button: str = "", tone: str = "", key: str = "",
    reason: str = "", name: str = "", value: str = "", required: bool = True,
) -> dict[str, object]:  # fmt: skip
    """A step that asks once more, without scripts: a button that opens a POST form. `reason`: the label of a reason
    field (``reason``), required unless said otherwise; `name` and `value`: a hidden field; `key`: its keyboard key."""
    return {
        "url": url, "label": label, "text": text, "button": button or label, "tone": tone, "key": key, "reason": reason,
        "name": name, "value": value, "required": required, "csrf_token": context.get("csrf_token", ""),
    }  # fmt: skip


# -- code -------------------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/parts/editor.html")
def editor(bound: BoundField, faults: Sequence[code.Diagnostic] = (), label: str = "") -> dict[str, object]:
    """A text area for code with line numbers, marked lines and colours; without scripts a plain text area."""
    text = str(bound.value() or "")
    lines = code.listing(text, faults, whole=True, coloured=False)
    attributes: dict[str, str | bool] = {
        "rows": str(max(len(lines) + 2, 16)), "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off",
        "wrap": "off", "dir": "ltr", "aria-label": label or str(bound.label), "data-editor": "",
        "aria-describedby": f"{bound.auto_id}_faults",
    }  # fmt: skip
    if faults:
        attributes["aria-invalid"] = "true"
    return {"bound": bound, "lines": lines, "widget": bound.as_widget(attrs=attributes)}


@register.inclusion_tag("ui/parts/diagnostics.html")
def diagnostics(
    faults: Sequence[code.Diagnostic], text: str = "", target: str = "", url: str = ""
) -> dict[str, object]:
    """The faults of a text as a list, each with its line; `target` is the id of the editor to jump to, `url` the page
    where the text stands if it is another one."""
    return {"faults": [(f, code.excerpt(text, f)) for f in faults], "target": target, "url": url}


@register.inclusion_tag("ui/parts/listing.html")
def listing(text: str, faults: Sequence[code.Diagnostic] = (), label: str = "", first: int = 1) -> dict[str, object]:
    """Code to read, with line numbers that are anchors (``#L12``) and faults under their lines. `first`: the number of
    the first line. For some hundred lines; `long_text` takes more."""
    return {"lines": code.listing(text, faults, first=first), "label": label}


@register.inclusion_tag("ui/parts/long_text.html")
def long_text(lines: Sequence[str], first: int = 1, label: str = "") -> dict[str, object]:
    """Many lines to read, from line `first` on: anchors ``#L12`` as in `listing`, coloured in the browser."""
    numbered = list(enumerate(lines, first))
    return {"lines": numbered, "numbers": "\n".join(str(number) for number, _line in numbered), "label": label}


@register.inclusion_tag("ui/parts/diff.html")
def diff(compared: parts.Diffed) -> dict[str, object]:
    """What differs between two texts, line by line."""
    rows = code.difference(compared.old, compared.new, context=compared.context)
    return {"rows": rows, "compared": compared}

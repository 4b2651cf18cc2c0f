"""The page a form stands on once more, where what it asked for was refused: why, and all that was written in it.

A redirect would lose the words of whoever wrote for an hour, and no browser is to keep them: so the page is the answer.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html

from safeconduct.kernel.ui.refill import Sent, refilled

#: Where a page of ours has room for words whose form it has no more (ui/parts/messages.html).
_ROOM: Final = '<div id="kept" hidden></div>'
#: What pages give themselves, or nobody is to see twice.
_NOT_WRITTEN: Final = re.compile(
    r"csrfmiddlewaretoken|seen.*|held_by|back|stay|next|id|do|revision|sha256|.*(password|passphrase|secret|code|token|credential).*"
)
#: Names and addresses of ours; what people write rarely looks like this.
_OURS: Final = re.compile(r"/.*|[a-z0-9_]*")
_WORDS: Final = frozenset({"reason", "words", "why", "text", "says", "facts", "found", "note", "amount", "fees"})


@dataclass(frozen=True, slots=True)
class At:
    """What is wrong, in the words of the reader, and with which field; "" where with none."""

    text: str
    field: str = ""

    def __str__(self) -> str:
        return self.text


def field_of(problem: object) -> str:
    """The field that a refusal is about; "" where it names none. Amounts are kept in minor units, written in others."""
    return str(getattr(problem, "field", "")).removesuffix("_minor")


def page_again(
    request: HttpRequest,
    problem: Exception | At | str,
    here: str,
    *,
    status: int = 422,
    title: str = "",
    detail: str = "",
) -> HttpResponse:
    """The page at ``here`` as for a GET; its form has what was sent, and the message stands on top, and beside the
    field that the problem names (``field``). Where the form is gone, what was written stands under the message; where
    the page is gone, on a page of the refusal alone. ``detail``: more about it, as programs say it.
    """
    text = str(problem)
    told = format_html("<b>{}</b> {}", title, text) if title else text
    if detail:
        told = format_html('{} <small class="muted" dir="ltr">{}</small>', told, detail)
    messages.error(request, told)
    answer = _as_it_stands(request, here)
    if answer is None:
        # Told on the page of the refusal; the next one does not tell it again.
        list(messages.get_messages(request))
        return refusal_page(request, title or text, text if title else "", here, status=status, detail=detail)
    html, named = answer.content.decode(), field_of(problem)
    sent = Sent(request.path, request.POST, frozenset(request.FILES), named, text)
    filled = refilled(html, sent, here=urlsplit(here).path)
    if filled is None:
        filled = html.replace(_ROOM, render_to_string("ui/parts/kept.html", {"kept": written(request)}), 1)
    answer.content = filled.encode()
    answer.status_code = status
    return answer


def refusal_page(
    request: HttpRequest, title: str, way_out: str, back: str, *, status: int, detail: str = ""
) -> HttpResponse:
    """A refusal on a page of its own, with the way back, and what was written."""
    context = {
        "status": status, "title": title, "way_out": way_out, "detail": detail, "back": back, "kept": written(request),
    }  # fmt: skip
    return HttpResponse(render_to_string("ui/refused.html", context, request), status=status)


def came_from(request: HttpRequest) -> str:
    """The address of the page on which the form stood, as the browser says it; empty where that is no page of ours."""
    told = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    if told.netloc != request.get_host() or told.path.startswith("//"):
        return ""
    return f"{told.path}?{told.query}" if told.query else told.path


def written(request: HttpRequest) -> list[str]:
    """What a person has written in a form, as far as that can be told without its page; no secret is among it."""
    return [
        value
        for name, values in request.POST.lists()
        for value in values
        if value.strip() and not _NOT_WRITTEN.fullmatch(name) and (name in _WORDS or not _OURS.fullmatch(value))
    ]


def _as_it_stands(request: HttpRequest, here: str) -> HttpResponse | None:
    """The page at an address, for whoever asks, through its own door; None where it does not open."""
    asked = urlsplit(here)
    try:
        found = resolve(asked.path)
    except Resolver404:
        return None
    shown = copy(request)
    shown.method, shown.path, shown.path_info = "GET", asked.path, asked.path
    shown.META = {**request.META, "REQUEST_METHOD": "GET", "PATH_INFO": asked.path, "QUERY_STRING": asked.query}
    shown.GET, shown.POST, shown._files = QueryDict(asked.query), QueryDict(), MultiValueDict()  # type: ignore[attr-defined]
    shown.resolver_match = found
    given = dict(found.kwargs)
    if "token" in given and given["token"] == getattr(request, "link_handle", None) and request.resolver_match:
        # A handle in addresses: the token behind it came with the request (`kernel.link_door`).
        given["token"] = request.resolver_match.kwargs["token"]
    try:
        answer = found.func(shown, *found.args, **given)
    except Http404:
        return None
    is_page = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
    return answer if is_page and not answer.streaming else None

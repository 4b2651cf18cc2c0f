"""The page a form stands on once more, where what it asked for was refused: why, and all that was written in it.

A redirect would lose the words of whoever wrote for an hour, and no browser is to keep them: so the page is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.html import escape

#: What a page gives itself, or nobody is to see twice.
_LEFT_ALONE: Final = frozenset({"hidden", "password", "file", "submit", "button"})
_TICKED: Final = frozenset({"checkbox", "radio"})
_Attributes = list[tuple[str, str | None]]


def page_again(request: HttpRequest, problem: str, here: str, view: Callable[[Any], HttpResponse]) -> HttpResponse:
    """``view`` shows the page at ``here``, as for a GET; its form has what was sent. The status is 422."""
    messages.error(request, problem)
    shown = copy(request)
    shown.method, shown.path, shown.path_info = "GET", here, here
    shown.GET, shown.POST = QueryDict(), QueryDict()
    answer = view(shown)
    if answer.status_code == 200:
        answer.content = refilled(answer.content.decode(), request.path, request.POST)
        answer.status_code = 422
    return answer


def refilled(html: str, action: str, given: QueryDict) -> str:
    """A page whose form that posts to ``action`` has these values, and stands open where it was folded away."""
    filler = _Filler(html, action, given)
    filler.feed(html)
    filler.close()
    for start, end, text in sorted(filler.changes, reverse=True):
        html = html[:start] + text + html[end:]
    return html


class _Filler(HTMLParser):
    """Finds what changes: from where, until where, and what stands there then."""

    def __init__(self, html: str, action: str, given: QueryDict) -> None:
        super().__init__()
        self.action, self.given, self.changes = action, given, list[tuple[int, int, str]]()
        self.lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self.folds = list[tuple[int, int, _Attributes]]()
        self.inside = self.done = False
        self.select = ""
        self.area: tuple[str, int] | None = None

    @property
    def _at(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        start, end, told = self._at, self._at + len(self.get_starttag_text() or ""), dict(attrs)
        name = told.get("name") or ""
        if tag == "details":
            self.folds.append((start, end, attrs))
        elif tag == "form" and not self.done and (told.get("action") or "").partition("?")[0] == self.action:
            self.inside = self.done = True
            for begin, until, has in self.folds:
                self._write(begin, until, "details", has, open=True)
        elif not self.inside:
            return
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select in self.given:
            chosen = told.get("value") in self.given.getlist(self.select)
            self._write(start, end, tag, attrs, selected=chosen)
        elif tag == "textarea" and name in self.given:
            self.area = name, end
        elif tag == "input" and (kind := told.get("type") or "text") not in _LEFT_ALONE:
            if kind in _TICKED:
                self._write(start, end, tag, attrs, checked=(told.get("value") or "on") in self.given.getlist(name))
            elif name in self.given:
                self.changes.append((start, end, _tag(tag, {**told, "value": self.given.getlist(name)[-1]})))

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self.folds:
            self.folds.pop()
        elif tag == "textarea" and self.area:
            name, begin = self.area
            self.changes.append((begin, self._at, f"\n{escape(self.given.getlist(name)[-1])}"))
            self.area = None
        elif tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = False

    def _write(self, start: int, end: int, tag: str, attrs: _Attributes, **flag: bool) -> None:
        ((name, on),) = flag.items()
        kept = {key: value for key, value in attrs if key != name}
        self.changes.append((start, end, _tag(tag, {**kept, name: None} if on else kept)))


def _tag(tag: str, attributes: dict[str, str | None]) -> str:
    written = [key if value is None else f'{key}="{escape(value)}"' for key, value in attributes.items()]
    return f"<{' '.join([tag, *written])}>"

"""A page whose form has what was sent with it, in HTML: no page has to know that it may be shown once more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import accumulate
from typing import Final

from django.http import QueryDict
from django.utils.html import escape
from django.utils.translation import gettext as _

from safeconduct.kernel.ui.icons import icon

#: What a page gives itself, or nobody is to see twice.
_LEFT_ALONE: Final = frozenset({"hidden", "password", "file", "submit", "button"})
_TICKED: Final = frozenset({"checkbox", "radio"})
_FAULT, _FILE_HELP = "refused_fault", "refused_file"
_Attributes = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came: to which address, the values, the names under which files came, and what is wrong with which field."""

    action: str
    given: QueryDict
    files: Collection[str] = ()
    field: str = ""
    problem: str = ""


def refilled(html: str, sent: Sent, *, here: str = "") -> str | None:
    """A page whose form that was sent has these values, and stands open where it was folded away; what is wrong is
    said beside its field. None where the form is not on the page. ``here``: the page's own address, for forms that
    name none.
    """
    seeker = _Seeker(sent, here)
    seeker.feed(html)
    seeker.close()
    if not seeker.best:
        return None
    filler = _Filler(html, sent, seeker.best)
    filler.feed(html)
    filler.close()
    for start, end, text in sorted(filler.changes, reverse=True):
        html = html[:start] + text + html[end:]
    return html


@dataclass(slots=True)
class _Form:
    """A form of the page; several may go to one address: `alike` counts what it has in common with what was sent."""

    number: int
    id: str
    goes: bool
    alike: int = 0


@dataclass(slots=True)
class _Where:
    """Which form a tag belongs to: that it stands in, or that it names."""

    number: int = 0
    open: int = 0
    named: dict[str, int] = field(default_factory=dict)

    def begin(self, told: dict[str, str | None]) -> int:
        self.number += 1
        self.open = self.number
        if told.get("id"):
            self.named.setdefault(told["id"] or "", self.number)
        return self.number

    def of(self, told: dict[str, str | None]) -> int:
        return self.named.get(told["form"] or "", 0) if "form" in told else self.open


class _Seeker(HTMLParser):
    """Finds the form that was sent: it goes to the address, and of several it has most in common with what came."""

    def __init__(self, sent: Sent, here: str) -> None:
        super().__init__()
        self.sent, self.here, self.where, self.forms = sent, here, _Where(), dict[int, _Form]()

    @property
    def best(self) -> int:
        """Its number on the page; 0 where there is none."""
        going = [form for form in self.forms.values() if form.goes]
        return max(going, key=lambda form: (form.alike, -form.number)).number if going else 0

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        told = dict(attrs)
        if tag == "form":
            number = self.where.begin(told)
            goes = (told.get("method") or "").lower() == "post" and self._goes(told.get("action"))
            self.forms[number] = _Form(number, told.get("id") or "", goes)
        elif (form := self.forms.get(self.where.of(told))) is not None:
            name, value = told.get("name") or "", told.get("value") or ""
            if "formaction" in told and self._goes(told["formaction"]):
                form.goes = True
            if name in self.sent.given:
                # What the page gives itself tells one row's form from another's.
                same = told.get("type") == "hidden" or tag == "button"
                form.alike += 10 * (value in self.sent.given.getlist(name)) if same else 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.where.open = 0

    def _goes(self, action: str | None) -> bool:
        return ((action or "").partition("?")[0] or self.here) == self.sent.action


class _Filler(HTMLParser):
    """Finds what changes: from where, until where, and what stands there then."""

    def __init__(self, html: str, sent: Sent, number: int) -> None:
        super().__init__()
        self.sent, self.given, self.number = sent, sent.given, number
        self.changes, self.where = list[tuple[int, int, str]](), _Where()
        self.lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self.folds = list[tuple[int, int, _Attributes]]()
        self.select = self.at_fault = ""
        self.area: tuple[str, int] | None = None
        self.told = self.told_of_file = False

    @property
    def _at(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        start, end, told = self._at, self._at + len(self.get_starttag_text() or ""), dict(attrs)
        if tag == "details":
            self.folds.append((start, end, attrs))
        elif tag == "form":
            if self.where.begin(told) == self.number:
                for begin, until, has in self.folds:
                    self._write(begin, until, "details", {**dict(has), "open": None})
        elif self.where.of(told) == self.number:
            self._fill(tag, told, start, end)

    def _fill(self, tag: str, told: dict[str, str | None], start: int, end: int) -> None:
        name, kind = told.get("name") or "", told.get("type") or "text"
        if tag == "select":
            self.select = name
            self._blamed(tag, told, start, end)
        elif tag == "option" and self.select in self.given:
            chosen = told.get("value") in self.given.getlist(self.select)
            self._write(start, end, tag, _flagged(told, "selected", on=chosen))
        elif tag == "textarea":
            self.area = (name, end) if name in self.given else None
            self._blamed(tag, told, start, end)
        elif tag == "input" and kind == "file" and name in self.sent.files:
            self._write(start, end, tag, _described(told, _FILE_HELP))
            self._beside(end, "help", _FILE_HELP, _("Choose the file again: no page can keep it for you."))
        elif tag == "input" and kind in _TICKED:
            on = (told.get("value") or "on") in self.given.getlist(name)
            self._write(start, end, tag, _flagged(told, "checked", on=on))
        elif tag == "input" and kind not in _LEFT_ALONE:
            filled = {**told, "value": self.given.getlist(name)[-1]} if name in self.given else told
            if not self._blamed(tag, filled, start, end) and filled is not told:
                self._write(start, end, tag, filled)

    def _blamed(self, tag: str, told: dict[str, str | None], start: int, end: int) -> bool:
        """Marks the field that is at fault, once: the reader is brought to it, and hears what is wrong."""
        if self.told or not self.sent.field or told.get("name") != self.sent.field:
            return False
        self.told = True
        self._write(start, end, tag, {**_described(told, _FAULT), "aria-invalid": "true", "autofocus": None})
        if tag == "input":
            self._beside(end, "error", _FAULT, self.sent.problem)
        else:
            self.at_fault = tag
        return True

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
            self.where.open = 0
        if tag == self.at_fault:
            self.at_fault = ""
            self._beside(self._at + len(f"</{tag}>"), "error", _FAULT, self.sent.problem)

    def _beside(self, at: int, css: str, name: str, text: str) -> None:
        sign = icon("alert") if css == "error" else ""
        self.changes.append((at, at, f'<span class="{css}" id="{name}">{sign}<span>{escape(text)}</span></span>'))

    def _write(self, start: int, end: int, tag: str, told: dict[str, str | None]) -> None:
        written = [key if value is None else f'{key}="{escape(value)}"' for key, value in told.items()]
        self.changes.append((start, end, f"<{' '.join([tag, *written])}>"))


def _flagged(told: dict[str, str | None], name: str, *, on: bool) -> dict[str, str | None]:
    kept = {key: value for key, value in told.items() if key != name}
    return {**kept, name: None} if on else kept


def _described(told: dict[str, str | None], by: str) -> dict[str, str | None]:
    return {**told, "aria-describedby": " ".join(filter(None, (told.get("aria-describedby"), by)))}

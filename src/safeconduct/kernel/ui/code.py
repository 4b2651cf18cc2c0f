"""Policy text on a page: highlighting, line marks for faults, differences. All server-side, all escaped.

The highlighter knows just enough YAML to help the eye; it decides nothing. `safeconduct.js` colours with the same
expression while one types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from django.utils.safestring import SafeString

from safeconduct.kernel.ui.svg import element, join

Level = Literal["error", "warning"]

#: note | key | text | number | word, the first that fits; the same source text stands in safeconduct.js.
TOKEN: Final = re.compile(
    r"(#.*$)|([\w.\-]+:(?=\s|$))|(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')|(\b\d[\d_.]*\b)"
    r"|(\b(?:AND|OR|NOT|IN|IS|NULL|BETWEEN|TRUE|FALSE|CASE|WHEN|THEN|ELSE|END|allow|challenge|review|block)\b)"
)
CLASSES: Final = ("t-note", "t-key", "t-text", "t-num", "t-word")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault of a text: where (1-based), what, and the way out."""

    line: int
    column: int
    message: str
    hint: str = ""
    level: Level = "error"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a listing: its number, its text as coloured HTML, the worst level of its faults."""

    number: int
    html: SafeString
    level: Level | None = None
    faults: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One row of a difference: kind ``same``, ``add``, ``del``, or ``gap`` with the number of lines left out."""

    kind: Literal["same", "add", "del", "gap"]
    old: int | None
    new: int | None
    html: SafeString
    skipped: int = 0

    @property
    def sign(self) -> str:
        return {"add": "+", "del": "\N{MINUS SIGN}"}.get(self.kind, "")


def highlight(text: str) -> SafeString:
    """One line, coloured."""
    parts: list[str] = []
    at = 0
    for match in TOKEN.finditer(text):
        parts.append(text[at : match.start()])
        parts.append(element("span", match.group(), class_=CLASSES[(match.lastindex or 1) - 1]))
        at = match.end()
    parts.append(text[at:])
    return join(parts)


def listing(
    text: str, faults: Iterable[Diagnostic] = (), *, whole: bool = False, coloured: bool = True, first: int = 1
) -> list[Line]:
    """The lines of a text with the faults that lie on them. A fault beyond the end is shown on the last line.

    `whole` keeps the empty line after a final line break, as a text area shows it. Without `coloured` the lines are
    only escaped, for what the browser colours. `first`: the number of the first line; faults count as the lines do.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > 1 and not lines[-1] and not whole:
        lines.pop()
    last = first + len(lines) - 1
    by_line: dict[int, list[Diagnostic]] = {}
    for fault in faults:
        by_line.setdefault(min(max(fault.line, first), last), []).append(fault)
    ink = highlight if coloured else lambda line: join([line])
    return [
        Line(i, ink(line), _worst(by_line.get(i, ())), tuple(by_line.get(i, ()))) for i, line in enumerate(lines, first)
    ]


def _worst(faults: Sequence[Diagnostic]) -> Level | None:
    if not faults:
        return None
    return "error" if any(f.level == "error" for f in faults) else "warning"


def excerpt(text: str, fault: Diagnostic) -> str:
    """The line of a fault with a caret under the column; empty where there is no such line."""
    lines = text.replace("\r\n", "\n").split("\n")
    if not 1 <= fault.line <= len(lines):
        return ""
    line = lines[fault.line - 1].replace("\t", " ")
    cut = len(line) - len(line.lstrip())
    return f"{line[cut:]}\n{' ' * max(fault.column - 1 - cut, 0)}^"


def difference(old: str, new: str, *, context: int = 3) -> list[DiffRow]:
    """The lines that differ with `context` lines around; changed words of a changed line are marked."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    rows: list[DiffRow] = []
    done = 0
    for group in matcher.get_grouped_opcodes(context):
        if group[0][1] > done:
            rows.append(DiffRow("gap", None, None, SafeString(""), group[0][1] - done))
        for kind, a1, a2, b1, b2 in group:
            if kind == "equal":
                pairs = zip(range(a1, a2), range(b1, b2), strict=True)
                rows.extend(DiffRow("same", a + 1, b + 1, highlight(before[a])) for a, b in pairs)
            else:
                rows.extend(_changed(before[a1:a2], after[b1:b2], a1, b1))
        done = group[-1][2]
    if rows and done < len(before):
        rows.append(DiffRow("gap", None, None, SafeString(""), len(before) - done))
    return rows


def _changed(old: Sequence[str], new: Sequence[str], a: int, b: int) -> list[DiffRow]:
    removed = [join([line]) for line in old]
    added = [join([line]) for line in new]
    for i in range(min(len(old), len(new))):
        removed[i], added[i] = _words(old[i], new[i])
    return [
        *(DiffRow("del", a + i + 1, None, html) for i, html in enumerate(removed)),
        *(DiffRow("add", None, b + i + 1, html) for i, html in enumerate(added)),
    ]


def _words(old: str, new: str) -> tuple[SafeString, SafeString]:
    left, right = re.findall(r"\w+|\W", old), re.findall(r"\w+|\W", new)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.4:  # nothing in common: marking every word would only flicker
        return join([old]), join([new])
    out_left: list[str] = []
    out_right: list[str] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        was, now = "".join(left[a1:a2]), "".join(right[b1:b2])
        out_left.append(was if kind == "equal" or not was else element("del", was))
        out_right.append(now if kind == "equal" or not now else element("ins", now))
    return join(out_left), join(out_right)

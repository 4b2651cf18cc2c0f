"""What is wrong with a policy, said as a good compiler says it: where, what, and the way out."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from safeconduct.foundation.policy.nodes import Span

#: The longest piece of a source line that is shown.
_SHOWN_COLUMNS = 120
#: After so many errors reading stops.
MAX_ERRORS = 100
#: The longest name of a policy, rule, feature, score, list or category, in characters.
MAX_NAME = 63


class Severity(StrEnum):
    """An error keeps a policy from being accepted; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `span` says where (lines and columns count from 1), `code` is stable, `hint` is the way out."""

    span: Span
    code: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR

    def as_json(self, file: str) -> dict[str, str | int | None]:
        """The finding as flat data, for editors and the API."""
        return {
            "file": file,
            "line": self.span.line,
            "column": self.span.column,
            "end_column": self.span.end,
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }


class Source:
    """A text with its lines: turns offsets (code points from 0) into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        self._starts.extend(i + 1 for i, letter in enumerate(text) if letter == "\n")

    def span(self, start: int, end: int) -> Span:
        """The span of an offset range; a range over several lines ends with its first line."""
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self._starts, start)
        first = self._starts[line - 1]
        line_end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        return Span(line, start - first + 1, max(min(end, line_end), start + 1) - first + 1)

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its end."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r")


class TooManyErrors(Exception):
    """Reading stops: nobody reads on, and each further suggestion costs time that an attacker could ask for."""


class Findings:
    """Collects diagnostics over one source while it is read. Raises TooManyErrors once there are `MAX_ERRORS`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: list[Diagnostic] = []
        self._errors = 0

    def error(self, at: tuple[int, int], code: str, message: str, hint: str | None = None) -> None:
        """Reports an error at an offset range."""
        self.error_at(self.source.span(*at), code, message, hint)

    def error_at(self, span: Span, code: str, message: str, hint: str | None = None) -> None:
        """Reports an error at a span."""
        self._found.append(Diagnostic(span, code, message, hint))
        self._errors += 1
        if self._errors == MAX_ERRORS:
            stopped = f"there are {MAX_ERRORS} errors or more; reading stopped here"
            self._found.append(Diagnostic(span, "too-many-errors", stopped, "mend the first ones"))
            raise TooManyErrors

    def warning(self, at: tuple[int, int], code: str, message: str, hint: str | None = None) -> None:
        """Reports a warning at an offset range."""
        self.warning_at(self.source.span(*at), code, message, hint)

    def warning_at(self, span: Span, code: str, message: str, hint: str | None = None) -> None:
        """Reports a warning at a span."""
        self._found.append(Diagnostic(span, code, message, hint, Severity.WARNING))

    @property
    def failed(self) -> bool:
        return self._errors > 0

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Everything found, once each, in order of position."""
        return tuple(sorted(dict.fromkeys(self._found), key=lambda d: (d.span.line, d.span.column, d.severity, d.code)))


def suggest(word: str, known: Iterable[str]) -> str | None:
    """ "did you mean …?" with the nearest known name, or None where nothing is near."""
    names = sorted(set(known))
    near = get_close_matches(word.lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    if not near:
        return None
    return "did you mean `" + next(n for n in names if n.lower() == near[0]) + "`?"


def choices(known: Iterable[str], limit: int = 12, *, first: Iterable[str] = ()) -> str:
    """A readable list of what is possible; ``first``: names that stand before all others."""
    before = set(first)
    names = sorted(set(known), key=lambda name: (name not in before, name))
    shown = ", ".join(f"`{n}`" for n in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def offer(words: str, known: Collection[str], limit: int = 12, *, none: str) -> str:
    """The words with a list of what is possible; ``none`` where nothing is."""
    return f"{words} {choices(known, limit)}" if known else none


def too_long(name: str) -> str | None:
    """The way out of a name that is too long; None for one that is not."""
    return f"it has {len(name)} characters; a name has at most {MAX_NAME}" if len(name) > MAX_NAME else None


def render(diagnostics: Sequence[Diagnostic], text: str, file: str) -> str:
    """The findings as text: position, message, the source line with carets under the word, and the way out."""
    source = Source(text)
    blocks = [_render_one(d, source, file) for d in diagnostics]
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    warnings = len(diagnostics) - errors
    if blocks:
        blocks.append(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _render_one(d: Diagnostic, source: Source, file: str) -> str:
    lines = [f"{file}:{d.span.line}:{d.span.column}: {d.severity.value}: {d.message} [{d.code}]"]
    shown, start, end = _window(source.line(d.span.line), d.span.column - 1, d.span.end - 1)
    if shown.strip():
        number = str(d.span.line)
        gutter = " " * len(number)
        pad = " " * _width(shown[:start])
        lines.append(f" {number} | {shown}")
        lines.append(f" {gutter} | {pad}{'^' * max(1, _width(shown[start:end]))}")
    if d.hint:
        lines.append(f"   help: {d.hint}")
    return "\n".join(lines)


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A piece of an over-long line around the word, with the word's place in it; odd characters made visible."""
    line = "".join(_visible(letter) for letter in line)
    start, end = min(start, len(line)), min(end, len(line))
    if len(line) <= _SHOWN_COLUMNS:
        return line, start, end
    left = max(0, min(start - _SHOWN_COLUMNS // 3, len(line) - _SHOWN_COLUMNS))
    piece = line[left : left + _SHOWN_COLUMNS]
    return piece, start - left, min(end - left, len(piece))


def _visible(letter: str) -> str:
    """One column for one character: a terminal must not be steered by what a policy contains."""
    if letter == "\t":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter


def _width(text: str) -> int:
    """How many terminal columns a text takes."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

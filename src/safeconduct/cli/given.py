"""Files that people give to commands: read whole, or refused with their name, the place and the way out."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any, Final

from safeconduct.cli.output import USAGE, fail
from safeconduct.foundation.json_depth import MAX_DEPTH, is_too_deep

#: More than any policy, template, mapping or table that a person writes; history goes in by lines, without this limit.
MOST_BYTES: Final = 64 * 1024 * 1024


class NotRead(ValueError):
    """A file that cannot be what was asked for; the message names it and says what to do."""


def text_of(file: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Ends the command where it is none."""
    try:
        return read(file)
    except NotRead as problem:
        fail(str(problem), USAGE)


def read(file: Path) -> str:
    """As `text_of`. Raises NotRead, for commands that go on with the next file."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as problem:
        raise NotRead(f"{file} cannot be read: {problem.strerror}; name a file that is there") from None
    if len(raw) > MOST_BYTES:
        raise NotRead(f"{file} is larger than {MOST_BYTES // 1024 // 1024} MB; give it in parts")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise NotRead(f"{file} is not text in UTF-8 (line {line}, byte {problem.start}); save it as UTF-8") from None


def json_line(raw: bytes) -> Any:
    """The value of one line of JSON. Raises ValueError, in words, for what is none."""
    try:
        value = json.loads(raw, parse_float=_float, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply to be read") from None
    except UnicodeDecodeError as problem:
        raise ValueError(f"it is not UTF-8 at byte {problem.start}; save the file as UTF-8") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"column {problem.colno}: {problem.msg}") from None
    except ValueError as problem:
        raise ValueError("a number has too many digits" if "digits" in str(problem) else str(problem)) from None
    if is_too_deep(value, raw):
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep; no event needs that")
    return value


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not a number of JSON")

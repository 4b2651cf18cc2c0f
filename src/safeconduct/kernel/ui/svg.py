"""Building SVG (and the little HTML around it) so that nothing unescaped and no broken number gets in.

Everything here is a pure function of its arguments. Colours are classes of the stylesheet, never values, so that
drawings follow the reader's theme; no style attribute is written, so that the strict content policy holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

#: Attributes whose spelling is not lower case with hyphens.
_AS_WRITTEN: Final = frozenset({"viewBox", "preserveAspectRatio", "markerWidth", "markerHeight", "pathLength"})
#: Attributes that would carry script or style past the content policy.
_FORBIDDEN: Final = frozenset({"style"})

#: The tones a part or a series may have; each is a class of the stylesheet.
TONES: Final = ("accent", "good", "warn", "bad", "info", "violet", "calm")


def number(value: float) -> str:
    """A coordinate with at most two decimals. Raises ValueError for NaN and infinities."""
    if not math.isfinite(value):
        raise ValueError(f"a drawing cannot use the number {value}")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def element(tag: str, *children: object, **attributes: object) -> SafeString:
    """One element. Attribute values are always escaped, children unless they are SafeString.

    ``class_`` becomes ``class``, other underscores become hyphens. None and False leave an attribute out, True writes
    it without a value, numbers are checked by `number`. Raises ValueError for style and on… attributes.
    """
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        name = key if key in _AS_WRITTEN else key.rstrip("_").replace("_", "-")
        if name in _FORBIDDEN or name.startswith("on"):
            raise ValueError(f"the attribute {name!r} would break the content policy; use a class")
        match value:
            case None | False:
                continue
            case True:
                parts.append(f" {name}")
            case int() | float():
                parts.append(f' {name}="{number(value)}"')
            case _:
                parts.append(f' {name}="{escape(str(value))}"')
    parts.append(">")
    parts.extend(conditional_escape(c if isinstance(c, SafeString) else str(c)) for c in children)
    parts.append(f"</{tag}>")
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped above


def join(parts: Iterable[str]) -> SafeString:
    """Elements one after the other; what is not SafeString is escaped."""
    return mark_safe("".join(conditional_escape(part) for part in parts))  # noqa: S308 - escaped here


def path(points: Iterable[tuple[float, float]]) -> str:
    """The ``d`` of a line through the points."""
    return "".join(f"{'ML'[bool(i)]}{number(x)} {number(y)}" for i, (x, y) in enumerate(points))


def tone_class(tone: str) -> str:
    """The class that gives a drawing its colour. Raises ValueError for an unknown tone."""
    if tone not in TONES:
        raise ValueError(f"{tone!r} is not a tone; use one of {', '.join(TONES)}")
    return f"c-{tone}"

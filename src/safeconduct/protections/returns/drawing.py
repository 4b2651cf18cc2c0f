"""The comparison side by side: what left on one side, what came back on the other, and between them what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from safeconduct.kernel.ui.charts import meter_bar
from safeconduct.kernel.ui.formats import count
from safeconduct.kernel.ui.svg import element
from safeconduct.protections.returns.comparing import Compared, Finding, What
from safeconduct.protections.returns.portal_words import BECAUSE, FINDINGS, WHATS

#: Of a PDQ hash a square of its 256 bits is drawn: copies look alike at a glance.
_SIDE: Final = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the comparison as it is read. ``left_drawn``, ``back_drawn``: pictures of the same scale, or ""."""

    what: str
    left: str
    back: str
    tone: str
    icon: str
    word: str
    says: str
    left_drawn: SafeString | str = ""
    back_drawn: SafeString | str = ""


def shown(lines: Sequence[Compared], language: str) -> list[Shown]:
    """The lines in the reader's words."""
    return [_shown(line, language) for line in lines]


def _shown(line: Compared, language: str) -> Shown:
    tone, icon, word = FINDINGS[line.finding]
    facts = {name: count(value, language) for name, value in line.facts.items()}
    says = str(BECAUSE[line.because]) % facts
    left, back = line.left, line.back
    drawn: tuple[SafeString | str, SafeString | str] = ("", "")
    if line.what is What.WEIGHT:
        drawn = _bars(line)
        left, back = (_("%(n)s g") % {"n": count(int(text), language)} if text else "" for text in (left, back))
    elif line.what is What.PHOTO:
        drawn = _hash(left), _hash(back)
        left, back = (text[:8] + "…" if text else "" for text in (left, back))
    return Shown(
        str(WHATS[line.what]), left or _("not noted"), back or _("not noted"), tone, icon, str(word), says, *drawn
    )


def _bars(line: Compared) -> tuple[SafeString | str, SafeString | str]:
    if not line.left or not line.back:
        return "", ""
    most = max(int(line.left), int(line.back), 1)
    tone = "bad" if line.finding is Finding.DIFFERENT else "accent"
    return (
        meter_bar(int(line.left) / most, _("what left, of the heavier one")),
        meter_bar(int(line.back) / most, _("what came back, of the heavier one"), tone=tone),
    )


def _hash(digits: str) -> SafeString | str:
    if not digits:
        return ""
    bits = int(digits, 16)
    cells = [
        element("rect", x=4 * (n % _SIDE), y=4 * (n // _SIDE), width=4, height=4, class_="fill")
        for n in range(_SIDE * _SIDE)
        if bits >> (_SIDE * _SIDE - 1 - n) & 1
    ]
    size = 4 * _SIDE
    return element(
        "svg", element("g", *cells, class_="c-accent"), viewBox=f"0 0 {size} {size}", width=size, height=size,
        aria_hidden="true",
    )  # fmt: skip

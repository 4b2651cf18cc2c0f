"""Names without signs that nobody sees: what turns the direction of a line, has no width, or steers a terminal makes
one name look like another, or the words beside it read otherwise."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Controls, formats, halves of characters, private signs, ends of lines and paragraphs.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: They have no width, and Persian, Hindi and emoji are not written without them (Unicode TR 31, 2.3).
_JOINERS: Final = frozenset("\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
#: The last letter of those scripts' blocks, which joiners have no place in.
_LATIN_GREEK_CYRILLIC: Final = 0x052F


def hidden_in(text: str) -> str:
    """The name of the first sign in a text that nobody sees; empty where there is none. A joiner counts where it joins
    nothing: at the ends, and beside a letter of a script that has no use for it."""
    for place, letter in enumerate(text):
        if unicodedata.category(letter) in _HIDDEN and not _joins(text, place):
            return unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
    return ""


def visible(text: str) -> str:
    """A text without the signs that nobody sees."""
    return "".join(
        letter
        for place, letter in enumerate(text)
        if unicodedata.category(letter) not in _HIDDEN or _joins(text, place)
    )


def _joins(text: str, place: int) -> bool:
    if text[place] not in _JOINERS or not 0 < place < len(text) - 1:
        return False
    return all(ord(other) > _LATIN_GREEK_CYRILLIC for other in (text[place - 1], text[place + 1]))

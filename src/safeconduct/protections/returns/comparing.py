"""What left compared with what came back: weight, serial number, picture. Total, explained, and never a decision.

A difference is something for a person to look at. That nothing differs is no proof of anything either: a brick can have
the right weight. No Django, no database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from safeconduct.protections.returns.terms import Terms

_HASH: Final = re.compile(r"[0-9a-f]{64}")
#: What people write into serial numbers that scanners do not.
_FILLING: Final = re.compile(r"[\s\-_./]+")


class What(StrEnum):
    """What is compared."""

    WEIGHT = "weight"
    SERIAL = "serial"
    PHOTO = "photo"


class Finding(StrEnum):
    """What comparing says. Unknown: one of both is missing, or the two cannot be compared."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Because(StrEnum):
    """Why a finding is what it is; the words for it stand in `portal_words`."""

    WITHIN = "within_tolerance"
    LIGHTER = "lighter"
    HEAVIER = "heavier"
    PART_ONLY = "only_a_part_came_back"
    SAME_SERIAL = "same_serial"
    OTHER_SERIAL = "other_serial"
    COPY = "copy_of_the_same_picture"
    OTHER_PICTURE = "other_picture"
    NOT_TOLD_OUT = "not_told_when_it_left"
    NOT_TOLD_BACK = "not_told_when_it_came_back"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was noted of goods at one end: grams on the scale, the serial number, the PDQ hash of a picture (64 hex
    digits). None and "" where nobody noted it."""

    weight_g: int | None = None
    serial: str = ""
    photo_hash: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the comparison. ``left``, ``back``: as noted; ``facts``: numbers for its explanation."""

    what: What
    finding: Finding
    because: Because
    left: str
    back: str
    facts: Mapping[str, int] = field(default_factory=dict)


def compare(left: Seen, back: Seen, terms: Terms, *, whole: bool = True) -> tuple[Compared, ...]:
    """The lines of the comparison, always all of them. ``whole``: everything of the parcel was to come back; of a part,
    the weight that left says nothing."""
    return _weight(left, back, terms, whole=whole), _serial(left, back), _photo(left, back, terms)


def _weight(left: Seen, back: Seen, terms: Terms, *, whole: bool) -> Compared:
    out, home = left.weight_g, back.weight_g
    texts = ("" if out is None else str(out), "" if home is None else str(home))
    if out is None or home is None:
        return Compared(What.WEIGHT, Finding.UNKNOWN, _missing(out is None), *texts)
    if not whole:
        return Compared(What.WEIGHT, Finding.UNKNOWN, Because.PART_ONLY, *texts)
    allowed = max(terms.weight_grams, out * terms.weight_share_bp // 10_000)
    off = home - out
    facts = {"off_g": abs(off), "allowed_g": allowed}
    if abs(off) <= allowed:
        return Compared(What.WEIGHT, Finding.SAME, Because.WITHIN, *texts, facts)
    because = Because.LIGHTER if off < 0 else Because.HEAVIER
    return Compared(What.WEIGHT, Finding.DIFFERENT, because, *texts, facts)


def _serial(left: Seen, back: Seen) -> Compared:
    out, home = plain_serial(left.serial), plain_serial(back.serial)
    if not out or not home:
        return Compared(What.SERIAL, Finding.UNKNOWN, _missing(not out), left.serial, back.serial)
    if out == home:
        return Compared(What.SERIAL, Finding.SAME, Because.SAME_SERIAL, left.serial, back.serial)
    return Compared(What.SERIAL, Finding.DIFFERENT, Because.OTHER_SERIAL, left.serial, back.serial)


def _photo(left: Seen, back: Seen, terms: Terms) -> Compared:
    out, home = left.photo_hash.lower(), back.photo_hash.lower()
    if not _HASH.fullmatch(out) or not _HASH.fullmatch(home):
        return Compared(What.PHOTO, Finding.UNKNOWN, _missing(not _HASH.fullmatch(out)), out, home)
    bits = (int(out, 16) ^ int(home, 16)).bit_count()
    facts = {"bits": bits, "allowed": terms.photo_bits}
    if bits <= terms.photo_bits:
        # Nobody takes one picture twice: this is the picture of the goods that left, not of those that came back.
        return Compared(What.PHOTO, Finding.DIFFERENT, Because.COPY, out, home, facts)
    # Two pictures of one thing are as far apart as pictures of two: that is for eyes.
    return Compared(What.PHOTO, Finding.UNKNOWN, Because.OTHER_PICTURE, out, home, facts)


def plain_serial(text: str) -> str:
    """A serial number without what people write into it: spaces, hyphens, points, and lower case."""
    return _FILLING.sub("", text).upper()


def _missing(out: bool) -> Because:
    return Because.NOT_TOLD_OUT if out else Because.NOT_TOLD_BACK

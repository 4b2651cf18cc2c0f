"""The seller's help with an answer: what is asked, what is there already, what would help most, and a draft.

The draft is put together from the gists of evidence that the records hold, nobody's own words, and says which required
piece is missing. It never declares, admits or offers anything; what it says can be checked piece by piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.cases.words import Role, Visibility
from safeconduct.kernel.cases.workflow import LANGUAGES, Sentence
from safeconduct.protections.disputes.burden import Burden, ClaimType, Need, Wanted, burdens, proves

#: A little less than the words of a step may have.
_LONGEST: Final = 3_900


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the matrix: a piece that decides this type of claim, and what there is of it."""

    wanted: Wanted
    there: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Help:
    """``proves``: the side that loses where nothing is proved, on this route; ``source``: by which rule or law.
    ``beside``: evidence that no line of the matrix asks for. ``gaps``: required pieces of the seller that are missing;
    ``most``: what would help most, None where it is there.
    """

    burden: Burden
    proves: Role
    source: str
    rows: tuple[Row, ...]
    beside: tuple[Evidence, ...]

    @property
    def gaps(self) -> tuple[Wanted, ...]:
        return tuple(row.wanted for row in self._sellers if row.wanted.need is Need.REQUIRED and not row.there)

    @property
    def most(self) -> Wanted | None:
        return next((row.wanted for row in self._sellers if row.wanted.need is Need.MOST and not row.there), None)

    @property
    def there(self) -> tuple[Evidence, ...]:
        """What speaks for the seller, in the order of the matrix."""
        return tuple(piece for row in self._sellers for piece in row.there)

    @property
    def percent(self) -> int:
        """How complete the seller's side is: required pieces count twice."""
        weights = [(2 if row.wanted.need is Need.REQUIRED else 1, bool(row.there)) for row in self._sellers]
        return round(100 * sum(weight for weight, there in weights if there) / sum(weight for weight, _ in weights))

    @property
    def _sellers(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.wanted.of is Role.SELLER)


def help_with(kind: ClaimType, pieces: Sequence[Evidence], route: Route, on: date) -> Help:
    """What is asked of each side for this type of claim, and what of it is in the case."""
    burden = burdens()[kind]
    side, source = proves(kind, route, on)
    rows = tuple(
        Row(wanted, tuple(p for p in pieces if p.kind == wanted.kind and _of(p) in (wanted.of, Role.ENGINE)))
        for wanted in burden.pieces
    )
    taken = {piece.id for row in rows for piece in row.there}
    return Help(burden, side, source, rows, tuple(p for p in pieces if p.id not in taken))


def draft(found: Help, *, gaps: bool = True) -> Sentence:
    """The draft answer in each language; empty where the records hold nothing that could be said. ``gaps``: with what
    is missing, for the seller to fill in; not in what is sent by itself, where it would be an admission."""
    facts = [piece for piece in found.there if piece.visibility == Visibility.BOTH and _of(piece) is Role.ENGINE]
    if not facts:
        return {}
    return {language: _written(facts, found.gaps if gaps else (), language) for language in LANGUAGES}


def _written(facts: Sequence[Evidence], gaps: Sequence[Wanted], language: str) -> str:
    lines = [_FROM_RECORDS[language]]
    lines += [f"- {_text(piece.gist, language)}" for piece in facts]
    lines += [f"{_MISSING[language]} {gap.shows[language]}." for gap in gaps]
    return "\n".join(lines)[:_LONGEST]


def _text(words: Sentence, language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


def _of(piece: Evidence) -> Role:
    return Role(piece.given_by)


_FROM_RECORDS: Sentence = {
    "en": "The records of this order show:",
    "zh": "本订单的记录显示：",
    "es": "Los registros de este pedido muestran:",
}
_MISSING: Sentence = {
    "en": "Not on file yet:",
    "zh": "尚未提供：",
    "es": "Aún no consta:",
}

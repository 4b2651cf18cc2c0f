"""How much a return gives back: all of it, less what a named person found with evidence of this very parcel.

Nothing else lessens a refund: no score, no history of the buyer, no silence. No Django, no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.protections.returns.terms import Terms
from safeconduct.protections.returns.words import LESSENED, Grade, Reception

_WHOLE_BP: Final = 10_000
#: Lines that were to come back and never set out are no part of the return.
_NOT_RETURNED: Final = frozenset({Reception.NOT_SENT})


class Ground(StrEnum):
    """For what something is taken off; also the rule that a statement of reasons names."""

    USED = "used_or_damaged"
    PARTS = "parts_missing"
    DIFFERENT = "different_or_empty"
    LATE = "late"


class NoGround(ValueError):
    """A reduction that nobody may make. ``field`` names what is missing; the message says the way out."""

    code = "reduction_without_ground"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a named person found about a line. ``by``: the person's id. ``evidence``: ids, all of this parcel.
    ``take_off_minor``: for use or missing parts, how much less it is worth. ``late_minor``: taken off for coming after
    the window, where law gives none."""

    grade: Grade
    by: str
    evidence: tuple[str, ...] = ()
    take_off_minor: int = 0
    late_minor: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a return: what the buyer paid for it, where it is, and what was found; None: nobody has judged."""

    ref: str
    amount_minor: int
    reception: Reception
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Reduction:
    """What is taken off a line, for what, found by whom, by which evidence."""

    line: str
    ground: Ground
    amount_minor: int
    by: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refund:
    """What the buyer gets, of how much, and every reduction; `whole_minor` less the reductions is `amount_minor`."""

    amount_minor: int
    whole_minor: int
    reductions: tuple[Reduction, ...]


def refund(lines: Sequence[Line], terms: Terms, *, statutory: bool, in_window: bool) -> Refund:
    """What these lines give back. ``statutory``: law gives the buyer this return (`rights`). ``in_window``: it was
    asked for within the marketplace's own window. Raises NoGround for what may not be taken off.
    """
    reductions: list[Reduction] = []
    whole = 0
    for line in lines:
        if line.reception in _NOT_RETURNED:
            continue
        whole += line.amount_minor
        if line.judgement is not None:
            reductions += _reductions(line, line.judgement, terms, late_counts=not statutory and not in_window)
    return Refund(whole - sum(one.amount_minor for one in reductions), whole, tuple(reductions))


def _reductions(line: Line, found: Judgement, terms: Terms, *, late_counts: bool) -> list[Reduction]:
    if found.take_off_minor < 0 or found.late_minor < 0:
        raise NoGround("take_off_minor", _("is zero or more; nothing is added to a refund by a judgement"))
    made: list[tuple[Ground, int]] = []
    match found.grade:
        case Grade.DIFFERENT_OR_EMPTY:
            made.append((Ground.DIFFERENT, line.amount_minor))
        case Grade.USED_OR_DAMAGED_BY_BUYER:
            made.append(
                (Ground.USED, _within(found.take_off_minor, line.amount_minor, terms.used_most_bp, _("grade C")))
            )
        case Grade.PARTS_MISSING:
            made.append((Ground.PARTS, _within(found.take_off_minor, line.amount_minor, _WHOLE_BP, _("grade D"))))
        case _:
            if found.take_off_minor:
                raise NoGround(
                    "take_off_minor",
                    _("grade %(grade)s lessens nothing; leave it out, or grade C or D") % {"grade": found.grade},
                )
    if found.late_minor:
        if not late_counts:
            raise NoGround("late_minor", _("this return is not late: law or the marketplace's own window allows it"))
        made.append((Ground.LATE, _within(found.late_minor, line.amount_minor, terms.late_most_bp, _("lateness"))))
    kept = [(ground, amount) for ground, amount in made if amount]
    if found.grade in LESSENED or kept:
        if not found.by:
            raise NoGround("by", _("only a named person judges what came back"))
        if not found.evidence:
            raise NoGround("evidence", _("name at least one piece of evidence of this parcel: weight, serial, photo"))
    left, reductions = line.amount_minor, []
    for ground, amount in kept:
        taken = min(amount, left)
        left -= taken
        if taken:
            reductions.append(Reduction(line.ref, ground, taken, found.by, found.evidence))
    return reductions


def _within(asked: int, of: int, most_bp: int, what: str) -> int:
    most = of * most_bp // _WHOLE_BP
    if asked > most:
        raise NoGround(
            "take_off_minor",
            _("%(asked)s is more than %(what)s allows of this line, which is %(most)s (minor units)")
            % {"asked": asked, "what": what, "most": most},
        )
    return asked

"""A named person judges what came back, and decides: the lines are graded, the refund follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import machine, seats
from safeconduct.kernel.cases.evidence import of_case
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor
from safeconduct.protections.returns import grading
from safeconduct.protections.returns.actions import find, terms_of
from safeconduct.protections.returns.errors import JudgementRefused
from safeconduct.protections.returns.models import Return, ReturnLine
from safeconduct.protections.returns.refunding import NoGround, Refund
from safeconduct.protections.returns.steps import computed
from safeconduct.protections.returns.words import Grade, Reason, Reception

#: Receptions that nobody's hands answer for but the carrier's.
_CARRIERS: Final = frozenset({Reception.LOST_IN_TRANSIT})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found about a line. ``evidence``: ids of the case's exhibits; needed for whatever lessens the refund.
    ``reception``: where the line really is, where that is another place than was told."""

    grade: Grade
    take_off_minor: int = 0
    late_minor: int = 0
    evidence: tuple[str, ...] = ()
    reception: Reception | None = None


def decide(
    return_id: str, person: User, role: Role, findings: Mapping[str, Finding], says: Sentence, *, at: datetime,
    counts: bool = False, seen_step: int | None = None, instead_of: str | None = None,
) -> Moved:  # fmt: skip
    """Grades every line and decides the return: `decide` for the arbiter, `rule` for the reviewer of an appeal.

    ``findings``: by the name of the line. ``says``: the facts, for all parties to read. ``counts``: whether it counts
    against the seller, which a defect of theirs may. The person takes the seat, ``instead_of`` whom they saw in it (as
    `seats.take`). The lines are graded by
    the step: of a decision that waits for a second person (`Moved.proposal`) nothing stands on them yet. In a staff
    scope. Raises JudgementRefused, and what cases raise (SeatHeld, SeatTaken, NotPossible, CaseMalformed).
    """
    returned = find(return_id)
    seats.take(returned.case_id, person, role, at=at, instead_of=instead_of)
    lines = list(ReturnLine.objects.filter(returned_id=returned.id).order_by("name"))
    exhibits = {piece.id for piece in of_case(returned.case_id)}
    for line in lines:
        finding = findings.get(line.name)
        if finding is None:
            raise JudgementRefused(_("Every line needs a grade."), "grade")
        _check(line, finding, exhibits)
        line.grade, line.evidence = finding.grade, list(finding.evidence)
        line.take_off_minor, line.late_minor = finding.take_off_minor, finding.late_minor
        line.judged_by = person
        line.reception = finding.reception or Reception(line.reception)
    try:
        due = computed(returned, lines, terms_of(returned))
    except NoGround as problem:
        raise JudgementRefused(str(problem), problem.field) from None
    considered = sorted({key for line in lines for key in line.evidence})
    name = "rule" if role is Role.REVIEWER else "decide"
    outcome = _outcome(returned, lines, due, says, considered, counts=counts)
    facts = {grading.LINES: [grading.told(line) for line in lines]}
    move = Move(returned.case_id, name, Actor(person.id, role.value), role, outcome, seen_step, facts)
    (moved,) = machine.transition([move], at=at)
    return moved


def _check(line: ReturnLine, finding: Finding, exhibits: set[str]) -> None:
    strangers = sorted(set(finding.evidence) - exhibits)
    if strangers:
        raise JudgementRefused(
            _("%(evidence)s is no evidence of this return.") % {"evidence": ", ".join(strangers)}, "evidence"
        )
    if finding.take_off_minor + finding.late_minor > line.amount_minor:
        raise JudgementRefused(_("More is taken off than the line came to."), "take_off_minor")


def _outcome(
    returned: Return, lines: Sequence[ReturnLine], due: Refund, says: Sentence, considered: Sequence[str], *,
    counts: bool,
) -> Outcome:  # fmt: skip
    if due.amount_minor == 0:
        remedy, liability = Remedy.NOTHING, Liability.BUYER
    else:
        remedy = Remedy.PARTIAL_REFUND if due.reductions else Remedy.REFUND
        carrier = all(
            line.reception in _CARRIERS
            or (line.grade == Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT and returned.reason == Reason.DAMAGED_IN_TRANSIT)
            for line in lines
        )
        liability = Liability.CARRIER if carrier else Liability.SELLER
    grounds = sorted({one.ground.value for one in due.reductions}) or ["whole"]
    return Outcome(
        remedy, liability, Standing.COUNTS if counts else Standing.DOES_NOT_COUNT, f"return/{'+'.join(grounds)}",
        returned.terms, says, amount_minor=due.amount_minor if due.amount_minor else None,
        currency=returned.currency if due.amount_minor else "", considered=tuple(considered),
    )  # fmt: skip

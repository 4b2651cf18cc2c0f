"""What a judging step says about each line, as it stands in the step's facts, and how it comes onto the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.cases.moves import Moved
from safeconduct.protections.returns.freight import payer
from safeconduct.protections.returns.models import Return, ReturnLine
from safeconduct.protections.returns.words import LESSENED, Acceptance, Duties, Grade, Reason

#: Where the findings stand in a step's facts.
LINES: Final = "lines"


def told(line: ReturnLine) -> dict[str, object]:
    """A line as a step says it."""
    return {
        "line": line.name, "grade": line.grade, "reception": line.reception, "take_off_minor": line.take_off_minor,
        "late_minor": line.late_minor, "evidence": list(line.evidence),
    }  # fmt: skip


def judge(one: Moved, lines: Sequence[ReturnLine]) -> bool:
    """Puts what a step says onto the lines of its return; whether it says anything. They are not written here."""
    said = {row["line"]: row for row in one.move.facts.get(LINES, ())}
    for line in lines:
        row: Mapping[str, Any] | None = said.get(line.name)
        if row is not None:
            line.grade, line.reception, line.evidence = row["grade"], row["reception"], list(row["evidence"])
            line.take_off_minor, line.late_minor = row["take_off_minor"], row["late_minor"]
            line.judged_by_id = one.move.actor.id
    return bool(said)


def settle(returned: Return, one: Moved, lines: Sequence[ReturnLine], at: datetime) -> None:
    """With the step that judges, which a second person may have had to confirm: the lines are graded and accepted or
    not, and it is known who pays the way back."""
    if not judge(one, lines):
        return
    for line in lines:
        line.judged_at = at
        line.acceptance = Acceptance.REJECTED if Grade(line.grade) in LESSENED else Acceptance.ACCEPTED
    worst = max((Grade(line.grade) for line in lines if Grade(line.grade) in LESSENED), default=Grade(lines[0].grade))
    duties = Duties(returned.duties) if returned.duties else None
    returned.freight = payer(Reason(returned.reason), grade=worst, duties=duties)

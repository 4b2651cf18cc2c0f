"""What pages of cases of every kind share: the stepper with its days, and terms in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from django.utils.translation import ngettext

from safeconduct.foundation.clocks.terms import Term, Unit
from safeconduct.kernel.cases.models import Deadline, Step
from safeconduct.kernel.cases.pictures import Stop
from safeconduct.kernel.cases.workflow import Workflow
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.ui import parts


def drawn(
    stops: Sequence[Stop], workflow: Workflow, past: Sequence[Step], clock: Deadline | None, language: str
) -> list[parts.Step]:
    """The stepper: since when a stop is done, until when the present one is, and how long one takes that is to come.
    Where a case has ended, all of it is done."""
    came = {step.to_state: step.at for step in past}
    made = []
    for stop in stops:
        title = spoken(stop.title, language)
        if stop.state == "to_come":
            term = workflow.states[stop.name].clock
            made.append(parts.Step(title, "" if term is None else term_words(term.term)))
        elif stop.state == "now" and clock is not None and clock.due_at is not None:
            made.append(parts.Step(title, state="now", until=clock.due_at))
        else:
            state = "done" if workflow.states[stop.name].ends else stop.state
            made.append(parts.Step(title, state=state, at=came.get(stop.name)))
    return made


def term_words(term: Term) -> str:
    """How long a term is, in the reader's words."""
    match term.unit:
        case Unit.HOURS:
            words = ngettext("%(n)s hour", "%(n)s hours", term.amount)
        case Unit.WORKING_HOURS:
            words = ngettext("%(n)s working hour", "%(n)s working hours", term.amount)
        case Unit.DAYS:
            words = ngettext("%(n)s day", "%(n)s days", term.amount)
        case Unit.WORKING_DAYS:
            words = ngettext("%(n)s working day", "%(n)s working days", term.amount)
        case Unit.MONTHS:
            words = ngettext("%(n)s month", "%(n)s months", term.amount)
        case _:
            assert_never(term.unit)
    return words % {"n": term.amount}

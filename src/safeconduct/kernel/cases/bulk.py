"""One allowed step for several cases: what would happen for each is read first, then each is done by itself.

Never a decision on the merits: what can be done here moves no money, makes no outcome and takes no seat in which
somebody decides. Each case is one transaction of the caller; a case that refuses stops no other. In a staff scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import assigning, deadlines, desk, machine, publishing, seats
from safeconduct.kernel.cases.errors import CaseMalformed, ChangedMeanwhile, NoSuchCase, NotPossible
from safeconduct.kernel.cases.models import Case, CaseAssignment, Deadline, Seat
from safeconduct.kernel.cases.moves import Move
from safeconduct.kernel.cases.words import ClockState, Role, Status
from safeconduct.kernel.cases.workflow import NO_MONEY, State, Transition
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import Membership, User
from safeconduct.kernel.scope import Actor

#: As many cases as one form may take.
MOST: Final = 100
_SHORTEST_WORDS, _LONGEST_WORDS = 3, 4_000
#: The operator's steps, by the names that workflows use for them.
_ASK, _MEDIATE = "ask_for_evidence", "mediate"


class Verb(StrEnum):
    """What can be done for several cases at once."""

    ASK = "ask"
    MEDIATE = "mediate"
    EXTEND = "extend"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done. ``why``: the words of an extension, which the parties read. ``to``: to whom cases go."""

    verb: Verb
    person: User
    why: str = ""
    to: User | None = None

    def check(self) -> None:
        """Raises CaseMalformed where the order lacks what its verb needs."""
        words = len(self.why.strip())
        if self.verb is Verb.EXTEND and not _SHORTEST_WORDS <= words <= _LONGEST_WORDS:
            raise CaseMalformed("why", _("say why there is more time; the parties read it"))
        if self.verb is Verb.ASSIGN and (refused := assigning.refusal(self.receiver, self.person)):
            raise CaseMalformed("to", refused)

    @property
    def receiver(self) -> User:
        """Who looks after the cases then."""
        return self.to or self.person


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen with one case: ``does`` says it, or ``refused`` why nothing happens. ``step``: of the case as
    it was read; a case that has moved on by then is left."""

    case: Case
    step: int
    does: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the plan reads of all cases at once."""

    clocks: Mapping[str, Deadline]
    seats: Mapping[str, list[Seat]]
    cared: Mapping[str, CaseAssignment]
    had: frozenset[str]
    own_sellers: frozenset[int]


def planned(order: Order, case_ids: Sequence[str], language: str) -> list[Planned]:
    """What an order would do, in the order of the ids. Some queries, whatever the number of cases.

    The words of the order are not asked for yet. Raises CaseMalformed without a case, and with more than `MOST`.
    """
    wanted = list(dict.fromkeys(case_ids))
    if not wanted:
        raise CaseMalformed("id", _("choose at least one case"))
    if len(wanted) > MOST:
        raise CaseMalformed("id", _("are %(n)s cases; choose at most %(most)s") % {"n": len(wanted), "most": MOST})
    cases = desk.by_id(wanted)
    workflows = publishing.by_id([case.workflow_id for case in cases])
    known = _known(order, [case.id for case in cases])
    found = []
    for case in cases:
        state = workflows[case.workflow_id].states[case.state]
        does, refused = _says(order, case, state, known, language)
        found.append(Planned(case, case.step, does, refused))
    return found


def do(order: Order, case_id: str, seen_step: int, *, at: datetime) -> None:
    """Does it for one case. Raises what the verb's action does, and ChangedMeanwhile for a case that has moved on."""
    order.check()
    case = machine.locked([case_id]).get(case_id)
    if case is None:
        raise NoSuchCase(case_id)
    if case["step"] != seen_step:
        raise ChangedMeanwhile(case_id)
    actor = Actor(order.person.id, Role.OPERATOR.value, order.why.strip() if order.verb is Verb.EXTEND else "")
    match order.verb:
        case Verb.ASK:
            machine.transition([Move(case_id, _ASK, actor, Role.OPERATOR, seen_step=seen_step)], at=at)
        case Verb.MEDIATE:
            _mediate(case_id, order.person, case, actor, at)
        case Verb.EXTEND:
            deadlines.extend(case_id, actor, Role.OPERATOR, at=at)
        case Verb.ASSIGN:
            assigning.assign(case_id, order.receiver, order.person, at=at)


def _mediate(case_id: str, person: User, case: Mapping[str, object], actor: Actor, at: datetime) -> None:
    state = publishing.by_id([str(case["workflow_id"])])[str(case["workflow_id"])].states[str(case["state"])]
    if Role.MEDIATOR not in state.acts:
        if _harmless(state, _MEDIATE) is None:
            raise NotPossible(case_id, state.name, _MEDIATE, list(state.moves))
        machine.transition([Move(case_id, _MEDIATE, actor, Role.OPERATOR)], at=at)
    seats.take(case_id, person, Role.MEDIATOR, at=at, instead_of="")


def _known(order: Order, ids: Sequence[str]) -> _Known:
    clocks = Deadline.objects.filter(case_id__in=ids, state=ClockState.RUNNING)
    had = Seat.objects.filter(case_id__in=ids, person=order.person).values_list("case_id", flat=True)
    person = order.receiver if order.verb is Verb.ASSIGN else order.person
    return _Known(
        {clock.case_id: clock for clock in clocks}, desk.seats_in(ids), assigning.of_cases(ids),
        frozenset(had), frozenset(Membership.objects.filter(person=person).values_list("seller_key", flat=True)),
    )  # fmt: skip


def _says(order: Order, case: Case, state: State, known: _Known, language: str) -> tuple[str, str]:
    """What would happen with a case, or why nothing."""
    if case.status == Status.CLOSED:
        return "", assigning.closed()
    match order.verb:
        case Verb.ASK:
            step = _harmless(state, _ASK)
            return (spoken(step.title, language), "") if step else ("", _not_here(state, language))
        case Verb.MEDIATE:
            return _says_mediate(order, case, state, known, language)
        case Verb.EXTEND:
            return _says_extend(case, state, known)
        case Verb.ASSIGN:
            return _says_assign(order, case, known)


def _says_mediate(order: Order, case: Case, state: State, known: _Known, language: str) -> tuple[str, str]:
    waits = Role.MEDIATOR in state.acts
    if not waits and _harmless(state, _MEDIATE) is None:
        return "", _not_here(state, language)
    held = next((seat for seat in known.seats.get(case.id, []) if seat.role == Role.MEDIATOR), None)
    if held is not None and held.person_id == order.person.id:
        return _("You have the seat of the mediator already."), ""
    if case.seller_key in known.own_sellers:
        return "", assigning.acts_for_the_seller(order.person)
    if case.id in known.had:
        return "", _("You have had a seat in this case.")
    if held is not None:
        return "", _("%(who)s has the seat of the mediator.") % {"who": held.person}
    if waits:
        return _("You take the seat of the mediator."), ""
    return _("It goes to a mediator, and you take the seat."), ""


def _says_extend(case: Case, state: State, known: _Known) -> tuple[str, str]:
    clock = known.clocks.get(case.id)
    if clock is None or state.clock is None:
        return "", _("No deadline runs in this case.")
    if state.clock.extension is None or len(clock.extensions) >= state.clock.extensions:
        return "", _("This deadline cannot be extended, or was already.")
    return _("The deadline is extended by %(term)s.") % {"term": state.clock.extension}, ""


def _says_assign(order: Order, case: Case, known: _Known) -> tuple[str, str]:
    if case.seller_key in known.own_sellers:
        return "", assigning.acts_for_the_seller(order.receiver)
    held, who = known.cared.get(case.id), {"who": order.receiver}
    if held is not None and held.person_id == order.receiver.id:
        return _("%(who)s looks after it already.") % who, ""
    if held is not None:
        return _("%(who)s looks after it, in place of %(held)s.") % {**who, "held": held.person}, ""
    return _("%(who)s looks after it.") % who, ""


def _harmless(state: State, name: str) -> Transition | None:
    """The operator's step of this name, where it decides nothing and moves nothing."""
    step = state.moves.get(name)
    if step is None or Role.OPERATOR not in step.by or "outcome" in step.needs or step.ending is not None:
        return None
    return step if step.money == NO_MONEY else None


def _not_here(state: State, language: str) -> str:
    return _("Not possible in the state “%(state)s”.") % {"state": spoken(state.title, language)}

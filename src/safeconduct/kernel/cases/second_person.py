"""What a second person does with a decision above an amount: confirms it, whereupon it takes effect, or returns it.

The second person is neither who proposed it nor anybody who mediates, decides or reviews in the case: they hold the
seat of approver, and a person has one seat in a case. Everything in a staff scope; the order of locks is the case's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import machine, proposals, seats, writing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchProposal, ProposalAnswered, SeatTaken
from safeconduct.kernel.cases.models import Proposal, Seat
from safeconduct.kernel.cases.moves import Move
from safeconduct.kernel.cases.outcomes import Confirmed, of_plain
from safeconduct.kernel.cases.words import ProposalState, Role
from safeconduct.kernel.cases.writing import Line
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor

_SHORTEST, _LONGEST = 3, 4_000
#: Where counting stops: a badge says 99+.
MOST_COUNTED: Final = 100


def take_seat(proposal_id: str, person: User, *, at: datetime, instead_of: str | None = None) -> Seat:
    """Gives a person the seat of the second person, who then reads what is proposed. ``instead_of``: as `seats.take`.

    Raises NoSuchProposal, ProposalAnswered, SeatHeld, SeatTaken.
    """
    found = _locked(proposal_id)
    if found.state != ProposalState.WAITING:
        raise ProposalAnswered(found.state)
    return seats.take(found.case_id, person, Role.APPROVER, at=at, instead_of=instead_of)


def confirm(proposal_id: str, person: User, *, at: datetime, quiet: bool = False) -> Proposal:
    """Confirms a proposed decision: the step is taken now, with both people in its outcome, and the money moves.

    Everything the step asks for is asked again. The same person's second word changes nothing. ``quiet``: nobody is
    mailed, for history that is replayed. Raises NoSuchProposal, ProposalAnswered, SeatTaken, and what
    `machine.transition` does.
    """
    found = _locked(proposal_id)
    if (found.state, found.answered_by_id) == (ProposalState.CONFIRMED, person.id):
        return found
    _check(found, person)
    _answer(found, ProposalState.CONFIRMED, person, "", at)
    actor = Actor(found.proposed_by_id, found.proposed_role, found.why)
    word = Confirmed(found.id, person.id, found.above_minor)
    move = Move(
        found.case_id, found.name, actor, Role(found.proposed_role), of_plain(found.outcome), None, found.facts, word
    )
    machine.transition([move], at=at, quiet=quiet)
    return found


def send_back(proposal_id: str, person: User, why: str, *, at: datetime) -> Proposal:
    """Returns a proposed decision to its author with a reason, who decides anew; the clock runs on.

    The parties read that it was returned, not why. Raises as `confirm` does, and CaseMalformed without a reason.
    """
    found, why = _locked(proposal_id), why.strip()
    if not _SHORTEST <= len(why) <= _LONGEST:
        raise CaseMalformed(
            "why",
            _("say in %(least)s to %(most)s characters what should be looked at again")
            % {"least": _SHORTEST, "most": _LONGEST},
        )
    if (found.state, found.answered_by_id, found.why_returned) == (ProposalState.RETURNED, person.id, why):
        return found
    _check(found, person)
    _answer(found, ProposalState.RETURNED, person, why, at)
    case = machine.locked([found.case_id])[found.case_id]
    line = Line(case, new_id("stp"), proposals.RETURNED, Role.APPROVER.value, person.id, {"proposal": found.id})
    writing.lines([line], at)
    return found


def all_waiting(*, after: str = "", before: str = "") -> Slice[Proposal]:
    """Decisions of all kinds of cases that wait for a second person, the oldest first."""
    rows = Proposal.objects.filter(state=ProposalState.WAITING).select_related("case", "proposed_by")
    return page(rows, Order("at"), after=after, before=before)


def how_many_wait() -> int:
    """How many wait, at most `MOST_COUNTED`."""
    return Proposal.objects.filter(state=ProposalState.WAITING)[:MOST_COUNTED].count()


def latest(case_id: str) -> Proposal | None:
    """The latest decision of a case that a second person was asked about: it waits, or was confirmed or returned."""
    rows = Proposal.objects.filter(case_id=case_id).select_related("proposed_by", "answered_by")
    return rows.order_by("-at", "-id").first()


def waiting_cases(case_ids: Sequence[str]) -> frozenset[str]:
    """Those of these cases that wait for a second person."""
    rows = Proposal.objects.filter(case_id__in=list(case_ids), state=ProposalState.WAITING)
    return frozenset(rows.values_list("case_id", flat=True))


def _locked(proposal_id: str) -> Proposal:
    """A proposal, its case locked first."""
    case_id = Proposal.objects.filter(id=proposal_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NoSuchProposal(proposal_id)
    machine.locked([case_id])
    return Proposal.objects.get(id=proposal_id)


def _check(found: Proposal, person: User) -> None:
    if found.state != ProposalState.WAITING:
        raise ProposalAnswered(found.state)
    held = Seat.objects.filter(case_id=found.case_id, person=person, left_at=None).first()
    if held is None or held.role != Role.APPROVER:
        raise SeatTaken(_("only who has taken the seat of the second person confirms or returns a decision"))


def _answer(found: Proposal, state: ProposalState, person: User, why: str, at: datetime) -> None:
    found.state, found.answered_by, found.answered_role = state.value, person, Role.APPROVER.value
    found.answered_at, found.why_returned = at, why
    found.save(update_fields=["state", "answered_by", "answered_role", "answered_at", "why_returned"])

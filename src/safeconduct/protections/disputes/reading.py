"""One dispute as one of its readers sees it: what the pages of all three faces, and the API, are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safeconduct.kernel.cases import evidence, messages, queries
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.messages import Said
from safeconduct.kernel.cases.models import Case, ClockPause, Deadline, Evidence, Party, Step, StoredOutcome
from safeconduct.kernel.cases.pictures import Stop, stepper
from safeconduct.kernel.cases.words import MessageKind, OfferState, Role
from safeconduct.kernel.cases.workflow import Transition, Workflow
from safeconduct.protections.disputes import channels
from safeconduct.protections.disputes.actions import PROPOSED, TALKING
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.help import Help, help_with
from safeconduct.protections.disputes.models import Dispute

_NO_STEP = frozenset({"settle"})
#: The states in the order in which a dispute that nobody settles goes through them; those marked are shown ahead.
_WAY = (
    "open", "negotiating", "awaiting_platform", "evidence", "mediation", "proposed", "proposed_to_buyer",
    "proposed_to_seller", "adjudication", "decided", "appealed", "final",
)  # fmt: skip
_AHEAD = ("negotiating", "adjudication", "decided", "final")


@dataclass(slots=True)
class View:
    """``role``: who reads. ``seen``: pieces with whether the reader may open them. ``can``: verbs of `doing` that are
    possible now. ``open_offer``: the other side's, or the mediator's, that waits for an answer. ``new``: pieces that
    came since the dispute stands where it stands. ``lines``: names of the order's lines that it is about, none for an
    order without lines."""

    dispute: Dispute
    case: Case
    workflow: Workflow
    role: Role
    parties: dict[Role, Party]
    clock: Deadline | None
    past: Sequence[Step]
    said: Sequence[Said]
    pieces: Sequence[Evidence]
    outcomes: Sequence[StoredOutcome]
    pauses: Sequence[ClockPause]
    steps: Sequence[Transition]
    help: Help
    can: frozenset[str] = field(default_factory=frozenset)
    open_offer: Said | None = None
    new: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()

    @property
    def stops(self) -> list[Stop]:
        """The stepper: where it was and is, and the way that it takes if nobody settles."""
        here = self.case.state
        past = stepper(self.workflow, here, [step.to_state for step in self.past])
        done = [stop for stop in past if stop.state != "to_come"]
        ahead = [] if here not in _WAY else [s for s in _AHEAD if _WAY.index(s) > _WAY.index(here)]
        return done + [Stop(name, self.workflow.states[name].title, "to_come") for name in ahead]

    @property
    def turn(self) -> str:
        """Where it stands for the reader."""
        party = self.parties.get(self.role)
        return party.turn if party else ""

    def may_open(self, piece: Evidence) -> bool:
        """Whether the reader may open a piece; everybody reads its gist."""
        return evidence.may_see(piece, self.role)


def view_of(dispute: Dispute, role: Role, *, at: datetime) -> View:
    """A dispute for a reader, in the scope that is open. Eleven queries, however long it has run."""
    case = queries.case(dispute.case_id)
    workflow = queries.workflow_of(case)
    parties = {Role(party.role): party for party in queries.parties(case.id)}
    pieces = evidence.of_case(case.id)
    route = Route(parties[Role.BUYER].country, parties[Role.SELLER].country, case.route)
    said = messages.read(case, role)
    view = View(
        dispute, case, workflow, role, parties, queries.clock(case.id), queries.history(case.id), said, pieces,
        queries.outcomes(case.id), queries.pauses_of(case, {party.country for party in parties.values()}, at), [],
        help_with(ClaimType(dispute.type), pieces, route, at.date()),
    )  # fmt: skip
    view.steps = [
        move for move in workflow.states[case.state].moves.values() if role in move.by and move.name not in _NO_STEP
    ]
    view.open_offer = _waiting(view)
    view.new = evidence.since(case.id, case.since)
    view.lines = channels.lines_of([case.id])[case.id]
    view.can = frozenset(_possible(view))
    return view


def _waiting(view: View) -> Said | None:
    wanted = MessageKind.PROPOSAL if view.case.state in PROPOSED else MessageKind.OFFER
    for said in reversed(view.said):
        if said.kind is wanted and said.offer_state == OfferState.OPEN and said.role is not view.role:
            return said
    return None


def _possible(view: View) -> list[str]:
    """Verbs of the reader; of staff, the page of the console knows its own."""
    if view.role not in (Role.BUYER, Role.SELLER) or view.case.closed_at is not None:
        return []
    names = {step.name for step in view.steps}
    party: Any = view.parties[view.role]
    found = ["say", "evidence"]
    if "contest" in names:
        found.append("answer")
    found += [name for name in ("escalate", "appeal", "withdraw") if name in names]
    if "done" in names and not party.done:
        found.append("done")
    if view.case.state in TALKING:
        found.append("offer")
        if view.open_offer is not None:
            found += ["accept", "decline"]
    if view.role in PROPOSED.get(view.case.state, ()):
        found += ["agree", "reject"]
    clock = view.workflow.states[view.case.state].clock
    if clock is not None and view.clock is not None and len(view.clock.extensions) < clock.extensions:
        if view.role in view.workflow.states[view.case.state].acts:
            found.append("extend")
    return found

"""What the staff's page of a case, of whatever kind, shows of a decision that waits for a second person.

What is proposed is read by its author and by who holds the seat of the second person, and by nobody else: who has read
it can have no other seat in the case any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from safeconduct.kernel.cases import second_person
from safeconduct.kernel.cases.labels import LIABILITIES, REMEDIES, SEATS, STANDINGS
from safeconduct.kernel.cases.models import Case, Proposal, Seat
from safeconduct.kernel.cases.words import Liability, ProposalState, Remedy, Role, Standing
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import User


@dataclass(frozen=True, slots=True)
class Panel:
    """The panel. ``proposal``: what waits; ``returned``: what came back to the reader, its author. ``holder``: who has
    the seat; ``may_take``, ``may_answer``: what the reader can do. ``parts``: the decision, for those who may read it.
    """

    proposal: Proposal | None
    returned: Proposal | None
    holder: User | None = None
    role: str | Promise = ""
    may_take: bool = False
    may_answer: bool = False
    mine: bool = False
    parts: Mapping[str, Any] | None = None


def panel(case: Case, person: User, language: str) -> Panel | None:
    """The panel of a case for a member of staff; None where there is nothing to show."""
    found = second_person.latest(case.id)
    if found is None:
        return None
    if found.state != ProposalState.WAITING:
        back = found.state == ProposalState.RETURNED and found.state_name == case.state
        return Panel(None, found) if back and found.proposed_by_id == person.id else None
    held = list(Seat.objects.filter(case_id=case.id).select_related("person"))
    own = next((seat for seat in held if seat.person_id == person.id), None)
    holder = next((s.person for s in held if s.role == Role.APPROVER and s.left_at is None), None)
    answers = holder is not None and holder.id == person.id
    mine = found.proposed_by_id == person.id
    return Panel(
        found, None, holder, SEATS[Role(found.proposed_role)], own is None, answers, mine,
        _parts(found, language) if answers or mine else None,
    )  # fmt: skip


def _parts(found: Proposal, language: str) -> dict[str, Any]:
    outcome = found.outcome
    return {
        "gets": REMEDIES[Remedy(outcome["remedy"])], "pays": LIABILITIES[Liability(outcome["liability"])],
        "counts": STANDINGS[Standing(outcome["standing"])], "amount_minor": outcome["amount_minor"],
        "currency": outcome["currency"], "reasons": spoken(outcome["facts"], language), "rule": outcome["rule"],
        "missing": [spoken(words, language) for words in outcome["missing"]],
        "cure": spoken(outcome["cure"], language), "redress": spoken(outcome["redress"], language),
        "considered": len(outcome["considered"]),
    }  # fmt: skip

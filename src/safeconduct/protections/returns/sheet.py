"""What the pages of a return have in common: its lines, the comparison, where it stands, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.kernel.case_pages import drawn
from safeconduct.kernel.cases import evidence, messages
from safeconduct.kernel.cases import queries as cases
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.models import Case, ClockPause, Evidence, Step, StoredOutcome
from safeconduct.kernel.cases.telling import two_people
from safeconduct.kernel.cases.titles import title_of
from safeconduct.kernel.cases.words import Liability, MessageKind, Remedy, Role, Standing, Status
from safeconduct.kernel.cases.workflow import Sentence, Workflow
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.ui.parts import Moment
from safeconduct.kernel.ui.reader import Reader
from safeconduct.protections.returns import portal_words as words
from safeconduct.protections.returns import queries
from safeconduct.protections.returns.cost_sheet import costs_of
from safeconduct.protections.returns.drawing import shown
from safeconduct.protections.returns.models import Return, ReturnLine
from safeconduct.protections.returns.words import Acceptance, Grade, NoTravel, Payer, Reason, Reception, Wish

_OPENED: Final = {"en": "Asked for", "zh": "提出申请", "es": "Solicitada"}
#: Of a longer history a page shows the newest steps.
_MOST_STEPS: Final = 200
#: What pictures show: the goods when they were sold and sent, or as they came back.
_OF_LEAVING: Final = frozenset({EvidenceKind.LISTING_SNAPSHOT, EvidenceKind.OUTBOUND_PHOTO})
_OF_RETURNING: Final = frozenset(
    {EvidenceKind.INBOUND_PHOTO, EvidenceKind.PROOF_OF_DIFFERENCE, EvidenceKind.PHOTO_OF_DAMAGE}
)


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line on its two axes, in words."""

    line: ReturnLine
    name: str
    reception: str
    tone: str
    acceptance: str
    grade: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An outcome in its three lines, and why. ``two``: where two people decided, that they did."""

    outcome: StoredOutcome
    gets: str
    pays: str
    counts: str
    says: str
    two: str = ""


@dataclass(frozen=True, slots=True)
class PieceShown:
    """An exhibit as it is listed. ``opens``: whether the reader may open it; ``picture``: whether it can be shown."""

    piece: Evidence
    text: str
    opens: bool
    picture: bool


def of_return(returned: Return, reader: Reader, role: Role) -> dict[str, Any]:
    """What everybody sees of a return: the seller, the buyer, the staff who judge."""
    language = reader.language
    compared = queries.compared(returned)
    return {
        "returned": returned, "case": returned.case, "lines": [_line(line) for line in queries.lines_of(returned)],
        "compared": shown(compared, language), "about": _about(returned), **_exhibits(returned, role, language),
        **of_case(returned.case, language), "conversation": _conversation(returned.case, role, language),
        "ready": messages.choices(role, language),
        "may_say": returned.case.status != Status.CLOSED, "costs": costs_of(returned, role),
    }  # fmt: skip


def _conversation(case: Case, role: Role, language: str) -> list[dict[str, object]]:
    """What was written in the case, for one of its readers, the oldest first."""
    return [
        {
            "at": said.at, "who": words.ROLES[said.role], "mine": said.role is role,
            "words": said.text(language),
        }
        for said in messages.read(case, role)
        if said.kind is MessageKind.WORDS
    ]  # fmt: skip


def of_case(case: Case, language: str) -> dict[str, object]:
    """Where a case stands, what was and what comes, and how it ended."""
    past = cases.history(case.id)
    workflow = cases.workflow_of(case)
    tone, word = words.STATUSES[Status(case.status)]
    clock = cases.clock(case.id)
    return {
        "tone": tone, "word": word, "state": spoken(workflow.state(case.state).title, language),
        "clock": clock, "stops": drawn(cases.stops(case, past), workflow, past, clock, language),
        "history": [
            Moment(spoken(_title(workflow, one), language), one.at, one.why) for one in past[-_MOST_STEPS:]
        ],
        "outcomes": [_ended(one, language) for one in cases.outcomes(case.id)],
        "pauses": [spoken(one.why, language) for one in _pauses(case)],
    }  # fmt: skip


def _pauses(case: Case) -> Sequence[ClockPause]:
    if case.status == Status.CLOSED:
        return ()
    return cases.pauses_of(case, {party.country for party in cases.parties(case.id)}, timezone.now())


def _title(workflow: Workflow, step: Step) -> Sentence:
    return _OPENED if step.name == "open" else title_of(workflow, step.from_state, step.name)


def _line(line: ReturnLine) -> LineShown:
    tone, acceptance = words.ACCEPTANCES[Acceptance(line.acceptance)]
    return LineShown(
        line, line.name or _("The whole order"), str(words.RECEPTIONS[Reception(line.reception)]), tone,
        str(acceptance), str(words.GRADES[Grade(line.grade)]) if line.grade else "",
    )  # fmt: skip


def _about(returned: Return) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = [
        (_("Reason"), words.REASONS[Reason(returned.reason)]),
        (_("The buyer wants"), words.WISHES[Wish(returned.wish)]),
        (_("The way back is paid by"), words.PAYERS[Payer(returned.freight)]),
    ]
    if returned.statutory:
        pairs.append((_("Law"), _("The law gives the buyer this return; only what this parcel shows can lessen it.")))
    if not returned.announced:
        pairs.append((_("Announced"), _("No: the parcel came without authorisation.")))
    if returned.no_travel:
        pairs.append((_("Not to be sent"), words.NO_TRAVEL[NoTravel(returned.no_travel)]))
    if returned.send_to or returned.hub:
        goes_to = _("Goes to the local address") if returned.at_hub_id else _("Goes to")
        pairs.append((goes_to, ", ".join(filter(None, (returned.hub, *returned.send_to.splitlines())))))
    pairs.append((_("Written on the parcel"), returned.authorisation))
    if returned.tracking:
        pairs.append((_("Tracking"), f"{returned.carrier} {returned.tracking}".strip()))
    if returned.written_rule:
        pairs.append((_("Kept by the rule"), returned.written_rule))
    return pairs


def _ended(outcome: StoredOutcome, language: str) -> Ended:
    return Ended(
        outcome, str(words.REMEDIES.get(Remedy(outcome.remedy), outcome.remedy)),
        str(words.LIABILITIES.get(Liability(outcome.liability), outcome.liability)),
        str(words.STANDINGS[Standing(outcome.standing)]), spoken(outcome.told, language),
        spoken(two_people(outcome.decided_role, outcome.approved_role) or {}, language),
    )  # fmt: skip


def evidence_of(case: Case, language: str) -> list[tuple[Evidence, str]]:
    """The exhibits of a case, each with what it shows."""
    return [(piece, spoken(piece.gist, language)) for piece in evidence.of_case(case.id)]


def _exhibits(returned: Return, role: Role, language: str) -> dict[str, object]:
    """The exhibits; the label apart; and the pictures of what left beside those of what came back."""
    pieces = [
        PieceShown(piece, text, may := evidence.may_see(piece, role), may and piece.media_type.startswith("image/"))
        for piece, text in evidence_of(returned.case, language)
    ]
    pictures = [one for one in pieces if one.picture]
    return {
        "evidence": pieces, "labels": [one for one in pieces if one.piece.kind == EvidenceKind.RETURN_ADDRESS],
        "left_pictures": [one for one in pictures if one.piece.kind in _OF_LEAVING],
        "back_pictures": [one for one in pictures if one.piece.kind in _OF_RETURNING],
    }  # fmt: skip


def steps_of(returned: Return, role: Role, language: str) -> list[tuple[str, str, bool]]:
    """What a role can do now: the step's name, its title, whether it needs words; not what would be refused."""
    closed = {
        "replace": returned.wish != Wish.EXCHANGE, "refuse": returned.statutory, "authorise": bool(returned.no_travel),
        "destroy": not returned.no_travel,
    }  # fmt: skip
    return [
        (move.name, spoken(move.title, language), "words" in move.needs)
        for move in cases.steps_for(returned.case, role)
        if not closed.get(move.name)
    ]

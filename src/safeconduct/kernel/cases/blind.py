"""The blind second review: a decision that was chosen (`choosing`) is taken once more by somebody who knows neither the
outcome nor what the parties offered each other. It changes nothing by itself; a disagreement is for a lead to look at.

The blind reviewer has a seat in the case like any other, so that nobody who mediated, decided, reviewed or confirmed in
it can be one, nor the other way round; who took any step or wrote a note in it is refused as well. In a staff scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import evidence, machine, messages, seats
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchReview, ReviewGiven, SeatTaken
from safeconduct.kernel.cases.messages import Said
from safeconduct.kernel.cases.models import BlindReview, Case, CaseMessage, Evidence, Seat, Step, StoredOutcome
from safeconduct.kernel.cases.words import PARTIES, Liability, Remedy, Role, Standing
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import query

#: How many that wait a page shows.
MOST: Final = 50
_SHORTEST, _LONGEST = 3, 4_000


@dataclass(frozen=True, slots=True)
class Given:
    """The blind reviewer's outcome in its three parts, and why."""

    remedy: Remedy
    liability: Liability
    standing: Standing
    says: str
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a blind reviewer reads: all evidence that the decision could rest on, and all words from before the first
    decision of the case. ``steps``: those by which a party said something."""

    review: BlindReview
    case: Case
    pieces: Sequence[Evidence]
    said: Sequence[Said]
    steps: Sequence[Step]


def take(review_id: str, person: User, *, at: datetime) -> BlindReview:
    """Gives a review to a person; whoever had it and gave no answer leaves it. Raises NoSuchReview, ReviewGiven, and
    SeatTaken for whoever has had anything to do with the case."""
    found = _locked(review_id)
    if found.given_at is not None:
        raise ReviewGiven
    if found.taken_by_id == person.id:
        return found
    if _has_acted(found.case_id, person):
        raise SeatTaken(_("who has acted in this case cannot review it blind; leave it to somebody else"))
    seats.take(found.case_id, person, Role.BLIND_REVIEWER, at=at)
    found.taken_by, found.taken_role, found.taken_at = person, Role.BLIND_REVIEWER.value, at
    found.save(update_fields=["taken_by", "taken_role", "taken_at"])
    return found


def give(review_id: str, person: User, given: Given, *, at: datetime) -> BlindReview:
    """Stores the blind reviewer's outcome and in which parts it differs. Nothing else moves. The same person's second
    try is the first. Raises NoSuchReview, ReviewGiven, SeatTaken, CaseMalformed."""
    found = _locked(review_id)
    if found.taken_by_id != person.id:
        raise SeatTaken(_("only who has taken this blind review answers it"))
    if found.given_at is not None:
        if (found.remedy, found.liability, found.standing, found.amount_minor, found.says) == (
            given.remedy, given.liability, given.standing, given.amount_minor, given.says.strip(),
        ):  # fmt: skip
            return found
        raise ReviewGiven
    says = given.says.strip()
    if not _SHORTEST <= len(says) <= _LONGEST:
        raise CaseMalformed(
            "says",
            _("say in %(least)s to %(most)s characters what you found") % {"least": _SHORTEST, "most": _LONGEST},
        )
    if given.amount_minor is not None and given.amount_minor < 0:
        raise CaseMalformed("amount_minor", "is zero or more minor units")
    found.remedy, found.liability, found.standing = given.remedy.value, given.liability.value, given.standing.value
    found.amount_minor, found.says, found.given_at = given.amount_minor, says, at
    found.differs = _differs(found, found.outcome)
    found.save(
        update_fields=["remedy", "liability", "standing", "amount_minor", "says", "given_at", "differs"]
    )  # fmt: skip
    seats.leave(found.case_id, person, at=at)
    query(
        "INSERT INTO leaf (kind, subject, body, created_at)"
        " VALUES ('case_blind_review', %s, jsonb_build_object('id', %s::text), %s)",
        [found.id, found.id, at],
    )
    return found


def look(review_id: str, lead: User, words: str, *, at: datetime) -> BlindReview:
    """A lead writes down what they make of a disagreement. The outcome stays; who thinks it wrong uses the case's own
    ways. Raises NoSuchReview, SeatTaken (no lead), CaseMalformed (no disagreement, no words)."""
    found, words = _locked(review_id), words.strip()
    if not lead.may(StaffRole.LEAD):
        raise SeatTaken(_("a lead looks at disagreements"))
    if found.given_at is None or not found.differs:
        raise CaseMalformed("review", _("is no disagreement; there is nothing to look at"))
    if not _SHORTEST <= len(words) <= _LONGEST:
        raise CaseMalformed(
            "found",
            _("say in %(least)s to %(most)s characters what you make of it") % {"least": _SHORTEST, "most": _LONGEST},
        )
    if found.looked_at is not None:
        if (found.looked_by_id, found.found) == (lead.id, words):
            return found
        raise ReviewGiven
    found.looked_by, found.looked_at, found.found = lead, at, words
    found.save(update_fields=["looked_by", "looked_at", "found"])
    return found


def sheet(review_id: str) -> Sheet:
    """What the blind reviewer reads of the case. Raises NoSuchReview. Five queries, however long it has run."""
    review = BlindReview.objects.select_related("case", "outcome").filter(id=review_id).first()
    if review is None:
        raise NoSuchReview(review_id)
    first = StoredOutcome.objects.filter(case_id=review.case_id).order_by("at", "id").only("id", "at").first()
    assert first is not None
    before = [step for step in Step.objects.filter(case_id=review.case_id).order_by("number") if step.at <= first.at]
    until = next((n for n, step in enumerate(before) if step.outcome_id is not None), len(before))
    return Sheet(
        review, review.case, [one for one in evidence.of_case(review.case_id) if one.added_at <= review.outcome.at],
        [said for said in messages.read(review.case, Role.BLIND_REVIEWER) if said.at <= first.at],
        [step for step in before[:until] if step.why and step.role in PARTIES],
    )  # fmt: skip


def waiting(limit: int = MOST) -> list[BlindReview]:
    """Reviews that nobody has answered, the oldest first."""
    rows = BlindReview.objects.filter(given_at=None).select_related("case", "taken_by")
    return list(rows.order_by("chosen_at", "id")[:limit])


def disagreements(limit: int = MOST) -> list[BlindReview]:
    """Disagreements that no lead has looked at, the oldest first."""
    rows = BlindReview.objects.filter(given_at__isnull=False, looked_at=None).exclude(differs=[])
    return list(rows.select_related("case", "outcome", "taken_by").order_by("given_at", "id")[:limit])


def reads_blind(case_id: str, person: User) -> str | None:
    """The review of this case that a person has taken and not answered: until then they may not read the case."""
    rows = BlindReview.objects.filter(case_id=case_id, taken_by=person, given_at=None)
    return rows.values_list("id", flat=True).first()


def _differs(review: BlindReview, first: StoredOutcome) -> list[str]:
    parts = {
        "remedy": (review.remedy, first.remedy), "liability": (review.liability, first.liability),
        "standing": (review.standing, first.standing), "amount": (review.amount_minor, first.amount_minor),
    }  # fmt: skip
    return [name for name, (here, there) in parts.items() if here != there]


def _has_acted(case_id: str, person: User) -> bool:
    return (
        Seat.objects.filter(case_id=case_id, person=person).exclude(role=Role.BLIND_REVIEWER).exists()
        or Step.objects.filter(case_id=case_id, actor=person.id).exists()
        or CaseMessage.objects.filter(case_id=case_id, actor=person.id).exists()
    )


def _locked(review_id: str) -> BlindReview:
    """A review, its case locked first."""
    case_id = BlindReview.objects.filter(id=review_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NoSuchReview(review_id)
    machine.locked([case_id])
    return BlindReview.objects.select_related("outcome").get(id=review_id)

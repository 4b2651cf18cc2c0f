"""What the demo's people do in each state of a case: disputes between buyer and shop, and parcels that come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Literal

from safeconduct.cli import demo_freight
from safeconduct.cli import demo_words as words
from safeconduct.cli.demo_known import Desk, Known

if TYPE_CHECKING:
    from safeconduct.kernel.cases.moves import Move, Moved
    from safeconduct.kernel.cases.outcomes import Outcome

    #: A step to be taken with the others of its days; True where it is taken already, None where nobody does anything.
    Done = Move | Literal[True] | None

#: Shares of what people do; the demo's own.
_WRONG, _SILENT, _OFFERS, _TAKES_OFFER = 0.05, 0.12, 0.3, 0.6
_WITHDRAWS, _LOOKS, _CONTESTS_FOR_NOTHING = 0.75, 0.9, 0.015
_APPEALS_RIGHTLY, _APPEALS_WRONGLY = 0.7, 0.12


def _contests(case: Known, rng: Random) -> bool:
    """Whether the shop finds fault with what came back."""
    looks = rng.random()
    if case.fault == "buyer":
        assert case.truth is not None
        return not case.truth.paid and looks < _LOOKS
    return looks < _CONTESTS_FOR_NOTHING


def _move(case: Known, name: str, role: str, why: str = "", person: str = "", outcome: Outcome | None = None) -> Move:
    from safeconduct.kernel.cases.moves import Move
    from safeconduct.kernel.cases.words import Role
    from safeconduct.kernel.scope import Actor

    who = person or ("buyer/link" if role == "buyer" else "shop")
    return Move(case.id, name, Actor(who, role, why), Role(role), outcome)


# -- disputes ---------------------------------------------------------------------------------------------------------


def _answer(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    """The shop answers, offers, or says nothing; a parcel that has come ends it."""
    from safeconduct.kernel.cases.messages import Offer
    from safeconduct.kernel.cases.words import Remedy, Role
    from safeconduct.kernel.scope import Actor
    from safeconduct.protections.disputes import actions

    if case.fault == "carrier" and rng.random() < _WITHDRAWS:
        return _move(case, "withdraw", "buyer", words.BUYER_WITHDRAWS)
    draw = rng.random()
    if draw < _SILENT and case.fault != "carrier":  # who waits for a parcel of theirs is asked, and says so
        return None
    if draw < _SILENT + _OFFERS and case.fault == "seller" and case.amount_minor > 1:
        share = max(1, case.amount_minor * rng.randint(25, 70) // 100)
        offer = Offer(Remedy.PARTIAL_REFUND, share, case.currency)
        actions.offer(case.id, Actor("shop", "seller"), Role.SELLER, offer, words.SELLER_OFFERS, at=at)
        return True
    return _move(case, "contest", "seller", rng.choice(words.SELLER_ANSWERS))


def _negotiate(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    """The buyer takes what is offered, or asks the platform."""
    from safeconduct.kernel.cases.models import CaseMessage
    from safeconduct.kernel.cases.words import OfferState, Role
    from safeconduct.kernel.scope import Actor
    from safeconduct.protections.disputes import actions

    offer = CaseMessage.objects.filter(case_id=case.id, offer_state=OfferState.OPEN, role=Role.SELLER).first()
    if offer is not None and rng.random() < _TAKES_OFFER:
        actions.accept(case.id, offer.id, Actor("buyer/link", "buyer"), Role.BUYER, at=at)
        return True
    return _move(case, "escalate", "buyer", words.BUYER_ESCALATES)


def _triage(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    name = "ask_for_evidence" if rng.random() < 0.3 else "mediate"
    return _move(case, name, "operator", person=desk.person(case, 0).id)


def _mediate(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    from safeconduct.kernel.cases import seats
    from safeconduct.kernel.cases.words import Role

    person = desk.person(case, 0)
    seats.take(case.id, person, Role.MEDIATOR, at=at)
    return _move(case, "no_proposal", "mediator", words.NO_PROPOSAL, person.id)


def _judge(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    return _decide(desk, case, at, "decide", 1, right=rng.random() >= _WRONG)


def _review(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    return _decide(desk, case, at, "rule", 2, right=True)


def _decide(desk: Desk, case: Known, at: datetime, step: str, seat: int, *, right: bool) -> Done:
    from safeconduct.kernel.cases import seats
    from safeconduct.kernel.cases.words import Role

    role, person = (Role.ARBITER, Role.REVIEWER)[seat - 1], desk.person(case, seat)
    seats.take(case.id, person, role, at=at)
    desk.tally.judged += 1
    return _move(case, step, role.value, "", person.id, _outcome(case, right=right))


def _outcome(case: Known, *, right: bool) -> Outcome:
    from safeconduct.kernel.cases.outcomes import Outcome
    from safeconduct.kernel.cases.words import Liability, Remedy, Standing

    fault = case.fault or "seller"
    if not right:
        fault = "buyer" if fault == "seller" else "seller"
    rule = f"disputes/{case.truth.opens}" if case.truth is not None and case.truth.opens else "disputes/facts"
    if fault != "seller":
        return Outcome(
            Remedy.NOTHING, Liability.NOBODY, Standing.DOES_NOT_COUNT, rule, case.workflow, words.FOUND[fault]
        )  # fmt: skip
    whole = case.truth is not None and case.truth.opens == "not_received"
    amount = case.amount_minor if whole else max(1, case.amount_minor * 6 // 10)
    return Outcome(
        Remedy.REFUND if whole else Remedy.PARTIAL_REFUND, Liability.SELLER, Standing.COUNTS, rule, case.workflow,
        words.FOUND["seller"], amount_minor=amount, currency=case.currency,
    )  # fmt: skip


def _appeal(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    """Who lost may ask for another look; who lost rightly seldom does."""
    from safeconduct.kernel.cases.models import StoredOutcome

    last = StoredOutcome.objects.filter(case_id=case.id).order_by("-at", "-id").first()
    if last is None or last.automated:
        return None
    whole = (last.amount_minor or 0) >= case.amount_minor if case.kind == "return" else last.liability == "seller"
    lost = "seller" if whole else "buyer"  # of a return, whoever did not get all of it
    rightly = case.fault != lost
    if rng.random() >= (_APPEALS_RIGHTLY if rightly else _APPEALS_WRONGLY):
        return None
    return _move(case, "appeal", lost, words.APPEALS[lost])


# -- returns ----------------------------------------------------------------------------------------------------------


def _authorise(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    return _move(case, "authorise", "seller")


def _inspect(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    """The shop takes back what came as it was sent; where it finds fault, it writes that down and asks for a person."""
    from safeconduct.kernel.cases import evidence
    from safeconduct.kernel.cases.evidence import Piece
    from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
    from safeconduct.kernel.cases.words import Role, Source
    from safeconduct.kernel.scope import Actor

    demo_freight.note(desk, case, at)
    if not _contests(case, rng):
        return _move(case, "accept", "seller")
    cause = "" if case.truth is None else case.truth.cause
    why = words.SELLER_CONTESTS.get(cause, words.SELLER_CONTESTS[""])
    report = Piece(
        EvidenceKind.INSPECTION_REPORT, Source.SELLER, f"{case.order}: {why}".encode(), case.seller_key, at,
        words.INSPECTION, Role.SELLER, case_id=case.id,
    )  # fmt: skip
    evidence.collect([report], Actor("shop", "seller"), at=at)
    return _move(case, "contest", "seller", why)


def _grade(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    return _graded(desk, case, at, 1, right=rng.random() >= _WRONG)


def _regrade(desk: Desk, case: Known, rng: Random, at: datetime) -> Done:
    return _graded(desk, case, at, 2, right=True)


def _graded(desk: Desk, case: Known, at: datetime, seat: int, *, right: bool) -> Done:
    from safeconduct.kernel.cases.evidence import of_case
    from safeconduct.kernel.cases.words import Role, Visibility
    from safeconduct.protections.returns import judging
    from safeconduct.protections.returns.models import ReturnLine
    from safeconduct.protections.returns.words import Grade

    assert case.return_id is not None
    cause = "" if case.truth is None else case.truth.cause
    grade = {"return_swaps": Grade.DIFFERENT_OR_EMPTY, "wardrobing": Grade.USED_OR_DAMAGED_BY_BUYER}.get(
        cause, Grade.SELLABLE_AS_NEW
    )
    if not right:
        grade = Grade.USED_OR_DAMAGED_BY_BUYER if grade is Grade.SELLABLE_AS_NEW else Grade.SELLABLE_AS_NEW
    shown = tuple(piece.id for piece in of_case(case.id) if piece.visibility == Visibility.BOTH)
    findings = {
        line.name: judging.Finding(
            grade, line.amount_minor * 3 // 10 if grade is Grade.USED_OR_DAMAGED_BY_BUYER else 0, evidence=shown
        )
        for line in ReturnLine.objects.filter(returned_id=case.return_id)
    }  # fmt: skip
    role = (Role.ARBITER, Role.REVIEWER)[seat - 1]
    moved = judging.decide(case.return_id, desk.person(case, seat), role, findings, words.GRADED[grade.value], at=at)
    confirm(desk, case, moved, at)
    desk.tally.judged += 1
    return True


def confirm(desk: Desk, case: Known, moved: Moved, at: datetime) -> None:
    """Where a decision is too much for one person, another one confirms it."""
    from safeconduct.kernel.cases import second_person
    from safeconduct.kernel.cases.words import Role

    if moved.proposal:
        who = desk.person(case, 4 if moved.move.role is Role.REVIEWER else 3)
        second_person.take_seat(moved.proposal, who, at=at)
        second_person.confirm(moved.proposal, who, at=at, quiet=True)


ACTS: Mapping[tuple[str, str], Callable[[Desk, Known, Random, datetime], Done]] = {
    ("dispute", "open"): _answer,
    ("dispute", "negotiating"): _negotiate,
    ("dispute", "awaiting_platform"): _triage,
    ("dispute", "mediation"): _mediate,
    ("dispute", "adjudication"): _judge,
    ("dispute", "decided"): _appeal,
    ("dispute", "appealed"): _review,
    ("return", "requested"): _authorise,
    ("return", "inspecting"): _inspect,
    ("return", "judging"): _grade,
    ("return", "decided"): _appeal,
    ("return", "appealed"): _regrade,
}  # fmt: skip

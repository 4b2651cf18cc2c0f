"""The demo's cases: buyers who open disputes, shops that answer, staff that mediates, judges and decides appeals.

They are people of the made-up world, who act in their own time: somewhere within each deadline, seldom not at all. What
they find comes from the world's truth, and one time in twenty the staff is wrong. The product hears only what they do,
by the verbs that its own pages call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from safeconduct.cli import demo_words as words

if TYPE_CHECKING:
    from safeconduct.demo import Complaint
    from safeconduct.kernel.cases.outcomes import Outcome
    from safeconduct.kernel.parties.models import User

#: Shares of what people do; the demo's own.
_WRONG, _SILENT, _OFFERS, _TAKES_OFFER = 0.05, 0.12, 0.3, 0.6
_WITHDRAWS, _LOOKS, _CONTESTS_FOR_NOTHING = 0.75, 0.9, 0.015
_APPEALS_RIGHTLY, _APPEALS_WRONGLY = 0.7, 0.12
#: A case takes no more steps than this between two of the days on which the desk works.
_MOST_STEPS = 12
#: The shop sends a refund so long after it was told to.
_SENDS_AFTER = timedelta(days=1)

_WAITING = """
SELECT c.id, c.kind, c.state, c.since, d.due_at, c.seller_key, coalesce(c.amount_minor, 0), c.currency,
    w.version, coalesce(p.order_ref, r.order_ref), r.id
FROM case_file c JOIN case_workflow w ON w.id = c.workflow_id
JOIN case_deadline d ON d.case_id = c.id AND d.state = 'running'
LEFT JOIN dispute p ON p.case_id = c.id LEFT JOIN return_file r ON r.case_id = c.id
WHERE c.status <> 'closed' AND c.kind IN ('dispute', 'return') AND d.due_at IS NOT NULL
    AND c.state <> 'authorised' AND c.state <> 'in_transit' AND c.since < %s
ORDER BY coalesce(p.order_ref, r.order_ref), c.id
"""


@dataclass(frozen=True, slots=True)
class _Case:
    """A case at one of its states, and what the world knows about it."""

    id: str
    kind: str
    state: str
    since: datetime
    due_at: datetime
    seller_key: int
    amount_minor: int
    currency: str
    workflow: str
    order: str
    return_id: str | None
    truth: Complaint | None

    @property
    def fault(self) -> str:
        """Who did wrong; in a return of the crowd, nobody: it came back as it was sent."""
        return "" if self.truth is None else self.truth.fault.value


@dataclass(slots=True)
class CaseDesk:
    """Who works on cases. ``moved``: by how much the world's times were moved; ``strike``: as the world tells it."""

    seed: int
    complaints: Sequence[Complaint]
    moved: timedelta
    strike: tuple[str, datetime, datetime] | None
    opened: int = 0
    decided: int = 0
    _next: int = 0
    _pause: str = ""
    _by_order: dict[str, Complaint] = field(default_factory=dict)
    _staff: list[User] = field(default_factory=list)
    _let_be: set[tuple[str, str]] = field(default_factory=set)

    def day(self, until: datetime) -> None:
        """Everything that people do about cases by a time; then the deadlines that have come due."""
        from safeconduct.kernel.cases import sweep

        self._by_order = self._by_order or {one.order_id: one for one in self.complaints}
        self._strike(until)
        self._complain(until)
        for _ in range(_MOST_STEPS):
            if not self._step(until):
                break
        sweep.keep_up(until)
        self._refunds(until)

    # -- what happens beside cases ---------------------------------------------------------------------------------

    def _strike(self, until: datetime) -> None:
        """The platform declares that clocks stand still, and, once it is over, that they run again."""
        from safeconduct.kernel.cases import pauses
        from safeconduct.kernel.cases.words import PauseScope
        from safeconduct.kernel.scope import Actor, staff_scope

        if self.strike is None or self.strike[1] + self.moved >= until or self._pause == "over":
            return
        country, begins, ends = self.strike[0], self.strike[1] + self.moved, self.strike[2] + self.moved
        with staff_scope():
            if not self._pause:
                actor = Actor(self._people()[0].id, "operator")
                declared = pauses.declare(
                    PauseScope.COUNTRY, country, begins, None, words.STRIKE, actor, at=begins
                )  # fmt: skip
                self._pause = declared.id
            if ends < until:
                pauses.end(self._pause, until, at=until)
                self._pause = "over"

    def _complain(self, until: datetime) -> None:
        """Buyers open disputes through their orders' links."""
        from safeconduct.kernel.cases.words import Remedy
        from safeconduct.kernel.scope import Actor, engine_scope, query
        from safeconduct.protections.disputes import facts
        from safeconduct.protections.disputes.burden import ClaimType
        from safeconduct.protections.disputes.errors import OpenAlready
        from safeconduct.protections.disputes.models import Opened
        from safeconduct.protections.disputes.opening import Request, open_disputes

        while self._next < len(self.complaints):
            one = self.complaints[self._next]
            at = datetime.fromisoformat(one.at) + self.moved
            if at >= until:
                return
            self._next += 1
            if not one.opens:
                continue
            with engine_scope():
                row = query("SELECT order_key FROM coverage WHERE order_ref = %s", [one.order_id]).fetchone()
                order = None if row is None else facts.orders({row[0]}).get(row[0])
                if order is None:
                    continue
                said = words.BUYER[one.opens]
                request = Request(
                    f"link/{one.order_id}", order.key, ClaimType(one.opens), Remedy.REFUND,
                    Actor("buyer/link", "buyer"), Opened.LINK, words=said.get(order.language[:2], said["en"]),
                )  # fmt: skip
                try:
                    open_disputes([request], at=at)
                except OpenAlready:
                    continue
            self.opened += 1

    def _refunds(self, until: datetime) -> None:
        """Shops send the refunds that they were told to send, and say so."""
        from safeconduct.kernel.decisions.running import listened_types
        from safeconduct.kernel.events import log
        from safeconduct.kernel.events.log import Known
        from safeconduct.kernel.scope import engine_scope, query

        unpaid = [one.order_id for one in self.complaints if not one.paid]
        with engine_scope():
            rows = query(
                "SELECT r.id, r.requested_at, r.amount_minor - r.by_bank_minor, r.currency, v.order_ref, s.ref"
                " FROM claim_refund r JOIN claim c ON c.id = r.claim_id JOIN coverage v ON v.order_key = c.order_key"
                " JOIN seller s ON s.key = r.seller_key WHERE r.state = 'requested' AND r.requested_at < %s"
                " AND v.order_ref = ANY(%s::text[]) ORDER BY r.requested_at, v.order_ref",
                [until - _SENDS_AFTER, unpaid],
            ).fetchall()
            queue = listened_types()
        events = [
            {
                "specversion": "1.0", "id": f"hh-refund-{order}-{minor}", "source": "haihang", "type": "refund.created",
                "time": (requested + _SENDS_AFTER).isoformat(),
                "data": {
                    "order": order, "seller": seller, "amount": {"minor": minor, "currency": currency},
                    "reason": "case_decided",
                },
            }
            for _, requested, minor, currency, order, seller in rows
        ]  # fmt: skip
        if events:
            log.receive(events, queue=queue, known=Known.WHEN_IT_HAPPENED)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step(self, until: datetime) -> int:
        """One step of each case whose people would have taken it by then; returns how many were taken."""
        from safeconduct.kernel.scope import staff_scope

        with staff_scope():
            rows = _rows(until)
        taken = 0
        plain: dict[Any, list[tuple[_Case, datetime]]] = {}
        for row in rows:
            case = _Case(*row, truth=self._by_order.get(row[9]))
            rng = self._rng(case)
            at = case.since + rng.triangular(0.05, 0.92, 0.3) * (case.due_at - case.since)
            if at >= until:
                continue
            act = _ACTS.get((case.kind, case.state))
            if act is None or (case.id, case.state) in self._let_be:
                continue
            if case.kind == "return" and case.state == "inspecting" and not _contests(case, rng):
                plain.setdefault(at.date(), []).append((case, at))
                continue
            with staff_scope():
                done = act(self, case, rng, at)
            if not done:
                self._let_be.add((case.id, case.state))
            taken += done
        for group in plain.values():
            _take_back(group)
            taken += len(group)
        return taken

    def _rng(self, case: _Case) -> Random:
        from safeconduct.demo.seeds import generator

        return generator(self.seed, f"{case.kind}/{case.order}/{case.state}")

    def _people(self) -> list[User]:
        from safeconduct.kernel.parties.models import User

        self._staff = self._staff or list(User.objects.exclude(staff_role="").order_by("email"))
        return self._staff

    def person(self, case: _Case, seat: int) -> User:
        """Who has a seat in a case: mediator 0, arbiter 1, reviewer 2; three different people."""
        people = self._people()
        return people[(int(case.order[4:]) + seat) % len(people)]


def _rows(until: datetime) -> list[Any]:
    from safeconduct.kernel.scope import query

    return query(_WAITING, [until]).fetchall()


def _contests(case: _Case, rng: Random) -> bool:
    """Whether the shop finds fault with what came back."""
    looks = rng.random()
    if case.fault == "buyer":
        assert case.truth is not None
        return not case.truth.paid and looks < _LOOKS
    return looks < _CONTESTS_FOR_NOTHING


def _take_back(group: Sequence[tuple[_Case, datetime]]) -> None:
    """Shops take a day's parcels back as they came."""
    from safeconduct.kernel.cases import machine
    from safeconduct.kernel.cases.machine import Move
    from safeconduct.kernel.cases.words import Role
    from safeconduct.kernel.scope import Actor, engine_scope

    actor = Actor("shop", "seller")
    with engine_scope():
        machine.transition(
            [Move(case.id, "accept", actor, Role.SELLER) for case, _ in group], at=max(at for _, at in group)
        )


def _take(case: _Case, name: str, role: str, at: datetime, why: str = "", person: str = "", **given: Any) -> int:
    from safeconduct.kernel.cases import machine
    from safeconduct.kernel.cases.machine import Move
    from safeconduct.kernel.cases.words import Role
    from safeconduct.kernel.scope import Actor

    who = person or ("buyer/link" if role == "buyer" else "shop")
    machine.transition([Move(case.id, name, Actor(who, role, why), Role(role), **given)], at=at)
    return 1


# -- disputes ---------------------------------------------------------------------------------------------------------


def _answer(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    """The shop answers, offers, or says nothing; a parcel that has come ends it."""
    from safeconduct.kernel.cases.messages import Offer
    from safeconduct.kernel.cases.words import Remedy, Role
    from safeconduct.kernel.scope import Actor
    from safeconduct.protections.disputes import actions

    if case.fault == "carrier" and rng.random() < _WITHDRAWS:
        return _take(case, "withdraw", "buyer", at, words.BUYER_WITHDRAWS)
    draw = rng.random()
    if draw < _SILENT:
        return 0
    if draw < _SILENT + _OFFERS and case.fault == "seller" and case.amount_minor > 1:
        share = max(1, case.amount_minor * rng.randint(25, 70) // 100)
        offer = Offer(Remedy.PARTIAL_REFUND, share, case.currency)
        actions.offer(case.id, Actor("shop", "seller"), Role.SELLER, offer, words.SELLER_OFFERS, at=at)
        return 1
    return _take(case, "contest", "seller", at, rng.choice(words.SELLER_ANSWERS))


def _negotiate(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    """The buyer takes what is offered, or asks the platform."""
    from safeconduct.kernel.cases.models import CaseMessage
    from safeconduct.kernel.cases.words import OfferState, Role
    from safeconduct.kernel.scope import Actor
    from safeconduct.protections.disputes import actions

    offer = CaseMessage.objects.filter(case_id=case.id, offer_state=OfferState.OPEN, role=Role.SELLER).first()
    if offer is not None and rng.random() < _TAKES_OFFER:
        actions.accept(case.id, offer.id, Actor("buyer/link", "buyer"), Role.BUYER, at=at)
        return 1
    return _take(case, "escalate", "buyer", at, words.BUYER_ESCALATES)


def _triage(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    name = "ask_for_evidence" if rng.random() < 0.3 else "mediate"
    return _take(case, name, "operator", at, person=desk.person(case, 0).id)


def _mediate(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    from safeconduct.kernel.cases import seats
    from safeconduct.kernel.cases.words import Role

    person = desk.person(case, 0)
    seats.take(case.id, person, Role.MEDIATOR, at=at)
    return _take(case, "no_proposal", "mediator", at, words.NO_PROPOSAL, person.id)


def _judge(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    return _decide(desk, case, at, "decide", 1, right=rng.random() >= _WRONG)


def _review(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    return _decide(desk, case, at, "rule", 2, right=True)


def _decide(desk: CaseDesk, case: _Case, at: datetime, step: str, seat: int, *, right: bool) -> int:
    from safeconduct.kernel.cases import seats
    from safeconduct.kernel.cases.words import Role

    role, person = (Role.ARBITER, Role.REVIEWER)[seat - 1], desk.person(case, seat)
    seats.take(case.id, person, role, at=at)
    desk.decided += 1
    return _take(case, step, role.value, at, "", person.id, outcome=_outcome(case, right=right))


def _outcome(case: _Case, *, right: bool) -> Outcome:
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


def _appeal(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    """Who lost may ask for another look; who lost rightly seldom does."""
    from safeconduct.kernel.cases.models import StoredOutcome

    last = StoredOutcome.objects.filter(case_id=case.id).order_by("-at", "-id").first()
    if last is None or last.automated:
        return 0
    lost = "seller" if last.liability == "seller" else "buyer"
    rightly = case.fault != lost
    if rng.random() >= (_APPEALS_RIGHTLY if rightly else _APPEALS_WRONGLY):
        return 0
    return _take(case, "appeal", lost, at, words.APPEALS[lost])


# -- returns ----------------------------------------------------------------------------------------------------------


def _authorise(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    return _take(case, "authorise", "seller", at)


def _contest(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    """The shop writes down what it found, and asks for a person."""
    from safeconduct.kernel.cases import evidence
    from safeconduct.kernel.cases.evidence import Piece
    from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
    from safeconduct.kernel.cases.words import Role, Source
    from safeconduct.kernel.scope import Actor

    cause = "" if case.truth is None else case.truth.cause
    why = words.SELLER_CONTESTS.get(cause, words.SELLER_CONTESTS[""])
    report = Piece(
        EvidenceKind.INSPECTION_REPORT, Source.SELLER, f"{case.order}: {why}".encode(), case.seller_key, at,
        words.INSPECTION, Role.SELLER, case_id=case.id,
    )  # fmt: skip
    evidence.collect([report], Actor("shop", "seller"), at=at)
    return _take(case, "contest", "seller", at, why)


def _grade(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    return _graded(desk, case, at, 1, right=rng.random() >= _WRONG)


def _regrade(desk: CaseDesk, case: _Case, rng: Random, at: datetime) -> int:
    return _graded(desk, case, at, 2, right=True)


def _graded(desk: CaseDesk, case: _Case, at: datetime, seat: int, *, right: bool) -> int:
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
    judging.decide(case.return_id, desk.person(case, seat), role, findings, words.GRADED[grade.value], at=at)
    desk.decided += 1
    return 1


_ACTS: Mapping[tuple[str, str], Callable[[CaseDesk, _Case, Random, datetime], int]] = {
    ("dispute", "open"): _answer,
    ("dispute", "negotiating"): _negotiate,
    ("dispute", "awaiting_platform"): _triage,
    ("dispute", "mediation"): _mediate,
    ("dispute", "adjudication"): _judge,
    ("dispute", "decided"): _appeal,
    ("dispute", "appealed"): _review,
    ("return", "requested"): _authorise,
    ("return", "inspecting"): _contest,
    ("return", "judging"): _grade,
    ("return", "decided"): _appeal,
    ("return", "appealed"): _regrade,
}  # fmt: skip

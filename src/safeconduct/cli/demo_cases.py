"""The demo's cases: buyers who open disputes, shops that answer, staff that mediates, judges and decides appeals.

They are people of the made-up world, who act in their own time: somewhere within each deadline, seldom not at all. What
they find comes from the world's truth, and one time in twenty the staff is wrong. The product hears only what they do,
by the verbs that its own pages call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from safeconduct.cli import demo_freight
from safeconduct.cli import demo_words as words
from safeconduct.cli.demo_case_acts import ACTS, confirm
from safeconduct.cli.demo_known import Known
from safeconduct.cli.demo_tally import Tally

if TYPE_CHECKING:
    from safeconduct.demo import Complaint
    from safeconduct.kernel.cases.moves import Move
    from safeconduct.kernel.parties.models import User

#: A case takes no more steps than this between two of the days on which the desk works.
_MOST_STEPS = 12
#: The shop sends a refund so long after it was told to.
_SENDS_AFTER = timedelta(days=1)
#: Steps of so many days are taken in one transaction, at the time of the last.
_TOGETHER_DAYS = 2

_WAITING = """
SELECT c.id, c.kind, c.state, c.since, d.due_at, c.seller_key, coalesce(c.amount_minor, 0), c.currency,
    w.version, coalesce(p.order_ref, r.order_ref), r.id
FROM case_file c JOIN case_workflow w ON w.id = c.workflow_id
JOIN case_deadline d ON d.case_id = c.id AND d.state = 'running'
LEFT JOIN dispute p ON p.case_id = c.id LEFT JOIN return_file r ON r.case_id = c.id
WHERE c.status <> 'closed' AND c.kind IN ('dispute', 'return') AND d.due_at IS NOT NULL
    AND c.state <> 'authorised' AND c.state <> 'in_transit' AND c.since < %s
    AND coalesce(c.seller_key, 0) = ANY(%s::bigint[])
ORDER BY coalesce(p.order_ref, r.order_ref), c.id
"""


@dataclass(slots=True)
class CaseDesk:
    """Who works on cases. ``moved``: by how much the world's times were moved; ``strike``: as the world tells it."""

    seed: int
    complaints: Sequence[Complaint]
    moved: timedelta
    strike: tuple[str, datetime, datetime] | None
    tally: Tally = field(default_factory=Tally)
    _declared: bool = False
    _next: int = 0
    _by_order: dict[str, Complaint] = field(default_factory=dict)
    _staff: list[User] = field(default_factory=list)
    _let_be: set[tuple[str, str]] = field(default_factory=set)

    def people(self, until: datetime, sellers: Sequence[int]) -> None:
        """Everything that people do about some sellers' cases by a time."""
        self._by_order = self._by_order or {one.order_id: one for one in self.complaints}
        self._complain(until, sellers)
        for _ in range(_MOST_STEPS):
            if not self._step(until, sellers):
                break

    def clocks(self, until: datetime) -> None:
        """What follows for everybody: deadlines that have come due, refunds that shops were told to send, freight."""
        from safeconduct.kernel.cases import sweep

        sweep.keep_up(until, quiet=True)
        self._refunds(until)
        demo_freight.paid(until)

    # -- what happens beside cases ---------------------------------------------------------------------------------

    def strikes(self, until: datetime) -> None:
        """The platform declares that clocks stand still for as long as the strike was announced."""
        from safeconduct.kernel.cases import pauses
        from safeconduct.kernel.cases.words import PauseScope
        from safeconduct.kernel.scope import Actor, staff_scope

        if self.strike is None or self.strike[1] + self.moved >= until or self._declared:
            return
        country, begins, ends = self.strike[0], self.strike[1] + self.moved, self.strike[2] + self.moved
        with staff_scope():
            actor = Actor(self._people()[0].id, "operator")
            pauses.declare(PauseScope.COUNTRY, country, begins, ends, words.STRIKE, actor, at=begins)
        self._declared = True

    def _complain(self, until: datetime, sellers: Sequence[int]) -> None:
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
                row = query(
                    "SELECT order_key FROM coverage WHERE order_ref = %s AND seller_key = ANY(%s::bigint[])",
                    [one.order_id, list(sellers)],
                ).fetchone()
                order = None if row is None else facts.orders({row[0]}).get(row[0])
                if order is None:
                    continue
                said = words.BUYER[one.opens]
                request = Request(
                    f"link/{one.order_id}", order.key, ClaimType(one.opens), Remedy.REFUND,
                    Actor("buyer/link", "buyer"), Opened.LINK, words=said.get(order.language[:2], said["en"]),
                )  # fmt: skip
                try:
                    open_disputes([request], at=at, quiet=True)
                except OpenAlready:
                    continue
            self.tally.opened += 1

    def _refunds(self, until: datetime) -> None:
        """Shops send the refunds that they were told to send, and say so."""
        from safeconduct.kernel.decisions.running import listened_types
        from safeconduct.kernel.events import log
        from safeconduct.kernel.events.log import Known
        from safeconduct.kernel.scope import engine_scope, query

        unpaid = [one.order_id for one in self.complaints if not one.paid]
        with engine_scope():
            rows = query(
                "SELECT r.id, r.requested_at, r.amount_minor - r.by_bank_minor - r.called_off_minor, r.currency,"
                " v.order_ref, s.ref"
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

    def _step(self, until: datetime, sellers: Sequence[int]) -> int:
        """One step of each case whose people would have taken it by then; returns how many were taken."""
        from safeconduct.kernel.cases import machine
        from safeconduct.kernel.scope import staff_scope

        with staff_scope():
            rows = _rows(until, sellers)
        taken = 0
        steps: dict[int, list[tuple[Move, datetime, Known]]] = {}
        for row in rows:
            case = Known(*(*row, self._by_order.get(row[9])))
            rng = self._rng(case)
            at = case.since + rng.triangular(0.05, 0.92, 0.3) * (case.due_at - case.since)
            act = ACTS.get((case.kind, case.state))
            if at >= until or act is None or (case.id, case.state) in self._let_be:
                continue
            with staff_scope():
                done = act(self, case, rng, at)
            if done is None:
                self._let_be.add((case.id, case.state))
                continue
            taken += 1
            if done is not True:
                steps.setdefault(at.toordinal() // _TOGETHER_DAYS, []).append((done, at, case))
        for group in steps.values():
            with staff_scope():
                latest, known = max(at for _, at, _ in group), {case.id: case for _, _, case in group}
                for one in machine.transition([move for move, _, _ in group], at=latest, quiet=True):
                    confirm(self, known[one.case_id], one, latest)
        return taken

    def _rng(self, case: Known) -> Random:
        from safeconduct.demo.seeds import generator

        return generator(self.seed, f"{case.kind}/{case.order}/{case.state}")

    def _people(self) -> list[User]:
        from safeconduct.kernel.parties.models import User

        self._staff = self._staff or sorted(User.objects.exclude(staff_role=""), key=lambda one: one.email)
        return self._staff

    def person(self, case: Known, seat: int) -> User:
        """Who has a seat in a case: mediator 0, arbiter 1, reviewer 2, and the second person of a decision 3, of the
        appeal 4; five different people."""
        people = self._people()
        return people[(int(case.order[4:]) + seat) % len(people)]


def _rows(until: datetime, sellers: Sequence[int]) -> list[Any]:
    from safeconduct.kernel.scope import query

    return query(_WAITING, [until, list(sellers)]).fetchall()

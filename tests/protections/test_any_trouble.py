"""Three orders in every trouble at once: buyers, sellers, staff, banks, the shop and time do what they like, in any order.
One of them has three lines, and was paid together with one of another seller.

Each order goes through all three channels (dispute, return, bank) by the doors that products use: events through the
front door, verbs of parties and staff, sweeps. What the kernel promises must hold after every step, and the record at
the end. Some 80 steps in the ordinary run. The long one, more than 10,000:

    SAFECONDUCT_LONG_TESTS=1 .venv/bin/python -m pytest tests/protections/test_any_trouble.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import tests.django_world as world
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.kernel.builders import person
from tests.protections.returns.market import SAYS, Market
from tests.protections.transactions.shop import START, envelope, key_of

from safeconduct.kernel.cases import publishing, seats, second_person
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.evidence import Piece, collect
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.models import Case, CaseMessage, Deadline, Evidence, Proposal, StoredOutcome
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import ClockState, Liability, Remedy, Role, Source, Standing
from safeconduct.kernel.claims import checking, following, reading
from safeconduct.kernel.claims.errors import ClaimsError
from safeconduct.kernel.claims.models import Claim, Line, Refund
from safeconduct.kernel.claims.whole import made_whole, paid_for_now
from safeconduct.kernel.decisions import engine, lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.record import sequencer, verification
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope, query, staff_scope
from safeconduct.protections.disputes import actions as disputing
from safeconduct.protections.disputes import protection as disputes
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.doing import Asked, do
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.returns import actions as returning
from safeconduct.protections.returns import judging, reimbursing
from safeconduct.protections.returns.asks import Ask
from safeconduct.protections.returns.judging import Finding
from safeconduct.protections.returns.models import Reimbursement, Return, ReturnLine
from safeconduct.protections.returns.words import Claimed, Grade, Payer, Reason, Wish

LONG = bool(os.environ.get("SAFECONDUCT_LONG_TESTS"))
EXAMPLES, STEPS = (125, 100) if LONG else (4, 20)
#: What may be refused, each with its way out. Whatever else is raised is a fault.
REFUSALS: Final = (CasesError, ClaimsError, Refusal)
#: Order → its seller, currency and amount. The second is above what one person decides alone.
ORDERS: Final = {
    "ord-1": ("sel-1", "USD", 10_000), "ord-2": ("sel-2", "EUR", 150_000), "ord-3": ("sel-3", "USD", 6_000),
}  # fmt: skip
#: The lines of the first order, in the price of goods; shipping and tax are beside.
LINES: Final = {"phone": 5_500, "case": 2_700, "cable": 900}
#: Orders that one payment paid at once.
TOGETHER: Final = frozenset({"ord-1", "ord-3"})
#: Longer than any one clock of a case; ten of them end every case.
SILENCE_DAYS: Final = 60

orders = st.sampled_from(sorted(ORDERS))
parts = st.sampled_from([1, 2, 3, 4])  # quarters of what was paid
parties = st.sampled_from([Role.BUYER, Role.SELLER])
remedies = st.sampled_from([Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.NOTHING])
bearers = st.sampled_from([Liability.SELLER, Liability.FUND, Liability.PLATFORM, Liability.CARRIER])


class AnyTrouble(RuleBasedStateMachine):
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        world.forget_everything()
        publishing.forget()
        self.market = Market()
        self.names = 0
        self.told: list[dict[str, Any]] = []
        self.people = {role: person() for role in (Role.MEDIATOR, Role.ARBITER, Role.REVIEWER)}
        self.seconds = [person() for _ in range(2)]

    @initialize(order=orders, kind=st.sampled_from(list(ClaimType)))
    def both_were_sold_and_one_of_them_is_disputed(self, order: str, kind: ClaimType) -> None:
        batch = []
        for order, (seller, currency, minor) in ORDERS.items():
            money = {"minor": minor, "currency": currency}
            sold = {"seller": seller, "address": "12 Main St"}
            paid: dict[str, Any] = {"payment": "pay-1"} if order in TOGETHER else {}
            if order == "ord-1":
                paid["lines"] = [
                    {"line": name, "price": {"minor": price, "currency": currency}} for name, price in LINES.items()
                ]
                paid |= {"shipping": {"minor": 600, "currency": currency}, "tax": {"minor": 300, "currency": currency}}
            parcel = {"parcel": f"dhl:{order}", "carrier": "dhl", **sold}
            batch += [
                self.envelope("order.placed", order, day=0, amount=money, ship_country="DE", **sold, **paid),
                self.envelope("order.paid", order, day=0.01, amount=money),
                self.envelope("shipment.shipped", order, day=0.5, weight_g=420, serial="SN-4021-77", **parcel),
                self.envelope("shipment.tracked", order, day=0.6, scan="accepted", **parcel),
                self.envelope("shipment.delivered", order, day=3, **parcel),
            ]
        self.market.day = 3.5
        self.market.send(batch)
        self.the_buyer_opens_a_dispute(order, kind, Remedy.REFUND, 4)

    # -- the shop and the banks tell of something ----------------------------------------------------------------------

    @rule(order=orders, quarters=parts, line=st.sampled_from(["", *LINES]))
    def the_shop_has_sent_a_refund(self, order: str, quarters: int, line: str) -> None:
        named = {"lines": [{"line": line}]} if line else {}
        self.tell("refund.created", order, amount=self.money(order, quarters), refund=self.name(), **named)

    @rule(order=orders)
    def the_shop_sends_what_was_asked_for(self, order: str) -> None:
        with engine_scope():
            running = Refund.objects.filter(claim__order_key=key_of(order), state="requested")
            minor = sum(one.to_send_minor for one in running)
        if minor:
            amount = {"minor": minor, "currency": ORDERS[order][1]}
            self.tell("refund.created", order, amount=amount, refund=self.name())

    @rule(data=st.data())
    def a_refund_does_not_arrive(self, data: st.DataObject) -> None:
        sent = [event for event in self.told if event["type"] == "refund.created" and "refund" in event["data"]]
        if sent:
            told = data.draw(st.sampled_from(sent))["data"]
            self.tell("refund.failed", told["order"], amount=told["amount"], refund=told["refund"])

    @rule(order=orders, reason=st.sampled_from(["", "not_received", "defective"]))
    def a_shop_is_asked_for_a_refund(self, order: str, reason: str) -> None:
        self.tell("refund.requested", order, reason=reason or "no_reason", amount=self.money(order, 4))

    @rule(order=orders, reason=st.sampled_from(["", "defective", "exchange"]))
    def a_shop_is_asked_for_a_return(self, order: str, reason: str) -> None:
        self.tell("return.requested", order, buyer="buy-1", reason=reason or "no_reason")

    @rule(order=orders, grams=st.sampled_from([420, 900]))
    def a_parcel_comes_back(self, order: str, grams: int) -> None:
        self.tell("return.received", order, buyer="buy-1", weight_g=grams, serial="")

    @rule(
        order=orders,
        kind=st.sampled_from(["opened", "updated", "closed"]),
        stage=st.sampled_from(["inquiry", "chargeback", "pre_arbitration"]),
        outcome=st.sampled_from(["", "won", "lost", "withdrawn", "funds_withdrawn", "funds_reinstated"]),
        quarters=parts,
        number=st.integers(1, 2),
        about=st.sampled_from(["order", "payment", "phone", "cable"]),
    )
    def a_bank_says_something(
        self, order: str, kind: str, stage: str, outcome: str, quarters: int, number: int, about: str
    ) -> None:  # fmt: skip
        data: dict[str, Any] = {
            "amount": self.money(order, quarters),
            "dispute": f"dp-{order}-{number}",
            "stage": stage,
        }
        if about == "payment" and order in TOGETHER:
            data["payment"] = "pay-1"
        if kind == "opened":
            data["reason"] = "fraudulent"
            data |= {"lines": [{"line": about}]} if about in LINES else {}
        elif outcome:
            data["outcome"] = outcome
        self.tell(f"dispute.{kind}", order, **data)

    @rule(order=orders)
    def a_bank_warns(self, order: str) -> None:
        self.tell("fraud.warned", order, amount=self.money(order, 4))

    @rule(data=st.data())
    def a_webhook_comes_once_more(self, data: st.DataObject) -> None:
        if self.told:
            self.receive(data.draw(st.sampled_from(self.told)))

    @rule(order=orders, kind=st.sampled_from(["refund.created", "shipment.delivered", "return.received"]))
    def news_come_late(self, order: str, kind: str) -> None:
        data: dict[str, Any] = {"amount": self.money(order, 1)} if kind == "refund.created" else {}
        if kind != "refund.created":
            data = {"parcel": f"dhl:{order}", "carrier": "dhl"} if kind == "shipment.delivered" else {"buyer": "buy-1"}
        self.tick()
        self.receive(self.envelope(kind, order, day=max(3.1, self.market.day - 9), **data))

    # -- a dispute -----------------------------------------------------------------------------------------------------

    @rule(
        order=orders, kind=st.sampled_from(list(ClaimType)), asked=remedies, quarters=parts,
        lines=st.sampled_from([(), ("case",), ("phone", "cable")]),
    )  # fmt: skip
    def the_buyer_opens_a_dispute(
        self, order: str, kind: ClaimType, asked: Remedy, quarters: int, lines: tuple[str, ...] = ()
    ) -> None:
        def opens() -> None:
            amount = ORDERS[order][2] * quarters // 4
            request = Request(
                self.name(), key_of(order), kind, asked, Actor("buyer", "buyer"), Opened.API, amount, "It is not right",
                lines=lines,
            )  # fmt: skip
            open_disputes([request], at=self.market.now)

        self.attempt(opens)

    @rule(
        order=orders,
        verb=st.sampled_from(["answer", "escalate", "done", "appeal", "withdraw", "agree", "reject", "extend", "say"]),
        role=parties,
    )
    def a_party_to_the_dispute_does_something(self, order: str, verb: str, role: Role) -> None:
        self.attempt(lambda: do(verb, self.asked(order, role), at=self.market.now))

    @rule(order=orders, role=parties, remedy=remedies, quarters=parts)
    def a_party_offers_something(self, order: str, role: Role, remedy: Remedy, quarters: int) -> None:
        values = {"remedy": remedy.value, "amount_minor": str(ORDERS[order][2] * quarters // 4), "words": "Take this"}
        self.attempt(lambda: do("offer", self.asked(order, role, **values), at=self.market.now))

    @rule(order=orders, verb=st.sampled_from(["accept", "decline", "take_back"]), role=parties)
    def a_party_answers_an_offer(self, order: str, verb: str, role: Role) -> None:
        def answers() -> None:
            found = CaseMessage.objects.filter(case_id=self.dispute(order).case_id, offer_state="open")
            latest = found.order_by("-at", "-id").values_list("id", flat=True).first()
            do(verb, self.asked(order, role, offer=latest or ""), at=self.market.now)

        self.attempt(answers)

    @rule(order=orders, name=st.sampled_from(["mediate", "ask_for_evidence", "no_proposal"]))
    def the_staff_moves_a_dispute_on(self, order: str, name: str) -> None:
        role = Role.MEDIATOR if name == "no_proposal" else Role.OPERATOR

        def moves() -> None:
            self.sits(self.dispute(order).case_id, role)
            disputing.take(self.dispute(order).case_id, name, self.actor(role), role, at=self.market.now)

        self.attempt(moves, staff=True)

    @rule(order=orders, quarters=parts)
    def a_mediator_proposes(self, order: str, quarters: int) -> None:
        def proposes() -> None:
            _, currency, minor = ORDERS[order]
            case_id = self.dispute(order).case_id
            self.sits(case_id, Role.MEDIATOR)
            offer = Offer(Remedy.PARTIAL_REFUND, minor * quarters // 4, currency)
            disputing.propose(case_id, self.actor(Role.MEDIATOR), offer, "Meet here", at=self.market.now)

        self.attempt(proposes, staff=True)

    @rule(order=orders, name=st.sampled_from(["decide", "rule"]), remedy=remedies, bears=bearers, quarters=parts)
    def somebody_decides_the_dispute(
        self, order: str, name: str, remedy: Remedy, bears: Liability, quarters: int
    ) -> None:  # fmt: skip
        role = Role.ARBITER if name == "decide" else Role.REVIEWER

        def decides() -> None:
            _, currency, minor = ORDERS[order]
            case_id = self.dispute(order).case_id
            self.sits(case_id, role)
            paid = remedy is not Remedy.NOTHING
            outcome = Outcome(
                remedy, bears if paid else Liability.NOBODY,
                Standing.COUNTS if bears is Liability.SELLER and paid else Standing.DOES_NOT_COUNT,
                "dispute/any", "1", {"en": "So the scans say."}, amount_minor=minor * quarters // 4 if paid else None,
                currency=currency if paid else "",
            )  # fmt: skip
            disputing.take(case_id, name, self.actor(role), role, at=self.market.now, outcome=outcome)

        self.attempt(decides, staff=True)

    # -- a return ------------------------------------------------------------------------------------------------------

    @rule(order=orders, wish=st.sampled_from(list(Wish)), reason=st.sampled_from(list(Reason)), halves=st.booleans())
    def the_buyer_wants_to_return_it(self, order: str, wish: Wish, reason: Reason, halves: bool) -> None:
        half = ORDERS[order][2] // 2
        lines = {"phone": half, "case": half // 2} if halves else {}
        ask = Ask(self.name(), key_of(order), self.market.now, reason, wish, lines)
        self.attempt(lambda: returning.request([ask], ENGINE_ACTOR, Role.ENGINE, at=self.market.now))

    @rule(
        order=orders,
        name=st.sampled_from(["authorise", "refuse", "sent", "accept", "replace", "contest", "to_platform", "withdraw",
                              "appeal", "lost", "received"]),
        role=parties,
    )  # fmt: skip
    def a_party_to_the_return_does_something(self, order: str, name: str, role: Role) -> None:
        def steps() -> None:
            one = self.returned(order)
            if name == "contest":
                self.brings_evidence(one, role)
            actor = Actor("someone", role.value, "This is how it is")
            returning.step(one.id, name, actor, role, at=self.market.now, carrier="dhl")

        self.attempt(steps)

    @rule(order=orders, role=st.sampled_from([Role.SELLER, Role.OPERATOR]))
    def the_buyer_may_keep_the_goods(self, order: str, role: Role) -> None:
        def keeps() -> None:
            pays = Payer.SELLER if role is Role.SELLER else Payer.PLATFORM
            actor = Actor("someone", role.value, "Not worth the freight")
            returning.keep_goods(self.returned(order).id, actor, role, "small things", pays, at=self.market.now)

        self.attempt(keeps)

    @rule(order=orders, role=st.sampled_from([Role.ARBITER, Role.REVIEWER]), grade=st.sampled_from(list(Grade)))
    def somebody_judges_the_parcel(self, order: str, role: Role, grade: Grade) -> None:
        def judges() -> None:
            one = self.returned(order)
            lines = list(ReturnLine.objects.filter(returned_id=one.id))
            evidence = tuple(Evidence.objects.filter(exhibits__case_id=one.case_id).values_list("id", flat=True))
            take_off = {Grade.USED_OR_DAMAGED_BY_BUYER: 500, Grade.PARTS_MISSING: 900}.get(grade, 0)
            found = {line.name: Finding(grade, take_off, evidence=evidence) for line in lines}
            judging.decide(one.id, self.people[role], role, found, SAYS, at=self.market.now)

        self.attempt(judges, staff=True)

    @rule(order=orders, ground=st.sampled_from(list(Claimed)))
    def the_seller_claims_on_the_fund(self, order: str, ground: Claimed) -> None:
        actor = Actor("seller", "seller", "It was a brick")
        self.attempt(lambda: reimbursing.file(self.returned(order).id, ground, actor, at=self.market.now))

    @rule(order=orders, role=st.sampled_from([Role.ARBITER, Role.REVIEWER]), quarters=st.integers(0, 4))
    def somebody_decides_the_sellers_claim(self, order: str, role: Role, quarters: int) -> None:
        def decides() -> None:
            claim = Reimbursement.objects.select_related("returned").filter(returned=self.returned(order)).first()
            if claim is not None:
                amount = claim.most_minor * quarters // 4
                reimbursing.decide(claim, self.people[role], role, amount, SAYS, at=self.market.now)

        self.attempt(decides, staff=True)

    @rule(order=orders, returns=st.booleans(), number=st.integers(0, 7))
    def somebody_takes_a_step_that_is_possible(self, order: str, returns: bool, number: int) -> None:
        """Any step that needs nothing more than words, by one who may: so that matters get far."""

        def takes() -> None:
            case_id = (self.returned(order) if returns else self.dispute(order)).case_id
            case = Case.objects.get(id=case_id)
            moves = publishing.by_id([case.workflow_id])[case.workflow_id].states[case.state].moves.values()
            ready = [one for one in moves if not {"outcome", "evidence"} & set(one.needs) and one.by != (Role.ENGINE,)]
            if ready:
                step = ready[number % len(ready)]
                role = next(role for role in step.by if role is not Role.ENGINE)
                self.sits(case_id, role)
                disputing.take(case_id, step.name, self.actor(role), role, at=self.market.now)

        self.attempt(takes, staff=True)

    # -- second people, and time ---------------------------------------------------------------------------------------

    @rule(number=st.integers(0, 1), returns=st.booleans())
    def a_second_person_answers(self, number: int, returns: bool) -> None:
        who = self.seconds[number]
        with staff_scope():
            waiting = list(Proposal.objects.filter(state="waiting").order_by("at", "id").values_list("id", flat=True))

        def answers() -> None:
            second_person.take_seat(waiting[0], who, at=self.market.now)
            if returns:
                second_person.send_back(waiting[0], who, "Look at the scans again", at=self.market.now)
            else:
                second_person.confirm(waiting[0], who, at=self.market.now)

        if waiting:
            self.attempt(answers, staff=True)

    @rule(days=st.sampled_from([0.2, 1, 3, 5, 8, 15, 31]))
    def time_passes_and_what_is_due_is_done(self, days: float) -> None:
        type(self).steps += 1
        self.passes(days)

    @rule(days=st.sampled_from([0.2, 1, 4, 10]))
    def time_passes_unseen(self, days: float) -> None:
        type(self).steps += 1
        self.market.day += days

    @rule()
    def sellers_are_paid_out(self) -> None:
        self.tick()
        self.market.pay_out(key=self.name())

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def the_books_balance(self) -> None:
        with engine_scope():
            assert [answer for answer in check() if not answer.ok] == []
            *_, ahead = checking.asked(self.market.now)
        assert ahead.ok, ahead.wrong

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        with engine_scope():
            per_part = query(
                "SELECT p.amount_minor, p.sent_minor + p.running_minor, coalesce(sum(r.amount_minor - r.by_bank_minor - r.called_off_minor)"
                "  FILTER (WHERE r.state IN ('requested', 'frozen', 'sent')), 0)::bigint, p.payment_id"
                " FROM claim_part p LEFT JOIN claim_refund r ON r.part_id = p.id GROUP BY p.id"
            ).fetchall()
            keys = {key_of(order): minor for order, (_, _, minor) in ORDERS.items()} if self.told else {}
            given = made_whole(list(keys)) if keys else {}
            for_now = paid_for_now(list(keys)) if keys else {}
            lost = dict(
                query(
                    "SELECT l.order_key, sum(greatest(p.amount_minor, p.sent_minor + greatest(p.bank_minor, 0)))::bigint"
                    " FROM claim_line l JOIN claim_part p ON p.line_id = l.id GROUP BY 1"
                )
            )
            sellers = query(
                "SELECT t.order_key, sum(p.amount_minor)::bigint - (SELECT coalesce(sum(r.amount_minor - r.by_bank_minor - r.called_off_minor), 0)"
                "  FROM claim c JOIN claim_refund r ON r.claim_id = c.id AND r.state IN ('requested', 'frozen')"
                "  WHERE c.order_key = t.order_key)::bigint"
                " FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id AND p.seller_key IS NOT NULL"
                " WHERE t.order_key IS NOT NULL GROUP BY 1"
            ).fetchall()
            told = dict(
                query(
                    "SELECT order_key, sum(coalesce((amounts->>'refund')::bigint, (amounts->>'amount')::bigint))::bigint"
                    " FROM ledger_transaction WHERE event IN ('refund', 'refund_paid') GROUP BY 1"
                )
            )
            sent = query(
                "SELECT l.order_key, sum(p.sent_minor)::bigint FROM claim_line l JOIN claim_part p ON p.line_id = l.id"
                " GROUP BY 1"
            ).fetchall()
        for order, minor in sent:
            assert minor <= told.get(order, 0), "claims count twice what the shop has sent once"
        for paid, sums, refunds, _payment in per_part:
            assert sums == refunds, "the sums of a part are those of its refunds"
            assert refunds <= paid, "we send more than was captured"
        for (order, _), minor in given.items():
            # Two losses are two: what shop and bank both gave back is lost twice, and asked back as such.
            assert 0 <= minor <= max(keys[order], lost.get(order, 0)), "a seller is made whole for more than was lost"
        for (order, currency), minor in for_now.items():
            both = minor + given.get((order, currency), 0)
            assert minor >= 0 and both <= max(keys[order], lost.get(order, 0)), "more is paid for now than can be lost"
        ahead = {order: minor for (order, _), minor in for_now.items()}
        for order, minor in sellers:
            # What the fund pays for now stands for what is held for the bank.
            assert minor - ahead.get(order, 0) <= keys.get(order, minor), "a seller has more than was paid for an order"

    @invariant()
    def holds_are_the_open_exposure(self) -> None:
        with engine_scope():
            held = dict(query("SELECT key, held_minor FROM ledger_hold WHERE ended_at IS NULL AND key LIKE 'claim/%%'"))
            claims = reading.active(list(Line.objects.order_by("id").values_list("id", flat=True)))
            fees = reading.commissions({claim.order_key for claim in claims})
        for claim in claims:
            assert claim.refunds or not claim.channels or following.live(claim), "a claim without anything open is open"
            if any(channel.hold_until <= self.market.now for channel in following.live(claim)):
                held.pop(claim.hold_key, 0)  # how long a hold lasts at most is the ledger's clock, which may be behind
                continue
            wanted = following.exposure(claim, self.market.now).amount_minor
            fee, kept = fees.get((claim.order_key, claim.currency), (0, 0))
            assert held.pop(claim.hold_key, 0) == following.net_of_fee(wanted, fee, kept)
        assert held == {}, "something is held for a claim that has ended"

    @invariant()
    def each_case_has_a_clock_or_is_closed_and_says_why(self) -> None:
        with staff_scope():
            cases = list(Case.objects.all())
            running = Deadline.objects.filter(state__in=[ClockState.WAITING, ClockState.RUNNING])
            clocks = sorted(running.values_list("case_id", flat=True))
            outcomes = list(StoredOutcome.objects.all())
        assert clocks == sorted(case.id for case in cases if case.status != "closed")
        reasons = {outcome.id: outcome for outcome in outcomes}
        for case in cases:
            assert (case.closed_at is not None) == (case.status == "closed")
            if case.status in ("decided", "appealed", "closed"):
                assert case.outcome_id is not None
                told = reasons[case.outcome_id]
                assert told.told["en"] and told.rule and told.rule_version

    def teardown(self) -> None:
        """Banks decide, then all are silent: every matter ends, nothing is held, and the record holds."""
        for order in ORDERS if self.told else ():
            for number in (1, 2):
                if any(event["data"].get("dispute") == f"dp-{order}-{number}" for event in self.told):
                    self.tell("dispute.closed", order, dispute=f"dp-{order}-{number}", outcome="lost")
        for _ in range(10):
            self.passes(SILENCE_DAYS)
        for order in ORDERS if self.told else ():
            self.the_shop_sends_what_was_asked_for(order)
        self.the_books_balance()
        self.nothing_is_paid_twice()
        self.holds_are_the_open_exposure()
        self.each_case_has_a_clock_or_is_closed_and_says_why()
        with staff_scope():
            assert list(Case.objects.exclude(status="closed").values_list("kind", "state")) == []
            assert list(Claim.objects.filter(closed_at=None, channels__isnull=False).values_list("id", flat=True)) == []
        with engine_scope():
            assert paid_for_now([key_of(order) for order in ORDERS] if self.told else []) == {}
        sequencer.keep_up(self.market.now + timedelta(days=1))
        report = verification.verify()
        assert report.ok, report.findings

    # -- how it is done ------------------------------------------------------------------------------------------------

    def attempt(self, work: Callable[[], object], *, staff: bool = False) -> None:
        """Somebody tries something that may be refused; of what is refused nothing is kept."""
        self.tick()
        with suppress(*REFUSALS), staff_scope() if staff else engine_scope():
            work()

    def tick(self) -> None:
        type(self).steps += 1
        self.market.day += 0.01

    def passes(self, days: float) -> None:
        self.market.passes(self.market.day + days)
        disputes.sweep(self.market.now)

    def tell(self, kind: str, order: str, **data: Any) -> None:
        self.tick()
        self.receive(self.envelope(kind, order, day=self.market.day, **data))

    def envelope(self, kind: str, order: str, *, day: float, **data: Any) -> dict[str, Any]:
        made = envelope(kind, order, at=START + timedelta(days=day), **{"seller": ORDERS[order][0], **data})
        self.told.append(made)
        return made

    def receive(self, event: dict[str, Any]) -> None:
        """A webhook becomes known now, whenever it happened."""
        accepted = lanes.accept([event], now=lambda: self.market.now, known=Known.NOW, wait=False)
        assert not accepted.receipt.refused, accepted.receipt.refused
        with engine_scope():
            engine.decide([stored.moment for stored in accepted.receipt.stored], now=lambda: self.market.now)

    def name(self) -> str:
        self.names += 1
        return f"any-{self.names}"

    def money(self, order: str, quarters: int) -> dict[str, Any]:
        _, currency, minor = ORDERS[order]
        return {"minor": minor * quarters // 4, "currency": currency}

    def actor(self, role: Role) -> Actor:
        who = self.people.get(role)
        return Actor(who.id if who is not None else "operator", role.value, "So it is")

    def sits(self, case_id: str, role: Role) -> None:
        if role in self.people:
            seats.take(case_id, self.people[role], role, at=self.market.now)

    def dispute(self, order: str) -> Dispute:
        found = Dispute.objects.filter(order_key=key_of(order)).order_by("-number").first()
        if found is None:
            raise Refusal("there is none yet")
        return found

    def asked(self, order: str, role: Role, **values: str) -> Asked:
        actor = Actor("usr_seller", "member") if role is Role.SELLER else Actor("buyer", "buyer")
        return Asked(
            self.dispute(order), role, actor, {"words": "Look at the scans", **values}, None, None, ORDERS[order][1]
        )

    def returned(self, order: str) -> Return:
        rows = Return.objects.filter(order_key=key_of(order)).select_related("case")
        found = rows.order_by("-requested_at", "-id").first()
        if found is None:
            raise Refusal("there is none yet")
        return found

    def brings_evidence(self, one: Return, role: Role) -> None:
        self.names += 1
        piece = Piece(
            EvidenceKind.PROOF_OF_DIFFERENCE, Source.SELLER, f"A brick, picture {self.names}".encode(), one.seller_key,
            self.market.now, {"en": "What lay in the box"}, role, case_id=one.case_id,
        )  # fmt: skip
        collect([piece], self.actor(role), at=self.market.now)


def test_whatever_is_done_to_some_orders_nobody_is_paid_twice_and_everybody_is_told_why() -> None:
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    run_state_machine_as_test(
        AnyTrouble,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=phases, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert not LONG or AnyTrouble.steps >= 10_000

"""The ledger beside a model of it that fits on a page: whatever is done to both, both say the same.

Some 500 steps in the ordinary run. The long one, more than 10,000:

    SAFECONDUCT_LONG_TESTS=1 .venv/bin/python -m pytest tests/kernel/ledger/test_ledger_model.py
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.kernel.ledger.money import START

from safeconduct.kernel.ledger import actions
from safeconduct.kernel.ledger.actions import Entry, HoldRequest, TakeFrom
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.ledger.checkpoints import roll_up
from safeconduct.kernel.ledger.errors import NotEnough
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, owner_scope, query

LONG = bool(os.environ.get("SAFECONDUCT_LONG_TESTS"))
EXAMPLES, STEPS = (120, 100) if LONG else (20, 25)
ALL = ("on_hold", "pending", "available", "reserve", "owed")
Place = tuple[int, int]


@dataclass
class Hold:
    place: Place
    asked: int
    fills: bool
    parts: Counter[str] = field(default_factory=Counter)
    taken: int = 0


class Model:
    """Money by (seller, account), *owed* below zero; pending money and open holds by (seller, order)."""

    def __init__(self) -> None:
        self.money: Counter[tuple[int, str]] = Counter()
        self.pending: Counter[Place] = Counter()
        self.holds: dict[str, Hold] = {}

    def there(self, place: Place, kind: str) -> int:
        if kind == "on_hold":
            return sum(hold.parts.total() for hold in self.holds.values() if hold.place == place)
        return self.pending[place] if kind == "pending" else 10**15 if kind == "owed" else self.money[place[0], kind]

    def take(self, place: Place, amount: int, *kinds: str, whole: bool = True) -> Counter[str]:
        parts: Counter[str] = Counter()
        for kind in kinds:
            parts[kind] = min(amount - parts.total(), self.there(place, kind))
        if whole and parts.total() < amount:
            raise LookupError
        for kind, part in parts.items():
            if kind == "on_hold":
                self._use(place, part)
            else:
                self.put(place, kind, -part)
        return parts

    def put(self, place: Place, kind: str, amount: int) -> None:
        if kind == "pending":
            self.pending[place] += amount
        else:
            self.money[place[0], kind] += amount

    def pay_debt(self, place: Place, amount: int) -> int:
        """Returns what was more than the debt."""
        paid = min(amount, -self.money[place[0], "owed"])
        self.money[place[0], "owed"] += paid
        return amount - paid

    def fill(self, hold: Hold, *kinds: str) -> None:
        hold.parts.update(parts := self.take(hold.place, hold.asked - hold.taken, *kinds, whole=False))
        hold.taken += parts.total()

    def lift(self, key: str) -> None:
        hold = self.holds.pop(key)
        self.put(hold.place, "available", self.pay_debt(hold.place, hold.parts.pop("owed", 0)))
        for kind, part in hold.parts.items():
            self.put(hold.place, kind, part)

    def _use(self, place: Place, amount: int) -> None:
        for key, hold in [(k, h) for k, h in self.holds.items() if h.place == place]:
            for kind in ALL[1:]:
                used = min(amount, hold.parts[kind])
                hold.parts[kind] -= used
                amount -= used
                if used and not hold.parts.total():
                    del self.holds[key]


amounts = st.integers(1, 5_000)
places = st.tuples(st.integers(1, 2), st.integers(1, 2)).map(lambda p: (p[0], p[0] * 10 + p[1]))


class LedgerMachine(RuleBasedStateMachine):
    """Each rule does one thing to both; where the model has too little, the ledger must refuse."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        with owner_scope():
            query(
                "TRUNCATE ledger_account, ledger_transaction, ledger_posting, ledger_pending, ledger_hold,"
                " ledger_hold_step, ledger_payout, ledger_checkpoint, ledger_month,"
                " ledger_horizon"
            )
        self.model = Model()
        self.numbers = itertools.count(1)
        self.now = START
        self.entries: list[tuple[Entry, str]] = []
        self.paid: list[tuple[str, Place, int]] = []

    def post(self, event: str, place: Place, *, refused: bool = False, **given: int) -> str:
        self.now += timedelta(minutes=1)
        amounts = {name: amount for name, amount in given.items() if amount}
        key = f"{event}-{next(self.numbers)}"
        one = Entry(event, key, self.now, "USD", place[0], place[1], amounts, "so and so much")
        with engine_scope():
            try:
                (identity,) = actions.post([one])
            except NotEnough:
                assert refused, f"{event} was refused, and the model has the money"
                return ""
        assert not refused, f"{event} was posted, and the model has not the money"
        self.entries.append((one, identity))
        return identity

    def both(self, event: str, place: Place, amount: int, sources: tuple[str, ...], into: str = "") -> None:
        try:
            self.model.take(place, amount, *sources)
        except LookupError:
            self.post(event, place, refused=True, amount=amount)
            return
        if into:
            self.model.put(place, into, amount)
        self.post(event, place, amount=amount)

    @rule(place=places, sale=amounts, fee=st.integers(0, 400), then=st.sampled_from(("wait", "release", "reverse")))
    def capture(self, place: Place, sale: int, fee: int, then: str) -> None:
        fee = min(fee, sale)
        identity = self.post("capture", place, sale=sale, fee=fee)
        self.model.put(place, "pending", sale - fee)
        for hold in self.model.holds.values():
            if hold.place == place and hold.fills:
                self.model.fill(hold, "pending")
        if then == "release" and self.model.pending[place]:
            self.both("release", place, self.model.pending[place], ("pending",), "available")
        if then == "reverse":
            with engine_scope():
                actions.reverse(identity, f"back-{identity}", self.now, "booked twice")
            self.model.put(place, "pending", fee)
            self.model.take(place, sale, *ALL[1:])

    @rule(place=places, amount=amounts)
    def release_a_part(self, place: Place, amount: int) -> None:
        self.both("release", place, amount, ("pending",), "available")

    @rule(place=places, amount=amounts, back=st.booleans())
    def set_aside(self, place: Place, amount: int, back: bool) -> None:
        names = ("reserve", "available") if back else ("available", "reserve")
        self.both("reserve_released" if back else "reserve", place, amount, (names[0],), names[1])

    @rule(place=places, amount=amounts)
    def fine(self, place: Place, amount: int) -> None:
        self.both("fine", place, amount, ("available", "reserve", "owed"))

    @rule(place=places, amount=amounts)
    def pay_debt_in(self, place: Place, amount: int) -> None:
        self.post("debt_paid_in", place, amount=amount)
        self.model.put(place, "available", self.model.pay_debt(place, amount))

    @rule(place=places, amount=amounts, draw=st.booleans())
    def deposit(self, place: Place, amount: int, draw: bool) -> None:
        seller, model = place[0], self.model
        if not draw:
            self.post("deposit_paid", place, amount=amount)
            model.put(place, "deposits", amount)
        elif amount > min(model.money[seller, "deposits"], -model.money[seller, "owed"]):
            self.post("deposit_drawn", place, refused=True, amount=amount)
        else:
            self.post("deposit_drawn", place, amount=amount)
            model.pay_debt(place, amount)
            model.put(place, "deposits", -amount)

    @rule(place=places, amount=amounts, fee=st.integers(0, 300))
    def refund(self, place: Place, amount: int, fee: int) -> None:
        fee = min(fee, amount)
        self.model.take(place, amount - fee, *ALL)
        self.post("refund", place, refund=amount, fee=fee)

    @rule(place=places, sale=amounts, refund=amounts)
    def refund_a_part(self, place: Place, sale: int, refund: int) -> None:
        refund = min(refund, sale)
        fee = sale // 10 + 1
        self.model.take(place, refund - round(Fraction(fee * refund, sale)), *ALL)
        for key in [key for key, hold in self.model.holds.items() if hold.place == place and not hold.fills]:
            self.model.lift(key)
        self.post("partial_refund", place, sale=sale, fee=fee, refund=refund)

    @rule(place=places, amount=amounts, fills=st.booleans(), available_first=st.booleans())
    def hold(self, place: Place, amount: int, fills: bool, available_first: bool) -> None:
        self.now += timedelta(minutes=1)
        key = f"hold-{next(self.numbers)}"
        reason, released_by = ("order_under_review", "review_ends") if fills else ("dispute_open", "dispute_decided")
        first = TakeFrom.AVAILABLE if available_first else TakeFrom.PENDING
        with engine_scope():
            actions.hold(
                [HoldRequest(key, self.now, *place, "USD", amount, reason, None, released_by, first)]
            )  # fmt: skip
        self.model.holds[key] = hold = Hold(place, amount, fills)
        order = ("available", "pending") if available_first else ("pending", "available")
        self.model.fill(hold, *order, "reserve", *(() if fills else ("owed",)))

    @rule(data=st.data())
    def lift(self, data: Any) -> None:
        if self.model.holds:
            key = data.draw(st.sampled_from(sorted(self.model.holds)))
            self.model.lift(key)
            with engine_scope():
                assert len(actions.release([key], self.now, "settled", ENGINE_ACTOR)) == 1

    @rule()
    def pay_everybody(self) -> None:
        self.now += timedelta(minutes=1)
        with engine_scope():
            run = actions.pay_out(None, self.now)
        for seller in (1, 2):
            place = (seller, 0)
            money = self.model.take(place, self.model.there(place, "available"), "available").total()
            left = self.model.pay_debt(place, money)
            paid = [o for o in run.outcomes if o.seller_key == seller and o.amount_minor]
            assert [o.amount_minor for o in paid] == ([left] if left else [])
            self.paid += [(o.payout_id, place, left) for o in paid]

    @rule()
    def bank_returns_one(self) -> None:
        if self.paid:
            payout, place, amount = self.paid.pop(0)
            with engine_scope():
                actions.payout_returned([PayoutReturn(payout, "account closed")], self.now)
                actions.payout_returned([PayoutReturn(payout, "account closed")], self.now)
            self.model.put(place, "available", amount)

    @rule(data=st.data())
    def retry(self, data: Any) -> None:
        if self.entries:
            one, identity = data.draw(st.sampled_from(self.entries))
            with engine_scope():
                assert actions.post([one]) == [identity]

    @rule()
    def roll_up_and_check(self) -> None:
        with engine_scope():
            roll_up()
            assert [answer for answer in check() if not answer.ok] == []

    def teardown(self) -> None:
        with engine_scope():
            assert [answer for answer in check() if not answer.ok] == []

    @invariant()
    def both_say_the_same(self) -> None:
        type(self).steps += 1
        model = self.model
        with engine_scope():
            accounts = query(
                "SELECT seller_key, kind, balance_minor FROM ledger_account WHERE seller_key IS NOT NULL"
            ).fetchall()
            pending = query("SELECT seller_key, order_key, amount_minor FROM ledger_pending").fetchall()
            holds = query(
                "SELECT key, pending_minor, available_minor, reserve_minor, owed_minor FROM ledger_hold"
                " WHERE ended_at IS NULL"
            ).fetchall()
        for seller, kind, balance in accounts:
            if kind == "on_hold":
                told = sum(h.parts.total() for h in model.holds.values() if h.place[0] == seller)
            elif kind == "pending":
                told = sum(amount for place, amount in model.pending.items() if place[0] == seller)
            else:
                told = model.money[seller, "owed" if kind == "seller_receivable" else kind]
            assert (seller, kind, balance) == (seller, kind, told)
        assert {(s, o): m for s, o, m in pending if m} == {p: m for p, m in model.pending.items() if m}
        assert {key: tuple(parts) for key, *parts in holds} == {
            key: tuple(hold.parts[kind] for kind in ALL[1:]) for key, hold in model.holds.items()
        }


def test_the_ledger_and_its_model_say_the_same() -> None:
    LedgerMachine.steps = 0
    # Not shrunk: with a database behind each step that takes many minutes; the blob it prints repeats a failure.
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], print_blob=True,
        ),
    )  # fmt: skip
    assert LedgerMachine.steps >= (10_000 if LONG else 300)

"""A claim beside a model of it that fits on a page: buyer, seller, shop and banks do what they like, in any order.

Some 400 steps in the ordinary run. The long one, more than 10,000:

    SAFECONDUCT_LONG_TESTS=1 .venv/bin/python -m pytest tests/kernel/claims/test_claim_model.py
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
import tests.django_world as world
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.kernel.claims.claims_world import (
    ACTOR,
    days,
    debit,
    holds,
    join,
    leave,
    opened,
    paid,
    parts,
    recoveries,
    rows,
    told,
)

from safeconduct.kernel.claims import actions
from safeconduct.kernel.claims.asks import RefundAsk
from safeconduct.kernel.claims.errors import MoreThanIsLeft, RefundFrozen
from safeconduct.kernel.claims.words import AGAINST_THE_SELLER, OF_A_BANK, ChannelKind, ChannelOutcome
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.scope import engine_scope

LONG = bool(os.environ.get("SAFECONDUCT_LONG_TESTS"))
EXAMPLES, STEPS = (120, 100) if LONG else (16, 25)
PAID, FEE = 10_000, 800
COMES_BACK = (ChannelOutcome.WON, ChannelOutcome.WITHDRAWN)


@dataclass
class Refund:
    id: str
    minor: int
    state: str = "requested"
    by_bank: int = 0

    @property
    def rest(self) -> int:
        return self.minor - self.by_bank


@dataclass
class Model:
    """One line of 100 dollars. What of it belongs to the claim of today is emptied when that ends."""

    sent: int = 0
    bank: dict[str, int] = field(default_factory=dict)
    ended: dict[str, ChannelOutcome] = field(default_factory=dict)
    live: dict[str, tuple[ChannelKind, int]] = field(default_factory=dict)
    running: list[Refund] = field(default_factory=list)
    #: What banks won in this claim: matter → claimed, and the refunds that were asked for before.
    lost: dict[str, tuple[int, list[Refund]]] = field(default_factory=dict)
    used: int = 0
    began: bool = False
    #: Of all claims: what banks have paid of refunds, what of it was asked for again, and what banks claimed that won.
    by_banks: int = 0
    again: int = 0
    claimed: dict[str, int] = field(default_factory=dict)

    @property
    def frozen(self) -> bool:
        return any(kind is ChannelKind.CHARGEBACK for kind, _ in self.live.values())

    @property
    def under_way(self) -> int:
        return sum(refund.rest for refund in self.running)

    @property
    def taken(self) -> int:
        return sum(self.bank.values())

    @property
    def counted(self) -> int:
        return sum(minor for about, minor in self.bank.items() if self.ended.get(about) not in COMES_BACK)

    @property
    def banks_have(self) -> int:
        return max(0, self.counted + sum(minor for about, minor in self.claimed.items() if about not in self.bank))

    def follow(self) -> None:
        """What the rules of docs/claims.md say must come of it."""
        beyond, again = self.by_banks - self.again - self.banks_have, 0
        if not self.frozen:
            left = PAID - self.sent - self.under_way - max(0, self.taken)
            again = max(0, min(beyond, self.by_banks - self.again, left))
            free = max(0, -beyond)
            for refund in self.running:
                there = sum(
                    self.bank.get(about, claimed) for about, (claimed, before) in self.lost.items() if refund in before
                )
                free -= self._pay(refund, min(free, there - self.used))
            for refund in reversed(self.running):
                self._pay(refund, self.sent + self.under_way + self.counted - PAID)
        if again:  # what a bank had paid and gave back; the database knows its id
            self.running.append(Refund("", again))
            self.again += again
            self.began = True
        for refund in self.running:
            refund.state = "frozen" if self.frozen else "requested"
        self.running = [refund for refund in self.running if refund.rest]
        if self.began and not self.live and not self.running:
            self.lost, self.used, self.began = {}, 0, False

    def _pay(self, refund: Refund, minor: int) -> int:
        paid = max(0, min(minor, refund.rest))
        refund.by_bank += paid
        self.used += paid
        self.by_banks += paid
        return paid

    def hold(self) -> int:
        left = max(0, PAID - self.sent - max(0, self.counted))
        tracks: dict[str, int] = {"refunds": self.under_way}
        for kind, claimed in self.live.values():
            track = "bank" if kind in OF_A_BANK else kind
            tracks[track] = tracks.get(track, 0) + claimed
        gross = min(left, max(tracks.values()))
        return gross - (FEE - round(Fraction(FEE * (PAID - gross), PAID)))


amounts = st.integers(1, 12_000)


class ClaimMachine(RuleBasedStateMachine):
    """Each rule does one thing to both; where the model has too little, the claim must refuse."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        world.forget_everything()
        paid(PAID / 100, fee=FEE / 100)
        self.model, self.day, self.names = Model(), 1.0, 0
        self.rounds: dict[str, int] = {}

    def claim(self) -> str:
        """The active claim, at a time later than all before."""
        type(self).steps += 1
        self.day += 0.01
        return opened(at=self.day)

    def name(self) -> str:
        self.names += 1
        return f"m-{self.names:04}"

    @initialize(refund=st.integers(0, PAID), minor=amounts, is_told=st.booleans())
    def a_bank_may_have_paid_a_refund(self, refund: int, minor: int, is_told: bool) -> None:
        if refund:
            self.a_refund_is_asked_for(refund)
            self.a_bank_wins(minor, is_told)

    @rule(kind=st.sampled_from(list(ChannelKind)), minor=amounts)
    def somebody_claims(self, kind: ChannelKind, minor: int) -> None:
        about = self.name()
        join(self.claim(), kind, about=about, amount=minor / 100, at=self.day, until=10_000)
        self.model.live[about] = (kind, minor)
        self.model.began = True
        self.model.follow()

    @precondition(lambda self: self.model.live)
    @rule(data=st.data(), minor=amounts)
    def a_claim_changes(self, data: st.DataObject, minor: int) -> None:
        about = data.draw(st.sampled_from(sorted(self.model.live)))
        kind, _ = self.model.live[about]
        join(self.claim(), kind, about=about, amount=minor / 100, at=self.day, until=10_000)
        self.model.live[about] = (kind, minor)
        self.model.follow()

    @precondition(lambda self: self.model.live)
    @rule(data=st.data(), outcome=st.sampled_from([o for o in ChannelOutcome if o is not ChannelOutcome.MOVED]))
    def a_channel_ends(self, data: st.DataObject, outcome: ChannelOutcome) -> None:
        about = data.draw(st.sampled_from(sorted(self.model.live)))
        kind, claimed = self.model.live.pop(about)
        leave(self.claim(), outcome, kind, about=about, at=self.day)
        self.model.ended[about] = outcome
        if kind in OF_A_BANK and outcome in AGAINST_THE_SELLER:
            taken = 0 if kind is ChannelKind.INQUIRY else claimed  # who only asks takes nothing
            self.model.lost[about] = (taken, list(self.model.running))
            self.model.claimed[about] = taken
        self.model.follow()

    @rule(minor=amounts, is_told=st.booleans())
    def a_bank_wins(self, minor: int, is_told: bool) -> None:
        """A chargeback from its beginning to its end."""
        about, model, claim = self.name(), self.model, self.claim()
        join(claim, about=about, amount=minor / 100, at=self.day, until=10_000)
        model.live[about] = (ChannelKind.CHARGEBACK, minor)
        model.began = True
        model.follow()
        if is_told:
            debit(minor / 100, about=about, at=self.day)
            model.bank[about] = minor
            model.follow()
        leave(claim, ChannelOutcome.LOST, about=about, at=self.day)
        del model.live[about]
        model.ended[about], model.claimed[about] = ChannelOutcome.LOST, minor
        model.lost[about] = (minor, list(model.running))
        model.follow()

    @precondition(lambda self: self._lost_to_banks())
    @rule(data=st.data(), gives_back=st.booleans())
    def a_bank_thinks_again(self, data: st.DataObject, gives_back: bool) -> None:
        """The next round of a matter that was lost: the seller wins it, and mostly the money comes back."""
        about, model = data.draw(st.sampled_from(self._lost_to_banks())), self.model
        kind, claimed = self._kind_of(about), model.claimed.pop(about)
        self.rounds[about] = number = self.rounds.get(about, 1) + 1
        claim = self.claim()
        join(claim, kind, about=about, amount=claimed / 100, at=self.day, until=10_000, round=number)
        model.live[about] = (kind, claimed)
        model.began = True
        del model.ended[about]
        model.lost.pop(about, None)
        model.follow()
        if gives_back and model.bank.get(about, 0) > 0:
            debit(-model.bank[about] / 100, about=about, at=self.day, kind=kind)
            model.bank[about] = 0
            model.follow()
        leave(claim, ChannelOutcome.WON, kind, about=about, at=self.day, round=number)
        del model.live[about]
        model.ended[about] = ChannelOutcome.WON
        model.follow()

    def _lost_to_banks(self) -> list[str]:
        return sorted(self.model.claimed)

    @rule(minor=amounts)
    def a_refund_is_asked_for(self, minor: int) -> None:
        claim, model = self.claim(), self.model
        asked = RefundAsk(self.name(), claim, minor)
        if minor > PAID - model.sent - model.under_way - max(0, model.taken):
            with pytest.raises(MoreThanIsLeft), engine_scope():
                actions.request_refund([asked], ACTOR, at=days(self.day))
            return
        with engine_scope():
            [refund] = actions.request_refund([asked], ACTOR, at=days(self.day))
            assert actions.request_refund([asked], ACTOR, at=days(self.day)) == [refund]
        model.running.append(Refund(refund, minor))
        model.began = True
        model.follow()

    @precondition(lambda self: self.model.running)
    @rule(data=st.data())
    def a_refund_goes_out(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.model.running))
        self.claim()
        if self.model.frozen:
            with pytest.raises(RefundFrozen), engine_scope():
                actions.refund([refund.id], ACTOR, at=days(self.day))
            return
        with engine_scope():
            assert actions.refund([refund.id], ACTOR, at=days(self.day)) == 1
        self.model.running.remove(refund)
        self.model.sent += refund.rest
        self.model.follow()

    @precondition(lambda self: self.model.running)
    @rule(data=st.data())
    def a_refund_fails(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.model.running))
        self.claim()
        with engine_scope():
            assert actions.fail_refund([refund.id], ACTOR, at=days(self.day)) == 1
        self.model.running.remove(refund)
        self.model.follow()

    @rule(minor=amounts)
    def the_shop_has_sent_something(self, minor: int) -> None:
        model, rest = self.model, minor
        told(self.claim(), minor / 100, at=self.day)
        for refund in list(model.running):
            if refund.rest <= rest:
                rest -= refund.rest
                model.sent += refund.rest
                model.running.remove(refund)
                model.began = True
        while model.running and rest > PAID - model.sent - model.under_way:
            model.running.pop()
            model.began = True
        stored = min(rest, PAID - model.sent - model.under_way)
        model.sent += stored
        model.began |= stored > 0
        model.follow()

    @rule(data=st.data(), minor=amounts)
    def a_bank_takes(self, data: st.DataObject, minor: int) -> None:
        of_banks = sorted(about for about, (kind, _) in self.model.live.items() if kind is ChannelKind.CHARGEBACK)
        ended = sorted(about for about in self.model.lost if about in self.model.ended)
        about = data.draw(st.sampled_from([*of_banks, *ended, "unknown"]))
        kind = self._kind_of(about)
        self.claim()
        debit(minor / 100, about=about, at=self.day, kind=kind)
        self.model.bank[about] = self.model.bank.get(about, 0) + minor
        self.model.follow()

    @precondition(lambda self: any(minor > 0 for minor in self.model.bank.values()))
    @rule(data=st.data())
    def a_bank_gives_back(self, data: st.DataObject) -> None:
        about = data.draw(st.sampled_from(sorted(about for about, minor in self.model.bank.items() if minor > 0)))
        minor = data.draw(st.integers(1, self.model.bank[about]))
        self.claim()
        debit(-minor / 100, about=about, at=self.day, kind=self._kind_of(about))
        self.model.bank[about] -= minor
        self.model.follow()

    def _kind_of(self, about: str) -> ChannelKind:
        found = rows("SELECT kind FROM claim_channel WHERE about = %s", about)
        return ChannelKind(found[0][0]) if found else ChannelKind.CHARGEBACK

    @invariant()
    def both_say_the_same(self) -> None:
        model = self.model
        excess = max(0, model.sent + model.taken - PAID)
        assert parts() == [(model.under_way, model.sent, model.taken, excess)]
        assert [minor for minor, _ in recoveries()] == ([excess] if excess else [])
        found = rows(
            "SELECT id, state, by_bank_minor FROM claim_refund WHERE ended_at IS NULL ORDER BY requested_at, id"
        )  # fmt: skip
        for refund, (identity, *_) in zip(model.running, found, strict=False):
            refund.id = refund.id or identity
        assert found == [(refund.id, refund.state, refund.by_bank) for refund in model.running]
        assert sum(minor for _, minor in holds()) == model.hold() and len(holds()) <= 1
        frozen = rows("SELECT frozen_at IS NOT NULL FROM claim WHERE closed_at IS NULL")
        assert frozen in ([(model.frozen,)], [] if not model.live and not model.running else None)

    @invariant()
    def what_we_sent_is_never_more_than_was_paid(self) -> None:
        [(total,)] = rows(
            "SELECT coalesce(sum(amount_minor - by_bank_minor - called_off_minor), 0)::bigint FROM claim_refund WHERE state = 'sent'"
        )
        assert total <= PAID

    def teardown(self) -> None:
        with engine_scope():
            assert [answer for answer in check() if not answer.ok] == []


def test_a_claim_and_its_model_say_the_same_whatever_is_done() -> None:
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    run_state_machine_as_test(
        ClaimMachine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=phases, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert not LONG or ClaimMachine.steps >= 10_000

"""Several processes at the same line at once: the limit holds, nobody waits for each other in a circle."""

from __future__ import annotations

import random

from tests.kernel.claims.claims_world import ACTOR, ask, cents, days, join, leave, opened, paid, parts, rows
from tests.kernel.ledger.test_concurrency import at_once, sums_are_right

from safeconduct.kernel.claims import actions
from safeconduct.kernel.claims.asks import Debit, Joining, Leaving, RefundAsk
from safeconduct.kernel.claims.errors import ClaimClosed, ClaimsError, MoreThanIsLeft, RefundEnded
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.scope import engine_scope


def test_two_processes_refund_the_same_line_and_one_of_them_is_refused() -> None:
    paid()
    claim = opened()
    problems = at_once(*(lambda key=key: ask(claim, 60, key=key) for key in ("a", "b", "c")))
    assert [type(problem) for problem in problems] == [MoreThanIsLeft, MoreThanIsLeft]
    assert parts() == [(6_000, 0, 0, 0)]


def test_the_same_ask_by_many_processes_is_one_refund() -> None:
    paid()
    claim = opened()
    assert at_once(*(lambda: ask(claim, 60, key="same") for _ in range(4))) == []
    assert parts() == [(6_000, 0, 0, 0)]


def test_the_same_line_opened_by_many_processes_has_one_claim() -> None:
    paid()
    assert at_once(*(opened for _ in range(4))) == []
    assert rows("SELECT count(*) FROM claim") == [(1,)]


def test_a_refund_is_sent_or_frozen_whichever_comes_first() -> None:
    paid()
    claim = opened()
    refund = ask(claim, key="r")

    def send() -> None:
        with engine_scope():
            actions.refund([refund], ACTOR, at=days(2))

    join(claim, ChannelKind.RETURN)
    at_once(send, lambda: join(claim, at=2))
    [(state, frozen)] = rows(
        "SELECT r.state, c.frozen_at IS NOT NULL FROM claim_refund r JOIN claim c ON c.id = r.claim_id"
    )
    assert frozen and state in ("sent", "frozen")


def test_everything_at_once_over_shared_payments_leaves_every_sum_right() -> None:
    claims = []
    for number in range(1, 5):  # two payments, each of two sellers
        paid(50, payment=f"p-{number % 2}", seller=number, order=number)
        claims.append(opened(seller=number, order=number))

    def life(seed: int) -> None:
        dice = random.Random(seed)
        for turn in range(12):
            some = dice.sample(claims, 2)
            about = f"dp-{seed}-{turn}"
            joins = [Joining(claim, ChannelKind.CHARGEBACK, about, cents(20), days(90)) for claim in some]
            lost = dice.choice((ChannelOutcome.WON, ChannelOutcome.LOST))
            try:
                with engine_scope():
                    actions.join_channel(joins, ACTOR, at=days(turn))
                with engine_scope():
                    actions.record_bank_debit(
                        [
                            Debit(about, f"p-{seed % 2}", ChannelKind.CHARGEBACK, about, "USD", cents(3), days(turn))
                        ],
                        ACTOR, at=days(turn),
                    )  # fmt: skip
                with engine_scope():
                    asks = [RefundAsk(f"{about}-{claim}", claim, cents(2)) for claim in some]
                    actions.request_refund(asks, ACTOR, at=days(turn))
                with engine_scope():
                    actions.leave_channel(
                        [Leaving(claim, ChannelKind.CHARGEBACK, about, lost) for claim in some], ACTOR, at=days(turn)
                    )
            except ClaimsError as problem:
                assert not isinstance(problem, RefundEnded)

    problems = at_once(*(lambda seed=seed: life(seed) for seed in range(4)))
    assert problems == []
    assert sums_are_right()


def test_a_chargeback_that_ends_while_another_begins_leaves_the_claim_frozen() -> None:
    paid()
    claim = opened()
    join(claim, about="dp_1", amount=10)
    problems = at_once(
        lambda: leave(claim, ChannelOutcome.WON, about="dp_1"), lambda: join(claim, about="dp_2", amount=20, at=2)
    )
    found = rows("SELECT closed_at IS NULL, frozen_at IS NOT NULL FROM claim")
    if problems:  # the end was first, and closed it: the new one is trouble for a new claim
        assert [type(problem) for problem in problems] == [ClaimClosed] and found == [(False, False)]
    else:
        assert found == [(True, True)]


def test_two_lines_of_an_order_never_wait_for_each_other_in_a_circle() -> None:
    claims = {}
    for line in ("a", "b", "c"):
        paid(30, payment=f"p-{line}", line=line, fee=0)
        claims[line] = opened(line=line)
        join(claims[line], ChannelKind.RETURN, amount=5, until=300)

    def pursue(line: str) -> None:
        for turn in range(15):
            join(claims[line], about=f"dp-{line}-{turn}", amount=10, at=2 + turn)
            leave(claims[line], ChannelOutcome.WON, about=f"dp-{line}-{turn}", at=2 + turn)

    assert at_once(*(lambda line=line: pursue(line) for line in claims)) == []
    assert sums_are_right()
    assert rows("SELECT sum(held_minor)::bigint FROM ledger_hold WHERE ended_at IS NULL") == [(1_500,)]

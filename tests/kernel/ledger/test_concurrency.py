"""Many at once: sales, holds, releases, payouts, sweeps and reversals over the same sellers; every sum stays right."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta

from tests.kernel.ledger.money import START, balances, days, entry, posted, request, sold

from safeconduct.kernel.ledger import actions
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.ledger.checkpoints import roll_up
from safeconduct.kernel.ledger.errors import EntryRefused
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.scope import ENGINE_ACTOR, close_connections, engine_scope, query

SELLERS = tuple(range(1, 7))


def at_once(*works: Callable[[], object]) -> list[Exception]:
    """Runs all of them in threads that begin together; returns what they raised."""
    barrier, problems = threading.Barrier(len(works)), list[Exception]()

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            work()
        except Exception as problem:
            problems.append(problem)
        finally:
            close_connections()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def sums_are_right() -> bool:
    with engine_scope():
        wrong = [answer for answer in check() if not answer.ok]
    assert wrong == []
    return True


def test_everything_at_once_leaves_every_sum_right_and_nobody_in_a_deadlock() -> None:
    def shop(number: int) -> None:
        dice = random.Random(number)
        for turn in range(25):
            sellers = dice.sample(SELLERS, 3)
            orders = {seller: number * 1_000_000 + turn * 100 + seller for seller in sellers}
            with engine_scope():
                actions.post(
                    [
                        entry("capture", key=f"c-{o}", seller_key=s, order_key=o, sale=100, fee=8, available_at=days(1))
                        for s, o in orders.items()
                    ]
                )
            with engine_scope():
                actions.hold(
                    [
                        request(30, key=f"h-{o}", seller_key=s, order_key=o, release_at=days(dice.choice((1, 90))))
                        for s, o in orders.items()
                    ]
                )
            if turn % 3 == 0:
                with engine_scope():
                    keys = [f"h-{o}" for o in orders.values()]
                    actions.release(keys, days(2), "settled", ENGINE_ACTOR)
            if turn % 4 == 0:
                with engine_scope():
                    actions.post([entry("refund", seller_key=s, order_key=o, refund=20) for s, o in orders.items()])

    def sweeper() -> None:
        for _ in range(25):
            with engine_scope():
                actions.release_due(days(2), limit=20)
            with engine_scope():
                roll_up()

    def payer() -> None:
        for turn in range(25):
            with engine_scope():
                run = actions.pay_out(None, START + timedelta(minutes=turn))
            paid = [o.payout_id for o in run.outcomes if o.payout_id]
            if turn % 5 == 0 and paid:
                with engine_scope():
                    actions.payout_returned([PayoutReturn(paid[0], "account closed")], days(3))

    problems = at_once(
        lambda: shop(1), lambda: shop(2), lambda: shop(3), sweeper, sweeper, payer, payer
    )  # fmt: skip
    assert problems == []
    assert sums_are_right()
    with engine_scope():
        (captures,) = query("SELECT count(*) FROM ledger_transaction WHERE event = 'capture'").fetchone() or (0,)
    assert captures == 3 * 25 * 3


def test_the_same_run_started_by_several_processes_pays_once() -> None:
    for seller in SELLERS:
        sold(seller_key=seller, order_key=seller)

    def run() -> None:
        with engine_scope():
            actions.pay_out(None, START, run_key="nightly")

    assert at_once(run, run, run, run) == []
    with engine_scope():
        paid = query("SELECT seller_key, amount_minor FROM ledger_payout ORDER BY 1").fetchall()
    assert paid == [(seller, 9_200) for seller in SELLERS]
    assert sums_are_right()


def test_the_same_entry_sent_by_several_processes_is_posted_once() -> None:
    found: list[str] = []

    def sale() -> None:
        found.extend(posted(entry("capture", key="one", sale=100)))

    def fund() -> None:
        found.extend(posted(entry("fund_paid_in", key="two", seller_key=None, order_key=None, amount=500)))

    assert at_once(sale, sale, sale, fund, fund, fund) == []
    assert len(set(found)) == 2
    assert balances() == {"psp_clearing": -100, "pending": 100, "bank_clearing": -500, "protection_fund": 500}


def test_a_transaction_of_the_platform_alone_is_reversed_once_by_whoever_is_first() -> None:
    (first,) = posted(entry("fund_paid_in", seller_key=None, order_key=None, amount=500))
    found: list[str] = []

    def reverse(key: str) -> None:
        with engine_scope():
            found.append(actions.reverse(first, key, days(1), "booked twice"))

    problems = at_once(*(lambda key=key: reverse(key) for key in ("a", "a", "b", "b")))
    assert {type(problem) for problem in problems} <= {EntryRefused}
    assert len(problems) == 2
    assert len(set(found)) == 1
    assert balances() == {}


def test_a_hold_is_lifted_once_whether_by_its_date_or_by_a_person() -> None:
    for seller in SELLERS:
        sold(seller_key=seller, order_key=seller)
    with engine_scope():
        actions.hold([request(50, key=f"h-{s}", seller_key=s, order_key=s, release_at=days(1)) for s in SELLERS])

    def by_date() -> None:
        with engine_scope():
            actions.release_due(days(1))

    def by_hand() -> None:
        with engine_scope():
            actions.release([f"h-{s}" for s in reversed(SELLERS)], days(1), "settled", ENGINE_ACTOR)

    assert at_once(by_date, by_hand, by_date, by_hand) == []
    for seller in SELLERS:
        assert balances(seller=seller)["available"] == 92
    assert sums_are_right()

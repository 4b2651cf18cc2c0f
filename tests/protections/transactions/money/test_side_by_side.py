"""Several lanes at once, on the same orders and the same sellers: the books are those of one lane alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from tests.kernel.builders import event, usd
from tests.protections.transactions.shop import START, Shop, balances, envelope

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import close_connections, engine_scope, query

pytestmark = pytest.mark.usefixtures("empty_database")
ORDERS = 24


def world() -> list[dict[str, object]]:
    """Orders of three sellers: a third refunded, a third lost to the bank, a third held for review and paid."""
    events = []
    for number in range(ORDERS):
        order, seller = f"ord-{number}", f"sel-{number % 3}"
        at = START + timedelta(minutes=number)
        country = "XR" if number % 3 == 2 else "CL"
        events.append(event(at=at, order=order, seller=seller, amount=usd(100), ip_country=country))
        later = [("order.paid", 1, {"amount": usd(100)})]
        if number % 3 == 0:
            later.append(("refund.created", 2, {"amount": usd(100)}))
        if number % 3 == 1:
            later.append(("dispute.opened", 3, {"amount": usd(100), "dispute": f"dp-{number}", "reason": "fraudulent"}))
            later.append(("dispute.closed", 4, {"amount": usd(100), "dispute": f"dp-{number}", "outcome": "lost"}))
        events += [
            envelope(kind, order, at=at + timedelta(hours=hours), seller=seller, **data) for kind, hours, data in later
        ]
    return events


def drain() -> int:
    """Works like a lane until nothing waits."""
    done = 0
    try:
        while part := lanes.work(now=lambda: START + timedelta(days=3), limit=7):
            done += part
    finally:
        close_connections()
    return done


@pytest.mark.parametrize("lanes_at_once", [1, 4])
def test_the_books_do_not_know_how_many_lanes_there_were(lanes_at_once: int) -> None:
    Shop()
    batch = world()
    lanes.accept(batch, known=Known.WHEN_IT_HAPPENED, wait=False)
    with engine_scope():  # lanes take what has waited longest: in this world the order is anybody's guess
        moments = [moment for (moment,) in query("SELECT moment FROM event_queue ORDER BY moment")]
        shuffled = Random(4).sample(range(len(moments)), len(moments))
        query(
            "UPDATE event_queue q SET not_before = now() - make_interval(secs => 100 + n.place)"
            " FROM unnest(%b::bigint[], %b::int[]) AS n(moment, place) WHERE q.moment = n.moment",
            [moments, shuffled],
        )
    with ThreadPoolExecutor(lanes_at_once) as pool:
        done = sum(pool.map(lambda _: drain(), range(lanes_at_once)))
    assert done == len(batch)
    held = ORDERS // 3
    assert balances() == {
        "on_hold": pytest.approx(held * 91.7), "fee_revenue": held * 8, "psp_clearing": held * -100,
        "seller_receivable": pytest.approx(held * -0.3), "protection_fund": pytest.approx(held * 0.6),
    }  # fmt: skip

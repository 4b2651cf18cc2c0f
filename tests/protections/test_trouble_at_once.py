"""Events, sweeps and people at the same orders at once: they wait for each other in one order, never in a circle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
import tests.django_world as world
from tests.kernel.builders import usd
from tests.kernel.ledger.test_concurrency import at_once
from tests.protections.returns.market import Market
from tests.protections.transactions.shop import START, envelope, key_of

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.words import Remedy, Role
from safeconduct.kernel.decisions import engine, lanes
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope
from safeconduct.protections.disputes import protection as disputes
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.errors import OpenAlready
from safeconduct.protections.disputes.models import Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.returns import actions as returning
from safeconduct.protections.returns import protection as returns
from safeconduct.protections.returns.asks import Ask

ROUNDS = 100 if os.environ.get("SAFECONDUCT_LONG_TESTS") else 12
SELLERS = ("sel-1", "sel-2", "sel-3")
ORDERS = 6


@pytest.fixture
def deadlocks() -> Iterator[list[int]]:
    """How many circles the server had to break while the test ran: what a retry would hide from `at_once`."""

    def counted() -> int:
        with psycopg.connect(os.environ["SAFECONDUCT_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("SELECT pg_stat_clear_snapshot()")
            row = connection.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert row is not None
        return int(row[0])

    world.forget_everything()
    publishing.forget()
    before, found = counted(), list[int]()
    yield found
    assert counted() == before
    publishing.forget()


def test_a_batch_of_news_and_the_sweeps_on_the_same_orders_never_wait_in_a_circle(deadlocks: list[int]) -> None:
    market, names = Market(), [f"ord-{number}" for number in range(ORDERS)]
    sellers = {name: SELLERS[number % len(SELLERS)] for number, name in enumerate(names)}
    sold = []
    for name in names:
        facts = {"amount": usd(100), "seller": sellers[name]}
        at = START + timedelta(days=0.1)
        sold.append(envelope("order.placed", name, at=START, ship_country="DE", **facts))
        sold.append(envelope("order.paid", name, at=at, **facts))
    market.day = 4
    market.send(sold)
    keys = {name: key_of(name) for name in names}

    def news(order: list[str]) -> None:
        """Refunds move money of these orders, and parcels their cases, in one batch."""
        batch = []
        for name in order:
            batch.append(envelope("refund.created", name, at=market.now, seller=sellers[name], amount=usd(0.01)))
            batch.append(envelope("return.received", name, at=market.now, seller=sellers[name], buyer="buy-1"))
        accepted = lanes.accept(batch, now=lambda: market.now, wait=False)
        with engine_scope():
            engine.decide([stored.moment for stored in accepted.receipt.stored], now=lambda: market.now)

    def parcels_set_out(turn: int) -> None:
        """Each order has a return whose money law wants by the end of the turn."""
        for name in names:
            ask = Ask(f"{turn}/{name}", keys[name], market.now)
            with engine_scope():
                [one] = returning.request([ask], ENGINE_ACTOR, Role.ENGINE, at=market.now)
            with engine_scope(), suppress(CasesError):
                returning.step(one, "sent", Actor("buyer", "buyer", "On its way"), Role.BUYER, at=market.now)

    def complaints(turn: int) -> None:
        for name in names[turn % 2 :: 2]:
            request = Request(
                f"{turn}/{name}", keys[name], ClaimType.NOT_RECEIVED, Remedy.REFUND, Actor("buyer", "buyer"), Opened.API
            )
            try:
                with engine_scope():
                    open_disputes([request], at=market.now)
            except OpenAlready:
                continue

    def sweeps() -> None:
        returns.sweep(market.now)
        clocks.keep_up(market.now)
        disputes.sweep(market.now)

    for turn in range(ROUNDS):
        parcels_set_out(turn)
        market.day += 20
        problems = at_once(
            lambda: news(names), lambda: news(names[::-1]), sweeps, sweeps, lambda turn=turn: complaints(turn)
        )
        assert problems == []
    with engine_scope():
        assert [answer for answer in check() if not answer.ok] == []

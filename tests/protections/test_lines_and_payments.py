"""Orders with several lines, and payments that paid orders of several sellers: each line has its claim, each seller its
own share of what a bank takes, whatever becomes known first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
import tests.django_world as world
from tests.kernel.builders import usd
from tests.protections.returns.market import Market
from tests.protections.transactions.shop import Shop, envelope, key_of

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.claim_pages import claims_of_bank
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.errors import RequestMalformed
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes

THREE = [
    {"line": "phone", "price": usd(45), "quantity": 1},
    {"line": "case", "price": usd(27), "quantity": 1},
    {"line": "cable", "price": usd(18), "quantity": 2},
]


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    publishing.forget()
    yield
    publishing.forget()


def parts() -> dict[str, tuple[int, int, int, int]]:
    """Line → paid, sent, taken by banks, got twice; all lines that claims know."""
    with engine_scope():
        rows = query(
            "SELECT l.name, p.amount_minor, p.sent_minor, p.bank_minor, p.excess_minor FROM claim_part p"
            " JOIN claim_line l ON l.id = p.line_id ORDER BY l.order_key, l.name"
        ).fetchall()
    return {name: tuple(sums) for name, *sums in rows}


def live() -> list[tuple[str, str, int]]:
    """Line, kind and claim of each channel that is open."""
    with engine_scope():
        return query(
            "SELECT l.name, h.kind, h.claimed_minor FROM claim_channel h JOIN claim c ON c.id = h.claim_id"
            " JOIN claim_line l ON l.id = c.line_id WHERE h.ended_at IS NULL ORDER BY l.name, h.kind"
        ).fetchall()


def taken() -> dict[str, int]:
    """Seller → what banks have of its orders, by the ledger: less what they gave back."""
    with engine_scope():
        rows = query(
            "SELECT seller_key, sum((amounts->>'amount')::bigint * CASE event WHEN 'chargeback' THEN 1 ELSE -1 END)"
            " FROM ledger_transaction WHERE event IN ('chargeback', 'representment_won') GROUP BY 1"
        ).fetchall()
        names = {lookup("seller", name): name for name in ("sel-1", "sel-2", "sel-3")}
    return {names[seller]: int(minor) for seller, minor in rows if minor}


def shares() -> dict[str, int]:
    """Order → what banks have of it, by claims."""
    with engine_scope():
        rows = query(
            "SELECT l.order_key, sum(p.bank_minor)::bigint FROM claim_part p JOIN claim_line l ON l.id = p.line_id"
            " GROUP BY 1"
        ).fetchall()
        names = {lookup("order", name): name for name in ("ord-a", "ord-b", "ord-c")}
    return {names[order]: minor for order, minor in rows if minor}


def the_books_are_right() -> None:
    with engine_scope():
        assert [answer for answer in check() if not answer.ok] == []


def three_lines(shop: Shop) -> None:
    """100 dollars: goods of 90, with shipping of 7 and tax of 3 on all of it."""
    shop.sold("ord-1", deliver=True, lines=THREE, shipping=usd(7), tax=usd(3))


def disputes(shop: Shop, *lines: str, amount: int | None = None) -> Dispute:
    asked = Request(
        f"r-{'-'.join(lines)}", key_of("ord-1"), ClaimType.NOT_RECEIVED, Remedy.REFUND, Actor("buyer", "buyer"),
        Opened.API, amount, "It never came", lines=lines,
    )  # fmt: skip
    with engine_scope():
        (made,) = open_disputes([asked], at=shop.now)
    return made


def test_one_line_is_disputed_another_comes_back_and_then_the_bank_takes_the_whole_payment() -> None:
    market = Market()
    three_lines(market)
    market.day = 5
    disputes(market, "case")
    assert live() == [("case", "platform_dispute", 3_000)]
    market.wants_back(day=6, lines=[{"line": "cable"}])
    assert live() == [("cable", "return", 2_000), ("case", "platform_dispute", 3_000)]
    market.tell("dispute.opened", "ord-1", day=7, dispute="dp-1", amount=usd(100), reason="fraudulent")
    assert [one for one in live() if one[1] == "chargeback"] == [
        ("cable", "chargeback", 2_000), ("case", "chargeback", 3_000), ("phone", "chargeback", 5_000),
    ]  # fmt: skip
    market.tell("dispute.closed", "ord-1", day=20, dispute="dp-1", amount=usd(100), outcome="lost")
    assert parts() == {
        "cable": (2_000, 0, 2_000, 0), "case": (3_000, 0, 3_000, 0), "phone": (5_000, 0, 5_000, 0),
    }  # fmt: skip
    assert [kind for _, kind, _ in live()] == ["return", "platform_dispute"]
    the_books_are_right()


def test_a_refund_goes_to_the_line_that_it_names_and_else_to_the_one_that_waits_for_it() -> None:
    market = Market()
    three_lines(market)
    market.day = 5
    disputes(market, "case")
    market.tell("refund.created", "ord-1", day=6, amount=usd(12), lines=[{"line": "cable", "amount": usd(12)}])
    assert {name: sent for name, (_, sent, _, _) in parts().items()} == {"cable": 1_200, "case": 0, "phone": 0}
    market.tell("refund.created", "ord-1", day=7, amount=usd(88))  # the rest, and no line
    assert {name: sent for name, (_, sent, _, _) in parts().items()} == {"cable": 2_000, "case": 3_000, "phone": 5_000}


@pytest.mark.parametrize("named", [{"line": "case"}, {"line": "case", "amount": usd(40)}])
def test_a_refund_of_more_than_the_line_that_it_names_goes_back_for_the_others_too(named: dict[str, Any]) -> None:
    market = Market()
    three_lines(market)
    market.day = 5
    disputes(market, "phone")
    market.tell("refund.created", "ord-1", day=6, amount=usd(60), lines=[{"line": "cable"}])
    assert {name: sent for name, (_, sent, _, _) in parts().items()} == {"cable": 2_000, "case": 1_500, "phone": 2_500}
    market.tell("refund.created", "ord-1", day=7, amount=usd(40), lines=[named])
    assert {name: sent for name, (_, sent, _, _) in parts().items()} == {"cable": 2_000, "case": 3_000, "phone": 5_000}
    the_books_are_right()


def test_a_bank_that_names_a_line_takes_of_that_line_alone() -> None:
    market = Market()
    three_lines(market)
    about = {"dispute": "dp-1", "amount": usd(30), "lines": [{"line": "case"}]}
    market.tell("dispute.opened", "ord-1", day=5, reason="fraudulent", **about)
    assert live() == [("case", "chargeback", 3_000)]
    market.tell("dispute.closed", "ord-1", day=9, dispute="dp-1", amount=usd(30), outcome="lost")
    assert {name: bank for name, (_, _, bank, _) in parts().items()} == {"cable": 0, "case": 3_000, "phone": 0}


def test_a_dispute_names_lines_of_the_order_and_asks_no_more_than_they_cost() -> None:
    market = Market()
    three_lines(market)
    with pytest.raises(RequestMalformed, match="charger is no line of this order; there is phone, case, cable"):
        disputes(market, "charger")
    with pytest.raises(RequestMalformed, match="at most what was paid"):
        disputes(market, "case", amount=3_001)


# -- a payment of two sellers ------------------------------------------------------------------------------------------

#: Of what happened, the day and the facts. One checkout: 60 dollars of one seller and 40 of another.
CHECKOUT: dict[str, tuple[str, str, float, dict[str, Any]]] = {
    "placed a": ("order.placed", "ord-a", 0, {"amount": usd(60), "payment": "pay-1", "seller": "sel-1"}),
    "paid a": ("order.paid", "ord-a", 0.1, {"amount": usd(60), "payment": "pay-1", "seller": "sel-1"}),
    "placed b": ("order.placed", "ord-b", 0, {"amount": usd(40), "payment": "pay-1", "seller": "sel-2", "lines": [
        {"line": "cup", "price": usd(30)}, {"line": "saucer", "price": usd(10)},
    ]}),
    "paid b": ("order.paid", "ord-b", 0.1, {"amount": usd(40), "payment": "pay-1", "seller": "sel-2"}),
    "opened": ("dispute.opened", "ord-a", 5, {"amount": usd(50), "dispute": "dp-1", "payment": "pay-1",
                                              "reason": "fraudulent"}),
    "lost": ("dispute.closed", "", 9, {"amount": usd(50), "dispute": "dp-1", "outcome": "lost"}),
}  # fmt: skip


def happen(shop: Shop, *names: str) -> None:
    """These become known one after the other, each with the time at which it happened."""
    for name in names:
        kind, order, day, data = CHECKOUT[name]
        shop.day += 1
        told = envelope(kind, order, at=shop.at(day), **data)
        if not order:
            told["data"].pop("order")
            told["data"].pop("seller")
        shop.send([told])


class Checkout(Shop):
    """A shop whose news come late: its clock begins when all has happened."""

    def __init__(self) -> None:
        super().__init__()
        self.day = 20

    def at(self, day: float) -> Any:
        was, self.day = self.day, day
        found, self.day = self.now, was
        return found


def test_a_bank_that_takes_a_part_of_a_payment_takes_of_each_seller_its_share() -> None:
    shop = Checkout()
    happen(shop, "placed a", "paid a", "placed b", "paid b", "opened")
    assert live() == [("", "chargeback", 3_000), ("cup", "chargeback", 1_500), ("saucer", "chargeback", 500)]
    happen(shop, "lost")
    assert taken() == {"sel-1": 3_000, "sel-2": 2_000} and shares() == {"ord-a": 3_000, "ord-b": 2_000}
    for seller, orders, minor in (("sel-1", ["ord-a"], 3_000), ("sel-2", ["ord-b"], 2_000)):
        with engine_scope():
            key = lookup("seller", seller)
        assert key is not None
        with seller_scope(key):
            rows = query(
                "SELECT l.order_key, sum(s.paid_minor)::bigint FROM claim_bank_share s"
                " JOIN claim_part p ON p.id = s.part_id JOIN claim_line l ON l.id = p.line_id GROUP BY 1"
            ).fetchall()
        assert rows == [(key_of(name), minor) for name in orders]
    with engine_scope():
        assert query("SELECT count(*) FROM claim_payment").fetchone() == (1,)
    the_books_are_right()


LATE = [names for names in permutations(CHECKOUT) if names.index("opened") < names.index("lost")]


@pytest.mark.parametrize("names", LATE[::37] + [("opened", "lost", "placed b", "paid b", "placed a", "paid a")])
def test_it_makes_no_difference_what_becomes_known_first(names: tuple[str, ...]) -> None:
    shop = Checkout()
    happen(shop, *names)
    assert taken() == {"sel-1": 3_000, "sel-2": 2_000}
    assert shares() == {"ord-a": 3_000, "ord-b": 2_000}
    assert {name: paid for name, (paid, *_) in parts().items()} == {"": 6_000, "cup": 3_000, "saucer": 1_000}
    with engine_scope():
        unexplained = query(
            "SELECT coalesce(sum((amounts->>'amount')::bigint * CASE event WHEN 'chargeback_unexplained' THEN 1 ELSE -1"
            " END), 0)::bigint FROM ledger_transaction WHERE event IN ('chargeback_unexplained', 'chargeback_explained')"
        ).fetchone()
    assert unexplained == (0,)
    the_books_are_right()


def test_what_one_seller_has_refunded_is_not_taken_of_the_other() -> None:
    shop = Checkout()
    happen(shop, "placed a", "paid a", "placed b", "paid b")
    shop.tell("refund.created", "ord-b", day=22, at=3, amount=usd(40), seller="sel-2")
    happen(shop, "opened", "lost")
    assert taken() == {"sel-1": 5_000} and shares() == {"ord-a": 5_000}


@pytest.mark.parametrize("decided", [True, False])
def test_a_bank_that_names_a_line_only_later_lets_go_of_all_others(decided: bool) -> None:
    shop = Checkout()
    happen(shop, "placed a", "paid a", "placed b", "paid b")
    opened = {"dispute": "dp-1", "seller": "sel-2", "reason": "fraudulent", "amount": usd(30)}
    shop.tell("dispute.updated", "ord-b", day=25, payment="pay-1", **opened)
    if decided:
        happen(shop, "lost")
        assert taken() == {"sel-1": 1_800, "sel-2": 1_200}
    else:
        assert [name for name, _, _ in live()] == ["", "cup", "saucer"]
    shop.tell("dispute.opened", "ord-b", day=30, lines=[{"line": "cup"}], **opened)
    assert [name for name, _, _ in live()] == ([] if decided else ["cup"])
    if not decided:
        happen(shop, "lost")
    assert live() == [] and taken() == {"sel-2": 3_000}
    the_books_are_right()


def test_a_dispute_that_names_its_payment_alone_finds_all_orders_and_the_staff_answer_it() -> None:
    shop = Checkout()
    happen(shop, "placed a", "paid a", "placed b", "paid b")
    told = envelope("dispute.opened", "", at=shop.at(5), dispute="dp-1", payment="pay-1", amount=usd(100))
    told["data"].pop("order")
    told["data"].pop("seller")
    shop.day += 1
    shop.send([told])
    happen(shop, "lost")
    assert sum(taken().values()) == 5_000
    with engine_scope():
        [(seller, dispute, order)] = query("SELECT seller_key, dispute_key, order_key FROM bank_dispute").fetchall()
        first = lookup("seller", "sel-1")
    assert seller is None and first is not None
    with staff_scope():
        shown = [(one.order, one.line) for one in claims_of_bank(dispute, order, "en", staff=True)]
    assert sorted(line for _, line in shown) == ["", "cup", "saucer"]
    assert {name for name, _ in shown} == {"", "ord-a" if order == key_of("ord-b") else "ord-b"}
    with seller_scope(first):
        assert [one.line for one in claims_of_bank(dispute, key_of("ord-a"), "en")] == [""]


def test_a_second_order_of_the_payment_that_comes_late_makes_the_dispute_one_for_the_staff() -> None:
    shop = Checkout()
    happen(shop, "placed a", "paid a", "opened")
    with engine_scope():
        assert query("SELECT seller_key FROM bank_dispute").fetchall() == [(lookup("seller", "sel-1"),)]
    happen(shop, "placed b", "paid b")
    with engine_scope():
        assert query("SELECT seller_key FROM bank_dispute").fetchall() == [(None,)]


def test_a_name_that_a_shop_gives_to_all_its_payments_joins_nothing() -> None:
    shop = Checkout()
    batch = []
    for number in range(102):
        data = {"amount": usd(10), "payment": "card", "seller": "sel-1"}
        batch.append(envelope("order.placed", f"ord-{number}", at=shop.at(0), **data))
    batch.append(envelope("order.paid", "ord-7", at=shop.at(0.1), amount=usd(10)))
    shop.send(batch)
    about = {"dispute": "dp-1", "payment": "card", "amount": usd(10), "reason": "fraudulent"}
    shop.tell("dispute.opened", "ord-7", day=21, at=5, **about)
    with engine_scope():
        assert query("SELECT DISTINCT order_key FROM claim_line").fetchall() == [(key_of("ord-7"),)]

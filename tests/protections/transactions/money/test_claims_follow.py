"""What banks and refunds of the log become in claims."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from tests.kernel.builders import usd
from tests.protections.transactions.shop import START, Shop, holds, key_of

from safeconduct.kernel.claims import queries
from safeconduct.kernel.events import rates
from safeconduct.kernel.scope import engine_scope, query

pytestmark = pytest.mark.usefixtures("empty_database")


def sums() -> list[tuple[int, int, int, int]]:
    """Paid, sent, taken by banks, got twice; of each part."""
    with engine_scope():
        return query("SELECT amount_minor, sent_minor, bank_minor, excess_minor FROM claim_part ORDER BY id").fetchall()


def channels() -> list[tuple[int, str]]:
    with engine_scope():
        return query("SELECT round, outcome FROM claim_channel ORDER BY opened_at, round").fetchall()


def test_an_order_without_trouble_has_no_claim() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.created", "ord-1", day=4, amount=usd(10))
    assert sums() == []


def test_a_bank_dispute_freezes_the_order_line_and_its_end_closes_the_claim() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5)
    with engine_scope():
        [found] = queries.overview(queries.of_order(key_of("ord-1")))
    assert [channel.kind for channel in found.freezing] == ["chargeback"]
    assert found.hold is not None and found.hold.amount_minor == 9_200
    shop.tell("dispute.closed", "ord-1", day=9, dispute="dp-ord-1", outcome="won")
    assert channels() == [(1, "won")] and holds() == []
    with engine_scope():
        assert [one.closed_at is not None for one in queries.of_order(key_of("ord-1"))] == [True]


@pytest.mark.parametrize("order", list(permutations(("refund", "dispute", "lost"))))
def test_a_refund_and_a_lost_chargeback_are_a_recovery_in_any_order(order: tuple[str, ...]) -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    for day, step in enumerate(order, 5):
        match step:
            case "refund":
                shop.tell("refund.created", "ord-1", day=day, amount=usd(100))
            case "dispute":
                shop.tell("dispute.opened", "ord-1", day=day, dispute="dp-1", amount=usd(100), reason="fraudulent")
            case _:
                shop.tell("dispute.closed", "ord-1", day=day, dispute="dp-1", amount=usd(100), outcome="lost")
    assert sums() == [(10_000, 10_000, 10_000, 10_000)] and holds() == []
    with engine_scope():
        assert [one.defence for one in queries.recoveries()] == ["credit_already_issued"]


def kinds() -> list[tuple[str, str]]:
    with engine_scope():
        return query("SELECT kind, outcome FROM claim_channel ORDER BY opened_at, round, id").fetchall()


def test_a_refund_of_the_card_scheme_before_a_dispute_is_a_way_of_its_own_and_paid_the_buyer_once() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="resolved")
    assert ("pre_dispute", "lost") in kinds() and ("chargeback", "moved") in kinds()
    assert sums() == [(10_000, 0, 10_000, 0)] and holds() == []
    shop.tell("refund.created", "ord-1", day=12, amount=usd(100))  # and the shop, which did not know, once more
    assert sums() == [(10_000, 10_000, 10_000, 10_000)]
    with engine_scope():
        assert [one.defence for one in queries.recoveries()] == ["credit_already_issued"]


def test_an_alert_that_the_shop_answers_with_a_refund_is_settled_by_it_and_no_bank_took_anything() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("dispute.opened", "ord-1", day=5, dispute="dp-1", amount=usd(100), stage="inquiry", reason="fraudulent")
    shop.tell("refund.created", "ord-1", day=6, amount=usd(100))
    shop.tell("dispute.closed", "ord-1", day=7, dispute="dp-1", amount=usd(100), outcome="prevented")
    assert ("pre_dispute", "settled") in kinds() and ("inquiry", "moved") in kinds()
    assert sums() == [(10_000, 10_000, 0, 0)] and holds() == []


def test_a_case_that_is_won_after_all_is_a_round_of_its_own_and_leaves_nothing_taken() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="lost")
    shop.tell("dispute.updated", "ord-1", day=30, dispute="dp-ord-1", outcome="won")
    assert channels()[-1][1] == "won" and sums() == [(10_000, 0, 0, 0)]


def test_a_bank_that_is_faster_than_the_news_of_the_payment_is_stored() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.disputed("ord-1", day=1, amount=130, outcome="lost")
    assert sums() == [(0, 0, 13_000, 13_000)]
    shop.tell("order.paid", "ord-1", day=8, at=0.5, amount=usd(100))
    assert sums() == [(10_000, 0, 13_000, 3_000)]


def test_a_bank_in_another_currency_is_understood_at_the_rate_of_the_day() -> None:
    shop = Shop()
    with engine_scope():
        rates.store([("EUR", START.date(), Decimal("1.25"), "a test")])
    shop.sold("ord-1", deliver=True)
    euros = {"minor": 4_000, "currency": "EUR"}
    shop.tell("dispute.opened", "ord-1", day=5, dispute="dp-1", reason="fraudulent", amount=euros)
    assert holds() == [("chargeback_open", 46)]  # 50 dollars, less their commission
    shop.tell("dispute.closed", "ord-1", day=9, dispute="dp-1", outcome="lost", amount=euros)
    assert sums() == [(10_000, 0, 5_000, 0)]


def test_without_a_rate_a_bank_in_another_currency_counts_as_one_about_the_whole_payment() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    euros = {"minor": 4_000, "currency": "EUR"}
    shop.tell("dispute.opened", "ord-1", day=5, dispute="dp-1", reason="fraudulent", amount=euros)
    assert holds() == [("chargeback_open", 92)]

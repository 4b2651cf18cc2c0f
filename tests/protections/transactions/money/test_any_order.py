"""The books follow from the facts: not from the order in which they became known, nor from how often they were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from safeconduct.foundation.moments import at_micros, micros
from safeconduct.kernel.claims.whole import Decided
from safeconduct.presets.numbers import preset
from safeconduct.protections.transactions.coverage.words import Action, Outcome
from safeconduct.protections.transactions.money.plan import plan
from safeconduct.protections.transactions.money.told import Book, Dispute, OpenHold, OrderMoney, Posted, Ruled, Told

DAY = 86_400_000_000
START = datetime(2026, 6, 1, tzinfo=UTC)
NUMBERS = preset("jd-like").on(START.date())
#: (kind, day, amount): a fact of the order.
Fact = tuple[str, int, int]
#: What sellers and everybody else have, by what `postings.yaml` says of the events that are planned.
_EFFECTS = {
    "capture": lambda a: {"seller": a["sale"] - a.get("fee", 0) - a.get("protection_fee", 0), "psp": -a["sale"],
                          "fee": a.get("fee", 0), "fund": a.get("protection_fee", 0)},
    "protection_fee": lambda a: {"seller": -a["fee"], "fund": a["fee"]},
    "protection_fee_returned": lambda a: {"seller": a["fee"], "fund": -a["fee"]},
    "refund": lambda a: {"seller": a.get("fee", 0) - a["refund"], "fee": -a.get("fee", 0), "psp": a["refund"]},
    "refund_failed": lambda a: {"seller": a["refund"] - a.get("fee", 0), "fee": a.get("fee", 0), "psp": -a["refund"]},
    "refund_owed": lambda a: {"seller": a.get("fee", 0) - a["refund"], "fee": -a.get("fee", 0), "buyer": a["refund"]},
    "refund_paid": lambda a: {"buyer": -a["amount"], "psp": a["amount"]},
    "refund_no_longer_owed": lambda a: {"seller": a["refund"] - a.get("fee", 0), "fee": a.get("fee", 0),
                                        "buyer": -a["refund"]},
    "chargeback": lambda a: {"seller": a.get("fee", 0) - a["amount"], "fee": -a.get("fee", 0), "psp": a["amount"]},
    "chargeback_unexplained": lambda a: {"suspense": -a["amount"], "psp": a["amount"]},
    "chargeback_explained": lambda a: {"suspense": a["amount"], "psp": -a["amount"]},
    "representment_won": lambda a: {"seller": a["amount"] - a.get("fee", 0), "fee": a.get("fee", 0),
                                    "psp": -a["amount"]},
    "representment_won_after_reimbursement": lambda a: {"fund": a["amount"] - a.get("fee", 0), "fee": a.get("fee", 0),
                                                        "psp": -a["amount"]},
    "protection_reimbursement": lambda a: {"seller": a["amount"], "fund": -a["amount"]},
    "reimbursement_taken_back": lambda a: {"seller": -a["amount"], "fund": a["amount"]},
    "provisional_reimbursement": lambda a: {"seller": a["amount"], "fund": -a["amount"], "for_now": a["amount"],
                                            "memo": -a["amount"]},
    "provisional_reimbursement_ended": lambda a: {"seller": -a["amount"], "fund": a["amount"], "for_now": -a["amount"],
                                                  "memo": a["amount"]},
}  # fmt: skip


def order_of(facts: Sequence[Fact]) -> OrderMoney:
    """The order as the log tells it once these facts are known."""
    money = OrderMoney(1, 2)
    for number, (kind, day, amount) in enumerate(sorted(facts, key=lambda fact: fact[1])):
        at_us = micros(START) + day * DAY
        told = Told(10_000 + day, at_us, amount, "USD")
        money.latest_us = max(money.latest_us, at_us)
        match kind:
            case "placed":
                money.placed_us, money.minor, money.currency = at_us, amount, "USD"
            case "paid":
                money.payments.append(told)
            case "refunded":
                money.refunds.append(told)
            case "failed" if money.refunds:
                money.refunds[-1] = money.refunds[-1]._replace(minor=0, failed_us=at_us)
            case "failed":
                pass
            case "cancelled":
                money.cancelled = told
            case "blocked":
                money.ruled = Ruled(f"dec{number}", START, Action.BLOCK)
            case "given":
                money.whole_minor = amount
            case "decided":
                money.decided.append(Decided(at_micros(at_us), amount))
            case "covered":
                money.covered_minor, money.covered_currency = amount, "USD"
            case "advanced":
                money.advance_minor, money.covered_currency = amount, "USD"
            case "open":
                money.disputes.append(Dispute(day, at_us, amount, "USD"))
            case _:
                money.disputes.append(Dispute(day, at_us, amount, "USD", at_us, Outcome(kind)))
    return money


def live(facts: Sequence[Fact], steps: Sequence[int]) -> dict[str, int]:
    """The books after the facts became known in this order, some of them together."""
    posted: list[Posted] = []
    holds: list[OpenHold] = []
    for step in steps:
        made = plan(order_of(facts[:step]), Book(tuple(posted), tuple(holds)), NUMBERS, START, timedelta(hours=4))
        posted += [Posted(e.key, e.event, e.currency, e.amounts) for e in made.entries]
        again = plan(order_of(facts[:step]), Book(tuple(posted), tuple(holds)), NUMBERS, START, timedelta(hours=4))
        assert not again.entries, "a second look at the same facts moved money"
    assert len({p.key for p in posted}) == len(posted)
    totals: dict[str, int] = {}
    for entry in posted:
        assert all(amount > 0 for amount in entry.amounts.values()), entry
        for account, change in _EFFECTS[entry.event](entry.amounts).items():
            totals[account] = totals.get(account, 0) + change
    assert sum(totals.values()) == 0
    return {account: total for account, total in totals.items() if total}


amounts = st.integers(1, 20_000)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Fact], int]:
    facts: list[Fact] = [("placed", 0, draw(amounts))]
    kinds = st.sampled_from(["paid", "paid", "refunded", "failed", "lost", "won", "lost", "open", "open"])
    facts += [(draw(kinds), day, draw(amounts)) for day in range(1, draw(st.integers(1, 7)) + 1)]
    facts += [
        (kind, 20 + n, draw(amounts))
        for n, kind in enumerate(("cancelled", "blocked", "covered", "given", "decided", "advanced"))
        if draw(st.booleans())
    ]
    return facts, draw(st.integers(0, 2**32))


@settings(max_examples=400, deadline=None)
@given(worlds())
@example(([("placed", 0, 100), ("lost", 1, 100), ("paid", 2, 100)], 1))
@example(([("placed", 0, 10_000), ("paid", 1, 10_000), ("refunded", 2, 10_000), ("refunded", 3, 10_000)], 7))
def test_facts_in_any_order_give_the_same_books(world: tuple[list[Fact], int]) -> None:
    facts, seed = world
    at_once = live(facts, [len(facts)])
    random = Random(seed)
    for _ in range(3):
        shuffled = list(facts)
        random.shuffle(shuffled)
        assert live(shuffled, range(1, len(facts) + 1)) == at_once


@settings(max_examples=200, deadline=None)
@given(worlds())
@example(([("placed", 0, 100), ("lost", 1, 100)], 1))
@example(([("placed", 0, 100), ("paid", 1, 40), ("lost", 2, 100), ("lost", 3, 50)], 1))
def test_no_seller_answers_to_a_bank_for_more_than_was_captured(world: tuple[list[Fact], int]) -> None:
    facts, _ = world
    entries = plan(order_of(facts), Book(), NUMBERS, START, timedelta(hours=4)).entries
    of = {event: sum(e.amounts.get("sale") or e.amounts["amount"] for e in entries if e.event == event)
          for event in ("capture", "chargeback", "chargeback_unexplained")}  # fmt: skip
    assert of["chargeback"] <= of["capture"]
    assert of["chargeback"] + of["chargeback_unexplained"] == sum(minor for kind, _, minor in facts if kind == "lost")


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_money_that_came_and_went_back_leaves_no_fee(world: tuple[list[Fact], int]) -> None:
    facts, _ = world
    books = live(facts, range(1, len(facts) + 1))
    # What came in and did not go back, to a buyer or a bank, is what the seller and the fees come to.
    assert books.get("fee", 0) >= 0
    if books.get("psp", 0) + books.get("buyer", 0) == 0 and not any(
        kind in ("lost", "covered", "given") for kind, _, _ in facts
    ):
        assert books.get("fee", 0) == 0 and books.get("fund", 0) == 0


@settings(max_examples=200, deadline=None)
@given(worlds())
@example(([("placed", 0, 100), ("paid", 1, 100), ("open", 2, 100), ("advanced", 25, 100), ("given", 23, 60)], 1))
def test_the_fund_pays_for_now_what_can_still_be_lost_and_nobody_has_made_good(world: tuple[list[Fact], int]) -> None:
    facts, _ = world
    books = live(facts, range(1, len(facts) + 1))
    for_now = books.get("for_now", 0)
    disputed = sum(minor for kind, _, minor in facts if kind == "open")
    assert 0 <= for_now <= min(disputed, sum(minor for kind, _, minor in facts if kind == "advanced"))
    # What came in and has not gone back is all that a bank can still take of the seller.
    assert for_now <= max(0, -books.get("psp", 0) - books.get("buyer", 0))

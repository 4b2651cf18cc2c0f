"""What a changed template would have promised and paid, on a history small enough to be known by heart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world
from tests.protections.transactions.coverage_history import NOW, hours, ready, sold, text_of

from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions.coverage.reading import read_template
from safeconduct.protections.transactions.coverage.words import Cause, State
from safeconduct.protections.transactions.simulation import EXCLUDED, Simulation, simulate


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def tried(text: str, **span: object) -> Simulation:
    with staff_scope():
        return simulate(read_template(text), now=NOW, **span)  # type: ignore[arg-type]


def a_small_history() -> None:
    """Five orders: one quiet, two lost for fraud (one of them shipped late), one lost as not received, one won."""
    ready()
    sold("quiet", 80)
    sold("fraud", 120, placed=1, lost="fraudulent")
    sold("late", 90, placed=2, shipped=60, scanned=66, lost="fraudulent")
    sold("missing", 300, placed=3, lost="product_not_received")
    sold("won", 70, placed=4, won="fraudulent")


def test_the_unchanged_template_changes_nothing() -> None:
    a_small_history()
    result = tried(text_of())
    assert result.orders == 5
    assert result.changed == 0
    assert result.changes == ()
    assert result.before.as_json() == result.after.as_json()
    # 120 for the fraud, and 250 of the 300: the limit of an order.
    assert (result.after.claims_paid, result.after.money_minor) == (2, 12_000 + 25_000)
    assert result.after.claims_denied == 1


def test_a_longer_term_to_ship_pays_the_order_that_was_late() -> None:
    a_small_history()
    longer = text_of().replace("within: 48 hours", "within: 96 hours").replace("within: 72 hours", "within: 96 hours")
    result = tried(longer)
    assert (result.more_claims, result.more_minor) == (1, 9_000)
    assert result.changed == 1
    assert result.before.orders(Cause.UNAUTHORISED, State.DENIED) == 1
    assert result.after.orders(Cause.UNAUTHORISED, State.DENIED) == 0
    assert result.before.reasons[Cause.UNAUTHORISED, "ship_by"] == 1
    (claim,) = [c for c in result.changes if c.cause is Cause.UNAUTHORISED]
    assert claim.before[:2] == (State.DENIED, "ship_by")
    assert claim.after == (State.PAID, "", 9_000)


def test_a_higher_limit_of_an_order_pays_the_same_claims_more() -> None:
    a_small_history()
    result = tried(text_of().replace("order: 250 USD", "order: 400 USD"))
    assert (result.more_claims, result.more_minor) == (0, 5_000)
    assert result.after.paid_minor[Cause.NOT_RECEIVED] == 30_000


def test_a_cause_that_is_no_longer_covered_counts_as_excluded() -> None:
    a_small_history()
    start = text_of().index("  not_received:\n    conditions:")
    end = text_of().index("  refund_abuse:\n    conditions:")
    excluded = "excludes:\n  not_received:\n    because: {en: No, es: No, zh: 否}\n    source: ours for the test\n    sure: ours\n"
    result = tried((text_of()[:start] + text_of()[end:]).replace("excludes:\n", excluded))
    assert (result.more_claims, result.more_minor) == (-1, -25_000)
    assert result.after.orders(Cause.NOT_RECEIVED, EXCLUDED) == 5


def test_the_fund_of_a_year_pays_the_first_claims_and_then_nothing() -> None:
    a_small_history()
    result = tried(text_of().replace("fund_year: 25000000 USD", "fund_year: 150 USD"))
    # Fraud was decided first (120), the parcel that did not arrive next: 30 are left for it.
    assert result.after.money_minor == 15_000
    assert result.after.paid_minor[Cause.NOT_RECEIVED] == 3_000
    tighter = tried(text_of().replace("fund_year: 25000000 USD", "fund_year: 120 USD"))
    assert tighter.after.reasons[Cause.NOT_RECEIVED, "limit_reached"] == 1


def test_only_orders_of_the_span_are_counted_and_the_newest_where_there_are_too_many() -> None:
    a_small_history()
    assert tried(text_of(), since=hours(1), until=hours(3)).orders == 2
    told: list[tuple[int, int]] = []
    newest = tried(text_of(), most=2, progress=lambda done, total: told.append((done, total)))
    assert newest.orders == 2
    assert newest.cut
    assert newest.after.claims_paid == 1
    assert told == [(2, 2)]

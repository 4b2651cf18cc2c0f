"""Lists of orders stay quick however many there are: each goes by an index, and reads no more than it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from safeconduct.kernel.scope import owner_scope, query, seller_scope
from safeconduct.protections.transactions import queries
from safeconduct.protections.transactions.models import Coverage
from safeconduct.protections.transactions.queries import OrderFilter
from tests.portal import shops
from tests.portal.shops import NOW, ago

MINE = 7
#: Fifty sellers; of the orders of each every twentieth is held, every fifth waits for its seller.
_FILL = """
INSERT INTO coverage (order_key, seller_key, order_ref, placed_at, amount_minor, currency, order_currency, ship_country,
    action, state, ship_by_at, up_to_minor, pays_minor, rulings, certificate, digest, template_id, seen_moment, changed_at)
SELECT n, n %% 50, 'ORD-' || n, %s - n * interval '1 minute', 1000, 'USD', 'USD', 'CN',
    CASE WHEN n / 50 %% 20 = 0 THEN 'review' ELSE 'allow' END, CASE WHEN n / 50 %% 5 = 0 THEN 'active' ELSE 'protected' END,
    CASE WHEN n / 50 %% 5 = 0 THEN %s + n * interval '1 second' END, 1000, 0, '[]', '{}', n, %s, n, %s
FROM generate_series(1, 30000) n
"""


@pytest.fixture(autouse=True)
def many_orders() -> Iterator[None]:
    shops.open_for_business()
    with owner_scope():
        (template,) = query("SELECT id FROM coverage_template").fetchone() or ("",)
        query(_FILL, [NOW, NOW, template, NOW])
        query("ANALYZE coverage")
    yield


def plan_of(statement: str, parameters: tuple[Any, ...] = ()) -> dict[str, Any]:
    row = query("EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF, SUMMARY OFF) " + statement, parameters).fetchone()
    assert row is not None
    found = row[0] if isinstance(row[0], list) else json.loads(row[0])
    plan: dict[str, Any] = found[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.parametrize(
    "wanted",
    [
        OrderFilter(), OrderFilter(state="active"), OrderFilter(action="review"), OrderFilter(since=ago(24 * 7)),
        OrderFilter(words="ORD-12"), OrderFilter(waits_at=NOW), OrderFilter(state="protected", since=ago(24 * 7)),
    ],
    ids=["all", "state", "action", "time", "words", "waits", "state and time"],
)  # fmt: skip
@pytest.mark.parametrize("page", ["first", "second"])
def test_a_page_of_orders_is_read_by_an_index(
    wanted: OrderFilter, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    asked: list[Any] = []
    cut = queries.page

    def spy(rows: Any, order: Any, **where: Any) -> Any:
        asked.append((rows, order, where))
        return cut(rows, order, **where)

    monkeypatch.setattr(queries, "page", spy)
    with seller_scope(MINE):
        found = queries.orders_page(MINE, wanted, size=10)
        assert len(found.items) == 10
        if page == "second":
            found = queries.orders_page(MINE, wanted, size=10, after=found.next)
            assert found.items
        rows, order, _where = asked[-1]
        sign = "-" if order.descending else ""
        statement, parameters = (
            rows.order_by(f"{sign}{order.field}", f"{sign}{order.key}")[:11].query.sql_with_params()
        )  # fmt: skip
        plan = plan_of(statement, parameters)
        scans = [node for node in nodes(plan) if node.get("Relation Name") == "coverage"]
        assert scans
        assert all("Index" in node["Node Type"] for node in scans), plan
        # A seller has 600 orders here; what is read beside what is shown stays small.
        assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in scans) <= 200, plan


def test_the_homes_sums_read_the_last_month_of_one_seller_only() -> None:
    with seller_scope(MINE):
        assert queries.sums(MINE, NOW).count(*queries.State) == 600
        assert queries.claimed(MINE) == (0, 0)
        assert len(queries.waiting(MINE, NOW, limit=6)) == 6
        assert Coverage.objects.count() == 600

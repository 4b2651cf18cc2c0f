"""A backtest of 1,000,000 orders and their refunds, against the same in SQL written by hand; and the way out of
PostgreSQL to where it can be run.

Keys are skewed as they are in a shop: by Zipf's law, so that the busiest seller has tens of thousands of orders. Orders
and refunds are made straight into a file of the form that an export has. The hand-written statement knows this one
policy and this one file; both must count the same decisions, and how often each rule fired.
"""

from __future__ import annotations

import shutil
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench.figures import Figure
from bench.place import BUILD, forget_everything, orders_policy, ready

ORDERS, REFUNDS, DAYS = 1_000_000, 120_000, 120
EXPORTED = 200_000
_SEED = 20
_COUNTRIES = ("CL", "US", "DE", "JP", "MX", "CN", "BR", "GB")
_REPEATS = 3


def run(quick: bool) -> list[Figure]:
    """Seconds, median of the repeats, ours and by hand in turns; the rows an export reads in a second."""
    ready()
    folder = BUILD / "backtest"
    folder.mkdir(parents=True, exist_ok=True)
    orders = ORDERS // 10 if quick else ORDERS
    path = folder / f"facts-{orders}.parquet"
    path.unlink(missing_ok=True)
    make_facts(path, orders, orders * REFUNDS // ORDERS)
    ours, by_hand, found = measure(path, repeats=1 if quick else _REPEATS)
    path.unlink()
    size = f"{orders:,} orders, {orders * REFUNDS // ORDERS:,} refunds"
    what = f"backtest, {size}"
    ratio = ours / by_hand
    figures = [
        Figure(what, ours, "s", "4 s", ours / 4, "under 4 s", ours < 4),
        Figure("the same in SQL by hand", by_hand, "s", f"the backtest, same {found:,} stopped", ratio,
               "backtest within 1.5x of it", ratio <= 1.5),
    ]  # fmt: skip
    return figures + _export(EXPORTED // 10 if quick else EXPORTED, orders * (ORDERS + REFUNDS) // ORDERS)


def measure(path: Path, *, repeats: int) -> tuple[float, float, int]:
    """Seconds of ours and by hand, and how many orders both stop. Raises AssertionError where they differ."""
    ours: list[float] = []
    by_hand: list[float] = []
    stopped = 0
    for _ in range(repeats):
        seconds, one = _ours(path)
        ours.append(seconds)
        seconds, other = _by_hand(path)
        by_hand.append(seconds)
        assert one == other, f"the SQL by hand decides otherwise: {one} and {other}"
        stopped = sum(count for (action, count, *_) in one if action != "allow")
    return statistics.median(ours), statistics.median(by_hand), stopped


# -- ours and by hand -------------------------------------------------------------------------------------------------


def _ours(path: Path) -> tuple[float, list[tuple[Any, ...]]]:
    """As `analytics.backtest.run` does it from its exported file on: the facts into a table, the decisions into another."""
    from safeconduct.analytics.backtest import decide_into, open_facts

    policy = orders_policy()
    with duckdb.connect() as connection:
        started = time.perf_counter()
        open_facts(connection, path)
        decide_into(connection, "draft", policy)
        seconds = time.perf_counter() - started
        return seconds, _counts(connection, "draft", [f"r{i}" for i in range(len(policy.rules))])


def _by_hand(path: Path) -> tuple[float, list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        started = time.perf_counter()
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET memory_limit = '1GB'")
        connection.execute(f"CREATE TABLE facts AS SELECT * FROM read_parquet('{path}')")
        connection.execute(f"CREATE TABLE draft AS {BY_HAND}")
        seconds = time.perf_counter() - started
        return seconds, _counts(connection, "draft", [f"r{i}" for i in range(25)])


def _counts(connection: duckdb.DuckDBPyConnection, table: str, rules: list[str]) -> list[tuple[Any, ...]]:
    fired = ", ".join(f"count(*) FILTER ({rule}), count(*) FILTER ({rule} IS NULL)" for rule in rules)
    return connection.execute(
        f"SELECT action, count(*), {fired} FROM {table} GROUP BY action ORDER BY action"
    ).fetchall()


_S = 4096 * 1_000_000
_H, _D = 3600 * _S, 86_400 * _S


def _before(length: int) -> str:
    return f"RANGE BETWEEN {length} PRECEDING AND 1 PRECEDING"


def _up_to(length: int) -> str:
    return f"RANGE BETWEEN {length} PRECEDING AND CURRENT ROW"


#: `orders.yaml` by someone who knows DuckDB and this file: all windows over orders in one pass without joins, and counts
#: up to the current row less itself, because an end before it is dearer to find.
BY_HAND = f"""
WITH o AS NOT MATERIALIZED (SELECT * FROM facts WHERE type = 41),
b AS (
    SELECT moment, type, count(CASE WHEN type = 41 THEN 1 END) OVER w - (type = 41)::int AS buyer_orders_90d,
        count(CASE WHEN type = 60 THEN 1 END) OVER w - (type = 60)::int AS buyer_refunds_90d,
        sum(CASE WHEN type = 41 THEN amount END) OVER w - amount AS buyer_total_90d,
        count(CASE WHEN type = 41 THEN amount END) OVER w - (type = 41)::int AS buyer_paid_90d
    FROM facts WHERE buyer IS NOT NULL
    WINDOW w AS (PARTITION BY buyer ORDER BY moment {_up_to(90 * _D)})
),
w AS (
    SELECT moment,
        CASE WHEN card IS NOT NULL
            THEN count(DISTINCT seller) OVER (PARTITION BY card ORDER BY moment {_before(_H)}) END AS card_shops_1h,
        CASE WHEN card IS NOT NULL
            THEN count(*) OVER (PARTITION BY card ORDER BY moment {_up_to(_H)}) - 1 END AS card_orders_1h,
        CASE WHEN card IS NOT NULL
            THEN sum(amount) OVER (PARTITION BY card ORDER BY moment {_up_to(_D)} EXCLUDE CURRENT ROW) END AS card_sum_1d,
        CASE WHEN device IS NOT NULL
            THEN count(DISTINCT buyer) OVER (PARTITION BY device ORDER BY moment {_before(7 * _D)}) END AS device_buyers_7d,
        CASE WHEN device IS NOT NULL
            THEN count(*) OVER (PARTITION BY device ORDER BY moment {_up_to(_H)}) - 1 END AS device_orders_1h,
        CASE WHEN ip IS NOT NULL
            THEN count(DISTINCT card) OVER (PARTITION BY ip ORDER BY moment {_before(_D)}) END AS ip_cards_1d,
        CASE WHEN card_bin IS NOT NULL
            THEN count(*) OVER (PARTITION BY card_bin ORDER BY moment {_up_to(_H)}) - 1 END AS bin_orders_1h,
        CASE WHEN address IS NOT NULL
            THEN count(DISTINCT buyer) OVER (PARTITION BY address ORDER BY moment {_before(30 * _D)})
            END AS address_buyers_30d,
        count(*) OVER (PARTITION BY seller ORDER BY moment {_up_to(_H)}) - 1 AS seller_orders_1h
    FROM o
),
ruled AS (
    SELECT o.moment,
        card_shops_1h >= 3 AS r0,
        card_shops_1h >= 2 AND amount > 40000 AS r1,
        card_orders_1h >= 4 AS r2,
        card_orders_1h >= 2 AND amount < 500 AS r3,
        card_sum_1d > 500000 AS r4,
        card_sum_1d > 150000 AND card_funding = 'prepaid' AS r5,
        buyer_orders_90d = 0 AND amount > 90000 AS r6,
        buyer_orders_90d = 0 AND ip_country <> ship_country AND amount > 30000 AS r7,
        buyer_refunds_90d >= 6 AS r8,
        buyer_refunds_90d >= 3 AND amount > 70000 AS r9,
        buyer_orders_90d >= 5 AND amount * nullif(buyer_paid_90d, 0) > 4 * buyer_total_90d AS r10,
        amount * nullif(buyer_paid_90d, 0) > 2 * buyer_total_90d AND ip_country <> card_country AS r11,
        device_buyers_7d >= 5 AS r12,
        device_buyers_7d >= 3 AND proxy AS r13,
        device_orders_1h >= 5 AS r14,
        ip_cards_1d >= 60 AS r15,
        ip_cards_1d >= 20 AND proxy AND cvv <> 'M' AS r16,
        bin_orders_1h >= 60 AND cvv = 'N' AS r17,
        bin_orders_1h >= 30 AND card_funding = 'prepaid' AS r18,
        address_buyers_30d >= 40 AND amount > 25000 AS r19,
        freight_forwarder AND address_buyers_30d >= 10 AS r20,
        seller_orders_1h >= 120 AND amount > 95000 AS r21,
        avs = 'N' AND cvv = 'N' AS r22,
        three_ds IN ('failed', 'rejected') AND ip_country <> card_country AS r23,
        ip_country <> card_country AND ship_country <> bill_country AND amount > 50000 AS r24
    FROM o LEFT JOIN w USING (moment) LEFT JOIN (FROM b WHERE type = 41) AS b USING (moment)
)
SELECT *, CASE
    WHEN r14 OR r16 OR r17 OR r23 THEN 'block'
    WHEN r0 OR r1 OR r2 OR r4 OR r5 OR r7 OR r8 OR r9 OR r12 OR r13 OR r15 OR r19 OR r20 OR r22 OR r24 THEN 'review'
    WHEN r3 OR r6 OR r10 OR r11 OR r18 OR r21 THEN 'challenge'
    ELSE 'allow' END AS action
FROM ruled
"""


# -- the facts --------------------------------------------------------------------------------------------------------


def make_facts(path: Path, orders: int, refunds: int) -> None:
    """Orders and refunds as the file that an export of `orders.yaml` would be, by moment; the same for the same size."""
    import numpy
    import pyarrow

    from safeconduct.foundation.moments import TIES, moment

    dice = numpy.random.default_rng(_SEED)

    def zipf(names: int, exponent: float, first: int) -> Any:
        weights = numpy.cumsum(1.0 / numpy.arange(1, names + 1) ** exponent)
        return first + numpy.searchsorted(weights, dice.random(orders) * weights[-1]).astype(numpy.int64)

    def some(values: Any, missing: float) -> Any:
        return pyarrow.array(values, mask=dice.random(orders) < missing)

    def texts(*choices: str, share: float = 0.5) -> Any:
        """The first choice with this share, the others alike."""
        chosen = numpy.where(dice.random(orders) < share, 0, dice.integers(0, len(choices), orders))
        return some(numpy.array(choices)[chosen], 0.03)

    end = moment(datetime(2026, 6, 1, tzinfo=UTC))
    span_us = DAYS * 86_400_000_000
    moments = numpy.sort(end // TIES - dice.integers(0, span_us, orders)) * TIES
    moments += numpy.arange(orders) % TIES  # unique: no two of one microsecond are 4,096 apart
    buyer = zipf(orders // 5, 0.6, 1_000_000)
    columns = {
        "moment": moments, "type": numpy.full(orders, 41, numpy.int16), "occurred": moments // TIES,
        "imported": pyarrow.nulls(orders, pyarrow.int64()), "seller": zipf(5_000, 1.0, 10_000_000),
        "order": numpy.arange(orders) + 100_000_000, "amount": (dice.lognormal(8.5, 1.0, orders)).astype(numpy.int64),
        "address": some(zipf(orders // 5, 0.6, 20_000_000), 0.04), "avs": texts("Y", "A", "Z", "N", "U", share=0.8),
        "bill_country": texts(*_COUNTRIES), "buyer": buyer,
        # Mostly the buyer's own card and device.
        "card": some(numpy.where(dice.random(orders) < 0.9, buyer + 30_000_000, zipf(orders // 5, 0.6, 31_000_000)), 0.1),
        "card_bin": some(zipf(2_000, 1.0, 40_000_000), 0.1), "card_country": texts(*_COUNTRIES),
        "card_funding": texts("credit", "debit", "prepaid"), "cvv": texts("M", "N", "P", "U", share=0.9),
        "device": some(numpy.where(dice.random(orders) < 0.9, buyer + 50_000_000, zipf(orders // 5, 0.6, 51_000_000)), 0.05),
        "freight_forwarder": some(dice.random(orders) < 0.02, 0.03), "ip": some(zipf(orders // 8, 0.8, 60_000_000), 0.02),
        "ip_country": texts(*_COUNTRIES), "proxy": some(dice.random(orders) < 0.05, 0.03),
        "ship_country": texts(*_COUNTRIES), "three_ds": texts("none", "authenticated", "attempted", "failed", "rejected"),
    }  # fmt: skip
    placed = pyarrow.table(columns)
    which = numpy.sort(dice.choice(orders, refunds, replace=False))
    asked = moments[which] + dice.integers(1, 20 * 86_400_000_000, refunds) * TIES
    asked = asked - asked % TIES + 4095  # behind any order of the same microsecond
    _, once = numpy.unique(asked, return_index=True)
    which, asked = which[once], asked[once]
    refund = {
        name: pyarrow.nulls(len(which), placed.schema.field(name).type)
        for name in columns
        if name not in {"moment", "type", "occurred", "seller", "order", "amount", "buyer", "device", "address"}
    } | {
        name: placed[name].take(pyarrow.array(which))
        for name in ("seller", "order", "amount", "buyer", "device", "address")
    }
    refund |= {
        "moment": pyarrow.array(asked), "type": pyarrow.array(numpy.full(len(which), 60, numpy.int16)),
        "occurred": pyarrow.array(asked // TIES),
    }  # fmt: skip
    both = pyarrow.concat_tables([placed, pyarrow.table({name: refund[name] for name in columns})])
    with duckdb.connect() as connection:  # as `analytics.export` writes it
        connection.register("made", both)
        connection.execute(f"COPY (SELECT * FROM made ORDER BY moment) TO '{path}' (FORMAT parquet)")


# -- out of PostgreSQL ------------------------------------------------------------------------------------------------


def _export(rows: int, wanted: int) -> list[Figure]:
    """Rows a second into the Parquet file, against a bare COPY of the same columns; scaled to the rows of the backtest."""
    from safeconduct.analytics.export import ALWAYS, export, needs
    from safeconduct.kernel.scope import owner_scope, query

    ready()
    forget_everything()
    with owner_scope():
        query(_FILL.format(rows=rows))
        query("ANALYZE fact")
    asked = needs(orders_policy())
    folder = BUILD / "export"
    took, bare = [], []
    for _ in range(_REPEATS):
        shutil.rmtree(folder, ignore_errors=True)
        bare.append(_bare_copy(sorted({*ALWAYS, *asked.columns})))
        started = time.perf_counter()
        found = export(asked, folder=folder)
        took.append(time.perf_counter() - started)
        assert (found.rows, found.reused) == (rows, False)
    shutil.rmtree(folder, ignore_errors=True)
    seconds, copied = statistics.median(took), statistics.median(bare)
    return [
        Figure(f"export from PostgreSQL, {rows:,} facts", rows / seconds, "rows/s",
               f"bare COPY, thrown away: {rows / copied:,.0f} rows/s", seconds / copied),
        Figure(f"the same for {wanted:,}, scaled", wanted * seconds / rows, "s", "not measured, reckoned from the above"),
    ]  # fmt: skip


def _bare_copy(columns: list[str]) -> float:
    import psycopg

    from safeconduct.foundation.policy.sql_expressions import quoted
    from safeconduct.kernel.scope import raw_connection, staff_scope

    started = time.perf_counter()
    names = ", ".join(map(quoted, columns))
    with (
        staff_scope(),
        psycopg.Cursor(raw_connection()).copy(f"COPY (SELECT {names} FROM fact) TO STDOUT (FORMAT csv)") as copy,
    ):
        for _ in copy:
            pass
    return time.perf_counter() - started


_FILL = """
INSERT INTO fact (moment, type, occurred, seller, "order", amount, address, avs, bill_country, buyer, card, card_bin,
    card_country, card_funding, cvv, device, freight_forwarder, ip, ip_country, proxy, ship_country, three_ds)
SELECT 800000000000000000 + i * 40000000000, CASE WHEN i % 9 = 0 THEN 60 ELSE 41 END, i, 10000000 + i % 5000,
    100000000 + i, i % 90000, 20000000 + i % 40000, 'Y', 'CL', 1000000 + i % 40000, 30000000 + i % 40000,
    40000000 + i % 2000, 'CL', 'credit', 'M', 50000000 + i % 40000, false, 60000000 + i % 25000, 'CL', false, 'CL', 'none'
FROM generate_series(0::bigint, {rows} - 1) AS g(i)
"""

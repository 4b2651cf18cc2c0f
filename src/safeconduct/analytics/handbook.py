"""A public benchmark, run through this system: simulated card payments of the Fraud Detection Handbook.

    python -m safeconduct.analytics.handbook payments.parquet [--json] [--ratios] [--baseline] [--plots FOLDER]

The payments become events of the catalogue and the features come from `policies/handbook.yaml` by the same emitter that
replays every policy. The protocol is the Handbook's (Le Borgne, Siblini, Lebichot, Bontempi: Reproducible Machine
Learning for Credit Card Fraud Detection, 2022): learn from 2018-07-25 to 07-31, wait seven days, judge on 2018-08-08 to
08-14, and leave out cards whose fraud was known when the day began. Written from its description.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.analytics import model_report
from safeconduct.analytics.extra import ModelExtraMissing, require_model_extra
from safeconduct.analytics.features_duckdb import Period, feature_table
from safeconduct.analytics.labels import Labels, labels_of
from safeconduct.analytics.training import DAY, CannotTrain, Settings, Split, TrainedModel, train, train_on
from safeconduct.foundation.moments import EPOCH, TIES, moment
from safeconduct.foundation.policy.facts import duckdb_facts_table
from safeconduct.foundation.policy.nodes import Policy
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.kernel.events.catalogue import CATALOGUE

if TYPE_CHECKING:
    import duckdb

#: How long after a payment it becomes known what it was, in the benchmark's protocol.
DELAY_DAYS = 7
TRAIN_FROM = date(2018, 7, 25)

#: What the Handbook publishes for this split: AUC, average precision, card precision at 100.
PUBLISHED = {
    "logistic regression": (0.871, 0.606, 0.291),
    "random forest": (0.867, 0.658, 0.287),
    "XGBoost": (0.862, 0.639, 0.273),
}

_COLUMNS = ("TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD")


#: In the baseline's policy these only make up the shares; they are not among the fifteen.
_PARTS = ("shop_warned_1d", "shop_warned_7d", "shop_warned_30d")


def policy(file: str = "handbook.yaml") -> Policy:
    """A policy of `analytics/policies`. Raises ValueError where its text has errors."""
    text = (resources.files("safeconduct.analytics") / "policies" / file).read_text(encoding="utf-8")
    reading = read_policy(text, CATALOGUE, file=file)
    if reading.policy is None:
        raise ValueError(reading.render())
    return reading.policy


def week_split(train_from: date = TRAIN_FROM) -> Split:
    """A week to learn from, a week in which outcomes become known, a week to be judged on."""

    def on(days: int) -> int:
        return moment(datetime.combine(train_from + timedelta(days=days), time(), UTC))

    return Split(Period(on(0), on(7)), Period(on(7 + DELAY_DAYS), on(14 + DELAY_DAYS)), DELAY_DAYS * DAY)


def import_payments(path: Path, connection: duckdb.DuckDBPyConnection) -> tuple[duckdb.DuckDBPyRelation, Labels]:
    """The payments as facts in a new table `facts`, and their labels.

    Each payment is an `order.placed` of the card CUSTOMER_ID at the seller TERMINAL_ID. Seven days later follows what
    it was: `fraud.warned` for a fraud, `order.paid` for any other. Ids may be numbers or texts.
    Raises FileNotFoundError, and ValueError for a file that is no Parquet, has other columns, or values in them that
    cannot be read.
    """
    import duckdb

    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        return _imported(path, connection)
    except duckdb.Error as problem:
        raise ValueError(f"{path} cannot be read: {str(problem).splitlines()[0]}") from None


def _key(column: str) -> str:
    """An id as a key: a number is its own, any other text has 62 bits of its hash."""
    return f"coalesce(TRY_CAST({column} AS BIGINT), CAST(hash(CAST({column} AS VARCHAR)) >> 2 AS BIGINT))"


def _imported(path: Path, connection: duckdb.DuckDBPyConnection) -> tuple[duckdb.DuckDBPyRelation, Labels]:
    payments = connection.read_parquet(str(path))
    missing = [name for name in _COLUMNS if name not in payments.columns]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; it should have {', '.join(_COLUMNS)}")
    placed, paid, warned = (CATALOGUE[n].code for n in ("order.placed", "order.paid", "fraud.warned"))
    delay_us = DELAY_DAYS * DAY // TIES
    connection.execute(duckdb_facts_table(CATALOGUE))
    payments.create_view("payments")
    connection.execute(
        f"""
        INSERT INTO facts (moment, type, "order", card, seller, amount)
        WITH payment AS (
            SELECT epoch_us(CAST(TX_DATETIME AS TIMESTAMP)) - {int(EPOCH.timestamp()) * 1_000_000} AS us,
                {_key("TRANSACTION_ID")} AS id, {_key("CUSTOMER_ID")} AS card, {_key("TERMINAL_ID")} AS seller,
                TX_FRAUD = 1 AS fraud,
                CAST(round(CAST(TX_AMOUNT AS DOUBLE) * 100) AS BIGINT) AS amount
            FROM payments
        ), event AS (
            SELECT us, {placed} AS type, id, card, seller, amount FROM payment UNION ALL
            SELECT us + {delay_us}, CASE WHEN fraud THEN {warned} ELSE {paid} END, id, card, seller, amount FROM payment
        )
        SELECT us * {TIES} + row_number() OVER (PARTITION BY us ORDER BY type, id) - 1, type, id, card, seller, amount
        FROM event
        """
    )
    known = connection.execute(f'SELECT "order", moment FROM facts WHERE type = {warned}').fetchall()
    return connection.table("facts"), labels_of(known)


def run(
    path: Path, *, split: Split | None = None, settings: Settings | None = None, baseline: bool = False
) -> TrainedModel:
    """The benchmark on a Parquet file of its payments. Raises what `import_payments` and `training.train` raise.

    ``baseline``: with the benchmark's own fifteen features in place of ours, to check that the protocol is the same.
    """
    require_model_extra()
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        facts, labels = import_payments(path, connection)
        split = split or week_split()
        if not baseline:
            return train(policy(), facts, labels, catalogue=CATALOGUE, split=split, settings=settings)
        chosen, settings = policy("handbook_baseline.yaml"), replace(settings or Settings(), ratios=True)
        whole = Period(split.train.since, split.test.until)
        table = feature_table(chosen, facts, CATALOGUE, period=whole, ratios=True)
        table = table.only(tuple(name for name in table.inputs if name not in _PARTS))
        return train_on(table, labels, split=split, name=chosen.name, settings=settings, currency=chosen.currency)


def comparison() -> str:
    """The published figures on this split, as text to stand beside `model_report.as_text`."""
    lines = ["  published on this split (7-day delay):"]
    lines += [f"  {name:22}{auc:>8.3f}{ap:>8.3f}{cp:>8.3f}" for name, (auc, ap, cp) in PUBLISHED.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m safeconduct.analytics.handbook", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("path", type=Path, help="Parquet file of the benchmark's payments, 2018-06-11 to 2018-08-14")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument("--baseline", action="store_true", help="use the benchmark's own fifteen features")
    parser.add_argument("--ratios", action="store_true", help="let the model read the policy's ratios too")
    parser.add_argument("--train-from", type=date.fromisoformat, default=TRAIN_FROM, metavar="DATE",
                        help="first day of the training week (default 2018-07-25, the published split)")  # fmt: skip
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="also write model, report and plots there")
    given = parser.parse_args(arguments)
    try:
        split, settings = week_split(given.train_from), Settings(ratios=given.ratios)
        model = run(given.path, split=split, settings=settings, baseline=given.baseline)
    except (ModelExtraMissing, CannotTrain, FileNotFoundError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if given.plots is not None:
        model.write(given.plots)
    if given.json:
        sys.stdout.write(model_report.as_json(model.report))
    else:
        sys.stdout.write(model_report.as_text(model.report))
        if given.train_from == TRAIN_FROM:
            sys.stdout.write(comparison())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Training end to end over a small world: what is learned, what must not be, and that serving says the same."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from analytics_world import MATURITY_DAYS, World, at, policy, pure_chance, split, stolen_cards

from safeconduct.analytics import extra, model_report
from safeconduct.analytics.features_duckdb import FeatureTable, Period, feature_table, possible_inputs
from safeconduct.analytics.labels import KnownLabel, labels_of
from safeconduct.analytics.training import (
    DAY,
    CannotTrain,
    Settings,
    Split,
    TrainedModel,
    latest_split,
    train,
    train_on,
)
from safeconduct.kernel.decisions.scoring import number
from safeconduct.kernel.events.catalogue import CATALOGUE

QUICK = Settings(rounds=60, least_in_leaf=20)


@pytest.fixture(scope="module")
def world() -> World:
    return stolen_cards()


@pytest.fixture(scope="module")
def model(world: World) -> TrainedModel:
    return train(policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split(), settings=QUICK)


def table_of(world: World, period: Period | None = None) -> FeatureTable:
    return feature_table(policy(), world.facts(), CATALOGUE, period=period)


def test_a_model_learns_to_tell_stolen_cards(model: TrainedModel) -> None:
    assert model.name == "order-fraud"
    assert model.report["model"]["auc"] > 0.9
    assert model.report["model"]["average_precision"] > 0.6
    assert "card_shops_1h" in [name for name, _ in model.report["importance"][:3]]
    assert model.report["train"]["frauds"] == 200
    assert set(model.plots) == {"roc", "precision-recall", "reliability", "money"}


def test_keys_texts_and_points_in_time_are_never_inputs(model: TrainedModel) -> None:
    names = possible_inputs(policy(), CATALOGUE)
    assert {"amount", "proxy", "card_amount_30d"} <= set(names)
    assert not {"card", "seller", "order", "avs", "last_order", "buyer_registered_at"} & set(names)
    assert "shops_for_orders" not in names
    assert "shops_for_orders" in possible_inputs(policy(), CATALOGUE, ratios=True)
    assert set(model.inputs) <= set(names)


def test_what_never_differs_is_left_out_and_said(model: TrainedModel) -> None:
    assert "items" in model.report["left_out"]
    assert "order_warned" in model.report["left_out"]


def test_a_warning_from_the_future_teaches_nothing() -> None:
    """Each fraud is reported an hour later. A window that reached past its event would see it, and be right always."""
    world = pure_chance()
    whole = Period(split().train.since, split().test.until)
    honest = table_of(world, whole)
    judged = train_on(honest, labels_of(world.labels), split=split(), name="honest", settings=QUICK)
    assert judged.report["model"]["auc"] < 0.6
    assert "order_warned" not in judged.inputs

    frauds = {label.subject for label in world.labels}
    place = honest.inputs.index("order_warned")
    values = honest.values.copy()
    values[:, place] = [order in frauds for order in honest.subjects.tolist()]
    leaking = train_on(replace(honest, values=values), labels_of(world.labels), split=split(), name="x", settings=QUICK)
    assert leaking.report["model"]["auc"] > 0.99, "the test could not have seen a leak"


def test_a_feature_is_what_it_was_at_its_event() -> None:
    world = World()
    first = world.order(1.0, card=7, seller=1, amount=1000, fraud=True, known_after=1.0)
    second = world.order(1.5, card=7, seller=1, amount=3000, fraud=False, known_after=0)
    third = world.order(2.5, card=7, seller=1, amount=9000, fraud=False, known_after=0)
    table = table_of(world)
    assert table.subjects.tolist() == [first, second, third]
    seen = dict(zip(table.inputs, table.values.T.tolist(), strict=True))
    assert seen["shop_warned_30d"] == [0, 0, 1]
    assert seen["card_most_30d"][1:] == [1000, 3000]
    assert seen["card_amount_30d"][1:] == [1000, 2000]
    assert np.isnan(seen["card_amount_30d"][0])


def test_a_ratio_is_the_number_that_serving_makes_of_its_pair(world: World) -> None:
    table = feature_table(policy(), world.facts(), CATALOGUE, ratios=True)
    above, below, ratio = table.only(("card_shops_1h", "card_orders_1d", "shops_for_orders")).values.T.tolist()
    pairs = [
        (None if np.isnan(a) else int(a), None if np.isnan(b) else int(b)) for a, b in zip(above, below, strict=True)
    ]
    assert [number(pair) for pair in pairs] == pytest.approx(ratio, rel=0, abs=0, nan_ok=True)
    assert {0.0, 1.0} < set(ratio)


def test_labels_that_come_too_late_change_nothing_that_is_learned(world: World, model: TrainedModel) -> None:
    deadline = split().test.since
    early = [label for label in world.labels if label.moment < deadline]
    assert len(early) < len(world.labels)
    facts = world.facts()
    with pytest.raises(CannotTrain, match="0 of them fraud"):
        train(policy(), facts, [KnownLabel(s, deadline) for s, *_ in world.labels], catalogue=CATALOGUE, split=split())
    again = train(policy(), facts, early, catalogue=CATALOGUE, split=split(), settings=QUICK)
    assert again.artefact == model.artefact
    assert again.report["calibration_curve"] == model.report["calibration_curve"]


def test_a_split_gives_outcomes_time_to_become_known() -> None:
    with pytest.raises(ValueError, match="maturity before the test period"):
        Split(Period(at(0), at(20)), Period(at(22), at(30)), MATURITY_DAYS * DAY)
    found = latest_split(since=at(0), now=at(50), maturity_days=5, test_days=10)
    assert found == Split(Period(at(0), at(30)), Period(at(35), at(45)), 5 * DAY)
    assert found.judged_at == at(50)
    with pytest.raises(CannotTrain, match="history is too short"):
        latest_split(since=at(0), now=at(20), maturity_days=5, test_days=10)


def test_a_label_may_be_taken_back() -> None:
    labels = labels_of([(1, 100), (1, 200, False), (2, 150), (3, 900)])
    subjects = np.array([1, 2, 3, 4])
    assert labels.fraud_known(subjects, 100).tolist() == [False, False, False, False]
    assert labels.fraud_known(subjects, 160).tolist() == [True, True, False, False]
    assert labels.fraud_known(subjects, 201).tolist() == [False, True, False, False]


def test_events_of_cards_known_as_stolen_are_not_judged() -> None:
    world = stolen_cards()
    stolen = next(r["card"] for r in world.rows if r["card"] is not None and r["card"] >= 10_000 + 2 * 20)
    before = len(world.rows)
    world.order(36.0, card=stolen, seller=3, amount=5000, fraud=True, known_after=3.0)
    assert len(world.rows) > before
    judged = train(policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split(), settings=QUICK)
    assert judged.report["test"]["removed"] == 1
    assert judged.report["test"]["frauds"] == 100


def test_the_same_history_gives_the_same_model_to_the_byte(world: World, model: TrainedModel) -> None:
    again = train(policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split(), settings=QUICK)
    assert again.digest == model.digest
    assert model_report.as_json(again.report) == model_report.as_json(model.report)


def test_facts_may_come_from_a_parquet_file(world: World, model: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "facts.parquet"
    world.facts().write_parquet(str(path))
    again = train(policy(), path, world.labels, catalogue=CATALOGUE, split=split(), settings=QUICK)
    assert again.digest == model.digest
    with pytest.raises(FileNotFoundError, match="export the facts first"):
        train(policy(), tmp_path / "nothing.parquet", [], catalogue=CATALOGUE, split=split())


def test_report_and_plots_are_written(model: TrainedModel, tmp_path: Path) -> None:
    written = {path.name for path in model.write(tmp_path / "out")}
    assert written == {
        "order-fraud.txt",
        "report.json",
        "roc.svg",
        "precision-recall.svg",
        "reliability.svg",
        "money.svg",
    }
    text = model_report.as_text(model.report)
    assert "learned from 2026-03-10 up to 2026-03-30 (exclusive)" in text
    assert "amounts in USD" in text


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    with pytest.raises(extra.ModelExtraMissing, match=r"lightgbm.*pip install 'safeconduct\[model\]'"):
        train(policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split())


def test_one_row_is_scored_within_a_tenth_of_a_millisecond(world: World, model: TrainedModel) -> None:
    """The model of the defaults' size, one row, one thread. The fastest of many, as the machine is not ours alone."""
    lightgbm = extra.load("lightgbm")
    full = train(policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split(), settings=Settings())
    booster = lightgbm.Booster(model_str=full.artefact.decode())
    row = table_of(world).only(full.inputs).values[:1]
    took = []
    for _ in range(40):
        started = time.perf_counter()
        for _ in range(25):
            booster.predict(row, num_threads=1)
        took.append((time.perf_counter() - started) / 25)
    assert min(took) < 0.0001

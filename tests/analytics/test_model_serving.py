"""A trained model in force: features by PostgreSQL, score by the live path, the same numbers as in training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as django_world
from analytics_world import POLICY, policy, split, stolen_cards

from safeconduct.analytics import model_store
from safeconduct.analytics.features_duckdb import Period, feature_table
from safeconduct.analytics.training import Settings, TrainedModel, train
from safeconduct.foundation.moments import TIE_BITS
from safeconduct.kernel.decisions import engine, labels, scoring
from safeconduct.kernel.decisions.models import LabelKind, ModelVersion
from safeconduct.kernel.decisions.running import compile_text
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import engine_scope, query


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    django_world.forget_everything()
    yield


def put_in_force(model: TrainedModel) -> None:
    """Stores the model and makes it live."""
    with engine_scope():
        version = model_store.store(model)
        ModelVersion.objects.filter(id=version.id).update(state="live")
    scoring.forget()


def test_the_live_path_says_what_training_said() -> None:
    world = stolen_cards()
    facts = world.facts()
    model = train(policy(), facts, world.labels, catalogue=CATALOGUE, split=split(), settings=Settings(rounds=60))
    put_in_force(model)
    compiled = compile_text(POLICY)
    period = Period(split().test.since, split().test.until)
    table = feature_table(policy(), facts, CATALOGUE, period=period)
    names = sorted({name for row in world.rows for name in row})
    columns, values = ", ".join(f'"{n}"' for n in names), ", ".join(["%s"] * len(names))
    with engine_scope():
        for row in world.rows:
            given = [row["moment"] >> TIE_BITS, *(row.get(name) for name in names)]
            query(f"INSERT INTO fact (occurred, {columns}) VALUES (%s, {values})", given)
        found = engine.evaluate(compiled, engine.facts(table.moments.tolist()))
    live = [value["fraud"] for _, value, _ in found]
    assert [row["moment"] for row, _, _ in found] == table.moments.tolist()
    assert len(live) > 700
    for number, name in enumerate(table.inputs):
        served = [scoring.number(value.get(name)) for _, value, _ in found]
        assert served == pytest.approx(table.values[:, number].tolist(), rel=0, abs=0, nan_ok=True), name
    assert live == model.probabilities(table).tolist()
    assert min(live) < 0.05 < 0.5 < max(live)


def test_versions_of_a_model_are_numbered_and_wait() -> None:
    world = stolen_cards()
    model = train(
        policy(), world.facts(), world.labels, catalogue=CATALOGUE, split=split(), settings=Settings(rounds=5)
    )
    with engine_scope():
        first, second = model_store.store(model), model_store.store(model)
        kept = ModelVersion.objects.get(id=second.id)
    assert (first.number, second.number, kept.state) == (1, 2, "trained")
    assert bytes(kept.artefact) == model.artefact
    assert kept.report == model.report


def test_abuse_is_not_taught_as_fraud() -> None:
    with engine_scope():
        labels.add(
            [
                (1, LabelKind.FRAUD, "fraud.warned", 100),
                (2, LabelKind.ABUSE, "dispute.opened", 200),
                (1, LabelKind.GOOD, "csv", 300),
            ]
        )
        assert model_store.known_labels() == [(1, 100, True), (1, 300, False)]

"""Training a model for a policy's score: from history and labels to what the live path serves.

Time is never mixed. A model learns from events whose outcome had time to become known before the test period begins,
by labels known before then; the test period is judged by labels that had as long. What is in between is not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.analytics import calibration, model_report
from safeconduct.analytics.extra import load, require_model_extra
from safeconduct.analytics.features_duckdb import FeatureTable, Period, feature_table
from safeconduct.analytics.labels import KnownLabel, Labels, labels_of
from safeconduct.analytics.model_report import Judged
from safeconduct.foundation.moments import SECOND
from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.nodes import Policy

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

DAY = 86_400 * SECOND


class CannotTrain(ValueError):
    """There is too little, or nothing, to learn from; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned from and what is judged on; `maturity` is how long an outcome takes to become known (moments)."""

    train: Period
    test: Period
    maturity: int

    def __post_init__(self) -> None:
        if self.maturity < 0:
            raise ValueError("the maturity of labels cannot be negative")
        if self.train.until > self.test.since - self.maturity:
            raise ValueError(
                "the training period must end a maturity before the test period begins: "
                "an event's outcome would not have been known when the model had to be ready"
            )

    @property
    def judged_at(self) -> int:
        """When the outcomes of the test period are known."""
        return self.test.until + self.maturity


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is fitted. The defaults suit some hundred frauds; they were chosen as docs/model.md tells.

    ``ratios``: whether the policy's ratios are inputs as well. It needs a live path that hands them to the model.
    ``blocks``: the training period is cut into so many pieces of time; each is scored by a model of the others, and
    from these scores comes the calibration. ``method``: isotonic or Platt; None chooses by the number of frauds.
    ``thresholds``: the probabilities at which money is reckoned. ``top``: cards looked at in a day.
    """

    rounds: int = 300
    learning_rate: float = 0.03
    leaves: int = 15
    least_in_leaf: int = 40
    share_of_inputs: float = 0.5
    share_of_rows: float = 0.8
    l2: float = 5.0
    seed: int = 1
    ratios: bool = False
    blocks: int = 5
    method: calibration.Method | None = None
    thresholds: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
    top: int = 100
    least_frauds: int = 20


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model as `kernel.decisions` stores and serves it.

    ``artefact``: LightGBM's text form. ``inputs``: the names it reads, in order. ``report``: figures and the
    `calibration_curve`, all of it JSON. ``plots``: SVG texts by name.
    """

    name: str
    artefact: bytes
    inputs: tuple[str, ...]
    report: dict[str, Any]
    plots: dict[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of the artefact, hexadecimal."""
        return hashlib.sha256(self.artefact).hexdigest()

    def probabilities(self, table: FeatureTable) -> NDArray[np.float64]:
        """What the live path says of these events."""
        booster = load("lightgbm").Booster(model_str=self.artefact.decode())
        raw = booster.predict(table.only(self.inputs).values, num_threads=1)
        return calibration.apply(tuple((x, y) for x, y in self.report["calibration_curve"]), raw)

    def write(self, folder: Path) -> list[Path]:
        """Writes model, report and plots into a folder, which is made; returns the files."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {f"{self.name}.txt": self.artefact, "report.json": model_report.as_json(self.report).encode()}
        files |= {f"{name}.svg": text.encode() for name, text in self.plots.items()}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return [folder / name for name in files]


def latest_split(*, since: int, now: int, maturity_days: float, test_days: float) -> Split:
    """The split with the youngest test period whose outcomes are known by now. Raises CannotTrain if there is none."""
    maturity = round(maturity_days * DAY)
    test = Period(now - maturity - round(test_days * DAY), now - maturity)
    until = test.since - maturity
    if until <= since:
        raise CannotTrain(
            f"history is too short: {test_days:g} test days need {2 * maturity_days + test_days:g} days of events, and "
            "a training period before; give shorter ones (--maturity-days, --test-days), or import more history"
        )
    return Split(Period(since, until), test, maturity)


def train(
    policy: Policy, facts: duckdb.DuckDBPyRelation | Path | str,
    labels: Labels | Iterable[KnownLabel | tuple[int, int] | tuple[int, int, bool]], *, catalogue: Catalogue,
    split: Split, name: str | None = None, settings: Settings | None = None, subject: str = "order",
    unit: str = "card",
) -> TrainedModel:  # fmt: skip
    """Trains, calibrates and judges a model for a policy.

    ``facts``: see `features_duckdb.feature_table`. ``labels``: (subject key, moment it became known[, is it fraud]).
    ``name``: the model's; by default the one that the policy's only score names. ``subject``: the field whose key
    labels name. ``unit``: the field under which fraud is investigated.

    Raises ModelExtraMissing without the extra `model`, CannotTrain where there is too little to learn from.
    """
    require_model_extra()
    settings = settings or Settings()
    table = feature_table(
        policy, facts, catalogue, period=Period(split.train.since, split.test.until), subject=subject, unit=unit,
        ratios=settings.ratios,
    )  # fmt: skip
    known = labels if isinstance(labels, Labels) else labels_of(labels)
    return train_on(
        table, known, split=split, name=name or _only_model(policy), settings=settings, currency=policy.currency
    )


def train_on(
    table: FeatureTable, labels: Labels, *, split: Split, name: str, settings: Settings, currency: str | None = None
) -> TrainedModel:
    """As `train`, over features that are at hand: they must cover the split from its beginning to its end."""
    learned = table.within(split.train)
    fraud = labels.fraud_known(learned.subjects, split.test.since)
    if int(fraud.sum()) < settings.least_frauds:
        raise CannotTrain(
            f"{len(learned)} events of the training period have outcomes, {int(fraud.sum())} of them fraud; at least "
            f"{settings.least_frauds} frauds are needed: report more labels, or take a longer training period"
        )
    inputs = _telling(learned)
    learned = learned.only(inputs)
    booster = _fit(learned, fraud, settings)
    artefact = booster.model_to_string().encode()
    held_out, covered = _held_out(learned, fraud, settings)
    method, curve = calibration.calibration_curve(held_out[covered], fraud[covered], settings.method)
    judged = _judged(table, labels, split)
    model = TrainedModel(name, artefact, inputs, {"calibration_curve": [list(point) for point in curve]}, {})
    baseline = _baseline(learned, fraud)
    report, plots = model_report.build(
        judged, model.probabilities(judged.table), baseline(judged.table.only(inputs).values),
        thresholds=settings.thresholds, top=settings.top, currency=currency,
    )  # fmt: skip
    model.report.update(
        report,
        name=name, digest=model.digest, inputs=list(inputs), left_out=[n for n in table.inputs if n not in inputs],
        calibration_method=method.value, maturity_days=split.maturity / DAY,
        train=model_report.period_report(split.train, len(learned), int(fraud.sum())),
        importance=_importance(booster, inputs),
        settings={"rounds": settings.rounds, "learning_rate": settings.learning_rate, "leaves": settings.leaves,
                  "least_in_leaf": settings.least_in_leaf, "share_of_inputs": settings.share_of_inputs,
                  "share_of_rows": settings.share_of_rows, "l2": settings.l2, "seed": settings.seed,
                  "ratios": settings.ratios},
    )  # fmt: skip
    model.plots.update(plots)
    return model


def _only_model(policy: Policy) -> str:
    models = {score.model for score in policy.scores.values()}
    if len(models) != 1:
        raise CannotTrain(f"{policy.name} names {len(models)} models; say which one to train")
    return models.pop()


def _telling(table: FeatureTable) -> tuple[str, ...]:
    """The inputs that differ between events: what is always the same, or never known, teaches nothing."""
    numpy = load("numpy")
    found = []
    for at, name in enumerate(table.inputs):
        known = table.values[:, at][~numpy.isnan(table.values[:, at])]
        # Known for some and not for others tells something too.
        if len(known) and (known.min() < known.max() or len(known) < len(table)):
            found.append(name)
    if not found:
        raise CannotTrain("no input differs between events; give the policy features")
    return tuple(found)


def _fit(table: FeatureTable, fraud: NDArray[np.bool_], settings: Settings) -> Any:
    lightgbm = load("lightgbm")
    chosen = {
        "objective": "binary", "learning_rate": settings.learning_rate, "num_leaves": settings.leaves,
        "min_child_samples": settings.least_in_leaf, "feature_fraction": settings.share_of_inputs,
        "bagging_fraction": settings.share_of_rows, "bagging_freq": 1, "lambda_l2": settings.l2, "seed": settings.seed,
        # One thread and a fixed way through the rows: the same history gives the same model, to the byte.
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(table.values, fraud.astype(float), feature_name=list(table.inputs))
    return lightgbm.train(chosen, data, settings.rounds)


def _held_out(
    table: FeatureTable, fraud: NDArray[np.bool_], settings: Settings
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Raw outputs for the training events by models that did not see their piece of time, and which events have one."""
    numpy = load("numpy")
    raw = numpy.full(len(table), numpy.nan)
    for piece in numpy.array_split(numpy.arange(len(table)), settings.blocks):
        others = numpy.ones(len(table), dtype=bool)
        others[piece] = False
        if fraud[others].any() and not fraud[others].all():
            raw[piece] = _fit(table.rows(others), fraud[others], settings).predict(table.values[piece], num_threads=1)
    return raw, ~numpy.isnan(raw)


def _judged(table: FeatureTable, labels: Labels, split: Split) -> Judged:
    """The test events with their outcomes, without cards known as compromised when their day began.

    Such a card would be blocked by then, and finding it again earns nothing. Known is what the labels of events since
    the beginning of the training period said at the start of the day.
    """
    numpy = load("numpy")
    kept = []
    every = table.within(Period(split.train.since, split.test.until))
    for start in range(split.test.since, split.test.until, DAY):
        day = table.within(Period(start, min(start + DAY, split.test.until)))
        before = every.rows(every.moments < start)
        compromised = before.units[labels.fraud_known(before.subjects, start)]
        known = numpy.unique(compromised[compromised >= 0])
        at = numpy.searchsorted(every.moments, day.moments)
        kept.append(at[~numpy.isin(day.units, known)])
    chosen = numpy.concatenate(kept)
    left = every.rows(chosen)
    if len(left) == 0:
        raise CannotTrain("the test period has no events; take another one")
    fraud = labels.fraud_known(left.subjects, split.judged_at)
    removed = len(table.within(split.test)) - len(left)
    days = (left.moments - split.test.since) // DAY
    return Judged(left, fraud, days, split.test, removed)


def _baseline(table: FeatureTable, fraud: NDArray[np.bool_]) -> Any:
    """Logistic regression over the same inputs, scaled, unknowns at the median: what the model must beat."""
    numpy = load("numpy")
    impute, linear = load("sklearn.impute"), load("sklearn.linear_model")
    pipeline, scale = load("sklearn.pipeline"), load("sklearn.preprocessing")
    fitted = pipeline.make_pipeline(
        impute.SimpleImputer(strategy="median", keep_empty_features=True), scale.StandardScaler(),
        linear.LogisticRegression(max_iter=1000),
    ).fit(table.values, fraud)  # fmt: skip

    def probabilities(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return numpy.ascontiguousarray(fitted.predict_proba(values)[:, 1])  # type: ignore[no-any-return]

    return probabilities


def _importance(booster: Any, inputs: tuple[str, ...]) -> list[list[Any]]:
    """[input, share of the total gain], the greatest first."""
    gains = booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    return [[n, round(float(g) / total, 4)] for g, n in sorted(zip(gains, inputs, strict=True), key=lambda p: -p[0])]

"""Scores of trained models, for a batch. A policy works without: then a score is unknown."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from safeconduct.kernel.scope import query

_REFRESH_S = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A model that is in force: its id, the names it reads, and its function from rows to probabilities."""

    id: str
    inputs: tuple[str, ...]
    booster: Any
    calibration: tuple[tuple[float, float], ...]


_live: dict[str, tuple[float, Served | None]] = {}


def score(model: str, rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """The calibrated probability for each row (values by name), or None throughout where no model is in force."""
    served = _serving(model)
    if served is None or not rows:
        return [None] * len(rows)
    import numpy as np

    matrix = np.array([[number(row.get(name)) for name in served.inputs] for row in rows], dtype=np.float64)
    raw = served.booster.predict(matrix, num_threads=1)
    xs, ys = zip(*served.calibration, strict=True)
    return [float(p) for p in np.interp(raw, xs, ys)]


def number(value: Any) -> float:
    """A value as a model sees it: unknown is NaN, an average is its quotient, a truth is 0 or 1."""
    match value:
        case None:
            return float("nan")
        case (total, count) | [total, count]:
            return total / count if total is not None and count else float("nan")
        case _:
            return float(value)


def forget() -> None:
    """Drops what is remembered of models in force."""
    _live.clear()


def _serving(model: str) -> Served | None:
    known = _live.get(model)
    if known is None or time.monotonic() - known[0] > _REFRESH_S:
        row = query("SELECT id FROM model_version WHERE name = %s AND state = 'live'", [model]).fetchone()
        served = _load(row[0]) if row is not None else None
        known = _live[model] = (time.monotonic(), served)
    return known[1]


@lru_cache(maxsize=8)
def _load(identity: str) -> Served | None:
    try:
        import lightgbm
    except ImportError:  # the extra `model` is not installed here
        return None
    row = query("SELECT artefact, inputs, report FROM model_version WHERE id = %s", [identity]).fetchone()
    assert row is not None
    artefact, inputs, report = row
    calibration = tuple((float(x), float(y)) for x, y in report["calibration_curve"])
    return Served(identity, tuple(inputs), lightgbm.Booster(model_str=bytes(artefact).decode()), calibration)

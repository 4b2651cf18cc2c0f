"""From a model's raw output to a probability: a rising curve of points, drawn straight between them (`numpy.interp`).

The curve rises strictly, so that calibrating never changes who is ahead of whom. Isotonic regression knows only steps;
each step is drawn through its middle instead (centred isotonic regression: Oron and Flournoy, 2017). With few frauds
the steps would be noise, and a curve of two parameters is fitted (Platt, 1999).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from safeconduct.analytics.extra import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Curve = tuple[tuple[float, float], ...]

#: With fewer frauds to learn from, Platt's two parameters are safer than steps.
ISOTONIC_FROM = 400
#: No probability below or above this is promised: nothing was observed that often.
_EDGE = 1e-6
#: Points of a drawn Platt curve, evenly spread over log-odds.
_POINTS = 65


class Method(StrEnum):
    ISOTONIC = "isotonic"
    PLATT = "platt"


def calibration_curve(
    raw: NDArray[np.float64], fraud: NDArray[np.bool_], method: Method | None = None
) -> tuple[Method, Curve]:
    """The curve from raw outputs (0 to 1) of events the model was *not* fitted on, and what they were.

    Without a `method` it is isotonic from `ISOTONIC_FROM` frauds on, else Platt. Raises ValueError unless there
    are both.
    """
    frauds = int(fraud.sum())
    if frauds == 0 or frauds == len(fraud):
        raise ValueError(f"calibration needs good events and frauds; there are {len(fraud)} events, {frauds} frauds")
    chosen = method or (Method.ISOTONIC if frauds >= ISOTONIC_FROM else Method.PLATT)
    points = _isotonic(raw, fraud) if chosen is Method.ISOTONIC else _platt(raw, fraud)
    return chosen, _rising(points)


def apply(curve: Curve, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities from raw outputs, exactly as in serving."""
    xs, ys = zip(*curve, strict=True)
    return load("numpy").interp(raw, xs, ys)  # type: ignore[no-any-return]


def _isotonic(raw: NDArray[np.float64], fraud: NDArray[np.bool_]) -> list[tuple[float, float]]:
    share = float(fraud.mean())
    # One event's worth of the base rate keeps a pure step from promising certainty.
    steps = [(centre, (frauds + share) / (events + 1)) for centre, frauds, events in _steps(raw, fraud)]
    return [(0.0, 0.0), *steps, (1.0, 1.0)]


def _steps(raw: NDArray[np.float64], fraud: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Isotonic regression by pooling neighbours that violate the order: (mean output, frauds, events) of each step."""
    numpy = load("numpy")
    # Outputs closer than this are one: a line between them would be too steep for a double.
    outputs, place = numpy.unique(numpy.round(raw, 12), return_inverse=True)
    events = numpy.bincount(place).tolist()
    frauds = numpy.bincount(place, weights=fraud).tolist()
    pooled: list[tuple[float, float, float]] = []
    for output, bad, count in zip(outputs.tolist(), frauds, events, strict=True):
        total = output * count
        while pooled and pooled[-1][1] * count >= bad * pooled[-1][2]:
            before = pooled.pop()
            total, bad, count = total + before[0], bad + before[1], count + before[2]
        pooled.append((total, bad, count))
    return [(total / count, bad, count) for total, bad, count in pooled]


def _platt(raw: NDArray[np.float64], fraud: NDArray[np.bool_]) -> list[tuple[float, float]]:
    numpy, linear = load("numpy"), load("sklearn.linear_model")
    odds = _log_odds(raw)
    fitted = linear.LogisticRegression(C=1e6).fit(odds.reshape(-1, 1), fraud)
    slope = max(float(fitted.coef_[0, 0]), 1e-3)
    offset = float(fitted.intercept_[0])
    grid = numpy.linspace(float(odds.min()), float(odds.max()), _POINTS)
    # The logistic function as a tanh, which never overflows.
    xs, ys = (0.5 + 0.5 * numpy.tanh(odds / 2) for odds in (grid, slope * grid + offset))
    return [(0.0, 0.0), *((float(x), float(y)) for x, y in zip(xs, ys, strict=True)), (1.0, 1.0)]


def _log_odds(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    numpy = load("numpy")
    inside = numpy.clip(raw, 1e-9, 1 - 1e-9)
    return numpy.log(inside / (1 - inside))  # type: ignore[no-any-return]


def _rising(points: list[tuple[float, float]]) -> Curve:
    """The points by x with y made to rise strictly, within [_EDGE, 1 − _EDGE]."""
    merged: dict[float, float] = {}
    for x, y in sorted(points):
        merged[x] = min(max(y, _EDGE), 1 - _EDGE)
    xs = list(merged)
    step = _EDGE / 10 / len(xs)
    lowest = 0.0
    risen = []
    for x in xs:
        lowest = max(merged[x], lowest + step)
        risen.append((x, lowest))
    return tuple(risen)

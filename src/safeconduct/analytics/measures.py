"""How good a score is: ranking, the analysts' day, calibration, and money."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeconduct.analytics.extra import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Two-sided 95 % of the normal distribution, for Wilson's interval.
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a score orders events. AUC and average precision are None where only one class is there."""

    auc: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class CardPrecision:
    """The share of truly compromised cards among the `top` highest cards of a day, as a mean over days.

    ``possible``: what a perfect score would reach, given how many compromised cards each day had.
    """

    top: int
    value: float
    possible: float
    by_day: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Events whose probability lies in [low, high): how many, what was promised on average, what came."""

    low: float
    high: float
    events: int
    promised: float
    observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities can be taken at their word.

    ``brier``: their mean squared error; ``brier_of_base_rate``: that of always saying the share of fraud of this very
    period. ``expected`` and ``observed``: how many frauds were promised, and how many came.
    """

    brier: float
    brier_of_base_rate: float
    expected: float
    observed: int
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What would have happened had every event at or above a probability been stopped. Amounts in minor units."""

    threshold: float
    stopped: int
    fraud_stopped: int
    good_stopped: int
    prevented_minor: int
    missed_minor: int
    good_stopped_minor: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None


def ranking(scores: NDArray[np.float64], fraud: NDArray[np.bool_]) -> Ranking:
    """Area under the ROC curve, and average precision (the mean of precision over recall steps, uninterpolated)."""
    if not fraud.any() or fraud.all():
        return Ranking(None, None)
    metrics = load("sklearn.metrics")
    return Ranking(float(metrics.roc_auc_score(fraud, scores)), float(metrics.average_precision_score(fraud, scores)))


def card_precision(
    days: NDArray[np.int64], cards: NDArray[np.int64], scores: NDArray[np.float64], fraud: NDArray[np.bool_], *,
    top: int = 100,
) -> CardPrecision | None:  # fmt: skip
    """Card precision at `top`, as the Fraud Detection Handbook defines it; None where there is no event.

    Day by day, each card takes the highest score of its events; the `top` highest cards are looked at, and the figure
    is the share of them that had a fraud that day. A card found so is blocked: it is left out on later days. Cards
    equal in score are taken in the order of their keys, so that the figure does not depend on the order of rows.
    """
    numpy = load("numpy")
    found: set[int] = set()
    precisions: list[float] = []
    possible: list[float] = []
    for day in numpy.unique(days):
        today = (days == day) & ~numpy.isin(cards, list(found)) & (cards >= 0)
        keys, place = numpy.unique(cards[today], return_inverse=True)
        highest = numpy.full(len(keys), -numpy.inf)
        numpy.maximum.at(highest, place, scores[today])
        compromised = numpy.zeros(len(keys), dtype=bool)
        numpy.logical_or.at(compromised, place, fraud[today])
        chosen = numpy.argsort(-highest, kind="stable")[:top]
        caught = keys[chosen][compromised[chosen]]
        found |= {int(key) for key in caught}
        precisions.append(len(caught) / top)
        possible.append(min(int(compromised.sum()), top) / top)
    if not precisions:
        return None
    mean = math.fsum(precisions) / len(precisions)
    return CardPrecision(top, mean, math.fsum(possible) / len(possible), tuple(precisions))


def calibration(probabilities: NDArray[np.float64], fraud: NDArray[np.bool_], *, bins: int = 10) -> Calibration:
    """Brier score and reliability in bins of equal width; empty bins are left out. Raises ValueError without events."""
    if len(probabilities) == 0:
        raise ValueError("calibration needs at least one event")
    numpy = load("numpy")
    place = numpy.minimum((probabilities * bins).astype(numpy.int64), bins - 1)
    found = []
    for number in range(bins):
        held = place == number
        if held.any():
            found.append(
                ReliabilityBin(
                    number / bins, (number + 1) / bins, int(held.sum()), float(probabilities[held].mean()),
                    float(fraud[held].mean()),
                )
            )  # fmt: skip
    share = float(fraud.mean())
    brier = float(numpy.mean((probabilities - fraud) ** 2))
    return Calibration(brier, share * (1 - share), float(probabilities.sum()), int(fraud.sum()), tuple(found))


def operating_points(
    probabilities: NDArray[np.float64], fraud: NDArray[np.bool_], amounts_minor: NDArray[np.int64],
    thresholds: tuple[float, ...],
) -> tuple[OperatingPoint, ...]:  # fmt: skip
    """What stopping at each threshold would have prevented, and whom it would have stopped wrongly."""
    total = int(amounts_minor[fraud].sum())
    found = []
    for threshold in thresholds:
        stopped = probabilities >= threshold
        hits = int((stopped & fraud).sum())
        prevented = int(amounts_minor[stopped & fraud].sum())
        low, high = wilson(hits, int(stopped.sum()))
        found.append(
            OperatingPoint(
                threshold=threshold, stopped=int(stopped.sum()), fraud_stopped=hits,
                good_stopped=int((stopped & ~fraud).sum()), prevented_minor=prevented, missed_minor=total - prevented,
                good_stopped_minor=int(amounts_minor[stopped & ~fraud].sum()),
                precision=hits / int(stopped.sum()) if stopped.any() else None, precision_low=low, precision_high=high,
                recall=hits / int(fraud.sum()) if fraud.any() else None,
            )
        )  # fmt: skip
    return tuple(found)


def wilson(hits: int, of: int) -> tuple[float, float] | tuple[None, None]:
    """Wilson's 95 % interval of a share; (None, None) of nothing."""
    if of == 0:
        return None, None
    share, z2 = hits / of, _Z95 * _Z95
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def roc_points(scores: NDArray[np.float64], fraud: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(share of good events stopped, share of frauds stopped), thinned for drawing."""
    good, bad, _ = load("sklearn.metrics").roc_curve(fraud, scores)
    return _thinned(good, bad)


def precision_recall_points(scores: NDArray[np.float64], fraud: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(recall, precision) by rising recall, thinned for drawing."""
    precision, recall, _ = load("sklearn.metrics").precision_recall_curve(fraud, scores)
    return _thinned(recall[::-1], precision[::-1])


def _thinned(xs: NDArray[np.float64], ys: NDArray[np.float64], most: int = 120) -> list[tuple[float, float]]:
    """Points that are about evenly spread both across and upwards: a curve has its bends where events are few."""
    numpy = load("numpy")
    along = numpy.concatenate([[0.0], numpy.cumsum(numpy.abs(numpy.diff(xs)) + numpy.abs(numpy.diff(ys)))])
    places = numpy.searchsorted(along, numpy.linspace(0.0, along[-1], num=most))
    return [(float(xs[i]), float(ys[i])) for i in numpy.unique(numpy.minimum(places, len(xs) - 1))]

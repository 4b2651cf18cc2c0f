"""Exact binomial statistics in plain Python: how sure a share is, and whether one rate really is above another.

The interval is that of C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
case of the binomial", Biometrika 26 (1934): it never covers less than it says, also for 0 of 5 or 7 of 7, where the
usual approximations fail. The tail of the comparison is R. A. Fisher's exact test, one-sided.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p, sqrt

#: The interval that is shown everywhere beside a share.
CONFIDENCE = 0.95

#: The normal quantile of 97.5 %.
_NORMAL_95 = 1.959963984540054
_ROUNDS = 10_000
_TINY = 1e-300
_EXACT = 1e-15


@dataclass(frozen=True, slots=True)
class Interval:
    """A share's bounds, both within 0..1."""

    low: float
    high: float

    def as_json(self) -> list[float]:
        """[low, high], to six decimals."""
        return [round(self.low, 6), round(self.high, 6)]


def exact_interval(hits: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """The Clopper–Pearson interval for `hits` of `trials`; 0 to 1 where there were none.

    Raises ValueError unless 0 <= hits <= trials and 0 < confidence < 1.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits of {trials} trials: the hits must be between 0 and the trials")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else beta_quantile(tail, hits, trials - hits + 1)
    high = 1.0 if hits == trials else beta_quantile(1 - tail, hits + 1, trials - hits)
    return Interval(low, high)


def score_interval(hits: int, trials: int) -> Interval:
    """Wilson's score interval at 95 % for `hits` of `trials`; 0 to 1 where there were none: for reports, where a share
    is described. Where something depends on it `exact_interval` is the one: this covers a little less than it says.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927). Raises ValueError unless 0 <= hits <= trials.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits of {trials} trials: the hits must be between 0 and the trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    share, square = hits / trials, _NORMAL_95 * _NORMAL_95
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    reach = _NORMAL_95 * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    # At the ends the formula comes to 0 and 1 exactly, but for the rounding.
    return Interval(0.0 if hits == 0 else middle - reach, 1.0 if hits == trials else middle + reach)


def chance_of_such_a_rise(hits: int, trials: int, hits_before: int, trials_before: int) -> float:
    """How probable so many hits among the trials of now are, if now and before hit at one and the same rate.

    Fisher's exact test, one-sided: given all hits together, the hypergeometric probability that `hits` or more of them
    fall among the `trials` of now.
    """
    drawn, marked = trials, hits + hits_before
    everything = trials + trials_before
    most = min(drawn, marked)
    if hits <= max(0, drawn + marked - everything):
        return 1.0
    # From one term to the next by their ratio: the logarithms are needed once.
    term = exp(
        _log_choose(marked, hits) + _log_choose(everything - marked, drawn - hits) - _log_choose(everything, drawn)
    )
    total = term
    for k in range(hits, most):
        term *= (marked - k) * (drawn - k) / ((k + 1) * (everything - marked - drawn + k + 1))
        total += term
        if term < total * _EXACT:
            break
    return min(total, 1.0)


def beta_share(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), by its continued fraction (modified Lentz's method)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction converges quickly on this side of the mean; the other side is its mirror.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = inf
        for step in (even, odd):
            d = 1 + step * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + step / c
            c = c if abs(c) > _TINY else _TINY
            change = c * d
            value *= change
        if abs(change - 1) < _EXACT:
            break
    return value


def beta_quantile(share: float, a: float, b: float) -> float:
    """The value below which a beta distribution has this share, by bisection to the last bit."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if beta_share(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

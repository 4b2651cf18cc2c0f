"""Exact intervals against published values, against sums written out, and against themselves."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.foundation.intervals import beta_share, chance_of_such_a_rise, exact_interval


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # the closed form 1 - 0.025 ** (1/10)
        (10, 10, 0.6915, 1.0),
        (1, 20, 0.0013, 0.2487),
        (5, 10, 0.1871, 0.8129),
        (4, 50, 0.0222, 0.1923),
        (50, 100, 0.3983, 0.6017),
        (81, 263, 0.2527, 0.3676),  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.0578, 0.1617),  # the same
        (0, 20, 0.0, 0.1684),  # the same
        (1, 29, 0.0009, 0.1776),  # the same
    ],
)
def test_the_interval_has_its_published_bounds(hits: int, trials: int, low: float, high: float) -> None:
    found = exact_interval(hits, trials)
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


def test_nothing_known_is_anything_possible() -> None:
    found = exact_interval(0, 0)
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5)])
def test_hits_beyond_the_trials_are_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the trials"):
        exact_interval(hits, trials)


@given(trials=st.integers(1, 400), data=st.data())
def test_at_its_bounds_the_result_is_just_as_improbable_as_promised(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    found = exact_interval(hits, trials)
    assert 0 <= found.low <= hits / trials <= found.high <= 1
    if hits > 0:
        assert _at_least(hits, trials, found.low) == pytest.approx(0.025, rel=1e-6)
    if hits < trials:
        assert 1 - _at_least(hits + 1, trials, found.high) == pytest.approx(0.025, rel=1e-6)


@given(trials=st.integers(1, 120), data=st.data(), rate=st.floats(0.001, 0.999))
def test_a_binomial_tail_is_the_sum_of_its_terms(trials: int, data: st.DataObject, rate: float) -> None:
    hits = data.draw(st.integers(1, trials))
    assert beta_share(rate, hits, trials - hits + 1) == pytest.approx(
        _at_least(hits, trials, rate), rel=1e-9, abs=1e-12
    )


@given(now=st.tuples(st.integers(0, 40), st.integers(0, 40)), before=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_fishers_tail_is_the_sum_of_its_terms(now: tuple[int, int], before: tuple[int, int]) -> None:
    (hits, missed), (hits_before, missed_before) = now, before
    drawn, marked, everything = hits + missed, hits + hits_before, sum(now) + sum(before)
    ways = sum(
        comb(marked, k) * comb(everything - marked, drawn - k)
        for k in range(hits, min(drawn, marked) + 1)
        if drawn - k <= everything - marked
    )
    found = chance_of_such_a_rise(hits, drawn, hits_before, hits_before + missed_before)
    assert found == pytest.approx(ways / comb(everything, drawn), rel=1e-9)


def test_the_lady_tasting_tea() -> None:
    # R. A. Fisher, The Design of Experiments (1935): all four cups right by chance in 1 of 70.
    assert chance_of_such_a_rise(4, 4, 0, 4) == pytest.approx(1 / 70)


def _at_least(hits: int, trials: int, rate: float) -> float:
    return sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits, trials + 1))

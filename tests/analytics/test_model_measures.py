"""Measures on cases small enough to reckon by hand, calibration's invariants, and drawings."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.analytics import calibration, measures
from safeconduct.analytics.calibration import Method
from safeconduct.analytics.plots import Curve, xy_plot


def test_ranking_needs_both_kinds() -> None:
    fraud = np.array([False, False, True, True])
    assert measures.ranking(np.array([0.1, 0.4, 0.35, 0.8]), fraud) == measures.Ranking(0.75, pytest.approx(5 / 6))
    assert measures.ranking(np.array([0.1, 0.2]), np.array([False, False])) == measures.Ranking(None, None)


def test_a_card_found_once_is_not_looked_at_again() -> None:
    # Day 0: card 1 (fraud) is highest. Day 1: card 1 again, but blocked by then, so cards 2 and 3 fill the places.
    days = np.array([0, 0, 0, 1, 1, 1, 1])
    cards = np.array([1, 2, 3, 1, 2, 3, 4])
    scores = np.array([0.9, 0.5, 0.1, 0.9, 0.6, 0.5, 0.1])
    fraud = np.array([True, False, False, True, True, False, True])
    found = measures.card_precision(days, cards, scores, fraud, top=2)
    assert found is not None
    assert found.by_day == (0.5, 0.5)
    assert found.value == 0.5
    assert found.possible == pytest.approx((0.5 + 1.0) / 2)


def test_a_card_counts_once_a_day_by_its_highest_event() -> None:
    days, cards = np.zeros(4, dtype=int), np.array([1, 1, 2, -1])
    scores, fraud = np.array([0.1, 0.9, 0.5, 1.0]), np.array([True, False, False, True])
    found = measures.card_precision(days, cards, scores, fraud, top=1)
    assert found is not None
    assert found.by_day == (1.0,)


def test_money_prevented_and_good_orders_stopped() -> None:
    point, nothing = measures.operating_points(
        np.array([0.9, 0.6, 0.6, 0.1]), np.array([True, False, True, True]), np.array([100, 20, 300, 7]), (0.5, 0.95)
    )
    assert (point.stopped, point.fraud_stopped, point.good_stopped) == (3, 2, 1)
    assert (point.prevented_minor, point.missed_minor, point.good_stopped_minor) == (400, 7, 20)
    assert point.precision == point.recall == pytest.approx(2 / 3)
    assert (nothing.stopped, nothing.precision, nothing.precision_low) == (0, None, None)


def test_wilsons_interval_of_a_textbook_case() -> None:
    low, high = measures.wilson(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_reliability_bins_hold_every_event() -> None:
    found = measures.calibration(np.array([0.05, 0.05, 0.95, 1.0]), np.array([False, False, True, True]))
    assert [(b.low, b.events, b.observed) for b in found.bins] == [(0.0, 2, 0.0), (0.9, 2, 1.0)]
    assert (found.observed, found.expected) == (2, pytest.approx(2.05))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60).filter(
        lambda rows: len({fraud for _, fraud in rows}) == 2
    ),
    st.sampled_from(Method),
)
def test_calibration_rises_strictly_and_promises_no_certainty(rows: list[tuple[float, bool]], method: Method) -> None:
    raw, fraud = np.array([r for r, _ in rows]), np.array([f for _, f in rows])
    _, curve = calibration.calibration_curve(raw, fraud, method)
    xs, ys = zip(*curve, strict=True)
    assert all(a < b for a, b in pairwise(xs))
    assert all(a < b for a, b in pairwise(ys))
    assert ys[0] > 0
    assert ys[-1] < 1
    probabilities = calibration.apply(curve, np.sort(raw))
    assert (np.diff(probabilities) >= 0).all()


def test_calibration_corrects_a_model_that_promises_too_much() -> None:
    dice = np.random.default_rng(1)
    truth = dice.uniform(0, 0.5, 20_000)
    fraud = dice.uniform(size=20_000) < truth
    raw = np.sqrt(truth)
    for method in Method:
        _, curve = calibration.calibration_curve(raw, fraud, method)
        probabilities = calibration.apply(curve, raw)
        assert abs(probabilities - truth).mean() < 0.02, method
        assert probabilities.sum() == pytest.approx(fraud.sum(), rel=0.03)


def test_isotonic_steps_of_a_case_reckoned_by_hand() -> None:
    raw, fraud = np.array([0.1, 0.2, 0.3, 0.4, 0.4]), np.array([False, True, False, True, True])
    steps = [(0.1, 0, 1), (0.25, 1, 2), (0.4, 2, 2)]
    assert [pytest.approx(step) for step in steps] == calibration._steps(raw, fraud)


def test_calibration_refuses_a_history_without_frauds() -> None:
    with pytest.raises(ValueError, match="3 events, 0 frauds"):
        calibration.calibration_curve(np.array([0.1, 0.2, 0.3]), np.zeros(3, dtype=bool))


def test_a_plot_is_well_formed_and_escapes_names() -> None:
    text = xy_plot(
        "A < B", "x & y", "z", [Curve("<script>", [(0, 0), (0.5, 1)]), Curve("one", [(0.2, 0.2)], dots=True)]
    )
    root = ElementTree.fromstring(text)
    assert root.attrib["aria-label"] == "A < B"
    assert "<script>" not in text
    assert "style=" not in text
    with pytest.raises(ValueError, match="not a number"):
        xy_plot("t", "x", "y", [Curve("c", [(0.0, float("nan"))])])

"""How far places are apart, and the limit of travel from both of its sides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.foundation.travel import EARTH_KM, distance_km, too_fast

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        ((0.0, 0.0), (0.0, 1.0), EARTH_KM * 3.141592653589793 / 180),
        ((90.0, 0.0), (-90.0, 0.0), EARTH_KM * 3.141592653589793),
        ((0.0, 179.5), (0.0, -179.5), EARTH_KM * 3.141592653589793 / 180),  # across the date line
        ((52.2296756, 21.0122287), (52.406374, 16.9251681), 278.5),  # Warsaw and Poznań, as the field quotes it
    ],
)
def test_known_distances(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert distance_km(one, other) == pytest.approx(km, abs=0.1)


@given(PLACES, PLACES)
def test_a_way_is_as_long_back_and_never_longer_than_half_around(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    assert distance_km(one, other) == pytest.approx(distance_km(other, one), abs=1e-6)
    assert 0 <= distance_km(one, other) <= EARTH_KM * 3.1415927


@pytest.mark.parametrize(
    ("km", "elapsed", "fast"),
    [
        (1099.9, timedelta(hours=1), False), (1100.0, timedelta(hours=1), True),
        (1099.9, timedelta(seconds=1), False), (1100.0, timedelta(0), True),
        (9099.9, timedelta(hours=9), False), (9100.0, timedelta(hours=9), True),
        (600.0, timedelta(minutes=30), False),  # an hour is the shortest time
    ],
)  # fmt: skip
def test_the_limit_is_met_from_both_sides(km: float, elapsed: timedelta, fast: bool) -> None:
    assert too_fast(km, elapsed) is fast

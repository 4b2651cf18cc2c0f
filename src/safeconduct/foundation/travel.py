"""How far two places are apart, and whether somebody can have come from one to the other in a time.

The limit is that of authentik's *impossible travel* (read in its source, security research of 2026-11-23, 2.2): 1,000
kilometres an hour, counted for one hour at least, and 100 kilometres for places that are known roughly.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

#: Mean radius of the earth in kilometres (IUGG); a sphere is within 0.5 per cent of the ellipsoid.
EARTH_KM: Final = 6371.0088
KM_PER_HOUR: Final = 1000.0
ROUGHLY_KM: Final = 100.0
SHORTEST: Final = timedelta(hours=1)


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places (latitude, longitude in degrees), by the haversine formula."""
    north_1, east_1, north_2, east_2 = (math.radians(degrees) for degrees in (*one, *other))
    half = (
        math.sin((north_2 - north_1) / 2) ** 2
        + math.cos(north_1) * math.cos(north_2) * math.sin((east_2 - east_1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def too_fast(km: float, elapsed: timedelta) -> bool:
    """Whether a distance is beyond what anybody travels in a time."""
    hours = max(elapsed, SHORTEST) / timedelta(hours=1)
    return km >= KM_PER_HOUR * hours + ROUGHLY_KM

"""Nine days of a customs strike: every Chilean parcel stands still, and no Chilean shop is to blame."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import START, at_day, day_of
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import CUSTOMS_STRIKE
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = CUSTOMS_STRIKE
DESCRIPTION = "All Chilean parcels late for nine days in the cherry season; the orders themselves are honest"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    first = rng.randrange(125, 134)
    b.strike = ("CL", at_day(day_of(first)), at_day(day_of(first + 9)))
    for seller in b.sellers:
        if seller.country == "CL" and seller.registered_at < max(START, b.strike[1]):
            b.label_entity(Kind.SELLER, seller, NAME, DECOY, Action.ALLOW, severity=Severity.NONE)

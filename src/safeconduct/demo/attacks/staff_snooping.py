"""Somebody of the marketplace's own staff who looks at the buyers of one shop, though no case brought them there.

It leaves no event: the demo's desk reads through the product's own room of readings, and the shop can see it there.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Look

NAME = "staff_snooping"
DESCRIPTION = "One of the staff who reads the buyers of one shop on six days, without a case"

_WHY = ("Checking something", "Quality sample", "Follow-up of a call")


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    at = b.moment(rng, 60, 110)
    seller = b.any_seller(rng, at - 40 * DAY)
    for _ in range(6):
        b.look(Look(seller, at, rng.randint(5, 9), rng.choice(_WHY)), NAME, "snooped", Action.REVIEW)
        at += int(rng.uniform(0.8, 4) * DAY) + rng.randrange(HOUR)

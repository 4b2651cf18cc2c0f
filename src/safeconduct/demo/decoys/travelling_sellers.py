"""People of shops on a journey: a country where they never were, with their own laptop and passkey, and work to do."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, MINUTE, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.crime import foreign_countries
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import new_ip
from safeconduct.demo.steps import Said, Step, changing
from safeconduct.demo.truth import Action

NAME = "travelling_sellers"
DESCRIPTION = "Twenty-four members who work from a country that is new to them, with their own device and passkey"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for incident in range(b.scaled(24, least=5)):
        seller = rng.choice(b.open_sellers(START))
        member = rng.choice(seller.members)
        said = Said(NAME, DECOY, Action.ALLOW, incident)
        at = b.moment(rng, 20, 130)
        country = rng.choice(foreign_countries(seller.country))
        hotel = new_ip(rng, country)
        for day in range(rng.randint(2, 6)):
            at += int(rng.uniform(0.7, 1.4) * DAY)
            b.steps.append(Step(at, seller, member, "sign_in", member.devices[0], hotel, country, False, "passkey",
                said=said))  # fmt: skip
            if day == 1:
                b.steps.append(changing(Step(at + rng.randrange(5, 50) * MINUTE, seller, member, "factor_change",
                    member.devices[0], hotel, country, said=said), "password"))  # fmt: skip

"""Houses where many shops have their desks: one network, and people of a dozen sellers behind it."""

from __future__ import annotations

from collections import Counter
from random import Random

from safeconduct.demo.almanac import DAY, HOUR, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import new_ip
from safeconduct.demo.steps import Said, Step
from safeconduct.demo.truth import Action

NAME = "seller_offices"
DESCRIPTION = "Six shared offices, each the network of six to twelve members of different sellers"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    everybody = b.open_sellers(START)
    countries = [name for name, _ in Counter(seller.country for seller in everybody).most_common(2)]
    for incident in range(b.scaled(6, least=2)):
        country = rng.choice(countries)
        house = new_ip(rng, country)
        shops = [seller for seller in everybody if seller.country == country]
        said = Said(NAME, DECOY, Action.ALLOW, incident)
        days = [b.moment(rng, 15, 140) // DAY * DAY for _ in range(3)]
        for seller in rng.sample(shops, k=min(len(shops), rng.randint(6, 12))):
            member = rng.choice(seller.members)
            for day in rng.sample(days, k=2):
                at = day + rng.randrange(2 * HOUR)
                b.steps.append(Step(at, seller, member, "sign_in", rng.choice(member.devices), house, country,
                    said=said))  # fmt: skip

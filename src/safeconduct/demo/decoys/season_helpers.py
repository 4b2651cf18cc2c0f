"""Help for the season: the owner invites somebody to pack parcels, who signs in for the first time, from anywhere."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Member, new_device, new_ip
from safeconduct.demo.steps import Said, changing, usual
from safeconduct.demo.truth import Action

NAME = "season_helpers"
DESCRIPTION = "Twelve helpers for 11.11, properly invited by the owner"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for incident in range(b.scaled(12, least=3)):
        seller = rng.choice(b.open_sellers(START))
        owner, said = seller.members[0], Said(NAME, DECOY, Action.ALLOW, incident)
        at = b.moment(rng, 108, 125)
        b.steps.append(usual(seller, owner, at - rng.randrange(4, 30) * MINUTE, said=said))
        invited = changing(usual(seller, owner, at, "member_added", said), "member_added")
        invited.extra = {"member_role": "fulfilment"}
        b.steps.append(invited)
        helper = Member(
            f"{owner.id}h{incident}", [new_device(rng)], new_ip(rng, seller.country), rng.choice(("otp", "passkey")), 9,
            role="fulfilment", joins=True,
        )  # fmt: skip
        at += rng.randrange(HOUR, 20 * HOUR)
        for _ in range(rng.randint(4, 8)):
            b.steps.append(usual(seller, helper, at, said=said))
            at += int(rng.uniform(0.8, 2.5) * DAY)

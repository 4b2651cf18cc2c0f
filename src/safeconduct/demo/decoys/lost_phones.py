"""A telephone is lost with the passkey on it: some wrong tries, a recovery as it should be, a new telephone, work."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, MINUTE, SECOND, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import new_device
from safeconduct.demo.steps import Said, Step, changing, usual
from safeconduct.demo.truth import Action

NAME = "lost_phones"
DESCRIPTION = "Ten members who lose their telephone, recover the account and touch no money for a week"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for incident in range(b.scaled(10, least=3)):
        seller = rng.choice(b.open_sellers(START))
        member, said = rng.choice(seller.members), Said(NAME, DECOY, Action.ALLOW, incident)
        at, phone = b.moment(rng, 15, 130), new_device(rng)
        for wait in range(rng.randint(1, 4), 0, -1):
            b.record("session.failed", at - wait * rng.randrange(40, 90) * SECOND, None, {
                "seller": seller.id, "member": member.id, "device": phone, "ip": member.ip,
                "ip_country": seller.country, "reason": "second_factor",
            })  # fmt: skip

        def step(when: int, act: str) -> Step:
            return Step(
                when, seller, member, act, phone, member.ip, seller.country, factor="recovery_code", said=said  # noqa: B023
            )  # fmt: skip

        b.steps.append(changing(step(at, "recovery"), "recovery"))
        b.steps.append(step(at + 2 * MINUTE, "sign_in"))
        b.steps.append(changing(step(at + 6 * MINUTE, "factor_change"), "factor_added"))
        for _ in range(rng.randint(2, 4)):
            at += int(rng.uniform(0.8, 3) * DAY)
            b.steps.append(usual(seller, member, at, said=said))

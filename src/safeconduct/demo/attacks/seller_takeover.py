"""A ring that takes sellers' accounts over for their payouts: other people's passwords tried from few networks, and
where one fits, within a day, the second factor removed, the contact changed, and the money sent elsewhere.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE, SECOND, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import foreign_countries
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Member, Seller, new_bank_account, new_device, new_ip
from safeconduct.demo.seeds import token
from safeconduct.demo.steps import Said, Step, changing
from safeconduct.demo.truth import Action, Kind

NAME = "seller_takeover"
DESCRIPTION = "Eight sellers' accounts opened with tried passwords; a day later the payouts would go elsewhere"

_SECOND_FACTORS = ("otp", "passkey")


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    networks = [(new_ip(rng, country), country) for country in rng.sample(foreign_countries("CN"), k=b.spread(3, 2))]
    devices = [new_device(rng) for _ in range(b.spread(4, least=2))]
    mules = [new_bank_account(rng, rng.choice(foreign_countries("CN"))) for _ in range(b.spread(3, least=2))]
    for incident in range(b.scaled(8, least=3)):
        at = b.moment(rng, 20, 128)
        shops = b.open_sellers(START - 30 * DAY)
        if not shops:
            return
        seller = b.book_seller(rng.choices(shops, [shop.weight for shop in shops])[0])
        b.label_entity(Kind.SELLER, seller, NAME, "victim", Action.REVIEW, incident=incident)
        ip, country = rng.choice(networks)
        at = _try_passwords(b, rng, ip, country, at)
        if rng.random() < b.shift.polish:
            ip, country = new_ip(rng, seller.country), seller.country
        _Thief(b, rng, seller, seller.members[0], incident, ip, country).take(at, devices, rng.choice(mules))


def _try_passwords(b: WorldBuilder, rng: Random, ip: str, country: str, at: int) -> int:
    """A list of addresses and passwords, one after the other; answers when one fits."""
    device = new_device(rng)
    for _ in range(rng.randint(24, 48)):
        b.record("session.failed", at, None, {
            "email": f"shop-{token(rng, 10)}@post.example", "device": device, "ip": ip, "ip_country": country,
            "reason": "wrong_password",
        })  # fmt: skip
        at += rng.randrange(15 * SECOND, int(1.5 * MINUTE))
    return at


class _Thief:
    """Somebody in another's account, step by step."""

    def __init__(
        self, b: WorldBuilder, rng: Random, seller: Seller, member: Member, incident: int, ip: str, country: str
    ) -> None:  # fmt: skip
        self.b, self.rng, self.seller, self.member, self.incident = b, rng, seller, member, incident
        self.ip, self.country = ip, country
        self.proxy = country != seller.country

    def take(self, at: int, devices: list[str], mule: str) -> None:
        """The whole of it: about a day, or longer in a slow world."""
        rng, first, second = self.rng, *self.rng.sample(devices, k=2)
        b = self.b
        sign_in = self.step(at, "sign_in", first, "sign_in", Action.CHALLENGE)
        sign_in.factor, sign_in.extra = "password", {"password_breached": rng.random() < 0.6}
        if self.member.factor in _SECOND_FACTORS:
            at += b.span(rng.uniform(8, 40) * MINUTE)
            changing(self.step(at, "factor_change", first, "factor_removed", Action.CHALLENGE), "factor_removed")
        at += b.span(rng.uniform(1, 4) * HOUR)
        again = self.step(at, "sign_in", second, "second_device", Action.CHALLENGE)
        again.factor = "password"
        at += b.span(rng.uniform(5, 60) * MINUTE)
        changing(self.step(at, "contact_change", second, "contact_changed", Action.REVIEW), "email")
        if rng.random() < 0.5:
            at += b.span(rng.uniform(5, 60) * MINUTE)
            changing(self.step(at, "key_created", second, "key_created", Action.CHALLENGE), "api_key")
        at += b.span(rng.uniform(1, 12) * HOUR)
        paid = self.step(at, "payout_change", second, "payout_changed", Action.REVIEW)
        paid.follows = ("payout_account.changed", {"bank_account": mule, "account_country": mule[:2]})

    def step(self, at: int, act: str, device: str, role: str, expected: Action) -> Step:
        said = Said(NAME, role, expected, self.incident)
        one = Step(at, self.seller, self.member, act, device, self.ip, self.country, self.proxy, said=said)
        self.b.steps.append(one)
        return one

"""Who is in the world before anything happens: 180 shops in eight countries and 25,000 buyers."""

from __future__ import annotations

import math
import unicodedata
from itertools import accumulate
from random import Random
from statistics import NormalDist

from safeconduct.demo.almanac import DAY, END, START, rfc3339
from safeconduct.demo.goods import new_listings
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import (
    Buyer,
    Locale,
    Member,
    Seller,
    locale_of,
    new_address,
    new_bank_account,
    new_buyer,
    new_device,
    new_ip,
    new_phone,
)
from safeconduct.demo.seeds import generator

#: Sellers by country, in parts of a hundred (the world's plan).
SELLER_COUNTRIES: tuple[tuple[str, int], ...] = (
    ("JP", 18), ("AU", 16), ("FR", 14), ("CL", 12), ("KR", 12), ("DE", 10), ("TH", 10), ("NZ", 8),
)  # fmt: skip
SIZE_SIGMA = 1.4
"""Spread of shop sizes: with it the largest has about 9 % of the orders and the top fifth about 69 %."""
NEW_DURING = 0.08
_ROLES = ("owner", "finance", "fulfilment", "listing", "support", "fulfilment")
YOUNG = 0.20
"""One seller in five is younger than 60 days when the world begins or opens while it runs."""


def sellers(parameters: Parameters) -> list[Seller]:
    """The shops, in order of registration."""
    rng = generator(parameters.seed, "sellers")
    count = parameters.sellers
    countries = _countries(count)
    rng.shuffle(countries)
    ages = sorted((_registered_at(rng, i / count) for i in range(count)), reverse=True)
    weights = _weights(rng, ages)
    order = sorted(range(count), key=lambda i: ages[i])
    found: list[Seller] = []
    names: set[str] = set()
    number = 10_001
    for position, i in enumerate(order):
        country = countries[i]
        place = locale_of(country)
        seller = _seller(rng, 1001 + position, place, ages[i], weights[i], _name(rng, place, names))
        seller.registered_text = rfc3339(seller.registered_at)
        seller.listings = new_listings(rng, country, number, parameters.tuning.prices)
        popularity = [rng.lognormvariate(0, 1.0) for _ in seller.listings]
        seller.cumulative = list(accumulate(popularity))
        number += len(seller.listings)
        found.append(seller)
    return found


def _countries(count: int) -> list[str]:
    """Countries in the planned parts, rounded so that they add up."""
    bounds = list(accumulate(share for _, share in SELLER_COUNTRIES))
    return [
        next(c for (c, _), bound in zip(SELLER_COUNTRIES, bounds, strict=True) if (i + 0.5) * 100 / count < bound)
        for i in range(count)
    ]


def _registered_at(rng: Random, rank: float) -> int:
    if rank < NEW_DURING:
        return START + int(rng.uniform(3, 100) * DAY)
    if rank < YOUNG:
        return START - int(rng.uniform(1, 60) * DAY)
    return START - int(rng.uniform(60, 1900) * DAY)


def _weights(rng: Random, ages: list[int]) -> list[float]:
    """Log-normal sizes at even quantiles, so that every seed has the same spread; no young shop is in the top fifth."""
    count = len(ages)
    sizes = [math.exp(SIZE_SIGMA * NormalDist().inv_cdf((i + 0.5) / count)) for i in range(count)]
    old = [i for i in range(count) if ages[i] < START - 60 * DAY]
    top = rng.sample(old, k=count // 5)
    rest = [i for i in range(count) if i not in set(top)]
    large, small = sizes[-len(top) :], sizes[: -len(top)]
    rng.shuffle(large)
    rng.shuffle(small)
    return [size for _, size in sorted(zip([*top, *rest], [*large, *small], strict=True))]


def _name(rng: Random, place: Locale, taken: set[str]) -> str:
    while True:
        name = f"{rng.choice(place.shop_first)} {rng.choice(place.shop_second)}"
        if name not in taken:
            taken.add(name)
            return name


def _seller(rng: Random, number: int, place: Locale, registered_at: int, weight: float, name: str) -> Seller:
    office = new_ip(rng, place.country)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = plain.lower().replace(" ", "-").replace("'", "")
    members = [
        Member(
            id=f"mem-{number}-{i + 1}", devices=[new_device(rng) for _ in range(rng.choice((1, 1, 2, 3)))],
            ip=office if rng.random() < 0.7 else new_ip(rng, place.country),
            factor=rng.choices(("password", "otp", "passkey", "sso"), (40, 38, 17, 5))[0],
            works_from_h=rng.randrange(7, 12), role=_ROLES[i],
        )
        for i in range(rng.choices((1, 2, 3, 4, 5, 6), (30, 28, 18, 12, 7, 5))[0])
    ]  # fmt: skip
    return Seller(
        id=f"sel-{number}", name=name, country=place.country, locale=place, time_zone=rng.choice(place.time_zones),
        registered_at=registered_at, weight=weight, email=f"office@{slug}-{number}.example",
        phone=new_phone(rng, place), address=new_address(rng, place),
        bank_account=new_bank_account(rng, place.country),
        members=members,
    )  # fmt: skip


def buyers(parameters: Parameters) -> tuple[list[Buyer], list[float]]:
    """The buyers with their weights in the draw of orders. One in five joins while the world runs."""
    rng = generator(parameters.seed, "buyers")
    countries, shares = zip(*parameters.tuning.buyer_countries, strict=True)
    found = []
    for country in rng.choices(countries, shares, k=parameters.buyers):
        if rng.random() < 0.2:
            registered_at = int(rng.uniform(START, END))
        else:
            registered_at = START - int(min(rng.expovariate(1 / 500), 2000) * DAY)
        found.append(new_buyer(rng, country, registered_at))
    weights = [rng.lognormvariate(0, 0.9) for _ in found]
    return found, weights

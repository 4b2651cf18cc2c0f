"""What is sold: categories with prices, weights, return rates, carriers and delivery times.

Medians of cherries, milk powder, cosmetics and snacks and the return rates of snacks, milk powder, cosmetics, tools and
cherries come from the world's plan, as does the spread (log-normal, sigma 0.8). The other figures are the demo's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from safeconduct.demo.people import Listing

PRICE_SIGMA = 0.8
LISTINGS_PER_SELLER = 23
"""4,200 products over 180 sellers."""


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of goods. ``median_minor`` in fen; ``return_rate`` of delivered orders; weight in grams a unit."""

    name: str
    median_minor: int
    return_rate: float
    weight_g: int
    cold_chain: bool
    titles: tuple[str, ...]


CATEGORIES = {
    category.name: category
    for category in (
        Category("snacks", 4_900, 0.015, 350, False, (
            "Matcha biscuits", "Rice crackers", "Seaweed crisps", "Mango chips", "Assorted sweets",
        )),
        Category("milk_powder", 26_800, 0.01, 1_150, False, (
            "Infant formula stage 1, 900 g", "Infant formula stage 3, 900 g", "Whole milk powder, 1 kg",
            "Goat milk formula, 800 g",
        )),
        Category("cosmetics", 42_000, 0.06, 180, False, (
            "Brightening serum, 30 ml", "Night cream, 50 ml", "Sun fluid SPF 50", "Sheet masks, 10",
            "Eau de parfum, 50 ml",
        )),
        Category("fruit", 39_800, 0.04, 5_600, True, ("Cherries, 5 kg", "Cherries, 2.5 kg", "Blueberries, 1.5 kg")),
        Category("wine", 16_800, 0.02, 1_400, False, (
            "Carmenere reserva", "Cabernet sauvignon, case of 2", "Sauvignon blanc",
        )),
        Category("tools", 32_000, 0.05, 1_900, False, (
            "Kitchen knife, 20 cm", "Cordless screwdriver", "Socket set", "Manicure set",
        )),
        Category("latex", 39_900, 0.04, 2_300, False, ("Latex pillow", "Latex mattress topper", "Neck pillow")),
        Category("honey", 18_800, 0.015, 900, False, (
            "Manuka honey UMF 10, 500 g", "Clover honey, 1 kg", "Propolis, 60 capsules",
        )),
    )
}  # fmt: skip

#: Which goods a country's sellers offer, with weights.
GOODS_OF_COUNTRY: dict[str, tuple[tuple[str, int], ...]] = {
    "JP": (("snacks", 1),), "AU": (("milk_powder", 1),), "FR": (("cosmetics", 1),), "CL": (("fruit", 1), ("wine", 1)),
    "KR": (("cosmetics", 1),), "DE": (("tools", 1),), "TH": (("snacks", 3), ("latex", 2)), "NZ": (("honey", 1),),
}  # fmt: skip
CARRIERS_OF_COUNTRY: dict[str, tuple[str, ...]] = {
    "JP": ("japanpost", "yamato"), "AU": ("auspost", "dhl"), "FR": ("colissimo", "dhl"), "CL": ("dhl", "chilexpress"),
    "KR": ("cj", "epost"), "DE": ("dhl", "hermes"), "TH": ("thaipost", "kerry"), "NZ": ("nzpost", "dhl"),
}  # fmt: skip

#: Delivery in days after dispatch, log-normal: 80 % between the two ends of the plan's range.
_Z80 = 1.2816


def delivery_days(rng: Random, cold_chain: bool) -> float:
    """Days from dispatch to delivery: 6 to 14, cold chain 3 to 5 (eighty of a hundred)."""
    low, high = (3.0, 5.0) if cold_chain else (6.0, 14.0)
    mean, sigma = (math.log(low) + math.log(high)) / 2, (math.log(high) - math.log(low)) / (2 * _Z80)
    return rng.lognormvariate(mean, sigma)


#: Hours from payment to dispatch, log-normal: median 20 h and 93 % within 48 h (z = 1.476).
_DISPATCH_MEAN = math.log(20.0)
_DISPATCH_SIGMA = (math.log(48.0) - _DISPATCH_MEAN) / 1.4758


def dispatch_hours(rng: Random) -> float:
    return rng.lognormvariate(_DISPATCH_MEAN, _DISPATCH_SIGMA)


def shelf_price(raw_minor: float) -> int:
    """A price as shops write it: ¥x9.90 from a hundred yuan on, ¥x.90 below; never under ¥4.90."""
    step = 1000 if raw_minor >= 10_000 else 100
    return max(490, round(raw_minor / step) * step - 10)  # house-rule: float-money because it invents a price


def new_listings(rng: Random, seller_country: str, first_number: int, price_factor: float) -> list[Listing]:
    """The offers of one shop. Numbers run on from ``first_number``."""
    names, weights = zip(*GOODS_OF_COUNTRY[seller_country], strict=True)
    listings = []
    for i in range(LISTINGS_PER_SELLER + rng.randrange(-6, 7)):
        category = CATEGORIES[rng.choices(names, weights)[0]]
        price = shelf_price(category.median_minor * price_factor * rng.lognormvariate(0.0, PRICE_SIGMA))
        number = first_number + i
        listings.append(
            Listing(
                id=f"lst-{number}", product=f"prd-{number * 7919 % 1_000_003:06d}", category=category.name,
                title=rng.choice(category.titles), price_minor=price, weight_g=category.weight_g,
            )
        )  # fmt: skip
    return listings

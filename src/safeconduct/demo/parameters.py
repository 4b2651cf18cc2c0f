"""What a demo world is made from: a seed, a size, and a shift.

A shift changes what a rule could have been fitted to: how many devices a ring owns, what languages buyers speak, how
fast attackers work, how much they steal. Rules that hold on the plain world and fail on a shifted one were tuned to it.
All factors here are the demo's own choices, not measurements.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Full size: about 410 orders a day over 146 days, with weekend and promotion factors on top.
FULL_ORDERS = 65_000

#: US dollars for one yuan, on every day of this world; a made-up rate for a made-up marketplace.
RATE_TO_USD = "0.14"

#: Where buyers live, in parts of one thousand.
BUYER_COUNTRIES: tuple[tuple[str, int], ...] = (
    ("CN", 800), ("AU", 32), ("FR", 30), ("DE", 30), ("JP", 30), ("KR", 28), ("TH", 20), ("CL", 20), ("NZ", 10),
)  # fmt: skip
_MANY_LANGUAGES: tuple[tuple[str, int], ...] = (
    ("CN", 430), ("CL", 150), ("TH", 120), ("FR", 90), ("KR", 70), ("DE", 50), ("JP", 40), ("AU", 30), ("NZ", 20),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shift:
    """How a world differs from the plain one.

    ``devices``: factor on the devices and addresses attackers spread over, and on the people who honestly share one.
    ``tempo``: factor on how long an attack takes (6 = six times slower). ``amounts``: factor on what attackers order;
    ``prices``: factor on every price. ``polish``: probability that a fraudulent order looks clean.
    """

    devices: float = 1.0
    tempo: float = 1.0
    amounts: float = 1.0
    prices: float = 1.0
    polish: float = 0.2
    buyer_countries: tuple[tuple[str, int], ...] = field(default=BUYER_COUNTRIES)


SHIFTS: dict[str, Shift] = {
    "none": Shift(),
    "devices": Shift(devices=3.0),
    "languages": Shift(buyer_countries=_MANY_LANGUAGES),
    "amounts": Shift(amounts=0.45, prices=1.6),
    "slow": Shift(tempo=6.0),
    "polished": Shift(polish=0.5),
    "mixed": Shift(devices=1.8, tempo=2.5, amounts=0.7, prices=1.2, polish=0.35, buyer_countries=_MANY_LANGUAGES),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The input of `generate`. Equal parameters make equal worlds, byte for byte.

    Raises ValueError for a shift that is not in `SHIFTS` and for fewer than 500 orders (below that the planted
    attacks could not be told from the background).
    """

    seed: int = 1
    orders: int = FULL_ORDERS
    shift: str = "none"

    def __post_init__(self) -> None:
        if self.shift not in SHIFTS:
            raise ValueError(f"shift: {self.shift!r} is unknown; choose one of {', '.join(SHIFTS)}")
        if self.orders < 500:
            raise ValueError(f"orders: {self.orders} is too small a world; give 500 or more")

    @property
    def tuning(self) -> Shift:
        return SHIFTS[self.shift]

    @property
    def sellers(self) -> int:
        """180 at full size; a small world keeps enough shops for an attack to spread over."""
        return max(40, min(180, round(180 * self.orders / FULL_ORDERS)))

    @property
    def buyers(self) -> int:
        """25,000 at full size: 2.6 orders a buyer."""
        return max(300, round(25_000 * self.orders / FULL_ORDERS))

    def scaled(self, full: int, least: int = 1) -> int:
        """A count that is ``full`` at full size and shrinks with the world, but not below ``least``."""
        return max(least, round(full * self.orders / FULL_ORDERS))

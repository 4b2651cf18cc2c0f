"""Buyers, sellers and what they own: names, homes, cards, devices, in nine languages.

Nobody here exists. E-mail domains end in ``.example`` (RFC 2606) and IP addresses lie in 100.64.0.0/10 (RFC 6598), so
that no mail can reach anybody and no network can be accused; telephone numbers are drawn at random and are not for
calling. Name, street and city tables are in ``locales/``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from random import Random

from safeconduct.demo.seeds import token

LOCALES = ("zh-CN", "es-CL", "en-AU", "fr-FR", "ja-JP", "ko-KR", "de-DE", "th-TH", "en-NZ")
COUNTRIES = ("CN", "CL", "AU", "FR", "JP", "KR", "DE", "TH", "NZ")
#: Countries that appear only as the origin of cards and connections.
FURTHER_COUNTRIES = ("US", "GB", "BR", "VN", "ID", "NL", "CA", "MX")
DISPOSABLE_DOMAINS = ("tempbox.example", "tenminutes.example", "dropinbox.example")
_USER_AGENTS = (
    "HaihangApp/8.4 (iPhone; iOS 26)", "HaihangApp/8.4 (Android 16)", "HaihangApp/8.3 (Android 15)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0", "Mozilla/5.0 (Macintosh) Safari/26.0",
    "HaihangApp/8.2 (HarmonyOS 5)",
)  # fmt: skip
_NETWORK = {"4": "visa", "5": "mastercard", "6": "unionpay"}


@dataclass(frozen=True, slots=True)
class Locale:
    """One language and country: its tables, and how names and addresses are put together."""

    locale: str
    country: str
    time_zones: tuple[str, ...]
    utc_offset_minutes: int
    phone_prefix: str
    phone_digits: int
    family_first: bool
    name_separator: str
    family: tuple[tuple[str, str], ...]
    given: tuple[tuple[str, str], ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    address: str
    abbreviations: tuple[tuple[str, str], ...]
    mail: tuple[str, ...]
    shop_first: tuple[str, ...]
    shop_second: tuple[str, ...]
    reviews: dict[str, tuple[str, ...]]


@cache
def locale(name: str) -> Locale:
    """The tables of a locale, read once from its file."""
    raw = json.loads((files("safeconduct.demo") / "locales" / f"{name}.json").read_text("utf-8"))
    return Locale(
        locale=raw["locale"], country=raw["country"], time_zones=tuple(raw["time_zones"]),
        utc_offset_minutes=raw["utc_offset_minutes"], phone_prefix=raw["phone_prefix"],
        phone_digits=raw["phone_digits"], family_first=raw["name_order"] == "family",
        name_separator=raw["name_separator"], family=_pairs(raw["family"]),
        given=_pairs(raw["given"]), cities=_pairs(raw["cities"]),
        streets=tuple(raw["streets"]), address=raw["address"],
        abbreviations=_pairs(raw["address_abbreviations"]), mail=tuple(raw["mail"]),
        shop_first=tuple(raw["shop_first"]), shop_second=tuple(raw["shop_second"]),
        reviews={mood: tuple(texts) for mood, texts in raw["reviews"].items()},
    )  # fmt: skip


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in rows)


@cache
def locale_of(country: str) -> Locale:
    """The locale spoken in a country; English (Australia) for those without tables of their own."""
    return locale(LOCALES[COUNTRIES.index(country)] if country in COUNTRIES else "en-AU")


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the processor shows it: a fingerprint, never a number."""

    fingerprint: str
    bin: str
    country: str
    funding: str

    @property
    def network(self) -> str:
        return _NETWORK[self.bin[0]]


@dataclass(slots=True, eq=False)
class Buyer:
    """A buyer. ``id`` is given when the world is complete, in order of registration."""

    name: str
    locale: Locale
    country: str
    registered_at: int
    email: str
    email_domain: str
    email_first_seen_at: int
    phone: str
    addresses: list[str]
    cards: list[Card]
    devices: list[str]
    ips: list[str]
    user_agent: str
    forwarder: bool = False
    id: str = ""
    last_seller: Seller | None = None
    orders: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """An offer of a seller. ``price_minor`` in fen."""

    id: str
    product: str
    category: str
    title: str
    price_minor: int
    weight_g: int


@dataclass(slots=True, eq=False)
class Member:
    """A person who acts for a seller. ``joins``: while the world runs, so that nobody has seen them before."""

    id: str
    devices: list[str]
    ip: str
    factor: str
    works_from_h: int
    role: str = "owner"
    joins: bool = False


@dataclass(slots=True, eq=False)
class Seller:
    """A shop, its people and its offers. ``weight``: its part of the orders. Times in microseconds since 2020."""

    id: str
    name: str
    country: str
    locale: Locale
    time_zone: str
    registered_at: int
    weight: float
    email: str
    phone: str
    address: str
    bank_account: str
    members: list[Member]
    registered_text: str = ""
    listings: list[Listing] = field(default_factory=list)
    cumulative: list[float] = field(default_factory=list)


def new_ip(rng: Random, country: str) -> str:
    """An address in the block the demo gives to a country (of 100.64.0.0/10; China has sixteen parts of it)."""
    order = (*COUNTRIES, *FURTHER_COUNTRIES)
    second = 64 + rng.randrange(16) if country == "CN" else 80 + 2 * order.index(country) + rng.randrange(2)
    return f"100.{second}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def neighbour_ip(rng: Random, ip: str) -> str:
    """Another address of the same /24."""
    return f"{ip.rsplit('.', 1)[0]}.{rng.randrange(1, 255)}"


def new_device(rng: Random) -> str:
    """A device's fingerprint, of twenty characters: banks accept no shorter one as proof."""
    return f"dev-{token(rng, 16)}"


@cache
def bins_of(country: str) -> tuple[str, ...]:
    """The card ranges issued in a country: made up, stable, told apart by their fourth and fifth digit."""
    order = (*COUNTRIES, *FURTHER_COUNTRIES)
    number = 10 + order.index(country)
    schemes = ("6", "6", "6", "4", "4", "5") if country == "CN" else ("4", "4", "4", "5", "5", "4")
    return tuple(f"{scheme}{2 + i % 3}{i}{number}{i * 7 % 10}" for i, scheme in enumerate(schemes))


def new_card(rng: Random, country: str, bin_: str | None = None) -> Card:
    """A card issued in a country: credit 55, debit 38, prepaid 5, unknown 2 of a hundred (the demo's own choice)."""
    draw = rng.random()
    funding = "credit" if draw < 0.55 else "debit" if draw < 0.93 else "prepaid" if draw < 0.98 else "unknown"
    return Card(f"fp_{token(rng, 14)}", bin_ or rng.choice(bins_of(country)), country, funding)


def new_name(rng: Random, place: Locale) -> tuple[str, str]:
    """A name as written, and in Latin letters for an e-mail address."""
    family, given = rng.choice(place.family), rng.choice(place.given)
    parts = (family[0], given[0]) if place.family_first else (given[0], family[0])
    return place.name_separator.join(parts), f"{given[1]}.{family[1]}"


def new_address(rng: Random, place: Locale) -> str:
    city, postal = rng.choice(place.cities)
    unit = f"{rng.randrange(1, 28)}{rng.randrange(1, 9):02d}" if place.country == "CN" else str(rng.randrange(1, 120))
    return place.address.format(
        city=city, postal=postal, street=rng.choice(place.streets), number=rng.randrange(1, 400), unit=unit
    )


def address_variant(rng: Random, address: str, place: Locale) -> str:
    """The same place, spelt as someone would who does not want to be recognised."""
    pairs = [pair for pair in place.abbreviations if pair[0] in address]
    for long, short in rng.sample(pairs, k=min(len(pairs), rng.randint(1, 2))):
        address = address.replace(long, short)
    match rng.randrange(4):
        case 0:
            return address.upper()
        case 1:
            return address.replace(" ", "  ") if " " in address else f"{address} "
        case 2:
            return address.replace(",", "")
        case _:
            return address


def new_phone(rng: Random, place: Locale) -> str:
    return f"{place.phone_prefix}{rng.randrange(10**place.phone_digits):0{place.phone_digits}d}"


def new_bank_account(rng: Random, country: str) -> str:
    """An account in the shape of an IBAN, without a valid check digit on purpose."""
    return f"{country}00 {rng.randrange(10**4):04d} {rng.randrange(10**4):04d} {rng.randrange(10**4):04d}"


def new_buyer(rng: Random, country: str, registered_at: int, *, disposable: bool = False) -> Buyer:
    """A person with an account, a home, one to three devices and cards. Foreign cards and forwarders occur."""
    place = locale_of(country)
    name, latin = new_name(rng, place)
    domain = rng.choice(DISPOSABLE_DOMAINS if disposable else place.mail)
    age = 0 if disposable or rng.random() < 0.3 else int(rng.expovariate(1 / (400 * 86_400_000_000)))
    card_country = country if rng.random() < 0.965 else rng.choice((*COUNTRIES, *FURTHER_COUNTRIES))
    home = new_ip(rng, country)
    draw = rng.random()
    return Buyer(
        name=name, locale=place, country=country, registered_at=registered_at,
        email=f"{latin}{rng.randrange(10**6)}@{domain}", email_domain=domain,
        email_first_seen_at=max(0, registered_at - age), phone=new_phone(rng, place),
        addresses=[new_address(rng, place) for _ in range(1 if draw < 0.75 else 2 if draw < 0.95 else 3)],
        cards=[new_card(rng, card_country) for _ in range(1 if draw < 0.8 else 2)],
        devices=[new_device(rng) for _ in range(1 if draw < 0.62 else 2 if draw < 0.93 else 3)],
        ips=[home, neighbour_ip(rng, home), new_ip(rng, country)],
        user_agent=rng.choice(_USER_AGENTS), forwarder=rng.random() < 0.03,
    )  # fmt: skip

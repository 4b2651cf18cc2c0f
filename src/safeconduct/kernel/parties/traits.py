"""Where a sign-in came from, as numbers that can be counted and compared, and say nothing to who reads the table.

Each is the beginning of a keyed hash. They are the levels of `foundation.login_risk`: address and network; whole name
of the browser, browser with version, system with version, kind of device. The network is the first 24 bits of an IPv4
address or 48 of an IPv6 one, which is what most providers give to one place. Where the operator's pack (`addresses`)
knows them, the provider's network (ASN) and the country stand behind, 0 for the one it does not know.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from safeconduct.foundation.ip_pack.facts import NOTHING, IpFacts
from safeconduct.foundation.login_risk import ADDRESS_WEIGHTS, BROWSER_WEIGHTS, Levels
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.vault.holder import hashed

#: Weights of the levels where ASN and country are known, and where they are not: then the first bits of the address
#: stand for the network, and the country's weight is left out. Scores are ratios, comparable among their own kind.
FULL_WEIGHTS: Final = (ADDRESS_WEIGHTS, BROWSER_WEIGHTS)
WEIGHTS: Final = (ADDRESS_WEIGHTS[:2], BROWSER_WEIGHTS)
_ADDRESS: Final = len(WEIGHTS[0])
#: How many traits there are without a pack, and where it knew something.
COUNT: Final = _ADDRESS + len(WEIGHTS[1])
WITH_PLACES: Final = COUNT + 2
_UNKNOWN: Final = 0
_PURPOSE: Final = "sign-in-trait"
_PREFIX: Final = {4: 24, 6: 48}


def traits_of(address: str, user_agent: str, facts: IpFacts = NOTHING) -> list[int]:
    """The traits of a request: `COUNT` numbers, or `WITH_PLACES` where something is known about its address."""
    return each_traits_of(address, user_agent, facts)[0]


def each_traits_of(address: str, user_agent: str, facts: IpFacts = NOTHING) -> list[list[int]]:
    """The traits of a request under each root key there is, that in use first: while it is replaced, earlier sign-ins
    are kept with the numbers of the earlier one."""
    browser = browser_of(user_agent)
    values = (
        f"address/{address}", f"network/{network_of(address)}", f"browser/{user_agent}",
        f"name/{browser.name} {browser.version}", f"system/{browser.system} {browser.system_version}",
        f"kind/{browser.kind}",
    )  # fmt: skip
    traits = [list(each) for each in zip(*_numbers(*values), strict=True)]
    if facts.asn is None and facts.country is None:
        return traits
    nothing = [_UNKNOWN] * len(traits)
    networks = nothing if facts.asn is None else asn_traits(facts.asn)
    countries = nothing if facts.country is None else country_traits(facts.country)
    return [[*one, asn, country] for one, asn, country in zip(traits, networks, countries, strict=True)]


def asn_traits(asn: int) -> list[int]:
    """A provider's network as a trait, under each root key there is."""
    return _numbers(f"asn/{asn}")[0]


def country_traits(country: str) -> list[int]:
    """A country as a trait, under each root key there is."""
    return _numbers(f"country/{country}")[0]


def places_in(traits: list[int]) -> tuple[int | None, int | None]:
    """ASN and country of traits; None where they were not known."""
    asn, country = traits[COUNT:] if len(traits) == WITH_PLACES else (_UNKNOWN, _UNKNOWN)
    return (asn or None, country or None)


def is_full(traits: list[int]) -> bool:
    """Whether both ASN and country are known."""
    return None not in places_in(traits)


def levels(traits: list[int], *, full: bool = False) -> tuple[Levels, Levels]:
    """Traits as features of `foundation.login_risk`; ``full``: with ASN and country, which must be known."""
    address = (traits[0], *traits[COUNT:]) if full else tuple(traits[:_ADDRESS])
    return address, tuple(traits[_ADDRESS:COUNT])


def network_of(address: str) -> str:
    """The network of an address; empty where it is none."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((known, _PREFIX[known.version]), strict=False))


def _numbers(*values: str) -> list[list[int]]:
    """For each value its number under each root key there is."""
    found = hashed(_PURPOSE, *[value.encode() for value in values])
    return [[int.from_bytes(digest[:8], signed=True) for digest in digests] for digests in found.digests]

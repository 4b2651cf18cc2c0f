"""Where a sign-in came from, as numbers that can be counted and compared, and say nothing to who reads the table.

Each is the beginning of a keyed hash. They are the levels of `foundation.login_risk`: address and network; whole name
of the browser, browser with version, system with version, kind of device. The network is the first 24 bits of an IPv4
address or 48 of an IPv6 one, which is what most providers give to one place: without a table of networks (ASN) and
countries, that is what can be known.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Final

from safeconduct.foundation.login_risk import ADDRESS_WEIGHTS, BROWSER_WEIGHTS, Levels
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.vault.keys import purpose_key

#: Weights of the levels below. The country is not known, and its weight is left out: scores are ratios.
WEIGHTS: Final = (ADDRESS_WEIGHTS[:2], BROWSER_WEIGHTS)
_ADDRESS: Final = len(WEIGHTS[0])
COUNT: Final = _ADDRESS + len(WEIGHTS[1])
_PREFIX: Final = {4: 24, 6: 48}


def traits_of(address: str, user_agent: str) -> list[int]:
    """The traits of a request, `COUNT` numbers."""
    browser = browser_of(user_agent)
    values = (
        f"address/{address}", f"network/{network_of(address)}", f"browser/{user_agent}",
        f"name/{browser.name} {browser.version}", f"system/{browser.system} {browser.system_version}",
        f"kind/{browser.kind}",
    )  # fmt: skip
    return [_number(value) for value in values]


def levels(traits: list[int]) -> tuple[Levels, Levels]:
    """Traits as features of `foundation.login_risk`."""
    return tuple(traits[:_ADDRESS]), tuple(traits[_ADDRESS:])


def network_of(address: str) -> str:
    """The network of an address; empty where it is none."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((known, _PREFIX[known.version]), strict=False))


def _number(value: str) -> int:
    digest = hmac.digest(purpose_key("sign-in-trait"), value.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], signed=True)

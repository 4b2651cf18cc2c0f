"""Identifiers of a buyer as Compelling Evidence 3.0 compares them: brought to one spelling, or absent.

A value that the scheme would not accept counts as absent. Sources: Visa, Compelling Evidence 3.0 merchant readiness
(March 2023) and dispute guidelines (June 2024), as quoted by a public register; Verifi's questions and answers.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Identifier(StrEnum):
    """What can be equal between payments, by Stripe's names."""

    PURCHASE_IP = "customer_purchase_ip"
    DEVICE_ID = "customer_device_id"
    DEVICE_FINGERPRINT = "customer_device_fingerprint"
    ACCOUNT_ID = "customer_account_id"
    SHIPPING_ADDRESS = "shipping_address"
    EMAIL = "customer_email_address"


class Element(StrEnum):
    """What Visa counts. Device id and fingerprint are one element."""

    IP = "ip"
    DEVICE = "device"
    ACCOUNT = "account"
    ADDRESS = "address"
    EMAIL = "email"


ELEMENT_OF: Final = {
    Identifier.PURCHASE_IP: Element.IP,
    Identifier.DEVICE_ID: Element.DEVICE,
    Identifier.DEVICE_FINGERPRINT: Element.DEVICE,
    Identifier.ACCOUNT_ID: Element.ACCOUNT,
    Identifier.SHIPPING_ADDRESS: Element.ADDRESS,
    Identifier.EMAIL: Element.EMAIL,
}
#: One of these must be among the two that are equal.
MAIN: Final = frozenset({Element.IP, Element.DEVICE})

#: Visa: a device id has at least 15 characters, a fingerprint 20.
MIN_DEVICE_ID: Final = 15
MIN_FINGERPRINT: Final = 20
#: The lengths in hexadecimal of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.
_DIGESTS: Final = frozenset({32, 40, 56, 64, 96, 128})
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A delivery address in its parts; one without all of them but ``line2`` is not a full address."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    postal_code: str = ""
    state: str = ""
    country: str = ""


def public_ip(text: str | None) -> str | None:
    """An IPv4 or IPv6 address of the public internet in its canonical spelling; None for anything else."""
    try:
        address = ipaddress.ip_address((text or "").strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
    return str(address) if address.is_global and not address.is_multicast else None


def device_id(text: str | None) -> str | None:
    """A device's own id in clear text. None for one that is too short, or that looks like a digest."""
    value = (text or "").strip()
    return value if len(value) >= MIN_DEVICE_ID and not _is_digest(value) else None


def fingerprint(text: str | None, attributes: int | None) -> str | None:
    """A device's fingerprint. ``attributes``: of how many properties of the device it was made, None if unknown."""
    value = (text or "").strip()
    enough = attributes is None or attributes >= 2  # Visa: at least two of hardware and software
    return value if len(value) >= MIN_FINGERPRINT and enough else None


def account_id(text: str | None) -> str | None:
    """The login a buyer would recognise: one string in clear text."""
    value = unicodedata.normalize("NFKC", text or "").strip().casefold()
    one = value and not any(c.isspace() or unicodedata.category(c) == "Cc" for c in value)
    return value if one and not _is_digest(value) else None


def email_address(text: str | None) -> str | None:
    """An e-mail address as it is compared."""
    value = unicodedata.normalize("NFKC", text or "").strip().casefold()
    name, _, domain = value.rpartition("@")
    return value if name and "." in domain and not any(c.isspace() for c in value) else None


def full_address(address: Address | None) -> str | None:
    """A full address as it is compared: line 1, city, postal code, state and country must all be told."""
    if address is None:
        return None
    parts = [_letters(part) for part in (address.line1, address.city, address.postal_code, address.state)]
    country = address.country.strip().upper()
    if not all(parts) or len(country) != 2:
        return None
    return "|".join((parts[0], _letters(address.line2), *parts[1:], country))


def _letters(text: str) -> str:
    """Letters and digits in one case, without accents, each run of anything else as one space."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c)).split())


def _is_digest(value: str) -> bool:
    return len(value) in _DIGESTS and _HEX.fullmatch(value) is not None

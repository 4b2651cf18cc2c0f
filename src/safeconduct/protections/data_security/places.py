"""Countries and parts of them, as dated data names them."""

from __future__ import annotations

from typing import Final

from safeconduct.kernel.cases.floors import UNION
from safeconduct.protections.data_security.dated import Entry

#: The European Economic Area: the Union, Iceland, Liechtenstein, Norway.
EEA: Final = UNION | {"IS", "LI", "NO"}


def is_place(text: str) -> bool:
    """Whether a text has the form of an ISO 3166 code of a country, or of a part of one."""
    country, dash, part = text.partition("-")
    plain = country.isascii() and country.isalpha() and country.isupper() and len(country) == 2
    return plain and (not dash or (part.isascii() and part.isalnum() and part.isupper() and 1 <= len(part) <= 3))


def places_of(entry: Entry, name: str) -> frozenset[str]:
    """The places of an entry's field; `EEA` stands for its countries. Raises DataFault."""
    found: set[str] = set()
    for place in entry.texts(name):
        if place == "EEA":
            found |= EEA
        elif is_place(place):
            found.add(place)
        else:
            raise entry.fault(name, f"has {place!r}; write a country such as JP, a part such as US-CA, or EEA")
    return frozenset(found)

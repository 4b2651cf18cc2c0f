"""What a pack says about one address, and how the records of the usual providers say it.

Read are the fields of MaxMind's and DB-IP's databases (`country.iso_code`, `autonomous_system_number`,
`location.latitude`, `is_anonymous_vpn` …), and the flat ones of ip-location-db and IPinfo (`country_code`, `asn`,
`lat`, `vpn` …), as their documents describe them (read 2026-11-29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Kinds of networks behind which it is not seen where somebody is.
HIDDEN_KINDS: Final = ("hosting", "vpn", "tor", "proxy", "relay")
#: A place that its own provider knows only so roughly says nothing about travel (`foundation.travel`): such are the
#: middles of countries that stand for "somewhere there".
ROUGHEST_KM: Final = 100
_LONGEST_ASN: Final = 2**32 - 1
_HIDDEN_FIELDS: Final = {
    **{kind: kind for kind in HIDDEN_KINDS},
    "is_hosting_provider": "hosting", "is_anonymous_vpn": "vpn", "is_tor_exit_node": "tor", "is_public_proxy": "proxy",
    "is_residential_proxy": "proxy", "is_anonymous_proxy": "proxy",
}  # fmt: skip
_YES: Final = (True, "true", "True", "1")


@dataclass(frozen=True, slots=True)
class IpFacts:
    """What is known about an address; None is unknown. ``country``: ISO 3166-1 alpha-2. ``coordinates``: latitude and
    longitude in degrees. ``hidden``: kinds of hidden networks it belongs to; empty where it is known to be in none."""

    country: str | None = None
    asn: int | None = None
    coordinates: tuple[float, float] | None = None
    hidden: frozenset[str] | None = None

    @property
    def proxy(self) -> bool | None:
        """Whether it belongs to a hidden network; None where no part of the pack lists them."""
        return None if self.hidden is None else bool(self.hidden)


NOTHING: Final = IpFacts()


def merged(known: Iterable[IpFacts]) -> IpFacts:
    """What several parts say: of each fact the first that knows it, and hidden where any says so."""
    country = asn = coordinates = hidden = None
    for one in known:
        country = one.country if country is None else country
        asn = one.asn if asn is None else asn
        coordinates = one.coordinates if coordinates is None else coordinates
        if one.hidden is not None:
            hidden = one.hidden if hidden is None else hidden | one.hidden
    return IpFacts(country, asn, coordinates, hidden)


def facts_of_record(record: Mapping[str, Any]) -> IpFacts:
    """What one record of a provider says."""
    country, location, traits = (_mapping(record.get(name)) for name in ("country", "location", "traits"))
    asns = (record.get("autonomous_system_number"), record.get("asn"), traits.get("autonomous_system_number"))
    return IpFacts(
        _country(record.get("country"), country.get("iso_code"), record.get("country_code")),
        next((asn for asn in map(_asn, asns) if asn is not None), None),
        _coordinates(location) or _coordinates(record),
        _hidden({**traits, **record}),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _country(*values: Any) -> str | None:
    # IPinfo writes the country's name where others write its code.
    return next((v.upper() for v in values if isinstance(v, str) and len(v) == 2 and v.isalpha() and v.isascii()), None)


def _asn(value: Any) -> int | None:
    if isinstance(value, str):
        value = value.strip().upper().removeprefix("AS")
        value = int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and 0 < value <= _LONGEST_ASN else None


def _coordinates(record: Mapping[str, Any]) -> tuple[float, float] | None:
    if (record.get("accuracy_radius") or 0) > ROUGHEST_KM:
        return None
    for north, east in (("latitude", "longitude"), ("lat", "lng"), ("lat", "lon")):
        try:
            latitude, longitude = float(record[north]), float(record[east])
        except (KeyError, TypeError, ValueError):
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None


def _hidden(record: Mapping[str, Any]) -> frozenset[str] | None:
    said = {field: record[field] for field in _HIDDEN_FIELDS if isinstance(record.get(field), bool | str)}
    found = frozenset(_HIDDEN_FIELDS[field] for field, value in said.items() if value in _YES)
    if not found and record.get("is_anonymous") is True:
        return frozenset({"proxy"})
    return found if said else None

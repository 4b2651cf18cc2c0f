"""Where an act comes from, beside where its person has signed in from before: what account risk asks about places.

Country, network (ASN), coordinates and hidden networks are the pack's (`addresses`); what it does not know is left out
of the answer, and is then unknown. Sign-ins that somebody said were not theirs are nobody's past.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ip_pack.facts import IpFacts
from safeconduct.foundation.travel import distance_km, too_fast
from safeconduct.kernel.parties.addresses import pack_in_use
from safeconduct.kernel.parties.sessions import ORIGIN, Ended
from safeconduct.kernel.parties.traits import asn_traits, country_traits, places_in
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.sealing import Place, unseal_many

#: So many sign-ins of the person say which countries and networks are theirs, and of so many the places are compared
#: (the latter as authentik does; security research of 2026-11-23, 2.2).
REMEMBERED: Final = 200
COMPARED: Final = 5


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A sign-in of before."""

    id: str
    traits: list[int]
    origin: bytes
    at: datetime


def known_of(person_id: str, address: str, at: datetime) -> dict[str, Any]:
    """What is known of the place of an act, by the catalogue's names of `access.requested`. Two queries at most.

    New is a network or country that none of the person's sign-ins came from, as far as theirs are known; where none of
    theirs is, nothing is new. A hidden network says nothing about travel: nobody is where it is.
    """
    pack = pack_in_use()
    if pack is None:
        return {}
    earlier = _earlier(person_id, at)
    latest = _addresses(person_id, earlier[:COMPARED])
    here, *there = pack.look_up([address, *latest])
    said: dict[str, Any] = {
        "ip_country": here.country, "ip_asn": here.asn, "proxy": here.proxy, "ip_pack": pack.version,
        "new_network": _new(
            [] if here.asn is None else asn_traits(here.asn),
            {places_in(one.traits)[0] for one in earlier}
            | {trait for f in there if f.asn is not None for trait in asn_traits(f.asn)},
        ),
        "new_country": _new(
            [] if here.country is None else country_traits(here.country),
            {places_in(one.traits)[1] for one in earlier}
            | {trait for f in there if f.country is not None for trait in country_traits(f.country)},
        ),
        "impossible_travel": _travelled(here, there, [one.at for one in earlier[:COMPARED]], at),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def asked_from(person_id: str, address: str, at: datetime) -> dict[str, Any]:
    """The address of an act beside what is known of its place; nothing where it has none, as at the command line."""
    return {"ip": address, **known_of(person_id, address, at)} if address else {}


def _earlier(person_id: str, at: datetime) -> list[_Earlier]:
    rows = query(
        "SELECT id, traits, origin, started_at FROM sign_in_session"
        " WHERE person_id = %s AND started_at <= %s AND ended_why <> %s ORDER BY started_at DESC, id DESC LIMIT %s",
        [person_id, at, Ended.NOT_ME.value, REMEMBERED],
    )
    return [_Earlier(identity, traits, bytes(origin), began) for identity, traits, origin, began in rows]


def _addresses(person_id: str, sign_ins: Sequence[_Earlier]) -> list[str]:
    """Where these came from; empty where that is erased. A pack that is newer than a sign-in knows its place too."""
    sealed = [(Place(one.id, f"person/{person_id}"), one.origin) for one in sign_ins]
    return ["" if plain is None else str(json.loads(plain)[0]) for plain in unseal_many(ORIGIN, sealed)]


def _new(traits: list[int], known: set[int | None]) -> bool | None:
    """Whether none of the ways in which a place may be kept is known."""
    theirs = known - {None}
    return None if not traits or not theirs else theirs.isdisjoint(traits)


def _travelled(here: IpFacts, there: Sequence[IpFacts], began: Sequence[datetime], at: datetime) -> bool | None:
    """Whether the way from one of the latest sign-ins is too far for the time (S05).

    Not compared for each device apart, as the research proposes: a thief brings another one.
    """
    if here.coordinates is None or here.proxy:
        return None
    ways = [
        too_fast(distance_km(here.coordinates, one.coordinates), at - then)
        for one, then in zip(there, began, strict=True)
        if one.coordinates is not None and not one.proxy
    ]
    return any(ways) if ways else None

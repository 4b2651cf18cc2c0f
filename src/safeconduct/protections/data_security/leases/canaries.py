"""Canary rows: recipients that nobody has, each in one file only. Who uses one holds that file, or a copy of it.

Nothing honest comes in with them, so that whatever does names the file and who made it. They stand in files with
contacts and nowhere else: no statement, tax, shipping or return file is made here.

Telephone numbers are of ranges that are kept free for films and books, so that nobody's telephone rings:
United States 555-0100 to 555-0199 in every area code (North American Numbering Plan Administrator), United Kingdom
07700 900000 to 900999 (Ofcom), France 06 39 98 00 00 to 99 99 (Arcep); from memory, as are the area codes.
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.data_keys import DEPLOYMENT
from safeconduct.kernel.vault.pseudonyms import Entity, lookup, lookup_many, register
from safeconduct.kernel.vault.sealing import Column, seal
from safeconduct.protections.data_security.leases.models import Canary, ContactExport

_CANARY: Final = Column("canary.sealed", "canary")
#: One in so many rows belongs to nobody (a proposal of ours, 2026-11-23), and one at least.
_EVERY: Final = 500
_TRIES: Final = 20
_FIRST: Final = ("Emma", "Laura", "Daniel", "Thomas", "Julia", "Simon", "Nina", "Martin", "Clara", "Hugo", "Alice")
_LAST: Final = ("Bennett", "Marchand", "Whitfield", "Delorme", "Ashworth", "Garnier", "Holloway", "Perrin", "Sinclair")
#: Streets and places with the ways a number and a flat are written there, and a telephone number.
_US: Final = (
    (("Maple Avenue", "Dayton, OH 45402"), ("Cedar Street", "Akron, OH 44308"), ("Oak Ridge Road", "Tulsa, OK 74103")),
    "{n} {street}, Apt {flat}, {place}, US",
)
_GB: Final = (
    (("Station Road", "Leeds LS1 4DY"), ("Mill Lane", "Bristol BS1 6QA"), ("Church Street", "Norwich NR2 1TF")),
    "Flat {flat}, {n} {street}, {place}, GB",
)
_FR: Final = (
    (("rue des Tilleuls", "44000 Nantes"), ("rue de la Gare", "35000 Rennes"), ("rue du Moulin", "69003 Lyon")),
    "{n} {street}, appt {flat}, {place}, FR",
)
_AREA_CODES: Final = ("212", "303", "312", "404", "415", "503", "512", "602", "617", "702", "713", "918", "937")


@dataclass(frozen=True, slots=True)
class Hatched:
    """A row to be put among the others, at this place."""

    place: int
    ref: str
    values: dict[str, str]


def how_many(rows: int) -> int:
    """How many canaries a file of so many rows carries."""
    return max(1, math.ceil(rows / _EVERY))


def hatch(made: ContactExport, refs: Sequence[str], at: datetime) -> list[Hatched]:
    """Fresh canaries for a file, kept with what meets them. In the transaction that makes the file."""
    found = []
    for _ in range(made.canaries):
        place = secrets.randbelow(len(refs) + 1)
        values = _unseen()
        ref = _like(refs[min(place, len(refs) - 1)])
        identity = new_id("cnr")
        keys = register(set(_entities(values)))
        entities = {kind: keys[kind, value] for kind, value in _entities(values)}
        Canary.objects.create(
            id=identity, export=made, seller_key=made.seller_key, address_key=entities["address"],
            phone_key=entities["phone"], email_key=entities.get("email"), at=at,
            sealed=seal(_CANARY, identity, DEPLOYMENT, json.dumps([ref, values], ensure_ascii=False).encode()),
        )  # fmt: skip
        found.append(Hatched(place, ref, values))
    return found


def touched(keys: Sequence[int]) -> list[tuple[str, int, int]]:
    """(canary, its seller, the key) of those among these keys of addresses, telephones and e-mails that are a
    canary's. One query."""
    if not keys:
        return []
    wanted = sorted(set(keys))
    rows = query(
        " UNION ALL ".join(
            f"SELECT id, seller_key, {name} FROM canary WHERE {name} = ANY(%b::bigint[])"
            for name in ("address_key", "phone_key", "email_key")
        ),
        [wanted, wanted, wanted],
    )
    return [(identity, seller, key) for identity, seller, key in rows]


def _unseen() -> dict[str, str]:
    """A recipient of whom nothing was ever told."""
    for _ in range(_TRIES):
        values = _recipient()
        if not lookup_many(set(_entities(values))):
            return values
    raise RuntimeError("no recipient was found that nobody has; the ranges of telephone numbers are used up")


def _recipient() -> dict[str, str]:
    (streets, form), phone = secrets.choice(((_US, _phone_us), (_GB, _phone_gb), (_FR, _phone_fr)))
    street, place = secrets.choice(streets)
    first, last = secrets.choice(_FIRST), secrets.choice(_LAST)
    number, flat = secrets.randbelow(1900) + 100, f"{secrets.randbelow(900) + 100}{secrets.choice('ABCDEFGHJK')}"
    values = {
        "name": f"{first} {last}", "address": form.format(n=number, street=street, flat=flat, place=place),
        "phone": phone(),
    }  # fmt: skip
    if settings.CANARY_DOMAIN:
        who = f"{first}.{last}{secrets.randbelow(9000) + 1000}".lower()
        values["email"] = f"{who}@{settings.CANARY_DOMAIN}"
    return values


def _phone_us() -> str:
    return f"+1{secrets.choice(_AREA_CODES)}55501{secrets.randbelow(100):02}"


def _phone_gb() -> str:
    return f"+447700900{secrets.randbelow(1000):03}"


def _phone_fr() -> str:
    return f"+3363998{secrets.randbelow(10_000):04}"


def _entities(values: dict[str, str]) -> list[Entity]:
    return [(kind, values[kind]) for kind in ("address", "phone", "email") if kind in values]


def _like(ref: str) -> str:
    """An order's id that looks like this one and is none that was ever told."""
    found = ref
    for _ in range(_TRIES):
        tail = "".join(str(secrets.randbelow(10)) if c.isdigit() else c for c in ref[-3:])
        found = ref[:-3] + tail
        if found != ref and lookup("order", found) is None:
            return found
    return f"{ref}{secrets.randbelow(900) + 100}"

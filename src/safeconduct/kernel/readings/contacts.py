"""Buyers' contacts by order: masks for everybody who sees the order, clear values only for what was written down first.

A name stands in the sealed envelope of the order and nowhere else; address, telephone and e-mail in the registry of
pseudonyms. The latest that was told counts. Everything here runs in a scope of the engine, whose login alone may read
either.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.kernel.events import bodies
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault.holder import steady_hash
from safeconduct.kernel.vault.pseudonyms import mask, normalise, reveal

#: What there is of a contact, in the order of a label.
CONTACT: Final = ("name", "address", "phone", "email")
_KEYS: Final = ("address", "phone", "email")
_PLACED, _CHANGED = CATALOGUE["order.placed"].code, CATALOGUE["order.changed"].code
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS: Final = 14


@dataclass(frozen=True, slots=True)
class Contact:
    """An order's recipient. ``values``: by the names of `CONTACT`, without what was never told or is erased.
    ``buyer_key``: the pseudonym of the buyer; ``recipient``: the opaque id of the recipient in this shop this week.
    """

    order_key: int
    seller_key: int
    buyer_key: int | None
    values: Mapping[str, str]
    recipient: str = ""


def masked(order_keys: Collection[int], seller_key: int, at: datetime) -> dict[int, Contact]:
    """What anybody who sees these orders of a seller may see of their recipients. Three queries at most."""
    found = {}
    for one in _read(order_keys, seller_key):
        told = {name: mask_of(name, value) for name, value in one.values.items()}
        found[one.order_key] = Contact(
            one.order_key, seller_key, one.buyer_key, told, recipient_id(seller_key, one.values, at)
        )
    return found


def opened(
    order_keys: Collection[int], seller_key: int, fields: Sequence[str], scene: str, actor: Actor, at: datetime,
    batch: str = "",
) -> dict[int, Contact]:  # fmt: skip
    """The recipients of these orders of a seller in clear, these fields only. First it is written down, for each order
    by itself. Who asks answers for the right to see them.
    """
    found = _read(order_keys, seller_key)
    told = [
        Contact(
            one.order_key, seller_key, one.buyer_key,
            {name: one.values[name] for name in CONTACT if name in fields and name in one.values},
            recipient_id(seller_key, one.values, at),
        )
        for one in found
    ]  # fmt: skip
    note(
        [
            Read(scene, tuple(one.values), seller_key, one.order_key, one.buyer_key, batch)
            for one in told if one.values
        ],
        actor, at,
    )  # fmt: skip
    return {one.order_key: one for one in told}


def mask_of(name: str, value: str) -> str:
    """One value of a contact as a mask: enough to tell two apart, not enough to write or call."""
    match name:
        case "name":
            return " ".join(f"{word[0]}…" for word in value.split())
        case "phone":
            digits = normalise("phone", value)
            return f"{digits[:3]}****{digits[-1:]}" if len(digits) > 6 else "****"
        case "address":
            head, _, country = value.rpartition(",")
            return f"…, {country.strip()}" if head and len(country.strip()) <= 20 else "…"
        case _:
            return mask(name, value)


def recipient_id(seller_key: int, values: Mapping[str, str], at: datetime) -> str:
    """An opaque id of the recipient: the same within one shop and ISO week, so that parcels can be put together, and
    another in every other shop and week (security research of 2026-11-23, 2.14). Empty where nothing is known.
    """
    if not any(values.get(name) for name in ("name", "phone", "address")):
        return ""
    year, week, _day = at.isocalendar()
    parts = [
        normalise("email", values.get("name", "")), normalise("phone", values.get("phone", "")),
        normalise("address", values.get("address", "")), f"{year}-W{week:02}", str(seller_key),
    ]  # fmt: skip
    number = int.from_bytes(steady_hash("readings/recipient", "|".join(parts).encode()))
    letters = []
    for _ in range(_LETTERS):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)


def _read(order_keys: Collection[int], seller_key: int) -> list[Contact]:
    """The contacts of those among these orders that are the seller's."""
    rows = query(
        f'SELECT f."order", f.seller, f.buyer, {", ".join(f"f.{name}" for name in _KEYS)}, f.type, e.id'
        " FROM fact f JOIN event e ON e.moment = f.moment"
        ' WHERE f."order" = ANY(%b::bigint[]) AND f.type = ANY(%b::smallint[]) ORDER BY f."order", f.moment',
        [sorted(set(order_keys)), [_PLACED, _CHANGED]],
    ).fetchall()
    came = bodies.read([row[-1] for row in rows if row[-2] == _PLACED and row[1] == seller_key])
    keys: dict[int, dict[str, int]] = {}
    names: dict[int, str] = {}
    buyers: dict[int, int | None] = {}
    for order, seller, buyer, *given, kind, event_id in rows:
        if kind == _PLACED and seller == seller_key:
            buyers[order] = buyer
            told = json.loads(came[event_id])["data"] if event_id in came else {}
            names[order] = str(told.get("recipient") or "").strip()
        if order in buyers:
            latest = {name: key for name, key in zip(_KEYS, given, strict=True) if key is not None}
            keys.setdefault(order, {}).update(latest)
    wanted = {key for of_order in keys.values() for key in of_order.values()}
    clear = {key: value for key, (_kind, value) in reveal(wanted).items()} if wanted else {}
    found = []
    for order, buyer in buyers.items():
        values = {name: clear.get(key, "") for name, key in keys.get(order, {}).items()} | {"name": names[order]}
        found.append(
            Contact(order, seller_key, buyer, {name: values[name] for name in CONTACT if values.get(name)})
        )  # fmt: skip
    return found

"""Sealed bytes: AES-256-GCM under the key of a subject and purpose, bound to where they stand.

Form 2 is a version byte, the number of the data key (8 bytes), a 96-bit random nonce, and the ciphertext with its tag.
Deployment, column, row and subject are authenticated with it, each with its length before it: a ciphertext that is
moved to another row, column, table or subject does not open.

Form 1, which was written before there were data keys, opens still: it is sealed under a key derived from the root key
file, and bound to its purpose and place. `safeconduct vault rotate` seals such values anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.configuration import key_socket
from safeconduct.kernel.vault.errors import KeyGone, Restricted, SealBroken, VaultError
from safeconduct.kernel.vault.framing import framed
from safeconduct.kernel.vault.holder import deployment, holder
from safeconduct.kernel.vault.key_types import DataKey, Item
from safeconduct.kernel.vault.keys import purpose_keys
from safeconduct.kernel.vault.sealed_macs import all_hashed, kind_of

_FORM_1: Final = b"\x01"
FORM_2: Final = b"\x02"
_NONCE: Final = 12
_TAG: Final = 16
#: Version byte and number of the data key.
HEAD: Final = 1 + 8
_HEAD_2: Final = HEAD + _NONCE


@dataclass(frozen=True, slots=True)
class Column:
    """A column of sealed bytes: its name with its table's, for what purpose it is kept, and how form 1 called a place
    of it (`{row}` stands for the row)."""

    name: str
    purpose: str
    place: str = "{row}"


class Place(NamedTuple):
    """One value of a column: the id of its row, and whose it is."""

    row: str
    subject: str


class Sealing(msgspec.Struct, frozen=True, gc=False):
    """A value to seal. ``subject``: where it is another than the key's; ``salt``: seals under the key that is derived
    with it."""

    key: DataKey
    column: Column
    row: str
    plain: bytes
    subject: str = ""
    salt: bytes = b""


class Opening(msgspec.Struct, frozen=True, gc=False):
    """A value of form 2 to open, with its key and, as in `Sealing`, its salt."""

    key: DataKey
    column: Column
    place: Place
    sealed: bytes
    salt: bytes = b""


def seal(column: Column, row: str, subject: str, plain: bytes) -> bytes:
    """Seals bytes for one place, under the key of its subject, which is made where it is new."""
    return seal_many(column, [(Place(row, subject), plain)])[0]


def seal_many(column: Column, values: Sequence[tuple[Place, bytes]]) -> list[bytes]:
    """Seals many values of a column; one statement for all their keys."""
    keys = data_keys.keys_for({(place.subject, column.purpose) for place, _ in values})
    return seal_each(
        [Sealing(keys[place.subject, column.purpose], column, place.row, plain) for place, plain in values]
    )


def seal_with(key: DataKey, column: Column, row: str, plain: bytes) -> bytes:
    """Seals bytes with a key that is at hand already."""
    (sealed,) = holder().seal([Item(key, bound_to(column, row, key.subject), plain)])
    return b"".join((FORM_2, key.id.to_bytes(8, "big"), sealed))


def seal_each(values: Sequence[Sealing]) -> list[bytes]:
    """Seals many values with keys that are at hand already."""
    made = holder().seal(
        [
            Item(one.key, bound_to(one.column, one.row, one.subject or one.key.subject), one.plain, one.salt)
            for one in values
        ]
    )
    return [
        b"".join((FORM_2, one.key.id.to_bytes(8, "big"), sealed))
        for one, sealed in zip(values, made, strict=True)
    ]  # fmt: skip


def unseal(column: Column, row: str, subject: str, sealed: bytes) -> bytes:
    """Opens what was sealed for this place. Raises SealBroken; of these KeyGone where its key was destroyed, and
    Restricted where it is kept for other purposes than that of the moment (`data_keys.reading_for`)."""
    if key_number(sealed) is None:
        return _opened_of_form_1(column, row, sealed)
    return unseal_with(key_of(column, row, sealed), column, Place(row, subject), sealed)


def macs(kind: str, column: Column, place: Place, sealed: bytes, messages: Sequence[bytes]) -> list[bytes]:
    """Keyed hashes of messages under a secret that was sealed for this place (`sealed_macs.KINDS`), which whoever holds
    the keys does not give out. Raises as `unseal` does."""
    if key_number(sealed) is None:
        return all_hashed(kind_of(kind, column.purpose), _opened_of_form_1(column, place.row, sealed), messages)
    return holder().macs(
        kind, Item(key_of(column, place.row, sealed), bound_to(column, *place), sealed[HEAD:]), messages
    )


def unseal_many(column: Column, values: Sequence[tuple[Place, bytes]]) -> list[bytes | None]:
    """Opens many values of a column, with one query; None where the key was destroyed, or is restricted to other
    purposes. Raises SealBroken for what was moved or changed."""
    numbers = [key_number(sealed) for _, sealed in values]
    found = data_keys.find([number for number in numbers if number is not None])
    opened: list[bytes | None] = []
    waiting: list[tuple[int, Opening]] = []
    for number, (place, sealed) in zip(numbers, values, strict=True):
        key = None if number is None else found.get(number)
        if key is not None:
            waiting.append((len(opened), Opening(key, column, place, sealed)))
        opened.append(_opened_of_form_1(column, place.row, sealed) if number is None else None)
    for (at, _), plain in zip(waiting, unseal_each([one for _, one in waiting]), strict=True):
        opened[at] = plain
    return opened


def unseal_with(key: DataKey, column: Column, place: Place, sealed: bytes) -> bytes:
    """Opens form 2 with its key. Raises SealBroken."""
    if key.purpose == column.purpose:
        (plain,) = holder().open([Item(key, bound_to(column, place.row, place.subject), sealed[HEAD:])])
        if plain is not None:
            return plain
    raise SealBroken(f"sealed bytes of {column.name} in {place.row} do not open: moved or changed")


def unseal_each(values: Sequence[Opening]) -> list[bytes]:
    """Opens many values of form 2 with their keys. Raises SealBroken where one does not open."""
    if not values:
        return []
    found = holder().open(
        [Item(one.key, bound_to(one.column, *one.place), one.sealed[HEAD:], one.salt) for one in values]
    )
    opened = []
    for one, plain in zip(values, found, strict=True):
        if plain is None or one.key.purpose != one.column.purpose:
            raise SealBroken(f"sealed bytes of {one.column.name} in {one.place.row} do not open: moved or changed")
        opened.append(plain)
    return opened


def key_number(sealed: bytes) -> int | None:
    """The number of the data key; None for form 1, which has none. Raises SealBroken for what no form ever was."""
    if sealed[:1] == FORM_2 and len(sealed) >= _HEAD_2 + _TAG:
        return int.from_bytes(sealed[1:9], "big")
    if sealed[:1] == _FORM_1 and len(sealed) >= 1 + _NONCE + _TAG:
        return None
    raise SealBroken("sealed bytes of an unknown form, or cut short")


def key_of(column: Column, row: str, sealed: bytes) -> DataKey:
    """The data key of a value of form 2. Raises as `unseal` does."""
    number = key_number(sealed)
    assert number is not None
    found = data_keys.find([number])
    if number not in found:
        raise KeyGone(f"the key of {column.name} in {row} is gone: it was destroyed, or the key store is another one")
    key = found[number]
    if key is None:
        raise Restricted(f"{column.name} in {row} is restricted, and not for this purpose")
    return key


def bound_to(column: Column, row: str, subject: str) -> bytes:
    """What is authenticated with a value of this place."""
    return _head(column.name) + framed(row, subject)


@lru_cache(maxsize=64)
def _head(column: str) -> bytes:
    return framed("safeconduct", deployment(), column)


def _opened_of_form_1(column: Column, row: str, sealed: bytes) -> bytes:
    if key_socket():
        raise VaultError(
            f"{column.name} holds values of an earlier form, which the key process does not open: run"
            " `safeconduct vault rotate --old-values` where the root key file is, without SAFECONDUCT_KEY_SOCKET"
        )
    place = column.place.format(row=row).encode()
    for key in purpose_keys("seal/" + column.purpose):
        with suppress(InvalidTag):
            return AESGCM(key).decrypt(sealed[1:13], sealed[13:], place)
    raise SealBroken(f"sealed bytes of {column.name} in {row} do not open: moved or changed")

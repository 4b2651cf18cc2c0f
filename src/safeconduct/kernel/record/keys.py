"""The keys that sign checkpoints: made, sealed, followed by the next.

A private key is sealed under the root key file; the database alone cannot sign. A new key is vouched for by a note that
its predecessor signed, so that who pinned the first key can follow to the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safeconduct.foundation.signed_note import Signer, VerifierKey, sign
from safeconduct.kernel.record.configuration import origin
from safeconduct.kernel.record.errors import RecordBroken
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.errors import SealBroken
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, key_number, unseal
from safeconduct.kernel.vault.signing import signer, signing_pair

#: Private halves; the row is the key's number.
SECRET: Final = Column("record_secret.sealed", "record key", "record_secret/{row}")
STORED: Final = Stored(
    SECRET,
    "SELECT number, number::text AS place, 'deployment', sealed FROM record_secret WHERE number > %s"
    " AND get_byte(sealed, 0) = 1 ORDER BY number LIMIT %s",
    "UPDATE record_secret t SET sealed = w.sealed FROM unnest(%b::bigint[], %b::bytea[]) AS w(number, sealed)"
    " WHERE t.number = w.number",
    first=0,
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key's public half, its place in the chain, and what its predecessor signed about it (empty for the first)."""

    number: int
    verifier: VerifierKey
    vouched: str
    made_at: datetime


def chain() -> list[Key]:
    """All keys, the first first."""
    rows = query("SELECT number, name, public, vouched, made_at FROM record_key ORDER BY number")
    return [Key(number, VerifierKey(name, bytes(public)), vouched, at) for number, name, public, vouched, at in rows]


@dataclass(frozen=True, slots=True)
class _OfForm1:
    """A key that was sealed before there were data keys."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def signing_key(*, now: datetime) -> tuple[int, str, Signer]:
    """Number, name and private half of the newest key; makes the first one. Inside an engine scope, under its lock."""
    if query("SELECT 1 FROM record_key LIMIT 1").fetchone() is None:
        _add(1, origin(), "", None, now)
    return newest_private()


def newest_private() -> tuple[int, str, Signer]:
    """Number, name and private half of the newest key. Raises RecordBroken where it is not there or does not open."""
    row = query(
        "SELECT k.number, k.name, s.sealed FROM record_key k LEFT JOIN record_secret s ON s.number = k.number"
        " ORDER BY k.number DESC LIMIT 1"
    ).fetchone()
    if row is None or row[2] is None:
        raise RecordBroken("the private half of the newest key is missing")
    return row[0], row[1], _open(row[0], bytes(row[2]))


def add_next(*, now: datetime) -> Key:
    """A new key, vouched for by the present one. Inside an engine scope, under the sequencer's lock."""
    number, name, private = signing_key(now=now)
    return _add(number + 1, name, vouching(name), private, now)


def vouching(name: str) -> str:
    """The first line of what a key signs about its successor; the successor's verifier key follows on the next."""
    return f"the next key of {name} is\n"


def _add(number: int, name: str, words: str, predecessor: Signer | None, now: datetime) -> Key:
    public, sealed = signing_pair(SECRET, str(number), data_keys.DEPLOYMENT)
    verifier = VerifierKey(name, public)
    vouched = "" if predecessor is None else str(sign(f"{words}{verifier}\n", name, predecessor))
    query(
        "INSERT INTO record_key (number, name, public, vouched, made_at) VALUES (%s, %s, %s, %s, %s)",
        [number, name, verifier.public, vouched, now],
    )
    query("INSERT INTO record_secret (number, sealed) VALUES (%s, %s)", [number, sealed])
    return Key(number, verifier, vouched, now)


def _open(number: int, sealed: bytes) -> Signer:
    place = Place(str(number), data_keys.DEPLOYMENT)
    try:
        if key_number(sealed) is None:
            return _OfForm1(Ed25519PrivateKey.from_private_bytes(unseal(SECRET, *place, sealed)))
        return signer(SECRET, place, sealed)
    except SealBroken as problem:
        raise RecordBroken(f"the record's key {number} does not open: {problem}") from None

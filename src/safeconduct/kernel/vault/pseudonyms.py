"""Entities in, numbers out: the registry behind every key in the fact table."""

from __future__ import annotations

import hmac
import os
import secrets
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.scope import engine_statements, query
from safeconduct.kernel.vault import data_keys, root_key_use
from safeconduct.kernel.vault.blinding import Blinded
from safeconduct.kernel.vault.data_keys import DataKey
from safeconduct.kernel.vault.keys import earlier_key, purpose_keys
from safeconduct.kernel.vault.sealing import Column, Place, key_number, seal_with, unseal, unseal_with

#: The values behind pseudonyms; the row is kind and key.
VALUES: Final = Column("pseudonym.sealed", "pseudonym")
#: Kinds that name a shop's own things and no person: their values need no salt, and stay when a person is erased.
IMPERSONAL: Final = frozenset({"order", "seller", "listing", "product", "dispute", "card_bin", "parcel", "payment"})

_by_the_engine: ContextVar[bool] = ContextVar("safeconduct_named_by_the_engine", default=False)

Entity = tuple[str, str]
"""Kind and value, e.g. ("email", "ana@example.org")."""


def normalise(kind: str, value: str) -> str:
    """The spelling under which an entity is recognised.

    Letters are NFKC-folded for e-mail and addresses; addresses lose punctuation and the order of spaces; telephone
    numbers keep digits. Everything else is taken as it is, without surrounding space.
    """
    match kind:
        case "email":
            return unicodedata.normalize("NFKC", value).strip().casefold()
        case "address":
            folded = unicodedata.normalize("NFKD", value).casefold()
            return " ".join("".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c)).split())
        case "phone":
            return "".join(c for c in value if c.isdigit())
        case "bank_account":
            return "".join(value.split()).upper()
        case _:
            return value.strip()


def blind_index(kind: str, value: str) -> bytes:
    """The keyed hash that finds an entity: 128 bits of HMAC-SHA256 over its normalised value."""
    return blind_indexes(kind, value)[0]


def blind_indexes(kind: str, value: str) -> tuple[bytes, ...]:
    """What finds an entity under each root key there is, that in use first: its row has one of them."""
    return tuple(_blind(key, kind, value) for key in purpose_keys("blind/" + kind))


def blind_index_before(kind: str, value: str) -> bytes | None:
    """What found an entity under the root key that is being retired; None where none is."""
    key = earlier_key("blind/" + kind)
    return None if key is None else _blind(key, kind, value)


def _blind(key: bytes, kind: str, value: str) -> bytes:
    return hmac.digest(key, normalise(kind, value).encode(), "sha256")[:16]


def register(entities: Collection[Entity]) -> dict[Entity, int]:
    """The key of each entity, made where it is new. At most three round trips, whatever the number of entities.

    The caller may `remember` them when its own transaction is durable; before, even what others have committed may be
    lost with the database. Raises StaleRootKey where this process's root key file is not that of the database.
    """
    found = remembered(entities)
    unknown = {entity: blind_indexes(*entity) for entity in entities if entity not in found}
    if not unknown:
        return found
    committed = _known(unknown)
    fresh = {(kind, blinds[0]): value for (kind, value), blinds in unknown.items() if (kind, value) not in committed}
    if fresh:
        made = _insert(fresh)
        committed |= {e: made[e[0], blinds[0]] for e, blinds in unknown.items() if (e[0], blinds[0]) in made}
        # Another transaction may have been faster with some.
        missing = {entity: blinds for entity, blinds in unknown.items() if entity not in committed}
        if missing:
            committed |= _known(missing)
            if any(entity not in committed for entity in missing):
                root_key_use.check()
    return found | committed


@contextmanager
def named_by_the_engine() -> Iterator[None]:
    """In a scope that has no right to the registry, such as a seller's: what is looked up and revealed inside is asked
    of it by the engine. The caller answers for showing names only of rows that the scope sees."""
    token = _by_the_engine.set(True)
    try:
        yield
    finally:
        _by_the_engine.reset(token)


def _ask(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with engine_statements() if _by_the_engine.get() else nullcontext():
        return query(statement, parameters).fetchall()


def lookup(kind: str, value: str) -> int | None:
    """The key of an entity that has been seen, or None. Registers nothing."""
    return lookup_many([(kind, value)]).get((kind, value))


def lookup_many(entities: Collection[Entity]) -> dict[Entity, int]:
    """The keys of those entities that have been seen, in one round trip. Registers nothing."""
    return _known({entity: blind_indexes(*entity) for entity in entities})


def _known(wanted: Mapping[Entity, tuple[bytes, ...]]) -> dict[Entity, int]:
    rows = _find({(kind, blind) for (kind, _), blinds in wanted.items() for blind in blinds})
    return {
        (kind, value): rows[kind, blind]
        for (kind, value), blinds in wanted.items() for blind in blinds if (kind, blind) in rows
    }  # fmt: skip


def reveal(keys: Iterable[int]) -> dict[int, Entity]:
    """Kind and value behind keys, without those that were erased, or are restricted to other purposes than that of the
    moment. The caller answers for having the right to see them."""
    rows = _ask(
        "SELECT p.key, p.entity, p.sealed, s.salt, s.restricted_to FROM pseudonym p LEFT JOIN vault_salt s"
        " ON s.key = p.key WHERE p.key = ANY(%s)",
        [sorted(set(keys))],
    )
    found = {}
    for key, entity, sealed, salt, restricted_to in rows:
        if data_keys.may_read(restricted_to):
            value = _value(key, entity, bytes(sealed), salt)
            if value is not None:
                found[key] = (entity, value)
    return found


def reseal_rows(rows: Sequence[tuple[int, str, bytes]]) -> list[tuple[int, bytes, bytes]]:
    """Values of form 1, sealed as they are today: key, sealed value and salt (empty for impersonal kinds)."""
    made = []
    for key, entity, sealed in rows:
        salt = _fresh_salt(entity)
        plain = unseal(VALUES, f"{entity}/{key}", _subject(key), sealed)
        made.append((key, seal_with(_value_key(key, entity, salt), VALUES, f"{entity}/{key}", plain), salt))
    return made


def blinds_of(keys: Sequence[int]) -> dict[int, bytes]:
    """What finds these entities under the root key in use, made from their values; nothing for one whose salt is
    gone. In a scope of the owner or the engine."""
    rows = query(
        "SELECT p.key, p.entity, p.sealed, s.salt FROM pseudonym p LEFT JOIN vault_salt s ON s.key = p.key"
        " WHERE p.key = ANY(%b::bigint[])",
        [list(keys)],
    ).fetchall()
    values = {key: (entity, _value(key, entity, bytes(sealed), salt)) for key, entity, sealed, salt in rows}
    return {key: blind_index(entity, value) for key, (entity, value) in values.items() if value is not None}


#: How the registry's blind indexes follow another root key.
BLINDED: Final = Blinded("pseudonym", "key", "bigint", -1, blinds_of)


def _value(key: int, entity: str, sealed: bytes, salt: bytes | None) -> str | None:
    """The value; None where its salt was destroyed."""
    row = f"{entity}/{key}"
    if key_number(sealed) is None:
        return unseal(VALUES, row, _subject(key), sealed).decode()
    if salt is None and entity not in IMPERSONAL:
        return None
    opener = _value_key(key, entity, bytes(salt or b""))
    return unseal_with(opener, VALUES, Place(row, _subject(key)), sealed).decode()


def _value_key(key: int, entity: str, salt: bytes) -> DataKey:
    """The key of one value: derived from that of all pseudonyms and the value's own salt (HMAC-SHA256 as a key
    derivation in one step, NIST SP 800-56C section 4); without a salt, that of all."""
    whole = data_keys.standing("pseudonyms", VALUES.purpose)
    if not salt:
        return DataKey(whole.id, _subject(key), whole.purpose, whole.secret, whole.cipher)
    # Salt and number have a fixed length, so that no two values are told alike.
    secret = hmac.digest(whole.secret, salt + key.to_bytes(8, "big") + entity.encode(), "sha256")
    return DataKey(whole.id, _subject(key), whole.purpose, secret, AESGCM(secret))


def _fresh_salt(entity: str) -> bytes:
    return b"" if entity in IMPERSONAL else os.urandom(_SALT_BYTES)


def _subject(key: int) -> str:
    return f"entity/{key}"


def mask(kind: str, value: str) -> str:
    """What a person may see of a value without a reason to see all of it."""
    match kind:
        case "email":
            name, _, domain = value.partition("@")
            return f"{name[:1]}…@{domain}" if domain else f"{name[:1]}…"
        case "ip":
            head = value.split(":")[0] if ":" in value else ".".join(value.split(".")[:2])
            return f"{head}…"
        case "order" | "seller" | "listing" | "product" | "dispute" | "card_bin" | "parcel" | "payment":
            return value
        case _:
            return f"…{value[-4:]}" if len(value) > 6 else "…"


_INSERT: Final = (
    """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%b::text[], %b::bytea[], %b::bytea[], %b::bigint[], %b::bytea[], %b::bytea[])
        AS g(entity, blind, blind_before, key, sealed, salt)
), made AS (
    INSERT INTO pseudonym (entity, blind, blind_before, key, sealed)
    SELECT entity, blind, nullif(blind_before, ''), key, sealed FROM given
    WHERE NOT EXISTS (SELECT FROM root_key_use WHERE """
    + root_key_use.STALE
    + """)
    ON CONFLICT DO NOTHING RETURNING entity, blind, key
), salted AS (
    INSERT INTO vault_salt (key, salt) SELECT key, salt FROM given JOIN made USING (key) WHERE salt <> ''
)
SELECT entity, blind, key FROM made
"""
)


def _find(blinds: set[tuple[str, bytes]]) -> dict[tuple[str, bytes], int]:
    pairs = sorted(blinds)
    if not pairs:
        return {}
    rows = _ask(
        "SELECT p.entity, p.blind, p.key FROM unnest(%b::text[], %b::bytea[]) AS w(entity, blind)"
        " JOIN pseudonym p ON p.entity = w.entity AND p.blind = w.blind",
        [[kind for kind, _ in pairs], [blind for _, blind in pairs]],
    )
    return {(kind, bytes(blind)): key for kind, blind, key in rows}


def _insert(fresh: Mapping[tuple[str, bytes], str]) -> dict[tuple[str, bytes], int]:
    # Sorted, so that two batches that meet the same new card wait for each other instead of deadlocking.
    pairs = sorted(fresh)
    keys = [secrets.randbits(63) for _ in pairs]
    salts = [_fresh_salt(kind) for kind, _ in pairs]
    sealed = [
        seal_with(_value_key(key, kind, salt), VALUES, f"{kind}/{key}", fresh[kind, blind].encode())
        for (kind, blind), key, salt in zip(pairs, keys, salts, strict=True)
    ]
    before = [blind_index_before(kind, fresh[kind, blind]) or b"" for kind, blind in pairs]
    rows = query(
        _INSERT,
        [
            [kind for kind, _ in pairs], [blind for _, blind in pairs], before, keys, sealed, salts,
            *root_key_use.known(),
        ],
    )  # fmt: skip
    return {(kind, bytes(blind)): key for kind, blind, key in rows}


def remembered(entities: Collection[Entity]) -> dict[Entity, int]:
    """Those of the entities whose keys this process knows without asking."""
    if time.monotonic() - _memory.since > _MEMORY_S or len(_memory.keys) > _MEMORY_ENTITIES:
        forget()
    known = _memory.keys
    return {entity: known[entity] for entity in entities if entity in known}


def remember(committed: Mapping[Entity, int]) -> None:
    """Entities whose rows are durable need not be looked for again by this process."""
    _memory.keys.update(committed)


def forget() -> None:
    """Drops what this process remembers: after an erasure, a process may still link an entity for `_MEMORY_S`."""
    _memory.since = time.monotonic()
    _memory.keys = {}


@dataclass(slots=True)
class _Memory:
    since: float
    keys: dict[Entity, int]


_SALT_BYTES: Final = 16
_MEMORY_S = 300.0
_MEMORY_ENTITIES = 200_000
_memory = _Memory(0.0, {})

"""Entities in, numbers out: the registry behind every key in the fact table."""

from __future__ import annotations

import os
import secrets
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from safeconduct.kernel.scope import engine_statements, query
from safeconduct.kernel.vault import data_keys, root_key_use
from safeconduct.kernel.vault.blinding import Blinded
from safeconduct.kernel.vault.data_keys import may_read
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import Roots
from safeconduct.kernel.vault.sealing import (
    Column,
    Opening,
    Place,
    Sealing,
    key_number,
    seal_each,
    unseal,
    unseal_each,
)

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
    return blind_indexes([(kind, value)])[0][kind, value][0]


def blind_indexes(entities: Sequence[Entity]) -> tuple[dict[Entity, tuple[bytes, ...]], Roots]:
    """What finds each entity under each root key there is, that in use first, and an earlier one last: its row has one
    of them. And which keys those are."""
    found = holder().hashes([("blind/" + kind, normalise(kind, value).encode()) for kind, value in entities])
    if len(found.roots.names) == 1:
        return {entity: (digest[:16],) for entity, (digest,) in zip(entities, found.digests, strict=True)}, found.roots
    return {
        entity: tuple([digest[:16] for digest in digests])
        for entity, digests in zip(entities, found.digests, strict=True)
    }, found.roots


def register(entities: Collection[Entity]) -> dict[Entity, int]:
    """The key of each entity, made where it is new. At most three round trips, whatever the number of entities.

    The caller may `remember` them when its own transaction is durable; before, even what others have committed may be
    lost with the database. Raises StaleRootKey where this process's root key file is not that of the database.
    """
    found = remembered(entities)
    new = [entity for entity in dict.fromkeys(entities) if entity not in found]
    if not new:
        return found
    unknown, roots = blind_indexes(new)
    committed = _known(unknown)
    fresh = {(e[0], blinds[0]): (e[1], blinds) for e, blinds in unknown.items() if e not in committed}
    if fresh:
        made = _insert(fresh, roots)
        committed |= {e: made[e[0], blinds[0]] for e, blinds in unknown.items() if (e[0], blinds[0]) in made}
        # Another transaction may have been faster with some.
        missing = {entity: blinds for entity, blinds in unknown.items() if entity not in committed}
        if missing:
            committed |= _known(missing)
            if any(entity not in committed for entity in missing):
                root_key_use.check(roots)
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
    return _known(blind_indexes(list(entities))[0])


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
    return _values([(key, entity, bytes(sealed), salt) for key, entity, sealed, salt, kept in rows if may_read(kept)])


def reseal_rows(rows: Sequence[tuple[int, str, bytes]]) -> list[tuple[int, bytes, bytes]]:
    """Values of form 1, sealed as they are today: key, sealed value and salt (empty for impersonal kinds)."""
    salts = [_fresh_salt(entity) for _, entity, _ in rows]
    sealed = _sealed(
        [
            (key, entity, unseal(VALUES, f"{entity}/{key}", _subject(key), old), salt)
            for (key, entity, old), salt in zip(rows, salts, strict=True)
        ]
    )
    return [(key, made, salt) for (key, _, _), made, salt in zip(rows, sealed, salts, strict=True)]


def blinds_of(keys: Sequence[int]) -> dict[int, bytes]:
    """What finds these entities under the root key in use, made from their values; nothing for one whose salt is
    gone. In a scope of the owner or the engine."""
    rows = query(
        "SELECT p.key, p.entity, p.sealed, s.salt FROM pseudonym p LEFT JOIN vault_salt s ON s.key = p.key"
        " WHERE p.key = ANY(%b::bigint[])",
        [list(keys)],
    ).fetchall()
    values = _values([(key, entity, bytes(sealed), salt) for key, entity, sealed, salt in rows])
    blinds, _roots = blind_indexes(list(values.values()))
    return {key: blinds[entity][0] for key, entity in values.items()}


#: How the registry's blind indexes follow another root key.
BLINDED: Final = Blinded("pseudonym", "key", "bigint", -1, blinds_of)


def _values(rows: Sequence[tuple[int, str, bytes, bytes | None]]) -> dict[int, Entity]:
    """Kind and value of rows (key, kind, sealed value, salt), without those whose salt was destroyed."""
    found: dict[int, Entity] = {}
    sealed = []
    for key, entity, value, salt in rows:
        if key_number(value) is None:
            found[key] = (entity, unseal(VALUES, f"{entity}/{key}", _subject(key), value).decode())
        elif salt is not None or entity in IMPERSONAL:
            sealed.append((key, entity, value, bytes(salt or b"")))
    if sealed:
        whole = _whole()
        opened = unseal_each(
            [
                Opening(whole, VALUES, Place(f"{entity}/{key}", _subject(key)), value, _salted(key, entity, salt))
                for key, entity, value, salt in sealed
            ]
        )
        found |= {key: (entity, plain.decode()) for (key, entity, _, _), plain in zip(sealed, opened, strict=True)}
    return found


def _sealed(values: Sequence[tuple[int, str, bytes, bytes]]) -> list[bytes]:
    """Values (key, kind, value, salt), sealed."""
    whole = _whole()
    return seal_each(
        [
            Sealing(whole, VALUES, f"{entity}/{key}", plain, _subject(key), _salted(key, entity, salt))
            for key, entity, plain, salt in values
        ]
    )


def _whole() -> data_keys.DataKey:
    """The key of all pseudonyms; that of one value is derived from it and the value's own salt."""
    return data_keys.standing("pseudonyms", VALUES.purpose)


def _salted(key: int, entity: str, salt: bytes) -> bytes:
    """Salt and number have a fixed length, so that no two values are told alike. Without a salt, none: the value is
    sealed under the key of all."""
    return salt and salt + key.to_bytes(8, "big") + entity.encode()


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


def _insert(
    fresh: Mapping[tuple[str, bytes], tuple[str, tuple[bytes, ...]]], roots: Roots
) -> dict[tuple[str, bytes], int]:
    # Sorted, so that two batches that meet the same new card wait for each other instead of deadlocking.
    pairs = sorted(fresh)
    keys = [secrets.randbits(63) for _ in pairs]
    salts = [_fresh_salt(kind) for kind, _ in pairs]
    sealed = _sealed(
        [
            (key, kind, fresh[kind, blind][0].encode(), salt)
            for (kind, blind), key, salt in zip(pairs, keys, salts, strict=True)
        ]
    )
    before = [b"" if roots.earlier is None else fresh[pair][1][-1] for pair in pairs]
    rows = query(
        _INSERT,
        [
            [kind for kind, _ in pairs], [blind for _, blind in pairs], before, keys, sealed, salts,
            *root_key_use.known(roots),
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

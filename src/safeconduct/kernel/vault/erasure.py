"""Destroying keys, and the grounds that keep them: the key store's half of an erasure.

`kernel.record.receipts.erase` is the verb for others: it calls this, signs a receipt and writes a line of the record.

A *ground* says why data of a subject must be kept for a purpose until a date, and for whom. It changes nothing until
erasure is asked for; from then on only its readers open the data, and it is destroyed by itself when the last ground
has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.scope import Actor, after_commit, query
from safeconduct.kernel.vault import pseudonyms
from safeconduct.kernel.vault.data_keys import Owner
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import holder

#: Subjects in one call: the receipt that names them stays readable, and the transaction short.
MOST: Final = 2_000
_ENTITY: Final = "entity/"


@dataclass(frozen=True, slots=True)
class Kept:
    """Why data must be kept, until when, and which purposes may open it from the day its erasure was asked for.

    ``basis``: the law or the claim, as the receipt says it: no personal data.
    """

    subject: str
    purpose: str
    basis: str
    until: datetime
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A key that is gone: its number, and what it was for. With the number it is destroyed again after a restore."""

    subject: str
    purpose: str
    key: int


@dataclass(frozen=True, slots=True)
class Parted:
    """What became of the keys that were to go: destroyed, or kept and why."""

    destroyed: list[Destroyed] = field(default_factory=list)
    stays: list[Kept] = field(default_factory=list)


def keep_until(grounds: Sequence[Kept], actor: Actor, *, at: datetime) -> None:
    """Writes grounds down, in an engine scope. One that is there already is moved to the later of both dates.

    Raises VaultError where a ground has no basis, or has ended already.
    """
    for ground in grounds:
        if not ground.basis.strip() or ground.until <= at:
            raise VaultError(f"a ground for {ground.subject} needs a basis and a date to come")
    one = {(g.subject, g.purpose, g.basis): g for g in sorted(grounds, key=lambda g: g.until)}
    ordered = [one[key] for key in sorted(one)]
    if ordered:
        query(
            "INSERT INTO vault_ground AS v (id, subject, purpose, basis, until, readers, made_at, made_by)"
            " SELECT g.id, g.subject, g.purpose, g.basis, g.until, string_to_array(g.readers, ','), %s, %s"
            " FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::text[])"
            " AS g(id, subject, purpose, basis, until, readers)"
            " ON CONFLICT (subject, purpose, basis) WHERE ended_at IS NULL DO UPDATE"
            " SET until = greatest(v.until, excluded.until), readers = excluded.readers",
            [
                at, actor.id, [new_id("grd") for _ in ordered], [g.subject for g in ordered],
                [g.purpose for g in ordered], [g.basis for g in ordered], [g.until for g in ordered],
                [",".join(g.readers) for g in ordered],
            ],
        )  # fmt: skip
        _reschedule({(g.subject, g.purpose) for g in ordered}, at)


def end_grounds(owners: Collection[Owner], basis: str, *, at: datetime) -> int:
    """Ends grounds before their date: the claim is closed, the hold was lifted. How many there were. Data whose erasure
    was asked for goes with the next `due` where nothing else keeps it. In an engine scope."""
    ordered = sorted(set(owners))
    ended: list[tuple[str, str]] = query(
        "UPDATE vault_ground v SET ended_at = %s FROM unnest(%b::text[], %b::text[]) AS o(subject, purpose)"
        " WHERE v.subject = o.subject AND v.purpose = o.purpose AND v.basis = %s AND v.ended_at IS NULL"
        " RETURNING v.subject, v.purpose",
        [at, [subject for subject, _ in ordered], [purpose for _, purpose in ordered], basis],
    ).fetchall()
    if ended:
        _reschedule(set(ended), at)
    return len(ended)


def grounds_of(subjects: Collection[str], at: datetime) -> dict[Owner, list[Kept]]:
    """The grounds in force, by subject and purpose. One query."""
    found: dict[Owner, list[Kept]] = {}
    rows = query(
        "SELECT subject, purpose, basis, until, readers FROM vault_ground"
        " WHERE subject = ANY(%b::text[]) AND ended_at IS NULL AND until > %b ORDER BY until, basis",
        [sorted(set(subjects)), at],
    )
    for subject, purpose, basis, until, readers in rows:
        found.setdefault((subject, purpose), []).append(Kept(subject, purpose, basis, until, tuple(readers)))
    return found


def part(subjects: Collection[str], purposes: Collection[str] | None, *, at: datetime) -> Parted:
    """Destroys the keys of these subjects and purposes (None: all) that nothing keeps, and restricts the others.

    In an engine scope; a subject without a key is no error. Raises VaultError above `MOST` subjects.
    """
    if len(set(subjects)) > MOST:
        raise VaultError(f"at most {MOST} subjects are erased at once; erase them in parts")
    kept = grounds_of(subjects, at)
    there = _locked(sorted(set(subjects)), purposes)
    return _parted(there, kept)


def due(at: datetime, *, limit: int = 500) -> Parted:
    """Destroys what was restricted until now. In an engine scope; the caller repeats while there is something."""
    keys = query(
        "SELECT id, subject, purpose FROM vault_key WHERE erase_at <= %s ORDER BY erase_at, id LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        [at, limit],
    ).fetchall()
    salts = query(
        "SELECT key FROM vault_salt WHERE erase_at <= %s ORDER BY erase_at, key LIMIT %s FOR UPDATE SKIP LOCKED",
        [at, limit],
    ).fetchall()
    there = [Destroyed(subject, purpose, key) for key, subject, purpose in keys]
    there += [Destroyed(f"{_ENTITY}{key}", pseudonyms.VALUES.purpose, key) for (key,) in salts]
    return _parted(there, grounds_of([one.subject for one in there], at))


def destroy(gone: Sequence[Destroyed]) -> int:
    """Destroys keys by their numbers, whatever keeps them: they were destroyed before, and a restore brought them back.
    Returns how many were there. In an engine scope."""
    keys, entities = _numbers(gone)
    found = query("DELETE FROM vault_key WHERE id = ANY(%b::bigint[])", [keys]).rowcount if keys else 0
    if keys:
        after_commit(partial(holder().destroyed, keys))
    if entities:
        found += query("DELETE FROM vault_salt WHERE key = ANY(%b::bigint[])", [entities]).rowcount
        # The row as well: its blind index would still find the person for whoever has the key of it.
        query("DELETE FROM pseudonym WHERE key = ANY(%b::bigint[])", [entities])
        pseudonyms.forget()
    return found


def _locked(subjects: Sequence[str], purposes: Collection[str] | None) -> list[Destroyed]:
    rows = query(
        "SELECT id, subject, purpose FROM vault_key WHERE subject = ANY(%b::text[])"
        " AND (%b::text[] IS NULL OR purpose = ANY(%b::text[])) ORDER BY subject, purpose FOR UPDATE",
        [subjects, *[None if purposes is None else sorted(purposes)] * 2],
    ).fetchall()
    there = [Destroyed(subject, purpose, key) for key, subject, purpose in rows]
    if purposes is None or pseudonyms.VALUES.purpose in purposes:
        wanted = [int(tail) for tail in (s.removeprefix(_ENTITY) for s in subjects if s.startswith(_ENTITY)) if
                  tail.isdecimal()]  # fmt: skip
        rows = query(
            "SELECT p.key FROM pseudonym p LEFT JOIN vault_salt s USING (key) WHERE p.key = ANY(%b::bigint[])"
            " AND (s.key IS NOT NULL OR p.entity <> ALL(%b::text[])) ORDER BY p.key FOR UPDATE OF p",
            [wanted, sorted(pseudonyms.IMPERSONAL)],
        ).fetchall()
        there += [Destroyed(f"{_ENTITY}{key}", pseudonyms.VALUES.purpose, key) for (key,) in rows]
    return there


def _parted(there: Sequence[Destroyed], kept: Mapping[Owner, list[Kept]]) -> Parted:
    parted = Parted()
    held = []
    for one in there:
        grounds = kept.get((one.subject, one.purpose))
        if grounds:
            held.append(one)
            parted.stays.extend(grounds)
        else:
            parted.destroyed.append(one)
    destroy(parted.destroyed)
    _restrict(held, kept)
    return parted


def _restrict(held: Sequence[Destroyed], kept: Mapping[Owner, list[Kept]]) -> None:
    for table, column, entities in (("vault_key", "id", False), ("vault_salt", "key", True)):
        mine = [one for one in held if one.subject.startswith(_ENTITY) is entities]
        if mine:
            grounds = [kept[one.subject, one.purpose] for one in mine]
            query(
                f"UPDATE {table} AS t SET erase_at = w.until, restricted_to = string_to_array(w.readers, ',')"
                " FROM unnest(%b::bigint[], %b::timestamptz[], %b::text[]) AS w(key, until, readers)"
                f" WHERE t.{column} = w.key",
                [
                    [one.key for one in mine], [max(g.until for g in those) for those in grounds],
                    [",".join(sorted({reader for g in those for reader in g.readers})) for those in grounds],
                ],
            )  # fmt: skip


def _reschedule(owners: Collection[Owner], at: datetime) -> None:
    """Grounds have changed: what is restricted already gets its new end, which is now where nothing keeps it."""
    waiting = [one for one in _restricted([subject for subject, _ in owners]) if (one.subject, one.purpose) in owners]
    kept = grounds_of([one.subject for one in waiting], at)
    _restrict(waiting, {(o.subject, o.purpose): kept.get((o.subject, o.purpose)) or [_nothing(o, at)] for o in waiting})


def _restricted(subjects: Sequence[str]) -> list[Destroyed]:
    rows: list[tuple[Any, ...]] = query(
        "SELECT id, subject, purpose FROM vault_key WHERE subject = ANY(%b::text[]) AND erase_at IS NOT NULL"
        " UNION ALL SELECT key, 'entity/' || key, %s FROM vault_salt"
        " WHERE 'entity/' || key = ANY(%b::text[]) AND erase_at IS NOT NULL",
        [list(subjects), pseudonyms.VALUES.purpose, list(subjects)],
    ).fetchall()
    return [Destroyed(subject, purpose, key) for key, subject, purpose in rows]


def _nothing(one: Destroyed, at: datetime) -> Kept:
    return Kept(one.subject, one.purpose, "", at)


def _numbers(gone: Sequence[Destroyed]) -> tuple[list[int], list[int]]:
    keys = [one.key for one in gone if not one.subject.startswith(_ENTITY)]
    return keys, [one.key for one in gone if one.subject.startswith(_ENTITY)]

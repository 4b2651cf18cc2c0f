"""Files that an operator has downloaded become parts of a pack, after they were looked through.

Taken are MaxMind-DB files, CSV with a header line that names `network` and any of country, asn, latitude and longitude
and the kinds of hidden networks, and plain lists of hidden networks, a network or address a line. `.gz` is unpacked.
"""

from __future__ import annotations

import csv
import fcntl
import gzip
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final, cast

import maxminddb

from safeconduct.foundation.ip_pack.facts import HIDDEN_KINDS, IpFacts, facts_of_record
from safeconduct.foundation.ip_pack.pack import ASN, COORDINATES, COUNTRY, HIDDEN, Pack, Part, read_list, write_list
from safeconduct.foundation.ip_pack.ranges import range_of, write

#: So many networks of a MaxMind-DB file are looked at to see what it knows; its own marks guard the whole of it.
SAMPLE: Final = 5_000
#: A table in memory takes about 200 bytes a line; whoever has more uses a MaxMind-DB file.
MOST_LINES: Final = 5_000_000
MOST_BYTES: Final = 4 << 30
PARTS: Final = 20
_CHUNK: Final = 1 << 20
_FRESH: Final = "new-"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_COLUMNS: Final = frozenset({"country", "asn", "latitude", "longitude", *HIDDEN_KINDS})
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})


class ImportRefused(ValueError):
    """A file does not become a part; the message names the line or field, and the way out."""


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says about a file. ``made_on``: the day of its data, None to take the file's own; ``lists``: the
    kind of hidden network that a file without columns lists."""

    file: Path
    name: str = ""
    made_on: date | None = None
    licence: str = ""
    lists: str = ""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a file was found to be."""

    name: str
    made_on: date
    knows: tuple[str, ...]
    networks: int | None
    licence: str = ""


def add(folder: Path, given: Given, *, at: datetime) -> tuple[Part, Pack]:
    """Imports a file; a part of the same name is replaced. Returns the part, and the pack as it is now.

    Raises ImportRefused; then the pack is as it was. PackBroken where what is there cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = read_list(folder)
        with NamedTemporaryFile(dir=folder, prefix=_FRESH, delete=False) as fresh:
            looked = _look_through(given, fresh)
            fresh.flush()
            os.fsync(fresh.fileno())
            fresh.seek(0)
            sha256 = hashlib.file_digest(fresh, "sha256").hexdigest()
        part = _part(given, looked, sha256, at)
        parts = (part, *(other for other in before if other.name != part.name))
        if len(parts) > PARTS:
            raise ImportRefused(f"the pack has {PARTS} parts; remove one first")
        Path(fresh.name).chmod(0o644)
        os.replace(fresh.name, folder / part.file)
        pack = Pack(folder, parts)  # opened before it is named: what cannot be read replaces nothing
        write_list(folder, parts)
    return part, pack


def remove(folder: Path, name: str) -> tuple[Part, ...]:
    """Takes a part out; returns those that stay. Raises ImportRefused where there is none of this name."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = read_list(folder)
        parts = tuple(part for part in before if part.name != name)
        if len(parts) == len(before):
            there = ", ".join(part.name for part in before) or "no parts"
            raise ImportRefused(f"there is no part {name!r}; there are {there}")
        write_list(folder, parts)
    return parts


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One import at a time; whatever one leaves behind that was refused or killed is taken out."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            for left in folder.glob(f"{_FRESH}*"):
                left.unlink(missing_ok=True)


def _part(given: Given, looked: _Looked, sha256: str, at: datetime) -> Part:
    name, made_on = given.name or looked.name, given.made_on or looked.made_on
    if not _NAME.fullmatch(name):
        raise ImportRefused(f"the name {name!r} is none: small letters, digits, dots and dashes, at most 40 (--name)")
    if made_on > at.date():
        raise ImportRefused(f"the data are of {made_on}, which is still to come; give their day (--date)")
    return Part(
        name, f"part-{name}-{sha256[:12]}.{'mmdb' if _is_mmdb(given.file) else 'ranges'}", looked.knows,
        given.file.name, made_on, given.licence or looked.licence or "not stated", sha256, at, looked.networks,
    )  # fmt: skip


def _look_through(given: Given, out: IO[bytes]) -> _Looked:
    try:
        if _is_mmdb(given.file):
            return _mmdb(given, out)
        return _table(given, out)
    except (OSError, EOFError) as problem:
        raise ImportRefused(f"{given.file} cannot be read: {problem}") from problem
    except UnicodeDecodeError as problem:
        raise ImportRefused(f"{given.file} is neither a MaxMind-DB file (.mmdb) nor a text in UTF-8") from problem


def _is_mmdb(file: Path) -> bool:
    return file.name.removesuffix(".gz").endswith(".mmdb")


def _binary(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb"))


def _stem(file: Path) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", file.name.removesuffix(".gz").rpartition(".")[0].lower()).strip("-.")[:40]


def _mmdb(given: Given, out: IO[bytes]) -> _Looked:
    if given.lists:
        raise ImportRefused("--lists is for plain lists; a MaxMind-DB file says itself what it lists")
    copied = 0
    with _binary(given.file) as source:
        while chunk := source.read(_CHUNK):
            copied += len(chunk)
            if copied > MOST_BYTES:
                raise ImportRefused(f"{given.file} is larger than {MOST_BYTES >> 30} GiB")
            out.write(chunk)
    out.flush()
    try:
        with maxminddb.open_database(out.name) as reader:
            metadata = reader.metadata()
            said = [facts_of_record(one) for _, one in islice(reader, SAMPLE) if isinstance(one, dict)]
    except (maxminddb.InvalidDatabaseError, ValueError) as problem:
        raise ImportRefused(f"{given.file} is no whole MaxMind-DB file: {problem}; download it anew") from problem
    return _Looked(
        re.sub(r"[^a-z0-9.]+", "-", metadata.database_type.lower()).strip("-.")[:40] or _stem(given.file),
        datetime.fromtimestamp(metadata.build_epoch, UTC).date(), _knows(said, given.file), None,
        str((metadata.description or {}).get("en", ""))[:200],
    )  # fmt: skip


def _knows(said: Sequence[IpFacts], file: Path) -> tuple[str, ...]:
    found = {
        COUNTRY: any(one.country is not None for one in said),
        ASN: any(one.asn is not None for one in said),
        COORDINATES: any(one.coordinates is not None for one in said),
        HIDDEN: any(one.hidden is not None for one in said),
    }
    knows = tuple(what for what, known in found.items() if known)
    if not knows:
        raise ImportRefused(f"{file} knows neither countries nor networks (ASN), coordinates or hidden networks")
    return knows


def _table(given: Given, out: IO[bytes]) -> _Looked:
    values: dict[tuple[tuple[str, Any], ...], int] = {}
    ranges: dict[tuple[int, int], int] = {}
    with _binary(given.file) as source:
        lines = (raw.decode("utf-8-sig" if n == 0 else "utf-8").rstrip("\r\n") for n, raw in enumerate(source))
        for number, first, last, value in _plain(lines, given) if given.lists else _columns(lines, given):
            place = values.setdefault(tuple(value.items()), len(values))
            if ranges.setdefault((first, last), place) != place:
                raise ImportRefused(f"{given.file}, line {number}: this network stood there before, with other values")
            if len(ranges) > MOST_LINES:
                raise ImportRefused(f"{given.file} has more than {MOST_LINES:,} networks; use a MaxMind-DB file")
    if not ranges:
        raise ImportRefused(f"{given.file} has no networks")
    records = [dict(value) for value in values]
    knows = _knows([facts_of_record(one) for one in records], given.file)
    count = write([(first, last, place) for (first, last), place in ranges.items()], records, out)
    written_on = datetime.fromtimestamp(given.file.stat().st_mtime, UTC).date()
    return _Looked(_stem(given.file), written_on, knows, count)


Row = tuple[int, int, int, dict[str, Any]]
"""Number of the line, first and last address, what is said."""


def _plain(lines: Iterator[str], given: Given) -> Iterator[Row]:
    if given.lists not in HIDDEN_KINDS:
        raise ImportRefused(f"--lists {given.lists!r}: it can be {', '.join(HIDDEN_KINDS)}")
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            yield (number, *_range(text, given.file, number), {given.lists: True})


def _columns(lines: Iterator[str], given: Given) -> Iterator[Row]:
    reader = csv.DictReader(lines)
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    if "network" not in names or not _COLUMNS & set(names):
        raise ImportRefused(
            f"{given.file}: the first line must name the columns: network, and any of {', '.join(sorted(_COLUMNS))}; "
            f"for a plain list of networks say what it lists (--lists {' | '.join(HIDDEN_KINDS)})"
        )
    try:
        for row in reader:
            number = reader.line_num
            first, last = _range((row["network"] or "").strip(), given.file, number)
            yield number, first, last, _values(row, given.file, number)
    except csv.Error as problem:
        raise ImportRefused(f"{given.file}, line {reader.line_num}: {problem}") from problem


def _values(row: dict[str, str | None], file: Path, number: int) -> dict[str, Any]:
    said: dict[str, Any] = {}
    given = {name: (row.get(name) or "").strip() for name in _COLUMNS if name in row}
    for name in HIDDEN_KINDS:
        word = given.get(name, "").lower()
        if word not in _TRUE | _FALSE:
            raise ImportRefused(f"{file}, line {number}: {name} is {word!r}; it can be 1 or 0, or empty")
        if name in given:
            said[name] = word in _TRUE
    for name in ("country", "asn", "latitude", "longitude"):
        if given.get(name):
            said[name] = given[name]
    facts = facts_of_record(said)
    if "country" in said and facts.country is None:
        raise ImportRefused(
            f"{file}, line {number}: country is {said['country']!r}; write its two letters (ISO 3166-1)"
        )
    if "asn" in said and facts.asn is None:
        raise ImportRefused(f"{file}, line {number}: asn is {said['asn']!r}; write its number, such as 64496")
    if {"latitude", "longitude"} & said.keys() and facts.coordinates is None:
        raise ImportRefused(f"{file}, line {number}: latitude and longitude must both be there, in degrees")
    return said


def _range(text: str, file: Path, number: int) -> tuple[int, int]:
    try:
        return range_of(ip_network(text))
    except ValueError as problem:
        raise ImportRefused(f"{file}, line {number}: {problem}; write networks such as 203.0.113.0/24") from None

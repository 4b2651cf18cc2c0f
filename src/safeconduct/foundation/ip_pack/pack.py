"""A pack in its folder: the parts that were imported, and what they say about addresses together.

`pack.json` names the parts, each a MaxMind-DB file or a table of ours (`ranges`), with date, terms of use and SHA-256.
A part is written beside the others and then named there, each in one step, so that a process that reads meanwhile, or
dies, finds the pack of before or the one after. A pack that is open stays what it was (`current`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Any, Final

import maxminddb

from safeconduct.foundation.ip_pack.facts import NOTHING, IpFacts, facts_of_record, merged
from safeconduct.foundation.ip_pack.ranges import Address, Ranges, RangesBroken

LIST: Final = "pack.json"
_FORM: Final = 1
#: What a part can know.
COUNTRY, ASN, COORDINATES, HIDDEN = "country", "asn", "coordinates", "hidden"


class PackBroken(ValueError):
    """A pack cannot be read; the message names the file and the way out."""


@dataclass(frozen=True, slots=True)
class Part:
    """One imported file. ``file``: its name in the folder; ``knows``: of `COUNTRY` and the others; ``source``: the
    name it was imported under; ``made_on``: the day its data are of; ``networks``: how many, where it is known."""

    name: str
    file: str
    knows: tuple[str, ...]
    source: str
    made_on: date
    licence: str
    sha256: str
    imported_at: datetime
    networks: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As it stands in `pack.json`."""
        told = asdict(self)
        return told | {"made_on": self.made_on.isoformat(), "imported_at": self.imported_at.isoformat()}


@dataclass(slots=True)
class Pack:
    """An open pack."""

    folder: Path
    parts: tuple[Part, ...]
    _readers: list[tuple[Part, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for part in self.parts:
            self._readers.append((part, _opened(self.folder / part.file)))

    @property
    def version(self) -> str:
        """Twelve hex digits that differ wherever what the pack says may differ."""
        said = "\n".join(part.sha256 for part in self.parts)
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    @property
    def knows(self) -> frozenset[str]:
        """What at least one part knows."""
        return frozenset(what for part in self.parts for what in part.knows)

    def look_up(self, addresses: Iterable[str]) -> list[IpFacts]:
        """What is known about each of these, in their order. Of an address that is none, or not of the public internet,
        nothing is."""
        found: dict[str, IpFacts] = {}
        wanted = list(addresses)
        for text in wanted:
            if text not in found:
                found[text] = self._of(text)
        return [found[text] for text in wanted]

    def _of(self, text: str) -> IpFacts:
        try:
            address: Address = ip_address(text)
        except ValueError:
            return NOTHING
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if not address.is_global:
            return NOTHING
        return merged(_said(part, reader, address) for part, reader in self._readers)


def _said(part: Part, reader: Any, address: Address) -> IpFacts:
    try:
        record = reader.get(address)
    except (ValueError, maxminddb.InvalidDatabaseError):  # a file of IPv4 alone is asked about IPv6; a damaged branch
        return NOTHING
    facts = facts_of_record(record) if isinstance(record, dict) else NOTHING
    if HIDDEN in part.knows and facts.hidden is None:
        # What lists hidden networks names no others.
        return IpFacts(facts.country, facts.asn, facts.coordinates, frozenset())
    return facts


def _opened(file: Path) -> Any:
    try:
        if file.suffix == ".mmdb":
            return maxminddb.open_database(file)
        return Ranges(file)
    except (OSError, ValueError, RangesBroken, maxminddb.InvalidDatabaseError) as problem:
        raise PackBroken(f"{file} cannot be read ({problem}); import it anew, or remove the part") from problem


def read_list(folder: Path) -> tuple[Part, ...]:
    """The parts of a pack; none where there is no pack. Raises PackBroken."""
    try:
        told = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as problem:
        raise PackBroken(
            f"{folder / LIST} cannot be read ({problem}); remove it and import the files anew"
        ) from problem
    try:
        if told["form"] != _FORM:
            raise PackBroken(f"{folder / LIST} was written by another version of Safeconduct; import the files anew")
        return tuple(_part(one) for one in told["parts"])
    except (KeyError, TypeError, ValueError) as problem:
        raise PackBroken(f"{folder / LIST} is no list of parts; remove it and import the files anew") from problem


def write_list(folder: Path, parts: Sequence[Part]) -> None:
    """Names the parts of a pack from now on, in one step, and takes out files that none of them names."""
    fresh = folder / f"{LIST}.new"
    with fresh.open("w", encoding="utf-8") as out:
        json.dump({"form": _FORM, "parts": [part.as_json() for part in parts]}, out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    os.replace(fresh, folder / LIST)
    named = {part.file for part in parts}
    for file in folder.glob("part-*"):
        if file.name not in named:
            file.unlink(missing_ok=True)  # who has it open goes on reading it


def _part(told: dict[str, Any]) -> Part:
    return Part(
        **told
        | {
            "knows": tuple(told["knows"]), "made_on": date.fromisoformat(told["made_on"]),
            "imported_at": datetime.fromisoformat(told["imported_at"]),
        }
    )  # fmt: skip


_open: dict[Path, tuple[object, Pack | None]] = {}
_opening: Final = Lock()


def current(folder: Path) -> Pack | None:
    """The pack of a folder, opened once for each process and again after an import; None where there is none.

    Raises PackBroken; the next call tries again.
    """
    try:
        of = (folder / LIST).stat()
        stamp: object = (of.st_mtime_ns, of.st_ino, of.st_size)
    except OSError:
        return None
    known = _open.get(folder)
    if known is not None and known[0] == stamp:
        return known[1]
    with _opening:
        parts = read_list(folder)
        pack = Pack(folder, parts) if parts else None
        _open[folder] = (stamp, pack)
    return pack

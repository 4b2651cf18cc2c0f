"""`ip` and `passwords`: data that an operator downloads. They need no database, and ask nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from safeconduct.cli.output import FAILED, OK, emit_json, fail
from safeconduct.config.environment import Environment, read
from safeconduct.foundation.hash_list import HashList, ListBroken, ListRefused, is_list, make
from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.importing import Given, ImportRefused
from safeconduct.foundation.ip_pack.pack import Pack, PackBroken, Part, current

_MILLION: Final = 1_000_000


def import_ip(file: Path, *, name: str, licence: str, made_on: date | None, lists: str, as_json: bool) -> int:
    """Takes a file into the pack."""
    given = Given(file, name.strip(), made_on, " ".join(licence.split())[:200], lists.strip())
    try:
        part, pack = importing.add(_env().ip_pack, given, at=datetime.now(UTC))
    except (ImportRefused, PackBroken) as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{problem}; is the folder of the data (SAFECONDUCT_IP_PACK) writable, and is there room?")
    if as_json:
        emit_json({"imported": part.as_json(), **_told(pack)})
    else:
        sys.stdout.write(f"In use now: {_line(part)}\n")
        if part.licence == "not stated":
            sys.stdout.write("  Under which terms you have it is not stated; say it with --licence.\n")
    return OK


def show_ip(*, as_json: bool) -> int:
    """Prints the pack."""
    pack = _pack()
    if as_json:
        emit_json(_told(pack))
    elif pack is None:
        sys.stdout.write("No data: countries, networks and travel of sign-ins are unknown.\n")
    else:
        sys.stdout.write(f"Version {pack.version}; the first part that knows something is believed.\n")
        sys.stdout.writelines(f"  {_line(part)}\n" for part in pack.parts)
    return OK


def look_ip(addresses: list[str], *, as_json: bool) -> int:
    """Prints what the pack says about addresses."""
    pack = _pack()
    if pack is None:
        fail("there are no data about IP addresses; import a file first: `safeconduct ip import --help`")
    found = [
        {
            "address": address, "country": facts.country, "asn": facts.asn, "coordinates": facts.coordinates,
            "hidden": None if facts.hidden is None else sorted(facts.hidden),
        }
        for address, facts in zip(addresses, pack.look_up(addresses), strict=True)
    ]  # fmt: skip
    if as_json:
        emit_json({"version": pack.version, "addresses": found})
    else:
        for one in found:
            told = [f"{what} {_plain(value)}" for what, value in one.items() if what != "address" and value is not None]
            sys.stdout.write(f"{one['address']}: {', '.join(told) or 'unknown'}\n")
    return OK


def remove_ip(name: str, *, as_json: bool) -> int:
    """Takes a part out of the pack."""
    folder = _env().ip_pack
    try:
        importing.remove(folder, name)
    except (ImportRefused, PackBroken) as problem:
        fail(str(problem))
    if as_json:
        emit_json({"removed": name, **_told(_pack())})
    else:
        sys.stdout.write(f"{name} is not in use any more.\n")
    return OK


def import_passwords(source: Path, *, seen: int, as_json: bool) -> int:
    """Makes the list of breached passwords."""
    env = _env()
    told: Callable[[int], None] | None = None if as_json or not sys.stderr.isatty() else _progress
    try:
        made = make(source, env.imported_passwords, seen=seen, at=datetime.now(UTC), told=told)
    except ListRefused as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{problem}; is {env.imported_passwords.parent} writable, and is there room (8 bytes a password)?")
    if as_json:
        emit_json({"file": str(env.imported_passwords), **made.as_json()})
    else:
        sys.stdout.write(f"{made.count:,} breached passwords from {made.about.source}, in {env.imported_passwords}\n")
        if made.about.ranges is not None and made.about.ranges < 16**5:
            sys.stdout.write(
                f"  The folder has {made.about.ranges:,} of {16**5:,} range files: the list is not whole.\n"
            )
    if env.breached_passwords:
        sys.stderr.write(
            "SAFECONDUCT_BREACHED_PASSWORDS is set and goes before this list; take it out to use the list.\n"
        )
    return OK


def show_passwords(*, as_json: bool) -> int:
    """Prints which list is in use."""
    env = _env()
    file = env.breached_list
    if file is None or not file.is_file():
        fail("no list of breached passwords is in use; make one with `safeconduct passwords import`")
    if not is_list(file):
        told: dict[str, Any] = {"file": str(file), "imported": False}
    else:
        try:
            told = {"file": str(file), "imported": True, **HashList(file).as_json()}
        except ListBroken as problem:
            fail(str(problem))
    if as_json:
        emit_json(told)
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in told.items()))
    return OK


def _env() -> Environment:
    try:
        return read()
    except ValueError as problem:
        fail(str(problem), FAILED)


def _pack() -> Pack | None:
    try:
        return current(_env().ip_pack)
    except PackBroken as problem:
        fail(str(problem))


def _told(pack: Pack | None) -> dict[str, Any]:
    if pack is None:
        return {"version": None, "knows": [], "parts": []}
    return {"version": pack.version, "knows": sorted(pack.knows), "parts": [part.as_json() for part in pack.parts]}


def _line(part: Part) -> str:
    count = "" if part.networks is None else f", {part.networks:,} networks"
    return f"{part.name}: {', '.join(part.knows)}{count}; data of {part.made_on}; {part.licence}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) or "no hidden network" if isinstance(value, list | tuple) else str(value)


def _progress(count: int) -> None:
    sys.stderr.write(f"\r{count // _MILLION:,} million")
    sys.stderr.flush()

"""Holds the lock files against published vulnerabilities: ``python tools/audit.py FILE [--at DAY]``.

FILE is an export of OSV (osv.dev) for PyPI, brought to this machine by the operator: the ZIP of all advisories, a
folder of them, or one advisory as JSON. Nothing is fetched, so that it works where no network is. The times in which a
vulnerability must be gone stand in docs/security.md, section *Vulnerable libraries*. The exit code is 0 where nothing
is known, 1 where something is overdue or has no date, 2 where the question could not be asked; what is known but not
overdue is told, with the day.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS: Final = ("requirements/core.lock", "requirements/dev.lock", "requirements/bootstrap.lock")
#: Days from the publication, by how severe: the table of docs/security.md, which a test holds beside this one.
DAYS: Final[Mapping[str, int]] = {"critical": 2, "high": 7, "medium": 30, "low": 90}
#: An export older than this says too little about what is known today.
_STALE_DAYS: Final = 7
_LOCKED: Final = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
#: How OSV's sources write a severity in words → ours.
_WORDS: Final = {"critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low"}


class Unanswered(Exception):
    """The question could not be asked; the message says why, and the way out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A library of the lock that an advisory is about."""

    library: str
    version: str
    advisory: str
    severity: str
    published: date
    fixed: str

    @property
    def due(self) -> date:
        """The last day on which it may still be in the lock."""
        return self.published + timedelta(days=DAYS[self.severity])


def locked(folder: Path) -> dict[str, set[str]]:
    """Library → its versions in the lock files. Raises Unanswered where there are none."""
    found: dict[str, set[str]] = {}
    for name in LOCKS:
        path = folder / name
        for library, version in _LOCKED.findall(path.read_text(encoding="utf-8")) if path.is_file() else ():
            found.setdefault(canonicalize_name(library), set()).add(version)
    if not found:
        raise Unanswered(f"no lock file under {folder}: run it at the top of the project")
    return found


def advisories(source: Path) -> Iterator[Mapping[str, Any]]:
    """The advisories of an export. Raises Unanswered."""
    if not source.exists():
        raise Unanswered(f"there is nothing at {source}: bring the export of OSV for PyPI (all.zip) to this machine")
    count = 0
    try:
        for text in _texts(source):
            told = json.loads(text)
            for one in told if isinstance(told, list) else [told]:
                count += 1
                yield one
    except (ValueError, zipfile.BadZipFile, AttributeError) as problem:
        raise Unanswered(f"{source} is no export of OSV: {problem}") from None
    if not count:
        raise Unanswered(f"{source} holds no advisory: an empty export shows nothing")


def _texts(source: Path) -> Iterator[bytes]:
    if source.is_dir():
        yield from (path.read_bytes() for path in sorted(source.rglob("*.json")))
    elif source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))
    else:
        yield source.read_bytes()


def findings(lock: Mapping[str, set[str]], told: Iterator[Mapping[str, Any]]) -> tuple[list[Finding], date | None]:
    """What the advisories say about the lock, the soonest due first; and the day on which the newest was changed."""
    found: dict[tuple[str, str, str], Finding] = {}
    newest: date | None = None
    for advisory in told:
        changed = _day(str(advisory.get("modified", "")))
        newest = max(filter(None, (newest, changed)), default=None)
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            library = canonicalize_name(str(package.get("name", "")))
            if str(package.get("ecosystem", "")).lower() != "pypi" or library not in lock:
                continue
            for version in lock[library]:
                if concerns(affected, version):
                    one = _finding(library, version, advisory, affected)
                    found[library, version, one.advisory] = one
    return sorted(found.values(), key=lambda one: (one.due, one.library)), newest


def concerns(affected: Mapping[str, Any], version: str) -> bool:
    """Whether a version is among those of an advisory: listed, or within a range of releases (OSV schema 1.6)."""
    if version in affected.get("versions", ()):
        return True
    here = _version(version)
    if here is None:
        return False
    return any(
        _within(one.get("events", ()), here) for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"
    )


def _within(events: Any, here: Version) -> bool:
    inside = False
    for event in sorted(events, key=_order):
        if "introduced" in event:
            start = _version(event["introduced"]) if event["introduced"] != "0" else Version("0.dev0")
            inside = inside or (start is not None and here >= start)
        if "fixed" in event and (end := _version(event["fixed"])) is not None and here >= end:
            inside = False
        if "last_affected" in event and (last := _version(event["last_affected"])) is not None and here > last:
            inside = False
    return inside


def _order(event: Mapping[str, str]) -> tuple[Version, int]:
    text = next(iter(event.values()))
    return (_version(text) if text != "0" else None) or Version("0.dev0"), "introduced" not in event


def _finding(library: str, version: str, advisory: Mapping[str, Any], affected: Mapping[str, Any]) -> Finding:
    published = _day(str(advisory.get("published", ""))) or date.min
    fixes = {
        event["fixed"] for one in affected.get("ranges", ()) for event in one.get("events", ()) if "fixed" in event
    }
    here = _version(version)
    later = sorted(v for v in map(_version, fixes) if v is not None and here is not None and v > here)
    return Finding(
        library, version, str(advisory.get("id", "?")), severity_of(advisory), published, str(later[0]) if later else ""
    )


def severity_of(advisory: Mapping[str, Any]) -> str:
    """How severe: the source's word, else the base score of CVSS 3, else as bad as can be, because nobody says
    otherwise."""
    word = str(advisory.get("database_specific", {}).get("severity", "")).lower()
    if word in _WORDS:
        return _WORDS[word]
    scores = [base_score(str(one.get("score", ""))) for one in advisory.get("severity", ())]
    score = max((one for one in scores if one is not None), default=10.0)
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"


def base_score(vector: str) -> float | None:
    """The base score of a vector of CVSS 3.0 or 3.1 (FIRST, specification of 3.1, section 7); None for another."""
    metrics = dict(part.split(":", 1) for part in vector.split("/") if ":" in part)
    if metrics.pop("CVSS", "") not in ("3.0", "3.1"):
        return None
    try:
        changed = {"C": True, "U": False}[metrics["S"]]
        kept = 1.0
        for name in "CIA":
            kept *= 1 - {"H": 0.56, "L": 0.22, "N": 0.0}[metrics[name]]
        ease = 8.22 * {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}[metrics["AV"]] * {"L": 0.77, "H": 0.44}[metrics["AC"]]
        ease *= {"N": 0.85, "L": 0.68 if changed else 0.62, "H": 0.5 if changed else 0.27}[metrics["PR"]]
        ease *= {"N": 0.85, "R": 0.62}[metrics["UI"]]
    except KeyError:
        return None
    lost = 1 - kept
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    whole = round(min((1.08 if changed else 1.0) * (impact + ease), 10.0) * 100_000)
    return -(-whole // 10_000) / 10


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _day(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).date()
    except ValueError:
        return None


def report(found: list[Finding], newest: date | None, at: date) -> int:
    """Prints what was found; the exit code."""
    for one in found:
        when = "OVERDUE since" if one.due < at else "due by"
        way_out = f"take {one.fixed}" if one.fixed else "no release without it: switch off what uses it"
        print(f"{one.library} {one.version}: {one.advisory}, {one.severity}, {when} {one.due}; {way_out}")
    if newest is None or newest < at - timedelta(days=_STALE_DAYS):
        print(f"the export ends on {newest}: bring a newer one", file=sys.stderr)
        return 2
    print(f"{len(found)} known, of advisories up to {newest}")
    return 1 if any(one.due < at for one in found) else 0


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Holds the lock files against an export of OSV.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--at", type=date.fromisoformat, default=datetime.now(UTC).date(), help="as of this day")
    parser.add_argument("--project", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args(arguments)
    try:
        found, newest = findings(locked(given.project), advisories(given.file))
    except Unanswered as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return report(found, newest, given.at)


if __name__ == "__main__":
    raise SystemExit(main())

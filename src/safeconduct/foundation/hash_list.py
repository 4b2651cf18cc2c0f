"""A list of breached passwords as one file that is searched where it lies, made from a download.

The file is a head of 512 bytes (one line of JSON, padded) and the first eight bytes of the SHA-1 hash of each password,
sorted. Eight bytes tell a thousand million passwords apart from any other with a chance of one in 10^10, and take a
fifth of the room of the text they come from. Nothing is asked of anybody: the operator downloads *Pwned Passwords* as
SHA-1, ordered by hash, in one file (`HASH:COUNT` a line) or a file for each range (`ABCDE.txt`, `REST:COUNT` a line).
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

_FORM: Final = "safeconduct-breached-passwords/1"
_HEAD: Final = 512
_EACH: Final = 8
_HEX: Final = 40
_RANGE: Final = re.compile(r"([0-9A-Fa-f]{5})(\.txt)?")
#: So many are written between two marks from which a stopped import goes on.
_BETWEEN: Final = 1_000_000


class ListRefused(ValueError):
    """A download does not become a list; the message names the line and the way out."""


class ListBroken(ValueError):
    """A file is no list of breached passwords, or not a whole one."""


@dataclass(frozen=True, slots=True)
class About:
    """Where a list came from. ``seen``: what was seen less often is left out; ``ranges``: how many files of ranges it
    was made from, None where it was one file."""

    source: str
    seen: int
    imported_at: datetime
    ranges: int | None = None


class HashList:
    """A list on disk. Each question opens the file: it is asked once a sign-in, and may be replaced between two."""

    def __init__(self, file: Path) -> None:
        """Raises ListBroken, or OSError where there is none."""
        self._file = file
        with file.open("rb") as opened:
            head, size = opened.read(_HEAD), opened.seek(0, 2)
        self.count, rest = divmod(size - _HEAD, _EACH)
        try:
            told = json.loads(head)
            if told.pop("form") != _FORM or rest or told.pop("count") != self.count:
                raise ListBroken(f"{file} is not whole")
            self.about = About(**told | {"imported_at": datetime.fromisoformat(told["imported_at"])})
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ListBroken(f"{file} is no whole list of breached passwords") from problem

    def has(self, password: str) -> bool:
        """Whether a password stands in it. As many reads as the number of passwords has bits."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:_EACH]
        low, high = 0, self.count
        with self._file.open("rb", buffering=0) as opened:
            while low < high:
                middle = (low + high) // 2
                opened.seek(_HEAD + middle * _EACH)
                found = opened.read(_EACH)
                if found == wanted:
                    return True
                low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False

    def as_json(self) -> dict[str, Any]:
        """What is to be said about it."""
        return {"count": self.count, **asdict(self.about), "imported_at": self.about.imported_at.isoformat()}


def is_list(file: Path) -> bool:
    """Whether a file is a list of ours, whole or not, and no text."""
    with file.open("rb") as opened:
        return opened.read(1) == b"{"


def make(
    source: Path, target: Path, *, seen: int = 1, at: datetime, told: Callable[[int], None] | None = None
) -> HashList:
    """Makes a list of what was seen at least so often; the list of before stays until the new one is whole.

    ``told``: hears from time to time how many were taken. An import that was stopped goes on where its last mark is, as
    long as the source is the same. Raises ListRefused; OSError where the list cannot be written.
    """
    ranges = _ranges_in(source) if source.is_dir() else None
    if ranges is None and not source.is_file():
        raise ListRefused(f"there is no file or folder {source}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part, mark = target.with_name(target.name + ".part"), target.with_name(target.name + ".mark")
    with part.open("a+b") as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ListRefused("another import is running; let it end, or stop it") from None
        count = _fill(out, mark, _Wish(source, ranges, seen), told)
        if not count:
            raise ListRefused(f"{source} has no password that was seen {seen} times; lower --seen, or look at the file")
        out.flush()
        os.fsync(out.fileno())
        about = About(source.name, seen, at, None if ranges is None else len(ranges))
        _write_head(part, about, count)
        os.replace(part, target)
    mark.unlink(missing_ok=True)
    return HashList(target)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is imported. ``ranges``: the files of a folder, in order."""

    source: Path
    ranges: tuple[Path, ...] | None
    seen: int

    def same_as(self) -> list[Any]:
        """What must not have changed for a stopped import to go on."""
        of = self.source.stat()
        return [str(self.source.absolute()), of.st_size, of.st_mtime_ns, self.seen, len(self.ranges or ())]


def _fill(out: IO[bytes], mark: Path, wish: _Wish, told: Callable[[int], None] | None) -> int:
    place, last, count = _begin(out, mark, wish)
    going_on = bool(count)
    for there, digest, hits in _hashes(wish, place):
        if going_on and digest <= last:
            continue  # taken before the import was stopped
        going_on = False
        if digest < last:
            raise ListRefused(f"{wish.source}: {digest.hex()}… stands behind a larger one; download it ordered by hash")
        if hits >= wish.seen and digest != last:
            out.write(digest)
            count += 1
            if count % _BETWEEN == 0:
                _mark(out, mark, wish, there, digest, count)
                if told is not None:
                    told(count)
        last = digest
    return count


def _begin(out: IO[bytes], mark: Path, wish: _Wish) -> tuple[int, bytes, int]:
    """From where an import goes on: the place in the source, the last hash that was taken, how many there are."""
    try:
        known = json.loads(mark.read_text())
        size = _HEAD + known["count"] * _EACH
        if known["of"] == wish.same_as() and out.seek(0, 2) >= size:
            out.truncate(size)
            return known["place"], bytes.fromhex(known["last"]), known["count"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no mark, or none of use: from the beginning
    out.truncate(0)
    out.write(bytes(_HEAD))
    return 0, b"", 0


def _mark(out: IO[bytes], mark: Path, wish: _Wish, place: int, last: bytes, count: int) -> None:
    out.flush()
    os.fsync(out.fileno())
    fresh = mark.with_name(mark.name + ".new")
    fresh.write_text(json.dumps({"of": wish.same_as(), "place": place, "last": last.hex(), "count": count}))
    os.replace(fresh, mark)


def _write_head(part: Path, about: About, count: int) -> None:
    told = {"form": _FORM, "count": count, **asdict(about), "imported_at": about.imported_at.isoformat()}
    head = json.dumps(told | {"source": about.source[:200]}).encode()
    with part.open("r+b") as out:
        out.write(head.ljust(_HEAD - 1) + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _ranges_in(folder: Path) -> tuple[Path, ...]:
    found = sorted(file for file in folder.iterdir() if _RANGE.fullmatch(file.name))
    if not found:
        raise ListRefused(f"{folder} has no range files, which are named 00000.txt to FFFFF.txt")
    return tuple(sorted(found, key=lambda file: file.name.upper()))


Hash = tuple[int, bytes, int]
"""Where it is in the source, for an import that goes on from there; the hash's beginning; how often it was seen."""


def _hashes(wish: _Wish, place: int) -> Iterator[Hash]:
    try:
        if wish.ranges is None:
            yield from _of_file(wish.source, place)
            return
        for number, file in enumerate(wish.ranges[place:], place):
            for _, digest, hits in _of_file(file, 0, file.name[:5].upper().encode()):
                yield number, digest, hits
    except (EOFError, gzip.BadGzipFile) as problem:
        raise ListRefused(f"{wish.source} is not whole: {problem}") from problem


def _of_file(file: Path, place: int, prefix: bytes = b"") -> Iterator[Hash]:
    width, shown = _HEX - len(prefix), 2 * _EACH - len(prefix)
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
        lines.seek(place)
        for line in lines:
            place += len(line)
            text, _, hits = line.strip().partition(b":")
            if not text:
                continue
            try:
                if len(text) != width:
                    raise ValueError
                yield place, bytes.fromhex((prefix + text[:shown]).decode()), int(hits or 1)
            except ValueError:
                raise ListRefused(
                    f"{file}: the line that ends at byte {place} is not a SHA-1 hash in {width} hex digits, a colon "
                    "and how often it was seen"
                ) from None

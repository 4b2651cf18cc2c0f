"""The whole log checked against itself, against what was signed, and against the business rows it is about.

Streams in pages; memory does not grow with the log. What is checked, and what each finding means:

- entries are numbered without a gap, and their tiles and roots are those that are stored and signed;
- every checkpoint is signed by a key of the chain, and every key is vouched for by the one before;
- checkpoints that were shown outside (the file, or others given) are checkpoints of this log;
- every commitment is that of the business row as it is now: a row that was changed, removed or swapped is found;
- every business row that must have an entry has exactly one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from safeconduct.foundation.canonical_json import NotCanonical, canonical
from safeconduct.foundation.merkle.hashing import EMPTY_ROOT, leaf_hash
from safeconduct.foundation.merkle.tiles import BITS, Edge, FullTile
from safeconduct.foundation.signed_note import Checkpoint, Note, NoteRefused
from safeconduct.kernel.record import keys
from safeconduct.kernel.record.commitments import commitment, plain
from safeconduct.kernel.record.erasure import ERASED
from safeconduct.kernel.record.errors import RecordBroken
from safeconduct.kernel.record.outside import Outside
from safeconduct.kernel.record.subjects import Content, contents, registered
from safeconduct.kernel.scope import engine_scope, query

PAGE = 2_048
#: Findings that are told in full; beyond, they are counted.
TOLD = 100


class Finding(NamedTuple):
    """Something that is not as it was recorded: a code for programs, where, and a sentence."""

    code: str
    where: str
    sentence: str


@dataclass(slots=True)
class Report:
    """What was looked at, and what is wrong. ``unchecked``: entries whose content no registered kind can show."""

    entries: int = 0
    checkpoints: int = 0
    tiles: int = 0
    contents: int = 0
    erased: int = 0
    unchecked: int = 0
    outside: int = 0
    root: bytes = EMPTY_ROOT
    wrong: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.wrong

    def add(self, code: str, where: str, sentence: str) -> None:
        self.wrong += 1
        if len(self.findings) < TOLD:
            self.findings.append(Finding(code, where, sentence))


class _Row(NamedTuple):
    number: int
    kind: str
    subject: str
    data: bytes
    salt: bytes | None
    body: dict[str, Any] | None


def verify(*, outside: Iterable[Outside] = (), progress: Callable[[int], None] = lambda done: None) -> Report:
    """Checks everything. ``outside``: checkpoints kept elsewhere, by rising size. ``progress`` is told entries done."""
    report = Report()
    _check_keys(report)
    with engine_scope():
        row = query(
            "SELECT (SELECT coalesce(max(index), -1) + 1 FROM record_entry),"
            " (SELECT coalesce(max(size), 0) FROM record_checkpoint)"
        ).fetchone()
    assert row is not None
    stored, signed = row
    if stored != signed:
        report.add("size", f"entry {min(stored, signed)}", f"{stored} entries are stored, but {signed} are signed")
    edge = Edge()
    marks = _Marks(_checkpoints(signed), iter(outside), report)
    while edge.size < stored:
        size = edge.size
        with engine_scope():
            rows = _page(size, min(size + PAGE, stored))
            if [row.number for row in rows] != list(range(size, min(size + PAGE, stored))):
                _missing(report, rows, size, min(size + PAGE, stored))
                break
            _check_contents(report, rows)
        _check_tiles(report, marks.extend(edge, rows))
        report.entries = edge.size
        progress(edge.size)
    marks.rest(edge.size)
    report.root = edge.root()
    _check_counts(report)
    _check_rows(report)
    return report


class _Marks:
    """Roots that the log must have at given sizes: signed checkpoints, and those kept outside."""

    def __init__(self, signed: Iterator[tuple[int, bytes]], outside: Iterator[Outside], report: Report) -> None:
        self._signed, self._outside, self._report = signed, outside, report
        self._next_signed = next(signed, None)
        self._next_outside = next(outside, None)

    def extend(self, edge: Edge, rows: Sequence[_Row]) -> list[FullTile]:
        """Extends the tree by the rows, stopping at each size at which a root is known."""
        full: list[FullTile] = []
        start, end = edge.size, edge.size + len(rows)
        while edge.size < end:
            stop = min(end, *(size for size in self._sizes() if size > edge.size), end)
            full += edge.extend(leaf_hash(row.data) for row in rows[edge.size - start : stop - start])
            self._compare(edge)
        return full

    def rest(self, size: int) -> None:
        """What is left when the log has ended."""
        while self._next_signed is not None:
            where = f"checkpoint of {self._next_signed[0]}"
            self._report.add("checkpoint", where, "entries below this checkpoint are missing")
            self._report.checkpoints += 1
            self._next_signed = next(self._signed, None)
        while self._next_outside is not None:
            kept = self._next_outside
            self._report.add(
                "rewound",
                f"checkpoint of {kept.size} in {kept.place}",
                f"this log has only {size} entries, but a checkpoint of {kept.size} was given out: it was cut off",
            )
            self._next_outside = next(self._outside, None)

    def _sizes(self) -> Iterator[int]:
        if self._next_signed is not None:
            yield self._next_signed[0]
        if self._next_outside is not None:
            yield self._next_outside.size

    def _compare(self, edge: Edge) -> None:
        root: bytes | None = None
        while self._next_signed is not None and self._next_signed[0] <= edge.size:
            root = root or edge.root()
            size, signed_root = self._next_signed
            self._report.checkpoints += 1
            if size != edge.size or signed_root != root:
                where = f"checkpoint of {size}"
                self._report.add("root", where, "the root over the stored entries is not the one that was signed")
            self._next_signed = next(self._signed, None)
        while self._next_outside is not None and self._next_outside.size <= edge.size:
            root = root or edge.root()
            kept = self._next_outside
            self._report.outside += 1
            if kept.size != edge.size or kept.root != root:
                where = f"checkpoint of {kept.size} in {kept.place}"
                self._report.add("rewritten", where, "this log is not the one whose checkpoint was given out")
            self._next_outside = next(self._outside, None)


def _check_keys(report: Report) -> None:
    with engine_scope():
        chain = keys.chain()
        before = None
        for key in chain:
            where = f"key {key.number}"
            if key.number != (1 if before is None else before.number + 1):
                report.add("key", where, "the chain of keys has a gap")
            elif before is not None:
                try:
                    note = Note.parse(key.vouched)
                    note.verified([before.verifier])
                    if note.text != f"{keys.vouching(before.verifier.name)}{key.verifier}\n":
                        raise NoteRefused("it says something else")
                except NoteRefused as problem:
                    report.add("key", where, f"it is not vouched for by the key before: {problem}")
            before = key
        if chain:
            try:
                number, _, private = keys.newest_private()
                if private.public != chain[-1].verifier.public or number != chain[-1].number:
                    raise RecordBroken("the private half that is kept belongs to another key")
            except RecordBroken as problem:
                report.add("key", f"key {chain[-1].number}", str(problem))


def _checkpoints(largest: int) -> Iterator[tuple[int, bytes]]:
    """Size and root of all checkpoints up to a size, which rises; one with a wrong signature has an empty root.

    What is signed while the log is looked at is left for the next time.
    """
    with engine_scope():
        verifiers = {key.number: key.verifier for key in keys.chain()}
    last = (0, 0)
    while True:
        with engine_scope():
            rows = query(
                "SELECT size, key, root, note FROM record_checkpoint WHERE (size, key) > (%s, %s)"
                " AND size <= %s ORDER BY size, key LIMIT %s",
                [*last, largest, PAGE],
            ).fetchall()
        for size, key, root, note in rows:
            try:
                parsed = Note.parse(note)
                parsed.verified([verifiers[key]])
                said = Checkpoint.parse(parsed.text)
                fits = said == Checkpoint(verifiers[key].name, size, bytes(root))
            except (NoteRefused, KeyError):
                fits = False
            yield size, bytes(root) if fits else b""
        if len(rows) < PAGE:
            return
        last = rows[-1][0], rows[-1][1]


def _page(start: int, end: int) -> list[_Row]:
    rows = query(
        "SELECT e.index, e.kind, e.subject, e.data, d.salt, d.body FROM record_entry e"
        " LEFT JOIN record_detail d ON d.index = e.index WHERE e.index >= %s AND e.index < %s ORDER BY e.index",
        [start, end],
    )
    return [
        _Row(index, kind, subject, bytes(data), None if salt is None else bytes(salt), body)
        for index, kind, subject, data, salt, body in rows
    ]


def _missing(report: Report, rows: Sequence[_Row], start: int, end: int) -> None:
    there = {row.number for row in rows}
    gone = [index for index in range(start, end) if index not in there]
    report.add("entry", f"entry {gone[0]}", f"{len(gone)} entries from here are missing; the rest is not looked at")


def _check_contents(report: Report, rows: Sequence[_Row]) -> None:
    wanted: dict[str, list[str]] = {}
    for row in rows:
        if row.salt is not None and row.body is None:
            wanted.setdefault(row.kind, []).append(row.subject)
    found, known = contents(wanted), registered()
    erased = _erased([row.subject for row in rows if row.salt is None])
    for row in rows:
        where = f"entry {row.number} ({row.kind} {row.subject})"
        try:
            line = json.loads(row.data)
            said = line["kind"], line["subject"]
            spelled = canonical(line)
        except (ValueError, KeyError, TypeError, NotCanonical):
            report.add("entry", where, "its bytes are no entry")
            continue
        if spelled != row.data or said != (row.kind, row.subject):
            report.add("entry", where, "its bytes are about something else than its row says")
        elif row.salt is None:
            if row.subject in erased:
                report.erased += 1
            else:
                report.add("salt", where, "its salt is gone, and no erasure is recorded")
        elif row.body is not None:
            report.contents += 1
            if row.kind in known:
                report.add("content", where, "what it is about was missing already when it was recorded")
            if line.get("commit") != commitment(row.salt, plain(row.body)):
                report.add("content", where, "what the record keeps about it is not what was committed to")
        elif row.kind not in known:
            report.unchecked += 1
        else:
            report.contents += 1
            _check_content(report, where, line, row.salt, found.get((row.kind, row.subject)))


def _check_content(report: Report, where: str, line: dict[str, Any], salt: bytes, content: Content | None) -> None:
    if content is None:
        report.add("content", where, "what it is about was removed")
    elif line.get("commit") != commitment(salt, content.shown, content.withheld):
        report.add("content", where, "what it is about was changed, or is another's")
    elif (line.get("act"), line.get("ver")) != (content.act, content.ver):
        report.add("content", where, "it says openly something else than what it is about")


def _erased(subjects: Sequence[str]) -> set[str]:
    if not subjects:
        return set()
    rows = query(
        "SELECT subject FROM record_entry WHERE subject = ANY(%s) AND kind = %s"
        " UNION SELECT subject FROM leaf WHERE subject = ANY(%s) AND kind = %s",
        [list(subjects), ERASED, list(subjects), ERASED],
    )
    return {subject for (subject,) in rows}


def _check_tiles(report: Report, tiles: Sequence[FullTile]) -> None:
    if not tiles:
        return
    with engine_scope():
        rows = query(
            "SELECT t.level, t.number, t.root, t.hashes FROM unnest(%b::int[], %b::bigint[]) AS w(level, number)"
            " JOIN record_tile t ON t.level = w.level AND t.number = w.number",
            [[tile.level for tile in tiles], [tile.number for tile in tiles]],
        )
        stored = {(level, number): (bytes(root), bytes(hashes)) for level, number, root, hashes in rows}
    for tile in tiles:
        report.tiles += 1
        if stored.get((tile.level, tile.number)) != (tile.root, tile.hashes):
            where = f"tile {tile.level}/{tile.number}"
            report.add("tile", where, "it is missing, or its hashes are not those of the entries")


def _check_counts(report: Report) -> None:
    """Nothing may be stored beside the log either. Counted in one statement, while the log may be growing."""
    with engine_scope():
        rows = query(
            "SELECT (SELECT coalesce(max(index), -1) + 1 FROM record_entry), level, count(*) FROM record_tile"
            " GROUP BY level ORDER BY level"
        ).fetchall()
        salts = query(
            "SELECT count(*) FROM record_detail d WHERE NOT EXISTS (SELECT 1 FROM record_entry e"
            " WHERE e.index = d.index)"
        ).fetchone()
    for stored, level, count in rows:
        belong = stored >> (BITS * (level + 1))
        if count != belong:
            report.add("tile", f"level {level}", f"{count} tiles are stored where {belong} belong")
    assert salts is not None
    if salts[0]:
        report.add("salt", "salts", f"{salts[0]} salts belong to no entry")


def _check_rows(report: Report) -> None:
    """Each business row that must have an entry has one, or a leaf that waits."""
    for kind, one in registered().items():
        last: str | None = None
        while one.ids is not None:
            with engine_scope():
                page = list(one.ids(last, PAGE))
                counted = query(
                    "SELECT s, (SELECT count(*) FROM record_entry e WHERE e.subject = s AND e.kind = %s)"
                    " + coalesce(l.n, 0) FROM unnest(%s::text[]) AS s LEFT JOIN (SELECT subject, count(*) AS n"
                    " FROM leaf WHERE kind = %s GROUP BY subject) AS l ON l.subject = s",
                    [kind, page, kind],
                ).fetchall()
            for subject, count in counted:
                if count != 1:
                    said = "no entry in the record" if count == 0 else f"{count} entries"
                    report.add("unrecorded", f"{kind} {subject}", f"it has {said}, where it must have one")
            if len(page) < PAGE:
                break
            last = page[-1]

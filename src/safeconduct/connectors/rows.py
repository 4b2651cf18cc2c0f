"""Files of rows, read as a stream: each row becomes events, or a problem that names the row and the column.

A file is read once, line by line, in constant memory; nothing is written, so reading is its own dry run. Rows are
strict where webhooks are lenient: a value that cannot be converted is a problem even in an optional field, because
whoever made the file can put it right.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import BinaryIO

from safeconduct.connectors import engine
from safeconduct.connectors.conditions import Scope
from safeconduct.connectors.expressions import Const
from safeconduct.connectors.mapping import Body, ConnectorMapping, suggestion
from safeconduct.connectors.parsing import no_constant
from safeconduct.connectors.paths import Key, Path
from safeconduct.connectors.results import Reading, RefusalReason, RefusedItem, TooManyError, UnknownItem

#: Longest line that is read, in bytes; a longer one is a problem, and the rest of the file is still read.
MAX_LINE = 1_048_576
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row gives no event. ``row``: the line of the file at which it begins, the first being 1."""

    row: int
    column: str
    field: str
    message: str
    reason: RefusalReason

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.message}"


Envelope = dict[str, object]


def read_rows(
    source: FilePath | str | BinaryIO,
    mapping: ConnectorMapping,
    limit: int | None = None,
    options: Mapping[str, object] | None = None,
) -> Iterator[tuple[int, Envelope | RowProblem]]:
    """Row numbers, each with a canonical envelope or a problem; a row may give several of either.

    ``source``: the path of a file, or a stream of bytes. ``limit``: the most rows to read, none for all.
    Raises OSError where the file cannot be opened, ValueError for a mapping of JSON bodies.
    """
    if mapping.body is Body.JSON:
        raise ValueError(f"{mapping.name} maps single bodies; give a mapping with `body: csv` or `body: jsonl`")
    opened = FilePath(source).open("rb") if isinstance(source, (str, FilePath)) else nullcontext(source)  # noqa: SIM115
    with opened as stream:
        rows = _csv_rows(stream, mapping) if mapping.body is Body.CSV else _json_rows(stream, mapping)
        for number, row in itertools.islice(rows, limit):
            if isinstance(row, RowProblem):
                yield number, row
                if row.reason is RefusalReason.MISSING_FIELD and number <= 1:
                    return  # the heading lacks a column that every row needs
            else:
                for result in _map_row(number, row, mapping, options or {}):
                    yield number, result


def read_lines(raw: bytes, mapping: ConnectorMapping, options: Mapping[str, object]) -> Reading:
    """A whole file as one reading, for bodies that arrive over HTTP."""
    reading = Reading()
    kept: dict[str, list[Envelope]] = {}
    for number, result in read_rows(io.BytesIO(raw), mapping, None, options):
        if isinstance(result, RowProblem):
            reading.refused.append(
                RefusedItem(f"line {number}", result.reason, result.field, result.message, position=f"line {number}")
            )
        else:
            event_id = str(result["id"])
            of_this_id = kept.setdefault(event_id, [])
            if result in of_this_id:
                continue
            of_this_id.append(result)
            reading.events.append(result)
            reading.references[event_id] = {"line": str(number)}
    if not reading.events and not reading.refused:
        reading.unknown.append(UnknownItem("line 0", "empty", "the body has no rows"))
    return reading


def _map_row(
    number: int, row: Mapping[str, object], mapping: ConnectorMapping, options: Mapping[str, object]
) -> Iterator[Envelope | RowProblem]:
    reading = Reading()
    scope = Scope({"row": row, "option": options}, mapping.exponents, mapping.mark)
    try:
        mark = f"sha256-{engine.fingerprint(row)}"
        unit = engine.Unit("row", mark, scope.plus(unit={"hash": mark, "kind": "row", "id": mark}))
        engine.map_unit(mapping, unit, reading)
    except RecursionError:
        yield RowProblem(number, "", "", "the row is nested too deeply to be read", RefusalReason.TOO_DEEP)
        return
    except TooManyError as problem:
        yield RowProblem(number, "", "", str(problem), RefusalReason.TOO_LARGE)
        return
    columns = _columns_of(mapping)
    flawed = {item.event_id for item in reading.dropped}
    for event in reading.events:
        if event["id"] not in flawed:
            yield event
    for dropped in reading.dropped:
        column = columns.get(dropped.field, dropped.field)
        yield RowProblem(number, column, dropped.field, dropped.detail, RefusalReason.BAD_VALUE)
    for refused in reading.refused:
        column = columns.get(refused.field, refused.field)
        yield RowProblem(number, column, refused.field, refused.detail, refused.reason)
    for unknown in reading.unknown:
        yield RowProblem(number, "", "type", f"no rule fits this row: {unknown.reason}", RefusalReason.BAD_TYPE)


# -- columns ----------------------------------------------------------------------------------------------------------


def nodes(node: object) -> Iterator[object]:
    """An expression with everything in it."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        yield node
        for member in dataclasses.fields(node):
            yield from nodes(getattr(node, member.name))


def _paths(node: object) -> list[Path]:
    return [part for part in nodes(node) if isinstance(part, Path)]


def _row_columns(node: object) -> list[str]:
    steps = [path.steps[0] for path in _paths(node) if path.root == "row" and path.steps]
    return list(dict.fromkeys(step.name for step in steps if isinstance(step, Key)))


def _columns_of(mapping: ConnectorMapping) -> dict[str, str]:
    """By canonical field, the columns it is read from, for messages."""
    found: dict[str, list[str]] = {}
    for rule in mapping.rules:
        found.setdefault("time", []).extend(_row_columns(rule.time))
        found.setdefault("type", []).extend(_row_columns(rule.emit_from))
        for field, expression in rule.fields:
            found.setdefault(field.name, []).extend(_row_columns(expression))
    return {name: ", ".join(dict.fromkeys(columns)) for name, columns in found.items() if columns}


def _heading_problems(heading: list[str], mapping: ConnectorMapping) -> Iterator[RowProblem]:
    """Columns the mapping needs and the file lacks, and headings that stand twice."""
    names = set(heading)
    for name in sorted({name for name in heading if heading.count(name) > 1 and name}):
        message = f"the heading `{name}` stands twice; the last column of the name would win"
        yield RowProblem(1, name, "", message, RefusalReason.BAD_VALUE)
    for rule in mapping.rules:
        needed: list[tuple[str, object]] = [("time", rule.time)]
        if rule.emit_from is not None:
            needed.append(("type", rule.emit_from))
        needed += [(field.name, expression) for field, expression in rule.fields if field.required]
        for field, expression in needed:
            columns = _row_columns(expression)
            if columns and not names.intersection(columns) and not _has_other_source(expression):
                message = f"`{field}` is read from {', '.join(columns)}, and the file has no such column"
                reason = RefusalReason.MISSING_FIELD
                yield RowProblem(1, columns[0], field, message + suggestion(columns[0], names), reason)


def _has_other_source(expression: object) -> bool:
    """Whether a value can come from elsewhere than the file: a constant or an option."""
    return any(
        isinstance(part, Const) or (isinstance(part, Path) and part.root == "option") for part in nodes(expression)
    )


# -- reading ----------------------------------------------------------------------------------------------------------


def _lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str, str]]:
    """Number, text and complaint of each line; a line with a complaint has what of it could be read."""
    number = 0
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                yield 1, "", "the file is UTF-16; save it as UTF-8 and send it again"
                return
            if b"\r" in line.rstrip(b"\r\n") and b"\n" not in line:
                yield 1, "", "its lines end with a carriage return alone; save it with line feeds and send it again"
                return
            if encoding == "utf-8-sig":
                line = line.removeprefix(b"\xef\xbb\xbf")
        complaint = ""
        if len(line) > MAX_LINE:
            complaint = f"the line has more than {MAX_LINE} bytes"
            while rest := stream.readline(MAX_LINE):
                if rest.endswith(b"\n"):
                    break
            line = b"\n"
        try:
            text = line.decode(codec)
        except UnicodeDecodeError as error:
            text = line.decode(codec, "replace")
            complaint = f"the line is not {codec} at byte {error.start}; save the file as UTF-8, or name its encoding"
        yield number, text, complaint


def _json_rows(stream: BinaryIO, mapping: ConnectorMapping) -> Iterator[tuple[int, Mapping[str, object] | RowProblem]]:
    for number, line, complaint in _lines(stream, mapping.encoding):
        if complaint:
            yield number, RowProblem(number, "", "", complaint, RefusalReason.NOT_TEXT)
        elif line.strip():
            yield number, _json_row(number, line)


def _json_row(number: int, line: str) -> Mapping[str, object] | RowProblem:
    try:
        value = json.loads(line, parse_float=Decimal, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        message = f"not JSON at column {error.colno}: {error.msg}"
        return RowProblem(number, "", "", message, RefusalReason.NOT_JSON)
    except RecursionError:
        return RowProblem(number, "", "", "the row is nested too deeply to be read", RefusalReason.TOO_DEEP)
    except (ValueError, ArithmeticError) as error:
        return RowProblem(number, "", "", f"not JSON: {str(error)[:120]}", RefusalReason.NOT_JSON)
    if isinstance(value, dict):
        return value
    message = "a row is one JSON object, and this is another value"
    return RowProblem(number, "", "", message, RefusalReason.NOT_AN_OBJECT)


def _csv_rows(stream: BinaryIO, mapping: ConnectorMapping) -> Iterator[tuple[int, Mapping[str, object] | RowProblem]]:
    complaints: list[str] = []
    at = 0

    def texts() -> Iterator[str]:
        nonlocal at
        for number, line, complaint in _lines(stream, mapping.encoding):
            at = number
            if complaint:
                complaints.append(complaint)
            yield line

    feed = texts()
    first = next(feed, "")
    delimiter = mapping.delimiter if mapping.delimiter != "auto" else _delimiter(first)
    reader = csv.reader(_chain(first, feed), delimiter=delimiter, strict=True)
    records = _records(reader)
    named = next(records, [])
    heading = [] if isinstance(named, csv.Error) else [name.strip() for name in named]
    if complaints:
        yield 1, RowProblem(1, "", "", complaints[0], RefusalReason.NOT_TEXT)
        return
    if not any(heading):
        yield 1, RowProblem(1, "", "", "the file has no heading", RefusalReason.MISSING_FIELD)
        return
    for problem in _heading_problems(heading, mapping):
        yield 1, problem
    begins = at + 1
    for cells in records:
        number, begins = begins, at + 1
        swallowed = f"; rows {number} to {at} stand within one pair of quotes, and none of them is read" * (at > number)
        if complaints:
            yield number, RowProblem(number, "", "", complaints.pop() + swallowed, RefusalReason.NOT_TEXT)
            complaints.clear()
        elif isinstance(cells, csv.Error):
            yield (
                number,
                RowProblem(number, "", "", f"not a row of a table: {cells}{swallowed}", RefusalReason.NOT_TEXT),
            )
        elif len(cells) > len(heading):
            message = f"the row has {len(cells)} cells, and the heading {len(heading)}"
            advice = f"; put cells that hold a `{delimiter}` in quotes"
            yield number, RowProblem(number, "", "", message + advice + swallowed, RefusalReason.BAD_VALUE)
        elif any(cell.strip() for cell in cells):
            row = {name: cell.strip() or None for name, cell in zip(heading, cells, strict=False) if name}
            yield number, row


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    """The rows of a reader; a fault of one is given in its place, and the next is read."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(heading: str) -> str:
    """The mark that stands most often in the heading; a comma where none does."""
    return max(_DELIMITERS, key=lambda mark: (heading.count(mark), mark == ","))

"""`events import` and `connectors replay`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.given import json_line, text_of
from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.connectors import Connector

_BATCH = 1000
_SHOWN = 20
#: By how much another machine's clock may be ahead of this one's.
_CLOCKS = timedelta(minutes=5)


def import_events(file: Path, *, mapping: Path | None, dry_run: bool, as_json: bool) -> int:
    """Imports a file of history, in batches; what is bad is counted and named, the rest goes in."""
    if not dry_run:
        start_django()
    from safeconduct.connectors import RowProblem
    from safeconduct.foundation.moments import micros
    from safeconduct.kernel.events.envelope import Refusal, read_envelope

    counts: Counter[str] = Counter()
    types: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    rows = _rows(file, mapping)
    latest = micros(datetime.now(UTC) + _CLOCKS)
    while batch := list(islice(rows, _BATCH)):
        good = []
        for number, row in batch:
            counts["read"] += 1
            if isinstance(row, dict):
                match read_envelope(row):
                    case Refusal(field=field, problem=problem):
                        problems.append({"row": number, "field": field, "problem": problem})
                    case incoming if incoming.occurred_us > latest:
                        # Whatever happens from now on would come after it, and have its time.
                        problem = "history cannot lie in the future; what happens is sent to the API"
                        problems.append({"row": number, "field": "time", "problem": problem})
                    case incoming:
                        types[incoming.type] += 1
                        counts["unknown"] += incoming.event_type is None
                        good.append(row)
            elif isinstance(row, RowProblem):
                problems.append({"row": number, "field": row.column or row.field, "problem": row.message})
            else:
                problems.append({"row": number, "field": "", "problem": str(row)})
        if good and not dry_run:
            _store_history(good, counts)
        if not as_json and sys.stderr.isatty():
            sys.stderr.write(f"\r{counts['read']:,} rows …")
    counts["refused"] = len(problems)
    if as_json:
        emit_json({**counts, "by_type": dict(types), "problems": problems, "dry_run": dry_run})
    else:
        _print_import(counts, types, problems, dry_run)
    return FAILED if problems else OK


def _store_history(batch: list[dict[str, Any]], counts: Counter[str]) -> None:
    """Stores a batch, and what it says of how orders turned out. Also of what was there already: an import that was
    killed between the two is made whole by its repetition."""
    from safeconduct.kernel.decisions import labels
    from safeconduct.kernel.events import log
    from safeconduct.kernel.scope import engine_scope

    receipt = log.receive(batch, known=log.Known.WHEN_IT_HAPPENED, imported=True)
    with engine_scope():
        counts["labels"] += labels.learn_from_history([item.moment for item in receipt.stored])
    counts["stored"] += sum(not item.duplicate for item in receipt.stored)
    counts["duplicates"] += sum(item.duplicate for item in receipt.stored)


def import_labels(file: Path, *, as_json: bool) -> int:
    """Imports labels by CSV; unknown orders and bad rows are named, the rest goes in. An order's last row counts."""
    start_django()
    from safeconduct.kernel.decisions import labels
    from safeconduct.kernel.events.ordering import current_moment
    from safeconduct.kernel.scope import engine_scope
    from safeconduct.kernel.vault.pseudonyms import lookup_many

    rows, problems = labels.read_csv(text_of(file))
    said, new = list(dict(rows).items()), 0
    for first in range(0, len(said), _BATCH):
        part = said[first : first + _BATCH]
        with engine_scope():
            keys = lookup_many({("order", order) for order, _ in part})
            problems += [f"no event has named the order {o!r}" for o, _ in part if ("order", o) not in keys]
            at = current_moment()
            new += labels.add([(keys["order", o], kind, "csv", at) for o, kind in part if ("order", o) in keys])
    if as_json:
        emit_json({"read": len(rows), "new": new, "problems": problems})
    else:
        for problem in problems[:_SHOWN]:
            sys.stderr.write(f"{problem}\n")
        sys.stdout.write(f"{len(rows):,} labels read, {new:,} new, {len(problems):,} problems\n")
    return FAILED if problems else OK


def replay_bodies(name: str, files: list[Path], *, unsigned: bool, seller: str | None, as_json: bool) -> int:
    """Runs saved webhook bodies through a connector. `seller`: for bodies that do not name one. A file may hold
    {"headers": …, "body": …} to carry a signature.
    """
    from safeconduct.connectors import names

    if name not in names():
        fail(f"there is no connector {name!r}; there are {', '.join(sorted(names()))}", USAGE)
    start_django()
    from django.conf import settings

    from safeconduct.connectors import SignatureRefused, load_connector
    from safeconduct.connectors.intake import ingest, received

    connector = load_connector(name)
    options = _options(connector, seller)
    totals: Counter[str] = Counter(
        received=0, stored=0, duplicates=0, canonical=0, unknown=0, refused=0, signatures_refused=0
    )
    types: Counter[str] = Counter()
    details: list[dict[str, Any]] = []
    for file in files:
        try:
            raw, headers = _saved(file.read_bytes())
        except OSError as problem:
            fail(f"{file} cannot be read: {problem.strerror}; the files before it are taken in", USAGE)
        except ValueError as problem:
            fail(f"{file}: {problem}; the files before it are taken in", USAGE)
        totals["received"] += 1
        now = datetime.now(UTC)
        try:
            outcome = ingest(
                name, raw, headers, signed=not unsigned, secrets=settings.CONNECTOR_SECRETS.get(name, ()),
                now=now, options=options,
            )  # fmt: skip
        except SignatureRefused as problem:
            totals["signatures_refused"] += 1
            details.append({"file": file.name, "signature_refused": str(problem)})
            continue
        totals["stored"] += 1  # the delivery itself is kept, whatever could be read from it
        totals["duplicates"] += outcome.duplicate
        totals["canonical"] += outcome.events
        totals["unknown"] += outcome.unknown
        totals["refused"] += len(outcome.refused)
        reading = connector.read(raw, headers, received(connector, options, now))
        kinds = [str(event["type"]) for event in reading.events]
        types.update(kinds)
        details.append(
            {
                "file": file.name,
                "delivery": outcome.delivery_id,
                "duplicate": outcome.duplicate,
                "canonical": kinds,
                "unknown": [{"type": item.type, "reason": item.reason} for item in reading.unknown],
                "refused": [asdict(part) for part in outcome.refused],
            }
        )
    result = {**totals, "by_type": dict(types), "files": details}
    if as_json:
        emit_json(result)
    else:
        for detail in details:
            rest = {key: value for key, value in detail.items() if key != "file" and value not in ([], False)}
            sys.stdout.write(f"{detail['file']}: {json.dumps(rest, ensure_ascii=False, default=str)}\n")
        sys.stdout.write(json.dumps({**totals, "by_type": dict(types)}) + "\n")
    return FAILED if totals["signatures_refused"] or totals["refused"] else OK


def _options(connector: Connector, seller: str | None) -> dict[str, object]:
    """The connector's options from the settings. Bodies that name no seller are the given one's, or the connector's."""
    from django.conf import settings

    from safeconduct.connectors import OptionError

    options: dict[str, object] = dict(settings.CONNECTOR_OPTIONS.get(connector.name, {}))
    if "default_seller" in connector.options:
        options["default_seller"] = seller or options.get("default_seller") or connector.name
    elif seller is not None:
        fail(f"{connector.name} reads events that name their sellers; leave --seller out", USAGE)
    try:
        connector.read(b"{}", {}, options)
    except OptionError as problem:
        fail(f"SAFECONDUCT_CONNECTOR_OPTIONS: {problem}", USAGE)
    return options


def read_again(name: str, *, as_json: bool) -> int:
    """Reads the kept deliveries of a connector that could not be read once more, with the mapping and the options of
    today. May be stopped and repeated: what is in the log already stays as it is."""
    start_django()
    from django.conf import settings

    from safeconduct.connectors import names
    from safeconduct.connectors.intake import read_again, refused
    from safeconduct.kernel.vault.errors import SealBroken

    if name not in names():
        fail(f"there is no connector {name!r}; there are {', '.join(sorted(names()))}", USAGE)
    options = settings.CONNECTOR_OPTIONS.get(name, {})
    totals: Counter[str] = Counter(deliveries=0, read=0, events=0, still_refused=0, erased=0)
    after = ""
    while found := refused(name, after=after):
        for delivery_id in found:
            totals["deliveries"] += 1
            try:
                outcome = read_again(delivery_id, options=options)
            except SealBroken:  # its key was destroyed with its month
                totals["erased"] += 1
                continue
            totals["events"] += outcome.stored
            totals["still_refused" if outcome.refused else "read"] += 1
        after = found[-1]
    if as_json:
        emit_json(dict(totals))
    else:
        sys.stdout.write(
            f"{totals['deliveries']:,} deliveries, {totals['read']:,} read now with {totals['events']:,} new events, "
            f"{totals['still_refused']:,} still refused, {totals['erased']:,} erased since\n"
        )
    return FAILED if totals["still_refused"] else OK


def _saved(raw: bytes) -> tuple[bytes, dict[str, str]]:
    """A saved body, with its headers where the file has them. Raises ValueError for headers that are none."""
    try:
        whole = json.loads(raw)
    except (ValueError, RecursionError):
        return raw, {}
    if not isinstance(whole, dict) or set(whole) != {"headers", "body"} or not isinstance(whole["body"], str):
        return raw, {}
    headers = whole["headers"] if whole["headers"] is not None else {}
    if not isinstance(headers, dict):
        raise ValueError('`headers` is an object of names and texts, such as {"stripe-signature": "t=…"}')
    # Half of a pair, which JSON can write: whoever reads the body says that it is no UTF-8.
    return whole["body"].encode("utf-8", "surrogatepass"), {str(k): str(v) for k, v in headers.items()}


def _rows(file: Path, mapping: Path | None) -> Iterator[tuple[int, object]]:
    if mapping is not None:
        from safeconduct.connectors import MappingError, load_text, read_rows

        try:
            read = load_text(text_of(mapping), str(mapping))
        except MappingError as problem:
            fail(str(problem), USAGE)
        yield from read_rows(file, read)
        return
    if file.suffix == ".csv":
        fail("a CSV file needs --mapping: which column is which field; see docs/connectors.md", USAGE)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json_line(line)
                except ValueError as problem:
                    yield number, f"not JSON: {problem}"
                else:
                    yield number, row if isinstance(row, dict) else "a line is one JSON object, and this is none"


def _print_import(counts: Counter[str], types: Counter[str], problems: list[dict[str, Any]], dry_run: bool) -> None:
    for problem in problems[:_SHOWN]:
        field = f"{problem['field']}: " if problem["field"] else ""
        sys.stderr.write(f"row {problem['row']}: {field}{problem['problem']}\n")
    if len(problems) > _SHOWN:
        sys.stderr.write(f"… and {len(problems) - _SHOWN} more; --json lists all\n")
    verb = "would be stored" if dry_run else f"stored, {counts['duplicates']:,} were there already"
    good = sum(types.values()) if dry_run else counts["stored"]
    sys.stdout.write(f"{counts['read']:,} rows: {good:,} {verb}, {len(problems):,} refused\n")
    for name, count in types.most_common():
        sys.stdout.write(f"  {count:>9,}  {name}\n")
    if counts["unknown"]:
        sys.stdout.write(f"{counts['unknown']:,} of types that the catalogue does not know; no feature counts them\n")
    if counts["labels"]:
        sys.stdout.write(f"{counts['labels']:,} labels: what disputes and warnings among them say of orders\n")

"""`rates import`: dated exchange rates from a table."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from safeconduct.cli.given import text_of
from safeconduct.cli.output import FAILED, OK, emit_json
from safeconduct.cli.start import start_django

_SHOWN = 20
#: What the table of rates can keep: twelve digits before and behind the point.
_LEAST_RATE, _MOST_RATE = Decimal("0.000000000001"), Decimal(10) ** 12


def import_rates(file: Path, source: str, *, as_json: bool) -> int:
    """Reads currency,day,rate rows; any bad row refuses the file, so that a table is never half there."""
    start_django()
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.scope import engine_scope

    rows, problems = read_rates(text_of(file), source)
    if not problems:
        with engine_scope():
            rates.store(rows)
    if as_json:
        emit_json({"read": len(rows), "stored": not problems, "source": source, "problems": problems})
    elif problems:
        sys.stderr.write("\n".join(problems[:_SHOWN]) + "\nnothing was stored\n")
    else:
        sys.stdout.write(f"{len(rows):,} rates at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, source {source}\n")
    return FAILED if problems else OK


def read_rates(text: str, source: str) -> tuple[list[tuple[str, date, Decimal, str]], list[str]]:
    """The rows of a table of rates, and a sentence for each one that is none."""
    found, problems = [], []
    lines = csv.DictReader(io.StringIO(text))
    try:
        if missing := [name for name in ("currency", "day", "rate") if name not in (lines.fieldnames or ())]:
            return [], [f"the first line must name the columns currency, day and rate; it has no {', '.join(missing)}"]
        for number, row in enumerate(lines, 2):
            currency, day, rate = ((row[name] or "").strip() for name in ("currency", "day", "rate"))
            try:
                amount = Decimal(rate)
            except InvalidOperation:
                amount = Decimal("NaN")
            if not re.fullmatch("[A-Za-z]{3}", currency):
                problems.append(f"row {number}: currency {currency[:20]!r} is not three letters, such as EUR")
            elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII) or not (on := _day(day)):
                problems.append(f"row {number}: day {day[:20]!r} is no day; write it like 2026-03-31")
            elif not amount.is_finite() or not _LEAST_RATE <= amount < _MOST_RATE:
                problems.append(f"row {number}: rate {rate[:20]!r} is no number above 0 and below {_MOST_RATE:,}")
            else:
                found.append((currency.upper(), on, amount, source))
    except csv.Error as problem:
        problems.append(f"line {lines.line_num}: this is no CSV: {problem}")
    return found, problems


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

"""`cases dsa-export`: decisions that restrict sellers, as statements of reasons for the DSA Transparency Database."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from safeconduct.cli.output import FAILED, OK, USAGE, fail


def export(
    *, since: datetime, until: datetime | None, kinds: list[str], calls: bool, out: Path | None, as_json: bool,
    holds: bool = False,
) -> int:  # fmt: skip
    """From the first moment of a day to the last of another (UTC). ``holds``: also what cases held while they ran. The
    statements go to ``out``, where they stand whole or not at all, or to standard output; the count to standard error,
    with ``as_json`` as JSON."""
    from safeconduct.cli.start import start_django

    now = datetime.now(UTC)
    begin = since.replace(tzinfo=UTC)
    end = now if until is None else min(now, until.replace(tzinfo=UTC) + timedelta(days=1))
    if begin >= end:
        fail(f"--since {begin:%Y-%m-%d} is not before --until {end:%Y-%m-%d %H:%M} UTC", USAGE)
    start_django()
    from safeconduct.kernel.cases import dsa, dsa_export

    there = dsa_export.kinds_that_restrict()
    strangers = sorted(set(kinds) - set(there))
    if strangers:
        fail(f"--kind {strangers[0]}: no decision of it restricts a seller; there are {', '.join(there)}", USAGE)
    told: Counter[str] = Counter()
    problems: dict[str, str] = {}
    outside = 0
    try:
        with _opened(out) as file:
            waiting: list[Mapping[str, Any]] = []
            held = dsa_export.holds(begin, end, kinds) if holds else ()
            for one in chain(dsa_export.export(begin, end, kinds), held):
                if one.statement is None:
                    outside += not one.problem
                    problems |= {one.puid: one.problem} if one.problem else {}
                    continue
                told[one.kind] += 1
                waiting.append(one.statement)
                if len(waiting) == (dsa.MOST_AT_ONCE if calls else 1):
                    _write(file, waiting, calls=calls)
                    waiting = []
            _write(file, waiting, calls=calls)
    except OSError as problem:
        fail(f"--out {out}: {problem.strerror or problem}")
    _say(begin, end, told, outside, problems, as_json=as_json)
    return FAILED if problems else OK


def _write(file: TextIO, statements: Sequence[Mapping[str, Any]], *, calls: bool) -> None:
    if statements:
        file.write(json.dumps({"statements": statements} if calls else statements[0], ensure_ascii=False) + "\n")


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """Where it goes. A file takes its name once it is whole, and is the owner's alone to read."""
    if out is None:
        yield sys.stdout
        return
    part = out.with_name(f".{out.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _say(
    begin: datetime, end: datetime, told: Mapping[str, int], outside: int, problems: Mapping[str, str], *, as_json: bool
) -> None:  # fmt: skip
    if as_json:
        value = {
            "since": begin.isoformat(), "until": end.isoformat(), "statements": sum(told.values()),
            "by_kind": dict(sorted(told.items())), "outside_eea": outside, "refused": dict(sorted(problems.items())),
        }  # fmt: skip
        sys.stderr.write(json.dumps(value) + "\n")
        return
    kinds = "".join(f", {kind} {number:,}" for kind, number in sorted(told.items()))
    sys.stderr.write(f"{sum(told.values()):,} statements of reasons{kinds}; {outside:,} without a party in the EEA\n")
    for puid, problem in sorted(problems.items()):
        sys.stderr.write(f"left out {puid}: {problem}\n")

"""`record`: verify the whole, prove a line, keys, status."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeconduct.kernel.record.verification import Report

#: Leaves are appended within seconds; one that waits longer shows that no lane does it.
_STANDS_STILL_S = 60.0
_PROGRESS_S = 0.5


def verify(files: list[Path], *, as_json: bool) -> int:
    """Checks everything, also against the checkpoints in these files and in the one of the settings."""
    start_django()
    from safeconduct.kernel.record import configuration, keys, outside, sequencer, store
    from safeconduct.kernel.record.verification import verify as run
    from safeconduct.kernel.scope import engine_scope

    kept = configuration.checkpoint_file()
    if kept is not None and kept.exists() and kept not in files:
        files = [*files, kept]
    with engine_scope():
        chain, head = [key.verifier for key in keys.chain()], store.head()
    try:
        checkpoints = outside.read(files, chain)
    except outside.UnreadableCheckpoint as problem:
        fail(str(problem), USAGE)
    started = time.perf_counter()
    report = run(outside=checkpoints, progress=_progress(head.size if head else 0, quiet=as_json))
    seconds = time.perf_counter() - started
    waiting, _ = sequencer.waiting(datetime.now(UTC))
    if as_json:
        emit_json(_as_json(report, waiting, seconds))
    else:
        _print(report, waiting, seconds)
    return OK if report.ok else FAILED


def proof(about: str | None, *, kind: str, since: int | None, out: Path | None) -> int:
    """Writes the proof of a line or of growth."""
    if (about is None) == (since is None):
        fail("name an id or a line's number, or --since with a number of lines: one of both", USAGE)
    start_django()
    from safeconduct.kernel.record import proving, store
    from safeconduct.kernel.record.errors import NotRecorded, RecordError
    from safeconduct.kernel.scope import engine_scope

    try:
        with engine_scope():
            if since is not None:
                made = proving.proof_of_growth(since)
            else:
                assert about is not None
                index = int(about) if about.isdecimal() else None
                if index is None:
                    found = [entry.index for entry in store.entries_about(about) if kind in ("", entry.kind)]
                    if not found:
                        raise NotRecorded(f"the record has no entry about {about} yet; `record status` says what waits")
                    index = found[-1]
                made = proving.proof_of_entry(index)
    except RecordError as problem:
        fail(str(problem))
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        sys.stderr.write(f"written to {out}; check it with verify_record.py and the key that you trust\n")
    return OK


def status(*, as_json: bool) -> int:
    """Size, what waits, who has seen what."""
    start_django()
    from safeconduct.kernel.record import configuration, keys, publishing, sequencer, store
    from safeconduct.kernel.record.errors import RecordBroken
    from safeconduct.kernel.scope import engine_scope

    waiting, oldest_s = sequencer.waiting(datetime.now(UTC))
    with engine_scope():
        head, chain, seen = store.head(), keys.chain(), publishing.last_seen()
        try:
            sequencer.signed_edge()
            broken = ""
        except RecordBroken as problem:
            broken = str(problem)
    well = not broken and oldest_s < _STANDS_STILL_S
    value: dict[str, Any] = {
        "ok": well, "origin": chain[0].verifier.name if chain else configuration.origin(),
        "lines": head.size if head else 0, "signed_at": head.signed_at if head else None, "key": len(chain),
        "waiting": waiting, "oldest_wait_s": round(oldest_s, 1), "broken": broken,
        "seen": [{"place": place, "lines": size, "at": at} for place, size, at in seen],
    }  # fmt: skip
    if as_json:
        emit_json(value)
        return OK if well else FAILED
    sys.stdout.write(f"{value['origin']}: {value['lines']:,} lines, key {value['key']}, signed {value['signed_at']}\n")
    sys.stdout.write(f"{waiting:,} waiting, the oldest for {oldest_s:.0f} s\n" if waiting else "nothing waits\n")
    for one in value["seen"]:
        sys.stdout.write(f"{one['place']} saw {one['lines']:,} lines at {one['at']}\n")
    if not seen:
        sys.stdout.write("nobody outside has seen a checkpoint: a record that was wound back could not be noticed\n")
    if broken:
        sys.stderr.write(f"BROKEN: {broken}; change nothing, run `safeconduct record verify`\n")
    elif not well:
        sys.stderr.write("it stands still: run `safeconduct serve` or `safeconduct work`, a lane appends what waits\n")
    return OK if well else FAILED


def keys(*, as_json: bool) -> int:
    """The chain of keys."""
    start_django()
    from safeconduct.kernel.record import keys as kept
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        chain = kept.chain()
    if as_json:
        emit_json([{"number": k.number, "key": str(k.verifier), "vouched": k.vouched, "at": k.made_at} for k in chain])
    else:
        sys.stdout.write("".join(f"{key.verifier}\n" for key in chain))
        if not chain:
            sys.stderr.write("there is no key yet; the first is made with the first line\n")
    return OK


def rotate(*, as_json: bool) -> int:
    """Makes the next key."""
    start_django()
    from safeconduct.kernel.record import sequencer
    from safeconduct.kernel.record.errors import RecordError

    try:
        made = sequencer.rotate(now=datetime.now(UTC))
    except RecordError as problem:
        fail(str(problem))
    if as_json:
        emit_json({"key": str(made)})
    else:
        sys.stdout.write(f"{made}\n")
        sys.stderr.write("whoever pinned an earlier key can follow to this one; pin it for whoever is new\n")
    return OK


def _as_json(report: Report, waiting: int, seconds: float) -> dict[str, Any]:
    value = asdict(report)
    value["findings"] = [finding._asdict() for finding in report.findings]
    return {"ok": report.ok, **value, "root": report.root.hex(), "waiting": waiting, "seconds": round(seconds, 2)}


def _print(report: Report, waiting: int, seconds: float) -> None:
    for finding in report.findings:
        sys.stdout.write(f"WRONG  {finding.code:<11} {finding.where}: {finding.sentence}\n")
    if report.wrong > len(report.findings):
        sys.stdout.write(f"… and {report.wrong - len(report.findings):,} more\n")
    sys.stdout.write(
        f"{report.entries:,} lines, {report.checkpoints:,} checkpoints, {report.tiles:,} tiles,"
        f" {report.contents:,} contents checked in {seconds:.1f} s; {report.erased:,} erased,"
        f" {report.unchecked:,} of kinds that are not known here, {waiting:,} still waiting\n"
    )
    if report.outside:
        sys.stdout.write(f"held against {report.outside:,} checkpoints that were kept outside\n")
    else:
        sys.stdout.write("no checkpoint from outside was given: a record that was wound back could not be noticed\n")
    sys.stdout.write("everything fits\n" if report.ok else f"{report.wrong:,} things do not fit\n")


def _progress(total: int, *, quiet: bool) -> Callable[[int], None]:
    """Tells a person who watches how far it is; a log file gets the result only."""
    last, told_any = time.monotonic(), False
    quiet = quiet or not sys.stderr.isatty()

    def told(done: int) -> None:
        nonlocal last, told_any
        finished = told_any and done >= total
        if not quiet and (finished or time.monotonic() - last > _PROGRESS_S):
            last, told_any = time.monotonic(), True
            sys.stderr.write(f"\r{done:,} of {total:,} lines" + ("\n" if finished else ""))
            sys.stderr.flush()

    return told

"""Processes of an earlier server in the same data folder, told apart from strangers with a recycled process id."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from safeconduct.foundation.postgres.errors import StartFailed

PROC = Path("/proc")
PATIENCE_WITH_BACKENDS_SECONDS = 0.5  # orphans that run a query: they end by themselves when they next look up
PATIENCE_WITH_SERVER_SECONDS = 35.0  # an orphaned server is shutting down in order, which may take a checkpoint
PATIENCE_BEFORE_FORCE_SECONDS = 3.0
GIVE_UP_SECONDS = 60.0
PID_FILE_STATUS_LINE = 7  # LOCK_FILE_LINE_PM_STATUS of PostgreSQL's miscadmin.h, counted from zero
PID_FILE_BYTES_MAX = 4096


def clear_pid_file(data: Path) -> None:
    """Remove a postmaster.pid whose process is a zombie or a stranger; PostgreSQL itself would believe in it.

    Only call while holding the server lock, which no process of ours then holds. A dead process id is left to
    PostgreSQL, which also looks whether shared memory is still in use. Raises StartFailed for a real server that was
    started by other means.
    """
    pid = pid_in_file(data)
    if not pid or is_gone(pid):
        return
    if is_zombie(pid):
        (data / "postmaster.pid").unlink(missing_ok=True)
        return
    try:
        works_here = same_folder(PROC / str(pid) / "cwd", data)
    except PermissionError:
        return  # another user's process: PostgreSQL takes such an id for recycled, too
    except FileNotFoundError:
        works_here = False
    if works_here:
        raise StartFailed(
            f"Another PostgreSQL (process {pid}), not started by Safeconduct, uses {data}. "
            f"Stop it first: pg_ctl stop -D '{data}'"
        )
    (data / "postmaster.pid").unlink(missing_ok=True)


def pid_file_says_ready(data: Path, pid: int) -> bool:
    """Whether our own child wrote that it takes connections. A hint when to ask, not a proof."""
    lines = pid_file_lines(data)
    return len(lines) > PID_FILE_STATUS_LINE and lines[0] == str(pid) and lines[PID_FILE_STATUS_LINE].strip() == "ready"


def pid_in_file(data: Path) -> int:
    lines = pid_file_lines(data)
    try:
        return abs(int(lines[0]))  # negative: a single-user server
    except (IndexError, ValueError):
        return 0


def pid_file_lines(data: Path) -> list[str]:
    try:
        with (data / "postmaster.pid").open("rb") as file:
            return file.read(PID_FILE_BYTES_MAX).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def end_leftovers(data: Path, waited_seconds: float) -> None:
    """Help an earlier server to its end. Its supervisor is dead, so nobody needs it; what was committed stays.

    Raises StartFailed when it does not go.
    """
    server = pid_in_file(data)
    left = list(processes_in(data))
    patience = PATIENCE_WITH_SERVER_SECONDS if server in left else PATIENCE_WITH_BACKENDS_SECONDS
    if waited_seconds > patience:
        forced = waited_seconds > patience + PATIENCE_BEFORE_FORCE_SECONDS
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if forced else signal.SIGQUIT)
    if waited_seconds > GIVE_UP_SECONDS:
        raise StartFailed(
            f"Processes of an earlier server still use {data} and do not end: {left or 'unknown'}. End them by hand."
        )


def processes_in(data: Path) -> Iterator[int]:
    """Process ids whose working directory is the data folder: server and backends (they change into it)."""
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if same_folder(entry / "cwd", data) and (entry / "comm").read_text().strip() == "postgres":
                    yield int(entry.name)


def same_folder(one: Path, other: Path) -> bool:
    first, second = one.stat(), other.stat()
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


def is_gone(pid: int) -> bool:
    return not (PROC / str(pid)).exists()


def is_zombie(pid: int) -> bool:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[:1] in (["Z"], ["X"])

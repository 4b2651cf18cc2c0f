"""FOLDER/postgres.log: what postgres says, through a pipe, rotated by size, its last lines kept for error messages."""

from __future__ import annotations

import contextlib
import os
import re
from collections import deque
from datetime import UTC, datetime

from safeconduct.foundation.postgres.layout import Folder

NAME = "postgres.log"
BYTES_MAX = 10 * 1024 * 1024
KEPT = 3
TAIL_LINES = 40
CHUNK_BYTES = 64 * 1024
# "redo in progress, elapsed time: 10.00 s, current LSN: 0/…" and its like (log_startup_progress_interval).
PROGRESS = re.compile(
    r"(redo|syncing data directory|resetting unlogged relations)[^,]* in progress|"
    r"(syncing|redo|resetting)[^,]*, elapsed time|automatic recovery in progress"
)


class LogFile:
    """Never raises for a full disk: losing log lines must not stop the database."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.fd = folder.open(NAME, os.O_WRONLY | os.O_APPEND)
        self.size = os.fstat(self.fd).st_size
        self.sources: list[int] = []
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.progress = ""
        self.unfinished = b""

    def follow(self, source: int) -> None:
        """Take over the reading end of a pipe. The lines of an earlier server leave the tail."""
        os.set_blocking(source, False)
        self.sources.append(source)
        self.tail.clear()
        self.progress = ""

    def pump(self, ready: list[int]) -> None:
        """Write what the ready pipes hold; forget pipes whose last writer is gone."""
        for source in [source for source in self.sources if source in ready]:
            try:
                chunk = os.read(source, CHUNK_BYTES)
            except BlockingIOError:
                continue
            if chunk:
                self.write(chunk)
            else:
                self.sources.remove(source)
                os.close(source)

    def drain(self) -> None:
        """Read what is there now, without waiting."""
        for source in list(self.sources):
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(source, CHUNK_BYTES):
                    self.write(chunk)

    def note(self, text: str) -> None:
        """A line of the supervisor itself."""
        self.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} [{os.getpid()}] supervisor: {text}\n".encode())

    def write(self, chunk: bytes) -> None:
        *lines, self.unfinished = (self.unfinished + chunk).split(b"\n")
        self.unfinished = self.unfinished[-CHUNK_BYTES:]
        for line in lines:
            text = line.decode("utf-8", "replace")
            self.tail.append(text)
            if PROGRESS.search(text):
                self.progress = text.rpartition("LOG:")[2].strip()
        with contextlib.suppress(OSError):
            if self.size + len(chunk) > BYTES_MAX:
                self.rotate()
            self.size += os.write(self.fd, chunk)

    def rotate(self) -> None:
        path = self.folder.log
        for number in range(KEPT, 0, -1):
            older = path.with_name(f"{NAME}.{number}")
            newer = path.with_name(f"{NAME}.{number - 1}") if number > 1 else path
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        fresh = self.folder.open(NAME, os.O_WRONLY | os.O_APPEND)
        os.close(self.fd)
        self.fd, self.size = fresh, os.fstat(fresh).st_size

"""Whether the key process lives, found out beside a question that is late.

An operation takes 40 µs to some milliseconds; of 5,000 values, or with a root on another machine that is asked
meanwhile, seconds. So a late answer says nothing by itself, and a thread that waited for it as long as the longest may
take would be lost to everybody else where the process hangs (stopped, swapped out, its machine's disk gone). Instead
what every live key process answers at once is asked beside it, on a line of its own: while that answers, the late one
is waited for; once it is silent nobody waits any more, and whoever asks is refused at once until it answers again.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from types import TracebackType
from typing import Final

from safeconduct.kernel.vault import key_messages as messages
from safeconduct.kernel.vault.key_messages import MessageRefused

#: After so long without a byte an answer is late, and its process is looked at: fifty times what the slowest ordinary
#: operation takes, and what a busy machine may keep a process waiting.
LATE_S: Final = 0.2
#: How long the pulse may be without an answer before nobody waits any more.
GRACE_S: Final = 0.75
#: From when on the pulse is late as well: at the next look, which comes `LATE_S` after the one that began it.
_UNSURE_S: Final = 0.9 * LATE_S
#: How many wait on while the pulse is late as well; the others, and who comes then, are refused.
_MOST_LATE: Final = 1
#: A pulse this young is believed.
_FRESH_S: Final = LATE_S
_AGAIN_S: Final = 0.25


class Silent(Exception):
    """The key process is there, and answers nothing."""


class Pulse:
    """One for each process and socket."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._pid = os.getpid()
        self._late = 0
        #: Since when the pulse that is being taken has had no answer; None while none is taken.
        self._since: float | None = None
        self._felt_at = float("-inf")

    def silent(self) -> bool:
        """Whether nobody else waits for it: it is known to hang, or somebody waits already who will find out."""
        since = self._since
        if since is None or self._pid != os.getpid():  # a child has not the thread that would find out
            return False
        without = time.monotonic() - since
        return without > GRACE_S or (without > _UNSURE_S and self._late >= _MOST_LATE)

    def felt(self) -> None:
        """It has answered something."""
        self._felt_at = time.monotonic()

    def judge(self) -> None:
        """Called each `LATE_S` by whoever waits. Raises Silent where they should not."""
        now = time.monotonic()
        with self._guard:
            if self._pid != os.getpid():
                self._pid, self._since, self._late = os.getpid(), None, 1
            if self._since is None:
                if now - self._felt_at > _FRESH_S:
                    self._since = now
                    threading.Thread(target=self._take, daemon=True, name="pulse of the key process").start()
                return
            without = now - self._since
            if without > GRACE_S or (without > _UNSURE_S and self._late > _MOST_LATE):
                raise Silent

    def _take(self) -> None:
        """Asks until it answers, on one line as long as that holds: many would fill its queue."""
        while True:
            with contextlib.suppress(OSError, MessageRefused), socket.socket(socket.AF_UNIX) as line:
                line.settimeout(None)
                line.connect(self._path)
                messages.send(line, messages.question("roots", None))
                if messages.receive(line, patience_s=GRACE_S) is not None:
                    break
            time.sleep(_AGAIN_S)
        self.felt()
        with self._guard:
            self._since = None


class Watched:
    """A line of which nobody waits longer than the pulse beats, and not longer than ``most_s`` for all of an answer."""

    def __init__(self, line: socket.socket, pulse: Pulse, most_s: float) -> None:
        self._line, self._pulse = line, pulse
        self._until = time.monotonic() + most_s
        self._late = False
        line.settimeout(LATE_S)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._late:
            with self._pulse._guard:
                self._pulse._late = max(0, self._pulse._late - 1)

    def settimeout(self, _seconds: float | None) -> None:
        """How long is waited the pulse says."""

    def sendall(self, data: bytes) -> None:
        """Raises OSError, Silent."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._line.send(left) :]
            except TimeoutError:
                self._wait()

    def recv(self, size: int) -> bytes:
        """Raises OSError, Silent."""
        while True:
            try:
                return self._line.recv(size)
            except TimeoutError:
                self._wait()

    def _wait(self) -> None:
        if not self._late:
            self._late = True
            with self._pulse._guard:
                self._pulse._late += 1
        if time.monotonic() > self._until:
            raise Silent
        self._pulse.judge()

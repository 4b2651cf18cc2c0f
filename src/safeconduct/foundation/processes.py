"""Processes that do not outlive whoever started them, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_LOOK_EVERY_S = 1.0


def die_with_parent(parent: int | None = None, *, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ends this process when its parent ends, also by kill -9.

    The kernel's parent-death signal covers a parent whose starting thread ends; a look at the parent's id once a second
    covers what the signal does not (another system than Linux, a parent that was gone before we asked).
    """
    expected = os.getppid() if parent is None else parent
    parent_death_signal(with_signal)
    if os.getppid() != expected:
        os._exit(0)
    threading.Thread(target=_watch, args=(expected,), daemon=True, name="parent-watch").start()


def parent_death_signal(number: signal.Signals) -> None:
    """Asks Linux to send this process a signal when its parent ends; kept across exec. Nothing on other systems."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def keep_memory_to_itself() -> None:
    """Asks Linux that only root may read this process's memory or trace it (PR_SET_DUMPABLE): no other process of the
    same user, and no dump of a crash. Lost at exec. Nothing on other systems."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _watch(expected: int) -> None:
    while os.getppid() == expected:
        time.sleep(_LOOK_EVERY_S)
    os._exit(0)

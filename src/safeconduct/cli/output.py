"""What commands print: tables for people, JSON for programs, errors with the way out."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, NoReturn

#: Exit codes, the same for all commands.
OK, FAILED, USAGE, UNAVAILABLE = 0, 1, 2, 3
_PROGRESS_S = 0.5


def emit_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Ends the command with a message on standard error."""
    from rich.console import Console

    # Lines end where the terminal breaks them: a path or a command that we broke could not be copied.
    Console(stderr=True).print(f"[bold red]error:[/] {_plain(message)}", highlight=False, soft_wrap=True)
    raise SystemExit(code)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


class Progress:
    """How far it is, on standard error, twice a second."""

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what, self._quiet, self._last = what, quiet, time.monotonic()

    def of(self, done: int, total: int, name: str = "") -> None:
        if self._quiet or (time.monotonic() - self._last < _PROGRESS_S and done != total):
            return
        self._last = time.monotonic()
        of = f" of {total:,}" if total else ""
        sys.stderr.write(f"\r{name + ': ' if name else ''}{done:,}{of} {self._what}" + ("\n" if done == total else ""))
        sys.stderr.flush()

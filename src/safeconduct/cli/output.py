"""What commands print: tables for people, JSON for programs, errors with the way out."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

#: Exit codes, the same for all commands.
OK, FAILED, USAGE, UNAVAILABLE = 0, 1, 2, 3


def emit_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Ends the command with a message on standard error."""
    from rich.console import Console

    Console(stderr=True).print(f"[bold red]error:[/] {_plain(message)}", highlight=False)
    raise SystemExit(code)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)

"""The demo's pages: open while its months are still being decided, and who may sign in to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safeconduct.cli.output import emit_json, fail
from safeconduct.cli.serving import Server
from safeconduct.cli.start import demo_folder

if TYPE_CHECKING:
    from rich.console import Console


#: After that the sign-ins are shown all the same, and `run` says what keeps the pages from answering.
_SLOWEST_START_S: Final = 60.0


def open_pages(port: int, ready: Callable[[str], None] | None = None) -> Server:
    """Starts the web processes on this machine's own address; ``ready`` hears the address once they answer."""
    server = Server(host="127.0.0.1", port=port, workers=2, lanes=1)
    server.open(ready)
    return server


def say_early(folder: Path, console: Console) -> Callable[[str], None]:
    """Says where the staff may watch what the engine does, while it does it."""

    def ready(address: str) -> None:
        console.print(
            f"\n[bold green]Watch[/]  {address}/      the weeks come in while you look; sellers sign in at the end"
        )
        _say_who(folder, console, lambda role: role != "seller")

    return ready


def _say_who(folder: Path, console: Console, wanted: Callable[[str], bool]) -> None:
    people = [p for p in json.loads((folder / "sign-ins.json").read_text()) if wanted(p["role"])]
    role, email, password = (max(len(p[name]) for p in people) for name in ("role", "email", "password"))
    console.print(f"  [dim]{'':<{role}} {'e-mail':<{email}} {'password':<{password}} code[/]")
    for p in people:
        console.print(
            f"  {p['role']:<{role}} {p['email']:<{email}} [bold]{p['password']:<{password}}[/]"
            f" [bold]{code_now(p['secret'])}[/]"
        )
    console.print("  Codes change every 30 s: [bold].venv/bin/safeconduct demo code[/] prints new ones.")


def stay(folder: Path, console: Console, server: Server, stop: Callable[[], None]) -> int:
    """Says who may sign in, and serves until it is told to; ``stop`` then ends the orders that keep coming in."""
    try:
        server.until_up(_SLOWEST_START_S)  # nobody is sent to a page that does not answer yet
        console.print(f"\n[bold green]Sign in[/]  {server.address}/      [bold green]API[/]  {server.address}/v1/docs")
        _say_who(folder, console, lambda role: True)
        console.print(
            "  In another terminal: [bold].venv/bin/safeconduct --demo ledger check[/], or any other command."
        )
        console.print("  New orders keep coming in. Ctrl-C stops.\n")
        return server.run()
    finally:
        stop()


def print_codes(*, as_json: bool) -> None:
    """The sign-ins of the demo's staff, with the code that is valid now."""
    file = demo_folder() / "sign-ins.json"
    if not file.exists():
        fail("there is no demo world yet; build it with `safeconduct demo`")
    people = [{**p, "code": code_now(p["secret"])} for p in json.loads(file.read_text())]
    if as_json:
        emit_json(people)
        return
    for p in people:
        sys.stdout.write(f"{p['role']:<8} {p['email']}  password {p['password']}  code {p['code']}\n")


def code_now(secret: str) -> str:
    """The one-time code of now (RFC 6238: SHA-1, 30 s, 6 digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"

"""A real key process over a real socket, and this process as an application that asks it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from safeconduct.kernel.vault import data_keys, keys, pseudonyms, regions
from safeconduct.kernel.vault.errors import KeyUseRefused
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_client import KeyClient

_START_S = 10.0


#: What the command does, without what reads a command line: that takes as long again.
_SERVE = """
import sys
from pathlib import Path
from safeconduct.cli.key_process import serve
place, log, openings, *allow = sys.argv[1:]
sys.exit(serve(Path(place), allow, Path(log), int(openings)))
"""


class KeyProcess:
    """`safeconduct keys serve`, as often as it is started. ``openings``: a minute; ``allow``: another user than ours;
    ``as_typed``: with its command line."""

    def __init__(
        self, folder: Path, *, openings: int = 0, allow: str = "", key_file: str = "", as_typed: bool = False
    ) -> None:
        self.socket, self.log = folder / "keys.sock", folder / "keys.log"
        self.key_file = key_file or settings.ROOT_KEY_FILE
        self._openings, self._allow, self._as_typed = str(openings), [allow] if allow else [], as_typed
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> KeyProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self._running = self.command()
        until = time.monotonic() + _START_S
        while not self._answers():
            assert self._running.poll() is None and time.monotonic() < until, "the key process does not begin"
            time.sleep(0.02)

    @property
    def number(self) -> int:
        """That of the process that runs."""
        assert self._running is not None
        return self._running.pid

    def command(self) -> subprocess.Popen[bytes]:
        """The process itself."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFECONDUCT_")}
        if self._as_typed:
            words = ["-m", "safeconduct", "keys", "serve", "--socket", str(self.socket), "--log", str(self.log)]
            words += [
                "--openings-a-minute",
                self._openings,
                *(word for one in self._allow for word in ("--allow", one)),
            ]
        else:
            words = ["-c", _SERVE, str(self.socket), str(self.log), self._openings, *self._allow]
        return subprocess.Popen(
            [sys.executable, *words], env=environment | {"SAFECONDUCT_KEY_FILE": self.key_file},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends it."""
        if self._running is not None:
            self._running.send_signal(number)
            self._running.wait(10)
            assert self._running.stderr is not None
            self._running.stderr.close()
            self._running = None

    def written(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def write(self, number: int) -> None:
        """Has what was counted written now: for a refusal that it has not seen it waits for no minute to end."""
        with pytest.raises(KeyUseRefused):
            KeyClient(str(self.socket)).given_out(f"vault/{number}")

    def counted(self, operation: str, *, refused: bool = False) -> dict[str, int]:
        """How often something was done, by purpose, as the log has it."""
        found: dict[str, int] = {}
        for line in self.written():
            if line.get("operation") == operation and bool(line.get("refused")) is refused:
                found[line["purpose"]] = found.get(line["purpose"], 0) + line["count"]
        return found

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            return line.connect_ex(str(self.socket)) == 0


def forget() -> None:
    """As a process begins that has just been started."""
    holder.cache_clear()
    for module in (keys, data_keys, regions, pseudonyms):
        module.forget()


@contextmanager
def asking(process: KeyProcess) -> Iterator[None]:
    """This process asks it, and has no key file."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "KEY_SOCKET", str(process.socket))
            patch.setattr(settings, "ROOT_KEY_FILE", "/nowhere/root.key")
            forget()
            yield
    finally:
        forget()

"""The log in another place: each line as a syslog message (RFC 5424), over TLS (RFC 5425) to a collector elsewhere, or
to this machine's socket, whose daemon carries it on. Who breaks in here does not reach what was sent.

A request never waits for the collector: lines wait in memory, the oldest of too many are dropped and counted, and the
count is told with the first line that gets through again.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

#: Lines that wait while the collector does not answer: some minutes of a busy site.
_WAITING: Final = 10_000
_LONGEST: Final = 16 * 1024
_CONNECT_S: Final = 5.0
_AGAIN_S: Final = (1.0, 5.0, 15.0, 60.0)
_AT_END_S: Final = 3.0
#: Facility 13, *log audit* (RFC 5424, 6.2.1).
_FACILITY: Final = 13
_SEVERITY: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


@dataclass(frozen=True, slots=True)
class Target:
    """Where lines go: ``path`` of a socket of this machine, or a host with TLS. ``ca``: the only authority whose
    certificates are believed, else the system's; ``certificate`` and ``key``: what is shown of ourselves."""

    host: str = ""
    port: int = 6514
    ca: str = ""
    certificate: str = ""
    key: str = ""
    path: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads ``unix:PATH`` or ``tls://HOST:PORT?ca=…&certificate=…&key=…``. Raises ValueError."""
        if text.startswith("unix:/"):
            return cls(path=text.removeprefix("unix:"))
        parts = urlsplit(text)
        given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme != "tls" or not parts.hostname or set(given) - {"ca", "certificate", "key"}:
            raise ValueError(
                f"{text!r} is neither stderr, unix:/PATH nor tls://HOST:6514?ca=FILE&certificate=FILE&key=FILE"
            )
        return cls(
            parts.hostname, parts.port or 6514, given.get("ca", ""), given.get("certificate", ""), given.get("key", "")
        )

    def connect(self) -> socket.socket:
        """A connection. Raises OSError; a certificate that does not hold is one (ssl.SSLError)."""
        if self.path:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            line.connect(self.path)
            return line
        context = ssl.create_default_context(cafile=self.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key or None)
        plain = socket.create_connection((self.host, self.port), _CONNECT_S)
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


class Shipping(logging.Handler):
    """The handler. Its thread begins with the first line, in each process its own."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target, self.lines = target, deque[bytes](maxlen=_WAITING)
        self.lost, self.owner, self.something = 0, 0, threading.Condition()
        self.ending, self.on_its_way = False, b""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._message(record)
        except Exception:
            self.handleError(record)
            return
        with self.something:
            if self.owner != os.getpid():  # a thread does not live on in a child
                self.owner = os.getpid()
                threading.Thread(target=self._carry, daemon=True, name="log shipping").start()
                atexit.register(self.finish)
            if len(self.lines) == self.lines.maxlen:
                self.lost += 1
            self.lines.append(line)
            self.something.notify()

    def finish(self) -> None:
        """Gives what waits a moment to leave."""
        with self.something:
            self.ending = True
            self.something.notify()
        until = time.monotonic() + _AT_END_S
        while (self.lines or self.on_its_way) and time.monotonic() < until:
            time.sleep(0.02)

    def _message(self, record: logging.LogRecord) -> bytes:
        priority = _FACILITY * 8 + _SEVERITY.get(record.levelno, 5)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = f"<{priority}>1 {at} {socket.gethostname()[:255]} safeconduct {os.getpid()} {record.name[:32]} - "
        return (head + self.format(record)).encode()[:_LONGEST]

    def _carry(self) -> None:
        failures, line = 0, None
        while self._wait():
            try:
                line = line or self.target.connect()
                self._tell_lost(line)
                self._send_first(line)
                failures = 0
            except OSError:
                if line is not None:
                    line.close()
                line = None
                wait_s = 0.1 if self.ending else _AGAIN_S[min(failures, len(_AGAIN_S) - 1)]
                failures += 1
                time.sleep(wait_s)

    def _wait(self) -> bool:
        """Until there is a line to carry; False where none will come."""
        with self.something:
            while not self.lines and not self.ending:
                self.something.wait()
            return bool(self.lines)

    def _send_first(self, line: socket.socket) -> None:
        """Takes the oldest line out before it is sent, so that one on its way is never counted as dropped."""
        with self.something:
            first = self.on_its_way = self.lines.popleft()
        try:
            self._send(line, first)
        except OSError:
            with self.something:
                if len(self.lines) == self.lines.maxlen:
                    self.lost += 1
                else:
                    self.lines.appendleft(first)
            raise
        finally:
            self.on_its_way = b""

    def _tell_lost(self, line: socket.socket) -> None:
        lost = self.lost
        if not lost:
            return
        record = logging.LogRecord(
            "safeconduct.logs",
            logging.ERROR,
            "",
            0,
            "%s lines were dropped while the collector did not answer",
            (lost,),
            None,
        )
        self._send(line, self._message(record))
        with self.something:
            self.lost -= lost

    def _send(self, line: socket.socket, message: bytes) -> None:
        # Over a stream each message has its length before it (RFC 5425, 4.3); a datagram has its own.
        line.sendall(message if self.target.path else b"%d %s" % (len(message), message))


def log_target(text: str) -> Target | None:
    """Where logs are sent beside standard error; None for nowhere. Raises ValueError naming the setting."""
    if text in ("", "stderr"):
        return None
    try:
        return Target.of(text)
    except ValueError as problem:
        raise ValueError(f"SAFECONDUCT_LOG_TO: {problem}") from None

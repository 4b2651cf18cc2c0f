"""A mail server as small as SMTP allows, for tests of what happens around sending."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class MailServer:
    """What came. ``on_mail`` runs after a mail has come whole and before it is acknowledged."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)
    on_mail: Callable[[], None] = lambda: None

    @property
    def message_ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]


@contextmanager
def receiving_mail() -> Iterator[MailServer]:
    found = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mail.example")
            while line := self.rfile.readline():
                match line.split()[0].upper():
                    case b"EHLO":
                        self._say("250 mail.example")
                    case b"DATA":
                        self._say("354 go on")
                        found.mails.append(message_from_bytes(self._data()))
                        found.on_mail()
                        self._say("250 taken")
                    case b"QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 ok")

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            with suppress(OSError):  # a client that was killed listens no more
                self.wfile.write(text.encode() + b"\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()

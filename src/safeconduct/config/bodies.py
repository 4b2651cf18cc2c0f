"""Bodies of requests, read whole before a page begins: no larger than the largest page takes, and few at a time.

A thread waits while a body arrives. Somebody who sends a byte now and then would keep one for as long as they like, and
as many as there are, so that nobody else is answered. Whoever sends at once is read in an instant and never meets these
limits. Behind a proxy that keeps bodies until they are whole nobody else does either.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, Final

#: Some films (`cases.files.LIMITS`); the configurations for proxies in docs/deploy say the same.
MOST_BYTES: Final = 60 * 1024 * 1024
#: So long a body waits for others: those that are sent at once are read in far less.
_PATIENCE_S: Final = 0.1
_IN_MEMORY: Final = 1024 * 1024
_PIECE: Final = 64 * 1024

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


class _Busy(Exception):
    """So many bodies are arriving that one more would leave nobody a thread."""


class WholeBodies:
    """The WSGI application around another. ``network_of``: where an address belongs to; None behind a proxy, which is
    where all addresses are then. ``at_once``: bodies that arrive together, fewer than there are threads, so that some
    are left for those who only look; ``of_a_network``: of one network."""

    def __init__(
        self,
        application: Application,
        network_of: Callable[[str], str] | None,
        *,
        at_once: int = 3,
        of_a_network: int = 2,
    ) -> None:
        self._application, self._network_of = application, network_of
        self._at_once, self._of_a_network = at_once, of_a_network
        self._arriving: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        told = str(environ.get("CONTENT_LENGTH") or "0")
        if not told.isascii() or not told.isdigit():
            return _refused(start_response, "400 Bad Request", "Content-Length is not a number.")
        length = int(told)
        if length > MOST_BYTES:
            text = f"More than {MOST_BYTES // 1024 // 1024} MB at once. Send fewer or smaller files."
            return _refused(start_response, "413 Content Too Large", text)
        if not length:
            return self._application(environ, start_response)
        try:
            with self._room(str(environ.get("REMOTE_ADDR", ""))):
                body = _whole(environ["wsgi.input"], length)
        except _Busy:
            text = "Too much is being sent at the same time. Nothing was done: send it again in a few seconds."
            return _refused(start_response, "503 Service Unavailable", text, ("Retry-After", "5"))
        if body is None:
            return _refused(start_response, "400 Bad Request", "The request did not arrive whole. Send it again.")
        return self._application({**environ, "wsgi.input": body}, start_response)

    @contextmanager
    def _room(self, address: str) -> Iterator[None]:
        network = "" if self._network_of is None else self._network_of(address)
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(network), _PATIENCE_S):
                raise _Busy
            self._arriving[network] += 1
        try:
            yield
        finally:
            with self._changed:
                self._arriving[network] -= 1
                self._arriving = +self._arriving
                self._changed.notify_all()

    def _has_room(self, network: str) -> bool:
        mine = self._arriving[network] if self._network_of is not None else 0
        return self._arriving.total() < self._at_once and mine < self._of_a_network


def _whole(stream: Any, length: int) -> SpooledTemporaryFile[bytes] | None:
    """A body as a file, on disk where it is large; None where less came than was told."""
    # The request's own end closes it: nobody else has a hold of it.
    body: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    left = length
    while left:
        part = stream.read(min(left, _PIECE))
        if not part:
            body.close()
            return None
        body.write(part)
        left -= len(part)
    body.seek(0)
    return body


def _refused(start_response: Start, status: str, text: str, *headers: tuple[str, str]) -> list[bytes]:
    """In one language and without a page: it must cost nothing."""
    content = text.encode()
    start_response(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Connection", "close"), *headers,
        ],
    )  # fmt: skip
    return [content]

"""Bodies that come slowly, not whole, or too large: nobody else waits for them, and no page begins."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from safeconduct.config.bodies import MOST_BYTES, WholeBodies

Answer = tuple[str, bytes]


class Slow:
    """A body of which nothing more comes until somebody lets go."""

    def __init__(self) -> None:
        self.reading, self.let_go = threading.Event(), threading.Event()

    def read(self, _size: int) -> bytes:
        self.reading.set()
        self.let_go.wait(20)
        return b"x"


def pages(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [])
    stream = environ.get("wsgi.input")
    return [stream.read() if stream is not None else b""]


def ask(server: WholeBodies, body: Any = None, length: str = "", address: str = "203.0.113.1") -> Answer:
    told: list[str] = []
    environ = {"REMOTE_ADDR": address, "CONTENT_LENGTH": length, "wsgi.input": body}
    content = b"".join(server(environ, lambda status, _headers: told.append(status)))
    return told[0], content


@pytest.fixture
def slow() -> Iterator[Callable[[WholeBodies, str], None]]:
    """Lets a caller from an address begin to send, and never go on."""
    begun: list[tuple[Slow, threading.Thread]] = []

    def begin(server: WholeBodies, address: str) -> None:
        body = Slow()
        thread = threading.Thread(target=ask, args=(server, body, "1", address), daemon=True)
        begun.append((body, thread))
        thread.start()
        assert body.reading.wait(10)

    yield begin
    for body, thread in begun:
        body.let_go.set()
        thread.join(10)


def test_a_body_that_comes_at_once_is_read_whole_and_given_on() -> None:
    server = WholeBodies(pages, lambda address: address)
    sent = bytes(range(256)) * 8192
    assert ask(server, io.BytesIO(sent), str(len(sent))) == ("200 OK", sent)
    assert ask(server, None, "")[0] == "200 OK"


def test_who_sends_a_byte_now_and_then_keeps_two_threads_and_nobody_else_waits(
    slow: Callable[[WholeBodies, str], None],
) -> None:
    server = WholeBodies(pages, lambda address: address)
    slow(server, "203.0.113.1")
    slow(server, "203.0.113.1")
    status, text = ask(server, io.BytesIO(b"ab"), "2")
    assert status.startswith("503") and b"send it again" in text
    assert ask(server, io.BytesIO(b"ab"), "2", "198.51.100.7") == ("200 OK", b"ab")
    slow(server, "198.51.100.8")
    assert ask(server, io.BytesIO(b"ab"), "2", "198.51.100.9")[0].startswith("503"), "one thread is for who looks"
    assert ask(server)[0] == "200 OK"


def test_behind_a_proxy_all_come_from_one_address_and_are_not_held_together(
    slow: Callable[[WholeBodies, str], None],
) -> None:
    server = WholeBodies(pages, None)
    slow(server, "10.0.0.1")
    slow(server, "10.0.0.1")
    assert ask(server, io.BytesIO(b"ab"), "2", "10.0.0.1") == ("200 OK", b"ab")


@pytest.mark.parametrize(
    ("length", "body", "status"),
    [(str(MOST_BYTES + 1), b"", "413"), ("3", b"ab", "400"), ("-1", b"", "400"), ("٣", b"abc", "400")],
)
def test_what_is_too_large_or_not_whole_begins_no_page(length: str, body: bytes, status: str) -> None:
    server = WholeBodies(pages, lambda address: address)
    assert ask(server, io.BytesIO(body), length)[0].startswith(status)
    assert ask(server, io.BytesIO(b"ab"), "2")[0] == "200 OK", "and holds no place"

"""The server as `serve` starts it, under those who would keep everybody else from it. A normal request still answers."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from tests.api.api_world import key
from tests.cli.test_serving_tls import started

from safeconduct.cli.serving import Server
from safeconduct.kernel.parties.keys import digest

HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
PAGE = b"/accounts/login/"
#: Of another network than those who are hostile: addresses of this machine are each a network.
GUEST, HOSTILE = "127.0.0.2", "127.0.0.1"
#: A page alone takes a hundredth of it; the machine that runs the tests is busy.
SOON_S = 3.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    found = started(None)
    yield found
    found.web.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))


def line(server: Server, whence: str = HOSTILE) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", server.port), 10, source_address=(whence, 0))
    found.settimeout(20)
    return found


@contextmanager
def lines(server: Server, number: int, begins: bytes = b"", whence: str = HOSTILE) -> Iterator[list[socket.socket]]:
    """So many connections on which this was sent."""
    with ExitStack() as stack:
        found = [stack.enter_context(line(server, whence)) for _ in range(number)]
        for one in found:
            one.sendall(begins)
        yield found


def said(server: Server, message: bytes, whence: str = GUEST) -> bytes:
    with line(server, whence) as one:
        answer = b""
        with suppress(ConnectionError):
            one.sendall(message)
        with suppress(ConnectionError):
            while more := one.recv(65_536):
                answer += more
        return answer


def get(server: Server, path: bytes = PAGE, secret: str = "", whence: str = GUEST) -> bytes:
    told = b"Authorization: Bearer " + secret.encode() + b"\r\n" if secret else b""
    return said(server, b"GET " + path + HOST + told + b"Connection: close\r\n\r\n", whence)


def all_is_well(server: Server) -> None:
    """Health, a page, a file and a body of somebody else, soon."""
    body = b"POST /v1/events" + HOST + b"Content-Length: 2\r\nConnection: close\r\n\r\n[]"
    for message in (*(b"GET " + path + HOST + b"Connection: close\r\n\r\n" for path in (b"/healthz", PAGE)), body):
        began = time.monotonic()
        answer = said(server, message)
        assert answer[9:12] == (b"401" if message == body else b"200"), answer[:300]
        assert time.monotonic() - began < SOON_S


@contextmanager
def dripping(found: list[socket.socket]) -> Iterator[None]:
    """A byte on each of them now and then."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.2):
            for one in found:
                with suppress(OSError):
                    one.send(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(10)


def test_connections_on_which_nothing_comes_and_heads_byte_by_byte_keep_nobody_out(server: Server) -> None:
    with lines(server, 1500), lines(server, 300, b"GET /" + HOST + b"X: ") as slow, dripping(slow):
        all_is_well(server)


def test_bodies_byte_by_byte_keep_one_networks_threads_and_nobody_elses(server: Server) -> None:
    begins = b"POST /v1/events" + HOST + b"Content-Length: 100000\r\n\r\n"
    with lines(server, 100, begins) as slow, dripping(slow):
        time.sleep(1)
        all_is_well(server)
        refused = said(server, begins.replace(b"100000", b"2") + b"[]", HOSTILE)
        assert refused[9:12] in (b"503", b"429") and b"retry-after" in refused.lower()
        assert get(server, whence=HOSTILE)[9:12] == b"200", "who only looks is answered in that network too"
    all_is_well(server)


def test_requests_behind_each_other_on_one_connection_are_done_one_by_one(server: Server) -> None:
    def send(one: socket.socket) -> None:
        with suppress(OSError):
            one.sendall((b"GET " + PAGE + HOST + b"\r\n") * 2000)

    with line(server) as one:
        threading.Thread(target=send, args=(one,), daemon=True).start()
        assert one.recv(12).startswith(b"HTTP/1.1 200")
        all_is_well(server)


def test_bodies_that_are_too_large_or_without_end_are_not_waited_for(server: Server) -> None:
    large = b"POST /v1/events" + HOST + b"Content-Length: 104857600\r\nConnection: close\r\n\r\n"
    endless = b"POST /v1/events" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n"
    with lines(server, 10, large) as told, lines(server, 10, endless) as chunked:
        assert {one.recv(12) for one in told} == {b"HTTP/1.1 413"}
        assert {one.recv(12) for one in chunked} == {b"HTTP/1.1 401"}
        all_is_well(server)


def test_heads_have_a_size_and_a_number(server: Server) -> None:
    for more, status in (
        (b"Cookie: " + b"; ".join(b"c%d=x" % n for n in range(2000)) + b"\r\n", b"200"),
        (b"X: " + b"y" * 300_000 + b"\r\n", b"431"),
        (b"".join(b"X-%d: y\r\n" % n for n in range(200)), b"431"),
    ):
        answer = said(server, b"GET " + PAGE + HOST + more + b"Connection: close\r\n\r\n")
        assert answer[9:12] == status, answer[:100]
    assert said(server, b"GET /" + b"a" * 100_000 + HOST + b"\r\n")[9:12] in (b"414", b"431")
    all_is_well(server)


@contextmanager
def held_up(secret: str) -> Iterator[None]:
    """Calls of a key wait in the database as long as this lasts."""
    with psycopg.connect(os.environ["SAFECONDUCT_DATABASE_URL"]) as held:
        held.execute(
            "INSERT INTO rate_window (api_key, minute, requests) SELECT id, date_trunc('minute', now()) + n * "
            "interval '1 minute', 1 FROM api_key, generate_series(0, 2) n WHERE secret_hash = %s",
            [digest(secret)],
        )
        yield
        held.rollback()


def test_one_key_with_sixty_slow_calls_leaves_threads_and_turns_to_another(server: Server) -> None:
    greedy, other = key(), key()
    with ThreadPoolExecutor(60) as callers, held_up(greedy):
        calls = [callers.submit(get, server, b"/v1/decisions", greedy, HOSTILE) for _ in range(60)]
        time.sleep(1)
        began = time.monotonic()
        for _ in range(5):
            assert get(server, b"/v1/decisions", other)[9:12] == b"200"
        all_is_well(server)
        assert time.monotonic() - began < 3 * SOON_S
    answers = [call.result() for call in calls]
    too_many = [answer for answer in answers if answer[9:12] == b"429"]
    assert 20 <= len(too_many) <= 28 and all(b"retry-after: 1\r\n" in answer for answer in too_many)
    assert all(b"application/problem+json" in answer and b"/problems/rate-limited" in answer for answer in too_many)
    assert get(server, b"/v1/decisions", greedy)[9:12] == b"200"

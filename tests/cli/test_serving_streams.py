"""Downloads that nobody reads, from the real server: they hold places of their client, until it hangs up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import tests.django_world as world
from tests.cli.streaming_pages import MOST, PART, PARTS
from tests.cli.test_serving_tls import free_port


@pytest.fixture
def port() -> Iterator[int]:
    found = free_port()
    words = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(found),
        "--workers", "1", "--blocking-threads", str(2 * MOST), "--no-ws", "--http", "1", "--log-level", "error",
        "tests.cli.streaming_pages:application",
    ]  # fmt: skip
    process = subprocess.Popen(
        words, cwd=world.ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "safeconduct.config.settings"}
    )
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < until
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", found)) == 0:
                break
        time.sleep(0.1)
    yield found
    process.terminate()
    process.wait(20)


def download(port: int, key: str) -> socket.socket:
    """One that has begun, and is not read."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(20)
    line.connect(("127.0.0.1", port))
    line.sendall(f"GET /v1/x HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nConnection: close\r\n\r\n".encode())
    return line


def status(line: socket.socket) -> str:
    return line.recv(12).decode()[9:]


def test_downloads_that_nobody_reads_hold_places_and_no_turns_until_their_client_hangs_up(port: int) -> None:
    greedy = [download(port, "greedy") for _ in range(MOST)]
    assert [status(line) for line in greedy] == ["200"] * MOST
    assert status(download(port, "greedy")) == "429"
    other, size = download(port, "other"), 0
    with suppress(ConnectionError):
        while more := other.recv(1 << 20):
            size += len(more)
    assert size > PARTS * len(PART), "another client is handed all of it meanwhile"
    for line in greedy:
        line.close()
    until = time.monotonic() + 10
    while status(download(port, "greedy")) != "200":
        assert time.monotonic() < until, "who has hung up holds a place"
        time.sleep(0.1)

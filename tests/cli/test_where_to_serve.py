"""Where nothing can be served, a command says so before anything long begins."""

from __future__ import annotations

import socket

import pytest
from tests.cli.commands import safeconduct

from safeconduct.cli.serving import cannot_listen


@pytest.mark.parametrize("command", [["serve"], ["demo"]])
def test_a_port_that_another_program_has_is_named_with_one_to_take_instead(command: list[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = safeconduct(*command, "--port", str(port))
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in " ".join(done.stderr.split())
    assert f"PORT={port + 1}" in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_port_that_was_just_left_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web processes do
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            taken, _ = server.accept()
            taken.close()  # the side that ends first keeps the port for a while
            assert client.recv(1) == b""
    assert cannot_listen("127.0.0.1", port) == ""


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 70_000, "from 1 to 65535"),
        ("192.0.2.1", 8000, "192.0.2.1 is no address of this machine"),
        ("no such host", 8000, "no such host is no address of this machine"),
    ],
)
def test_what_is_no_place_is_said(host: str, port: int, words: str) -> None:
    assert words in cannot_listen(host, port)

"""What a webhook is on the wire: one length, which is that of its body, and no coding beside it."""

from __future__ import annotations

import socket
import threading

import pytest

from safeconduct.kernel.notices.webhooks.wire import Line

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def received(body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes that arrive for one message."""
    found: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            line, _ = listening.accept()
            with line:
                line.settimeout(10)
                raw = b""
                while not (b"\r\n\r\n" in raw and len(raw.partition(b"\r\n\r\n")[2]) >= len(body)):
                    raw += line.recv(65_536)
                found.append(raw)
                line.sendall(ANSWER)

        taking = threading.Thread(target=take, daemon=True)
        taking.start()
        with Line(f"http://127.0.0.1:{listening.getsockname()[1]}/hooks?of=us") as sending:
            assert sending.post(body, headers).accepted
        taking.join(10)
    return found[0]


@pytest.mark.parametrize(
    "body", [b"{}", b"", '{"name":"寄出"}'.encode(), b"x" * 300_000, b"\r\n\r\nGET /other HTTP/1.1\r\n\r\n"]
)
def test_a_message_has_one_length_which_is_its_bodys_and_no_coding(body: bytes) -> None:
    head, _, came = received(body, {"content-type": "application/json"}).partition(b"\r\n\r\n")
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    lengths = [value.strip() for name, _, value in fields if name.lower() == b"content-length"]
    assert lengths == [str(len(body)).encode()] and came == body
    assert not [name for name, _, _value in fields if name.lower() in (b"transfer-encoding", b"te", b"upgrade")]
    assert head.startswith(b"POST /hooks?of=us HTTP/1.1\r\n")


def test_a_header_that_would_begin_a_line_of_its_own_is_not_sent() -> None:
    with Line("http://127.0.0.1:9/") as sending:
        answer = sending.post(b"{}", {"webhook-id": "msg_1\r\ncontent-length: 9"})
    assert not answer.accepted and answer.status is None

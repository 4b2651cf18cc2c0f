"""The server itself, as `serve` starts it: TLS with certificates made here, and messages whose length is ambiguous."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import tests.django_world as world
from tests.certificates import Authority

from safeconduct.cli.serving import Server, Tls, in_clear

assert world
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(tls: Tls | None, context: ssl.SSLContext | None = None) -> Server:
    """A server that answers."""
    server = Server(host="127.0.0.1", port=free_port(), workers=1, lanes=0, tls=tls)
    server.web.start()
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.web.process is not None and server.web.process.poll() is None, "it ended"
        try:
            if b" 200 " in exchanged(server, HEALTH, context)[2]:
                return server
        except OSError:
            time.sleep(0.2)
    server.web.stop()
    raise AssertionError("it did not come up")


def exchanged(
    server: Server,
    message: bytes,
    context: ssl.SSLContext | None = None,
    *,
    name: str = "safeconduct.internal",
    patience_s: float = 5.0,
) -> tuple[str, str, bytes]:
    """Version and cipher of the connection, and everything that comes back until the server closes or says no more."""
    with ExitStack() as stack:
        line = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
        version, cipher = "", ""
        if context is not None:
            line = stack.enter_context(context.wrap_socket(line, server_hostname=name))
            assert isinstance(line, ssl.SSLSocket)
            version, cipher = str(line.version()), (line.cipher() or ("", "", 0))[0]
        line.settimeout(patience_s)
        answer = b""
        line.sendall(message)
        with suppress(TimeoutError, ConnectionError):
            while more := line.recv(65_536):
                answer += more
        return version, cipher, answer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def behind_tls(authority: Authority) -> Iterator[Server]:
    """A server that only lets in who shows a certificate of the authority."""
    certificate, key = authority.sign("safeconduct.internal")
    server = started(Tls(str(certificate), str(key), str(authority.file)), client_of(authority))
    yield server
    server.web.stop()


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    server = started(None)
    yield server
    server.web.stop()


def client_of(authority: Authority, *, shown: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if shown:
        certificate, key = authority.sign("proxy.internal")
        context.load_cert_chain(certificate, key)
    return context


def asked(server: Server, context: ssl.SSLContext, name: str = "safeconduct.internal") -> tuple[str, str, bytes]:
    """What health answers over TLS. A refused handshake of TLS 1.3 shows with the first byte only."""
    version, cipher, answer = exchanged(server, HEALTH, context, name=name)
    if not answer:
        raise ConnectionError("closed")
    return version, cipher, answer


def test_the_latest_version_is_preferred_and_the_one_before_it_is_spoken(
    behind_tls: Server, authority: Authority
) -> None:
    version, _, answer = asked(behind_tls, client_of(authority))
    assert version == "TLSv1.3" and answer.startswith(b"HTTP/1.1 200") and b'"ok"' in answer
    older = client_of(authority)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher, answer = asked(behind_tls, older)
    assert version == "TLSv1.2" and cipher.startswith("ECDHE-") and answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_older_versions_are_refused(behind_tls: Server, authority: Authority, version: ssl.TLSVersion) -> None:
    context = client_of(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asked(behind_tls, context)


@pytest.mark.parametrize(
    "ciphers", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"]
)
def test_ciphers_without_forward_secrecy_or_authenticated_encryption_are_refused(
    behind_tls: Server, authority: Authority, ciphers: str
) -> None:
    context = client_of(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asked(behind_tls, context)


def test_who_shows_no_certificate_or_one_of_another_authority_is_not_let_in(
    behind_tls: Server, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asked(behind_tls, client_of(authority, shown=False))
    stranger = client_of(authority, shown=False)
    stranger.load_cert_chain(*Authority(tmp_path, "stranger").sign("proxy.internal"))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asked(behind_tls, stranger)


def test_a_proxy_that_trusts_our_authority_only_takes_no_other_server_for_ours(
    behind_tls: Server, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(behind_tls, client_of(Authority(tmp_path, "other"), shown=False))
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(behind_tls, client_of(authority), "bank.example")


def test_nothing_is_answered_in_clear_where_there_is_tls(behind_tls: Server) -> None:
    with socket.create_connection(("127.0.0.1", behind_tls.port), 10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            answer = line.recv(1000)
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"HTTP/")


@pytest.mark.parametrize(
    ("host", "tls", "production", "refused"),
    [
        ("0.0.0.0", None, True, True), ("10.0.0.5", None, True, True), ("127.0.0.1", None, True, False),
        ("::1", None, True, False), ("0.0.0.0", Tls("c", "k"), True, False), ("0.0.0.0", None, False, False),
    ],
)  # fmt: skip
def test_production_listens_to_a_network_over_tls_only(
    host: str, tls: Tls | None, production: bool, refused: bool
) -> None:
    assert bool(in_clear(host, tls, production=production)) is refused


def test_at_level_3_nothing_is_served_in_clear_to_a_proxy_of_this_machine_either() -> None:
    assert "SAFECONDUCT_TLS_CERTIFICATE" in in_clear("127.0.0.1", None, production=True, level_3=True)
    assert not in_clear("127.0.0.1", Tls("c", "k", "ca"), production=True, level_3=True)


# -- where a message ends ---------------------------------------------------------------------------------------------


def said(server: Server, message: bytes) -> bytes:
    """Everything that comes back for these bytes."""
    return exchanged(server, message, patience_s=3.0)[2]


HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two lengths", HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED),
        ("a list of lengths", HEAD + b"Content-Length: 0, %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED),
        ("a signed length", HEAD + b"Content-Length: +5\r\n\r\nhello" + SMUGGLED),
        ("a coding that is none", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
        ("chunked is not last", HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("a chunk without a size", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
        ("a space before the colon", HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
        ("a folded field", HEAD + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    ],
)  # fmt: skip
def test_a_message_whose_end_is_doubtful_is_refused_and_what_follows_it_is_no_request(
    plain: Server, name: str, message: bytes
) -> None:
    answer = said(plain, message)
    assert answer.startswith(b"HTTP/1.1 4"), (name, answer[:200])
    assert answer.count(b"HTTP/1.1 ") == 1 and b"smuggled" not in answer, name


def test_with_a_coding_and_a_length_the_coding_says_where_a_message_ends(plain: Server) -> None:
    inside = b"0\r\n\r\n" + SMUGGLED
    both = HEAD + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(inside) + inside
    answers = said(plain, both)
    # What comes behind the last chunk is the next request, never a part of the first; closing instead is as good.
    assert answers.startswith(b"HTTP/1.1 4")
    assert answers.count(b"HTTP/1.1 ") in (1, 2)
    first, _, second = answers.partition(b"HTTP/1.1 404")
    assert b"smuggled" not in first and (not second or b"there is nothing" in second.lower() or b"<html" in second)


def test_an_answer_has_one_length_and_no_version_of_what_made_it(plain: Server) -> None:
    for path in (b"/healthz", b"/accounts/login/", b"/static/safeconduct.css", b"/nowhere"):
        answer = said(plain, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
        lengths = [value.strip() for name, _, value in fields if name == b"content-length"]
        codings = [value for name, _, value in fields if name == b"transfer-encoding"]
        assert len(lengths) + len(codings) == 1, (path, head)
        assert not lengths or int(lengths[0]) == len(body)
        (server,) = [value.strip() for name, _, value in fields if name == b"server"] or [b""]
        assert not any(sign.isdigit() for sign in server.decode()), server
        assert b"x-powered-by" not in head.lower()


def test_the_server_speaks_the_first_version_of_http_only(plain: Server) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    answer = exchanged(plain, preface, patience_s=2)[2]
    assert not answer or answer.startswith(b"HTTP/1."), answer[:80]
    upgrade = (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
    )
    answer = said(plain, upgrade + b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 ") and not answer.startswith(b"HTTP/1.1 101")


def test_the_web_processes_go_when_they_are_told_to() -> None:
    server = started(None)
    assert server.web.process is not None
    os.kill(server.web.process.pid, signal.SIGTERM)
    assert server.web.process.wait(20) is not None


def test_nobody_is_sent_to_pages_that_do_not_answer_yet() -> None:
    server = Server(host="127.0.0.1", port=free_port(), workers=1, lanes=0)
    assert server.until_up(0.3) is False
    with socket.create_server((server.host, server.port)):
        assert server.until_up(30) is True

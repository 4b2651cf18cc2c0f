"""Mails to a server that shows a certificate of the operator's authority, and asks for one of ours."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import override_settings
from tests.certificates import Authority

from safeconduct.config.mail import mail_settings, mail_target


class MailServer:
    """SMTP as far as one message goes (RFC 5321), over TLS from the first byte, with a certificate on both sides."""

    def __init__(self, authority: Authority) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*authority.sign("localhost"))
        self.context.load_verify_locations(authority.file)
        self.context.verify_mode = ssl.CERT_REQUIRED
        # Before TLS 1.3 who shows no certificate hears of it at once, and not with the first answer.
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port, self.came = int(self.door.getsockname()[1]), list[str]()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            with suppress(OSError), self.context.wrap_socket(line, server_side=True) as secured:
                self._speak(secured)

    def _speak(self, line: ssl.SSLSocket) -> None:
        file = line.makefile("rwb")
        answers = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
        file.write(b"220 here\r\n")
        file.flush()
        while word := file.readline().decode().strip():
            file.write(answers.get(word[:4].upper(), b"250 well\r\n"))
            file.flush()
            if word.upper() == "DATA":
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += file.readline()
                self.came.append(body.decode())
                file.write(b"250 taken\r\n")
                file.flush()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def server(authority: Authority) -> Iterator[MailServer]:
    made = MailServer(authority)
    yield made
    made.door.close()


def send(url: str) -> None:
    made = mail_settings(url)
    with override_settings(**made):
        mail = EmailMessage("A notice", "Words.", "shop@example.org", ["seller@example.org"])
        mail.connection = get_connection(str(made["EMAIL_BACKEND"]))
        mail.send()


def test_a_mail_goes_to_a_server_where_each_side_shows_a_certificate(server: MailServer, authority: Authority) -> None:
    certificate, key = authority.sign("app.internal")
    send(f"smtps://localhost:{server.port}?ca={authority.file}&certificate={certificate}&key={key}")
    assert len(server.came) == 1 and "Words." in server.came[0]


def test_no_mail_goes_to_a_server_of_another_authority_nor_without_our_certificate(
    server: MailServer, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.sign("app.internal")
    other = Authority(tmp_path / "theirs", "theirs")
    shown = f"certificate={certificate}&key={key}"
    for query in (f"ca={other.file}&{shown}", shown):
        with pytest.raises(ssl.SSLCertVerificationError):
            send(f"smtps://localhost:{server.port}?{query}")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        send(f"smtps://localhost:{server.port}?ca={authority.file}")
    assert server.came == []


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://mail.example?certificate=/c", "smtp://mail.example?cert=/c"]
)
def test_an_address_that_cannot_be_read_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="SAFECONDUCT_EMAIL_URL"):
        mail_target(url)

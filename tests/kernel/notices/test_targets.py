"""Where webhooks may go: never into the network that the server stands in, whatever a name says."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import override_settings
from tests.kernel.notices.receiver import Receiver, receiving

from safeconduct.kernel.notices.errors import EndpointRefused
from safeconduct.kernel.notices.webhooks.targets import TargetRefused, allowed, check_url, resolve
from safeconduct.kernel.notices.webhooks.wire import Line

INSIDE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.8", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::5", "ff02::1",
    "::ffff:10.0.0.8", "::ffff:127.0.0.1", "64:ff9b::a00:8", "2002:0a00:0008::1", "2002:7f00:1::", "2001:db8::1",
    "::127.0.0.1", "::10.0.0.8", "::ffff:0:10.0.0.8", "64:ff9b:1::a00:8", "fec0::1", "5f00::1", "192.0.0.9",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]


@pytest.fixture
def production() -> Iterator[None]:
    with override_settings(MODE="production"):
        yield


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize("address", INSIDE)
def test_production_sends_nothing_inside(production: None, address: str) -> None:
    assert not allowed(ipaddress.ip_address(address))
    with pytest.raises(TargetRefused, match="network"):
        resolve("shop.example", 443, lambda _host, _port: [address])


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_delivered_to(production: None, address: str) -> None:
    assert resolve("shop.example", 443, lambda _host, _port: [address]) == address


def test_one_inside_address_among_public_ones_refuses_the_name(production: None) -> None:
    with pytest.raises(TargetRefused):
        resolve("shop.example", 443, lambda _host, _port: ["93.184.216.34", "10.0.0.8"])


def test_development_may_reach_this_machine_and_no_other_inside() -> None:
    assert allowed(ipaddress.ip_address("127.0.0.1"))
    assert allowed(ipaddress.ip_address("::1"))
    for address in ("10.0.0.8", "169.254.169.254", "192.168.1.1"):
        assert not allowed(ipaddress.ip_address(address))


def test_the_operator_may_open_a_network_of_their_own(production: None) -> None:
    with override_settings(WEBHOOK_NETWORKS=("10.20.0.0/16",)):
        assert allowed(ipaddress.ip_address("10.20.3.4"))
        assert not allowed(ipaddress.ip_address("10.21.3.4"))
        assert check_url("https://10.20.3.4/hooks") == "https://10.20.3.4/hooks"


def test_a_name_without_an_address_is_told(production: None) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(TargetRefused, match="does not resolve"):
        resolve("nowhere.example", 443, unknown)
    with pytest.raises(TargetRefused, match="does not resolve"):
        resolve("nowhere.example", 443, lambda _host, _port: [])


def test_production_takes_https_only(production: None) -> None:
    with pytest.raises(EndpointRefused, match="https"):
        check_url("http://shop.example/hooks")
    assert check_url(" https://shop.example/hooks?a=1 ") == "https://shop.example/hooks?a=1"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "[::ffff:7f00:1]"])
def test_other_spellings_of_this_machine_reach_nothing_in_production(production: None, host: str) -> None:
    with Line(f"https://{host}/", timeout_s=2) as line:
        answer = line.post(b"{}", {})
    assert answer.status is None
    assert answer.problem in ("the name leads into a network that is not delivered to", "the name does not resolve")


def test_a_name_that_changes_its_mind_is_asked_once_and_connected_where_it_was_judged(receiver: Receiver) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.8"]

    with Line(f"http://shop.example:{receiver.port}/webhooks", resolver=rebinding) as line:
        assert line.post(b"{}", {}).status == 204
    assert asked == ["shop.example"]
    assert receiver.got[0].headers["host"] == f"shop.example:{receiver.port}"
    with Line(f"http://shop.example:{receiver.port}/webhooks", resolver=rebinding) as line:
        assert "network" in line.post(b"{}", {}).problem


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Line(receiver.url) as line:
        assert line.post(b"{}", {}).status == 204


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    name = "shop.example"
    with (
        TlsServer(tmp_path, name) as port,
        Line(f"https://{name}:{port}/", resolver=lambda _h, _p: ["127.0.0.1"]) as line,
    ):
        answer = line.post(b"{}", {})
    assert (answer.status, answer.problem) == (None, "the certificate was not accepted")


class TlsServer:
    """A server with a certificate of its own making."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.file = folder / "server.pem"
        self.file.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )

    def __enter__(self) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        self.socket = socket.create_server(("127.0.0.1", 0))

        def shake() -> None:
            try:
                connection, _peer = self.socket.accept()
                with context.wrap_socket(connection, server_side=True):
                    pass
            except OSError:
                pass

        threading.Thread(target=shake, daemon=True).start()
        return int(self.socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.socket.close()

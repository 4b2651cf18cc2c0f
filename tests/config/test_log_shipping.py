"""The log in another place: real collectors with real certificates, and what happens while they are silent."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.certificates import Authority

from safeconduct.config import log_shipping
from safeconduct.config.log_shipping import Shipping, Target
from safeconduct.config.logs import JsonLines


class Collector:
    """A collector of RFC 5425 that asks for a certificate; what it was told, message by message."""

    def __init__(self, authority: Authority, *, port: int = 0) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*authority.sign("logs.internal"))
        self.context.load_verify_locations(authority.file)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listening = socket.create_server(("127.0.0.1", port))
        self.port, self.told = self.listening.getsockname()[1], list[str]()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
                with self.context.wrap_socket(line, server_side=True) as secured, secured.makefile("rb") as file:
                    while digits := file.read(1):
                        while not digits.endswith(b" "):
                            digits += file.read(1)
                        self.told.append(file.read(int(digits)).decode())
            except OSError:  # a caller that hung up or was refused; another may come
                if self.listening.fileno() < 0:
                    return


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def logger_to(target: Target) -> tuple[logging.Logger, Shipping]:
    handler = Shipping(target)
    handler.setFormatter(JsonLines())
    made = logging.Logger("safeconduct.security")
    made.addHandler(handler)
    return made, handler


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_shipping, "_AGAIN_S", (0.05,))


def target(authority: Authority, port: int) -> Target:
    certificate, key = authority.sign("shop.internal")
    return Target.of(f"tls://127.0.0.1:{port}?ca={authority.file}&certificate={certificate}&key={key}")


def test_each_line_arrives_as_one_message_of_the_standard_over_tls(authority: Authority) -> None:
    collector = Collector(authority)
    log, _ = logger_to(target(authority, collector.port))
    log.warning("refused", extra={"facts": {"why": "scope-missing", "key": "key_1"}})
    log.info("two\nlines and ünïcode")
    eventually(lambda: len(collector.told) == 2)
    head = r"<(\d+)>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ safeconduct \d+ safeconduct\.security - \{"
    first, second = (re.match(head, line) for line in collector.told)
    assert first and second and (first[1], second[1]) == ("108", "110"), "facility 13; warning, then notice of a kind"
    assert '"why": "scope-missing"' in collector.told[0] and "ünïcode" in collector.told[1]


def test_a_collector_with_another_certificate_is_told_nothing(authority: Authority, tmp_path: Path) -> None:
    impostor = Authority(tmp_path / "impostor")
    collector = Collector(impostor)
    log, handler = logger_to(target(authority, collector.port))
    log.warning("refused")
    time.sleep(0.5)
    assert collector.told == [] and len(handler.lines) == 1


def test_while_the_collector_is_silent_lines_wait_in_order_and_those_dropped_are_counted(
    authority: Authority,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    log, handler = logger_to(target(authority, port))
    handler.lines = type(handler.lines)(maxlen=5)
    started = time.monotonic()
    for number in range(8):
        log.warning("line %s", number)
    assert time.monotonic() - started < 5, "nobody waits for the collector"
    collector = Collector(authority, port=port)
    eventually(lambda: len(collector.told) == 6)
    assert "3 lines were dropped" in collector.told[0]
    assert [int(re.findall(r"line (\d)", line)[0]) for line in collector.told[1:]] == [3, 4, 5, 6, 7]


def test_the_socket_of_this_machine_gets_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        daemon.settimeout(10)
        log, _ = logger_to(Target.of(f"unix:{path}"))
        log.warning("refused")
        assert daemon.recv(4096).startswith(b"<108>1 ")


@pytest.mark.parametrize("text", ["udp://host", "tls://", "/dev/log", "tls://h?verify=0", "unix:relative"])
def test_what_names_no_place_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(ValueError, match="unix:/PATH nor tls://"):
        Target.of(text)


def test_a_line_that_was_dropped_while_the_connection_was_made_is_not_sent_after_all(tmp_path: Path) -> None:
    full = threading.Event()

    class Slow(Target):
        def connect(self) -> socket.socket:
            full.wait(20)
            return super().connect()

    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        daemon.settimeout(20)
        log, handler = logger_to(Slow(path=str(path)))
        handler.lines = type(handler.lines)(maxlen=2)
        for number in range(3):
            log.warning("line %s", number)
        full.set()
        told = [daemon.recv(1 << 16).decode() for _ in range(3)]
    assert "1 lines were dropped" in told[0] and "line 1" in told[1] and "line 2" in told[2]

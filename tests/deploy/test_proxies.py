"""The configurations of proxies that we ship, run by the real programs where they are installed.

``SAFECONDUCT_TEST_NGINX`` and ``SAFECONDUCT_TEST_CADDY`` name the programs; without them those on the path are taken.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.certificates import Authority

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
FILES = {"caddy": "Caddyfile", "nginx": "nginx.conf"}
NAME = "shop.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Upstream:
    """What stands for Safeconduct: it asks for a certificate, and keeps each request as it came."""

    def __init__(self, authority: Authority, *, asks: bool = True) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*authority.sign("safeconduct.internal"))
        if asks:
            self.context.load_verify_locations(authority.file)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.heads = self.listening.getsockname()[1], list[str]()
        self.lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def becomes(self, context: ssl.SSLContext) -> None:
        """Somebody else answers at this address from now on."""
        self.context = context
        for line in self.lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with suppress(OSError), self.context.wrap_socket(line, server_side=True) as secured:
            self.lines.append(secured)
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = secured.recv(65_536)
                    if not more:
                        return
                    data += more
                head, _, rest = data.partition(b"\r\n\r\n")
                self.heads.append(head.decode().lower())
                length = re.search(rb"content-length: (\d+)", head.lower())
                left = int(length[1]) - len(rest) if length else 0
                chunked = b"transfer-encoding: chunked" in head.lower()
                while left > 0 or (chunked and not rest.endswith(b"0\r\n\r\n")):
                    more = secured.recv(65_536)
                    left, rest = left - len(more), rest + more
                secured.sendall(b"HTTP/1.1 200 OK\r\nServer: secret/1.2\r\nContent-Length: 2\r\n\r\nok")

    def field(self, name: str) -> str:
        """A header of the last request."""
        found = re.findall(rf"^{name}: (.*)$", self.heads[-1], re.MULTILINE)
        assert len(found) <= 1, found
        return str(found[0]).strip() if found else ""


@dataclass
class Proxy:
    """A proxy that runs, with the authority of its certificates."""

    port: int
    upstream: Upstream
    outside: Authority
    log: Path

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.outside.file))

    def says(self, message: bytes, context: ssl.SSLContext | None = None, name: str = NAME) -> tuple[str, str, str]:
        """Version, cipher and answer."""
        with ExitStack() as stack:
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), 10))
            line = stack.enter_context((context or self.context()).wrap_socket(plain, server_hostname=name))
            line.settimeout(3)
            line.sendall(message)
            answer = b""
            with suppress(TimeoutError, ConnectionError, ssl.SSLError):
                while more := line.recv(65_536):
                    answer += more
            return str(line.version()), (line.cipher() or ("", "", 0))[0], answer.decode(errors="replace")


def text_of(kind: str, folder: Path, port: int, clear: int, upstream: int) -> str:
    """The file we ship with the places of this test in it."""
    text = (DEPLOY / FILES[kind]).read_text()
    swaps = {"/etc/safeconduct": str(folder / "inside"), "127.0.0.1:8443": f"127.0.0.1:{upstream}"}
    if kind == "nginx":
        own = str(folder / "outside")
        swaps |= {
            f"/etc/safeconduct/{NAME}": f"{own}/{NAME}", "listen 443": f"listen 127.0.0.1:{port}",
            "listen 80": f"listen 127.0.0.1:{clear}", "/run/nginx.pid": f"{folder}/pid", "/var/log/nginx": str(folder),
            "http {": "daemon off;\nhttp {\n" + "".join(
                f"{what}_temp_path {folder}/{what};\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            ),
        }  # fmt: skip
    else:
        one = folder / "outside" / NAME
        swaps |= {
            "\temail operator@shop.example\n": f"\tadmin off\n\thttp_port {clear}\n\thttps_port {port}\n\tskip_install_trust\n",
            "\ttls {\n": f"\ttls {one}.crt {one}.key {{\n",
        }  # fmt: skip
    for before, after in sorted(swaps.items(), key=lambda swap: -len(swap[0])):
        assert before in text, before
        text = text.replace(before, after)
    return text


def program(kind: str) -> str:
    found = os.environ.get(f"SAFECONDUCT_TEST_{kind.upper()}") or shutil.which(kind)
    if not found:
        pytest.skip(f"{kind} is not installed")
    return found


@pytest.fixture(scope="module", params=sorted(FILES))
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    kind, folder = str(request.param), tmp_path_factory.mktemp("proxy")
    started = program(kind)
    inside, outside = Authority(folder / "inside", "internal-ca"), Authority(folder / "outside")
    inside.sign("proxy.internal")
    outside.sign(NAME)
    upstream, port = Upstream(inside), free_port()
    file = folder / FILES[kind]
    file.write_text(text_of(kind, folder, port, free_port(), upstream.port))
    command = (
        [started, "-c", str(file), "-p", str(folder)] if kind == "nginx" else [started, "run", "--config", str(file)]
    )
    if kind == "caddy":
        command += ["--adapter", "caddyfile"]
    log = folder / "out.log"
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd=folder)
    until = time.monotonic() + 30
    while True:
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield Proxy(port, upstream, outside, log)
    process.terminate()
    process.wait(20)


GET = b"GET /portal/ HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"


def test_people_get_the_latest_tls_and_the_header_that_keeps_them_on_it(proxy: Proxy) -> None:
    version, _, answer = proxy.says(GET + b"\r\n")
    assert version == "TLSv1.3" and answer.startswith("HTTP/1.1 200"), answer
    head = answer.partition("\r\n\r\n")[0].lower()
    assert head.count("strict-transport-security: max-age=31536000; includesubdomains") == 1
    assert "secret" not in head and not re.search(r"server: \S*\d", head)


def test_the_version_before_works_with_forward_secrecy_and_older_ones_do_not(proxy: Proxy) -> None:
    older = proxy.context()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher, _ = proxy.says(GET + b"\r\n", older)
    assert version == "TLSv1.2" and cipher.startswith("ECDHE-")
    for ciphers in ("AES256-GCM-SHA384", "AES128-SHA", "ECDHE-ECDSA-AES256-SHA"):
        weak = proxy.context()
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            proxy.says(GET + b"\r\n", weak)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_1_1_is_refused(proxy: Proxy) -> None:
    old = proxy.context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.says(GET + b"\r\n", old)


def test_a_name_that_is_not_ours_is_shown_no_certificate(proxy: Proxy) -> None:
    anybody = proxy.context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.says(GET + b"\r\n", anybody, "bank.example")


def test_what_a_caller_says_about_its_address_is_thrown_away(proxy: Proxy) -> None:
    lies = b"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: http\r\nForwarded: for=9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\n"
    proxy.says(GET + lies + b"\r\n")
    assert "9.9.9.9" not in proxy.upstream.heads[-1]
    assert proxy.upstream.field("x-forwarded-for") == "127.0.0.1"
    assert proxy.upstream.field("x-forwarded-proto") == "https" and proxy.upstream.field("host") == NAME


def test_contradicting_lengths_do_not_reach_us_as_two_requests(proxy: Proxy) -> None:
    before = len(proxy.upstream.heads)
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    post = b"POST /portal/ HTTP/1.1\r\nHost: shop.example\r\n"
    for message in (
        post + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(smuggled) + smuggled,
        post + b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n\r\n" % len(smuggled) + smuggled,
        post + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
    ):
        _, _, answer = proxy.says(message)
        assert re.match(r"HTTP/1.1 (4|501)", answer) and answer.count("HTTP/1.1") == 1, answer
    both = post + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nX"
    proxy.says(both)
    for head in proxy.upstream.heads[before:]:
        assert "smuggled" not in head
        assert not ("content-length:" in head and "transfer-encoding:" in head), head


def test_the_proxy_speaks_to_nobody_who_is_not_ours(proxy: Proxy, tmp_path: Path) -> None:
    ours, before = proxy.upstream.context, len(proxy.upstream.heads)
    proxy.upstream.becomes(Upstream(Authority(tmp_path / "other"), asks=False).context)
    try:
        _, _, answer = proxy.says(GET + b"\r\n")
    finally:
        proxy.upstream.becomes(ours)
    assert answer.startswith("HTTP/1.1 502") and len(proxy.upstream.heads) == before
    assert proxy.says(GET + b"\r\n")[2].startswith("HTTP/1.1 200")


def test_shipped_files_say_what_the_tests_of_running_proxies_show() -> None:
    """Also where neither program is installed."""
    nginx, caddy = ((DEPLOY / FILES[kind]).read_text() for kind in ("nginx", "caddy"))
    for text in (nginx, caddy):
        assert re.search(r"tlsv?1\.2 tlsv?1\.3", text.lower()) and "max-age=31536000; includeSubDomains" in text
        assert "127.0.0.1:8443" in text and "http://127" not in text
    assert "proxy_ssl_verify on" in nginx and "ssl_reject_handshake on" in nginx
    assert "tls_trust_pool file" in caddy and "insecure_skip_verify" not in caddy
    asked = [line for line in re.findall(r"ssl_ciphers (.*);", nginx)[0].split(":")]
    assert all(one.startswith("ECDHE-") and ("GCM" in one or "POLY1305" in one) for one in asked)

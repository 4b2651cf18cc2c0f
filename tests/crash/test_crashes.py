"""kill -9 while orders are placed and paid: whatever was acknowledged is there, each order has its one decision, each
decision its one line in the record, each payment its one capture, and the ledger balances.

The server runs as in production: `safeconduct serve` with web processes, a lane, and the embedded PostgreSQL, in a
folder of its own. By default three kills of the server, and six of its parts, as fast as they come back: more than the
five within a minute that count as often; twenty of each with SAFECONDUCT_LONG_TESTS=1.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from safeconduct.foundation.postgres import lease, status
from safeconduct.foundation.postgres.layout import open_folder

KILLS, KILLS_OF_SERVER = (20, 20) if os.environ.get("SAFECONDUCT_LONG_TESTS") else (6, 3)
#: How long a machine that is busy with other things may take to start the server, or to decide a few events.
PATIENCE_S = 180.0
ROLE = "safeconduct_engine"


class Shop:
    """A shop that sends orders, one after the other, and remembers which ones were acknowledged."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.key = address, key
        self.acknowledged: list[str] = []
        self.sent = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(3)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(15)

    def _send(self, lane: int) -> None:
        number = 0
        while not self.stopped.is_set():
            identity = f"crash-{lane}-{number // 2}"
            kind = ("order.placed", "order.paid")[number % 2]
            if self._post(identity, kind):
                self.acknowledged.append(f"{identity}/{kind}")
                number += 1  # what was not acknowledged is sent again under the same id
            else:
                time.sleep(0.1)

    def _post(self, identity: str, kind: str) -> bool:
        who = {"buyer": "b1", "card": "c1"} if kind == "order.placed" else {}
        body = {
            "specversion": "1.0", "id": f"{identity}/{kind}", "source": "crash", "type": kind,
            "time": "2026-06-01T12:00:00Z",
            "data": {"order": identity, "seller": "s1", "amount": {"minor": 900000, "currency": "USD"}, **who},
        }  # fmt: skip
        request = urllib.request.Request(
            f"{self.address}/v1/events",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        self.sent += 1
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return bool(response.status in (200, 201, 202))
        except (urllib.error.URLError, OSError):
            return False


class Server:
    """`safeconduct serve` in a folder of its own."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.address = f"http://127.0.0.1:{port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SAFECONDUCT_", "DATABASE_", "DJANGO_"))},
            "SAFECONDUCT_VAR": str(var),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "safeconduct", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        log = (self.var / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "safeconduct", "serve", "--port", str(self.port)],
            env=self.environment, stdout=log, stderr=log,
        )  # fmt: skip
        self.wait_until_up()

    def wait_until_up(self, within_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError((self.var / "serve.log").read_text()[-2000:])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def children(self) -> list[int]:
        """Processes that belong to this server, by the folder in their environment."""
        mark = f"SAFECONDUCT_VAR={self.var}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "environ").read_bytes().split(b"\0")
                    line = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if mark in words and b"foundation.postgres" not in line and b"postgres:" not in line and line:
                    found.append(int(entry.name))
        return found

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    server = Server(tmp_path_factory.mktemp("var"), free_port())
    policy = server.var / "policy.yaml"
    policy.write_text(
        "policy: crash\non: order.placed\nin: USD\nfeatures:\n"
        "  card_orders_1h: {count: order.placed, by: card, over: 1 hour}\n"
        "rules:\n  dear:\n    when: amount > money('100 USD') AND card_orders_1h >= 0\n    then: review\n"
        "    because: {en: dear, zh: 贵, es: caro}\n"
    )
    server.command("migrate")
    for email, role in (("a@example.org", "analyst"), ("b@example.org", "lead")):
        server.command("people", "invite", email, "--role", role)
    server.command("policy", "publish", str(policy), "--author", "a@example.org", "--approver", "b@example.org")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    key = json.loads(server.command("keys", "api", "crash", "--scope", "events:write", "--json"))["secret"]
    shop = Shop(server.address, key)
    shop.start()
    yield shop
    shop.stop()


def wait_for_more(shop: Shop, count: int = 5, within_s: float = PATIENCE_S) -> None:
    wanted = len(shop.acknowledged) + count
    end = time.monotonic() + within_s
    while len(shop.acknowledged) < wanted:
        assert time.monotonic() < end, f"only {len(shop.acknowledged)} of {shop.sent} were acknowledged"
        time.sleep(0.02)


def check(server: Server, shop: Shop) -> None:
    """Every acknowledged event is stored. In the end each order has one live decision with its reasons, and each payment
    was captured once and is held, because its order waits for a person."""
    shop.stop()
    folder = server.var / "postgres"
    with lease(folder) as held, psycopg.connect(held.url("safeconduct", user=ROLE), autocommit=True) as connection:
        end = time.monotonic() + PATIENCE_S
        while connection.execute("SELECT count(*) FROM event_queue").fetchone() != (0,):
            assert time.monotonic() < end, "the lanes do not finish"
            time.sleep(0.2)
        rows = connection.execute(
            "SELECT e.source_id, e.type, count(d.id), min(jsonb_array_length(d.reasons -> 'statement')) FROM event e"
            " LEFT JOIN decision d ON d.moment = e.moment AND d.kind = 'live' GROUP BY 1, 2"
        ).fetchall()
        leaves = connection.execute(
            "SELECT count(*), count(DISTINCT subject) FROM (SELECT kind, subject FROM leaf"
            " UNION ALL SELECT kind, subject FROM record_entry) AS l WHERE kind = 'decision'"
        ).fetchone()
        captured = connection.execute(
            "SELECT count(*), count(DISTINCT order_key) FROM ledger_transaction WHERE event = 'capture'"
        ).fetchone()
        held = connection.execute("SELECT count(*) FROM ledger_hold WHERE ended_at IS NULL").fetchone()
    assert set(shop.acknowledged) <= {identity for identity, *_ in rows}
    placed = [(decisions, reasons) for _, kind, decisions, reasons in rows if kind == "order.placed"]
    paid = sum(kind == "order.paid" for _, kind, *_ in rows)
    assert set(placed) == {(1, 1)}
    assert leaves == (len(placed), len(placed))
    assert captured == (paid, paid) and held == (paid,)
    assert json.loads(server.command("ledger", "check", "--json"))["ok"]
    assert json.loads(server.command("record", "verify", "--json"))["ok"]


def test_killing_the_server_loses_nothing_and_leaves_no_worker_behind(server: Server, shop: Shop) -> None:
    for _ in range(KILLS_OF_SERVER):
        wait_for_more(shop)
        before = server.children()
        server.kill()
        end = time.monotonic() + PATIENCE_S
        while alive := set(before) & set(server.children()):
            assert time.monotonic() < end, f"still alive: {alive}"
            time.sleep(0.1)
        server.start()
    wait_for_more(shop)
    check(server, shop)


def test_killing_the_database_loses_nothing(server: Server, shop: Shop) -> None:
    for _ in range(KILLS):
        wait_for_more(shop)
        pid = status(server.var / "postgres").pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
    wait_for_more(shop)
    check(server, shop)


def test_killing_the_databases_supervisor_and_with_it_the_database_loses_nothing(server: Server, shop: Shop) -> None:
    for _ in range(KILLS):
        wait_for_more(shop)
        supervisor = (read := open_folder(server.var / "postgres").read_state()) and read.supervisor_pid
        assert supervisor
        os.kill(supervisor, signal.SIGKILL)
        time.sleep(0.5)
    wait_for_more(shop)
    check(server, shop)


def test_killing_a_lane_and_the_sequencer_in_it_gives_back_what_they_held(server: Server, shop: Shop) -> None:
    for _ in range(KILLS):
        wait_for_more(shop)
        for pid in server.children():
            if b"cli.serving" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
    wait_for_more(shop)
    check(server, shop)

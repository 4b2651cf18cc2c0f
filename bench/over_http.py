"""Decisions over HTTP as a shop asks for them: `safeconduct serve` as it runs in production, under a constant rate.

The server is a process of its own with a database of its own, filled with history; a second process sends orders with an
API key. The rate does not wait for answers: request *n* is due at start + n/rate, and its latency counts from then on,
so that a stall shows in everything that queued behind it. Against it, in the same way: `GET /healthz`, which decides
nothing and asks no database.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.place import BUILD, ORDERS, order_event, ready

RATE, SECONDS = 100, 30
HISTORY = 20_000
_FOLDER = BUILD.parent / "bench-http"
_ROOT = Path(__file__).resolve().parent.parent


def run(quick: bool) -> list[Figure]:
    """Milliseconds from when a request was due to its whole answer. Builds and removes the server's folder."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    try:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SAFECONDUCT_", "DATABASE_", "DJANGO_"))},
            "SAFECONDUCT_VAR": str(_FOLDER), "SAFECONDUCT_RATE_LIMIT": "1000000",
        }  # fmt: skip
        prepare = [sys.executable, "-m", "bench.over_http", str(HISTORY // 10 if quick else HISTORY)]
        prepared = subprocess.run(prepare, env=environment, cwd=_ROOT, capture_output=True, text=True, check=True)
        key = prepared.stdout.split()[-1]
        port = _free_port()
        with (_FOLDER / "serve.log").open("wb") as log:
            serve = [sys.executable, "-m", "safeconduct.cli.child", str(os.getpid()),
                     sys.executable, "-m", "safeconduct", "serve", "--port", str(port)]  # fmt: skip
            server = subprocess.Popen(serve, env=environment, cwd=_ROOT, stdout=log, stderr=log)
        try:
            return _measure(port, key, 5 if quick else SECONDS)
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(_FOLDER, ignore_errors=True)


def _measure(port: int, key: str, seconds: int) -> list[Figure]:
    _wait_until_up(port)
    _load(port, key, "decide", 2)  # connections, caches and plans
    idle = _load(port, key, "health", max(2, seconds // 6))
    before = _cpu_s()
    found = _load(port, key, "decide", seconds)
    spent_ms = (_cpu_s() - before) * 1000 / found["sent"]
    assert found["failed"] == 0, f"{found['failed']} of {found['sent']} requests failed"
    figures = []
    for name, aim in (("p50", 8.0), ("p99", 25.0)):
        against = f"GET /healthz {idle[name]:.1f} ms"
        figures.append(
            Figure(f"decision over HTTP at {RATE}/s, {name}", found[name], "ms", against, found[name] / idle[name],
                   f"{aim:.0f} ms", found[name] <= aim)
        )  # fmt: skip
    late = found["provisional"]
    return [
        *figures,
        Figure("decision over HTTP, CPU of server and database", spent_ms, "ms", f"of {1000 / RATE * (os.cpu_count() or 1):.0f} ms that there are at {RATE}/s",
               spent_ms * RATE / 1000 / (os.cpu_count() or 1)),
        Figure(f"answers without a decision at {RATE}/s", float(late), f"of {found['sent']:,}",
               "the policy's on_failure instead", None, "0", late == 0),
    ]  # fmt: skip


def _load(port: int, key: str, what: str, seconds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.load", str(port), what, str(RATE), str(seconds)]
    done = subprocess.run(
        command, env=os.environ | {"BENCH_KEY": key}, cwd=_ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _cpu_s() -> float:
    """CPU seconds so far of all processes of this server, its database included; 0 where there is no /proc."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    ours: set[int] = set()
    tick = os.sysconf("SC_CLK_TCK")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            numbers = (entry / "stat").read_text().rpartition(")")[2].split()
            named = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:  # ended meanwhile, or somebody else's
            continue
        pid = int(entry.name)
        parents[pid] = int(numbers[1])
        spent[pid] = sum(map(int, numbers[11:15])) / tick  # with children that have ended
        if os.fsencode(_FOLDER) in named and pid != os.getpid():
            ours.add(pid)
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(spent[pid] for pid in ours)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(port: int, within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the server did not come up: {(_FOLDER / 'serve.log').read_text()[-2000:]}")


def prepare(history: int) -> str:
    """In a process of its own, over the folder in SAFECONDUCT_VAR: the policy in force, history, and a key's secret."""
    import random

    ready(Path(os.environ["SAFECONDUCT_VAR"]))
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.events import log
    from safeconduct.kernel.operations.calls import Scope
    from safeconduct.kernel.parties.keys import create_key
    from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope

    now = datetime.now(UTC)
    with staff_scope():
        policies.install(ORDERS.read_text(encoding="utf-8"), at=now, actor=Actor("bench", "owner"))
    with engine_scope():
        _, secret = create_key("bench", [Scope.EVENTS_WRITE.value], Actor("bench", "owner"), at=now)
    dice = random.Random(3)
    step = timedelta(days=14) / history
    events = [order_event(dice, f"h{n}", now - step * (history - n)) for n in range(history)]
    for first in range(0, history, 1000):
        log.receive(events[first : first + 1000], known=log.Known.WHEN_IT_HAPPENED, imported=True)
    with owner_scope():
        query("ANALYZE")
    return secret


if __name__ == "__main__":
    print(prepare(int(sys.argv[1])))

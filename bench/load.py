"""Sends requests at a constant rate, whatever comes back, and prints what came of them as JSON.

    BENCH_KEY=… python -m bench.load PORT decide|health RATE SECONDS

Request n is due at start + n / rate; a latency is the time from then to the last byte of the answer. Many connections
are kept open, so that a slow answer does not hold up the next request.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import random
import sys
import threading
import time
import uuid
from datetime import UTC, datetime

from bench.place import order_event

_CONNECTIONS = 24


class Load:
    """One run of a rate; `latencies_ms`, `failed` and `provisional` fill up while it runs."""

    def __init__(self, port: int, what: str, rate: int, seconds: int) -> None:
        self.port, self.what, self.rate = port, what, rate
        self.count = rate * seconds
        self.latencies_ms: list[float] = []
        self.failed = 0
        self.provisional = 0
        self._next = 0
        self._lock = threading.Lock()
        dice, run = random.Random(), uuid.uuid4().hex
        # Written beforehand: what a client spends on its own texts is not the server's time.
        self._bodies = [
            json.dumps(order_event(dice, f"{run}-{n}", datetime.now(UTC))).encode() if what == "decide" else b""
            for n in range(self.count)
        ]
        self._headers = {
            "Authorization": f"Bearer {os.environ.get('BENCH_KEY', '')}",
            "Content-Type": "application/json",
        }

    def run(self) -> None:
        gc.disable()
        self._start = time.perf_counter() + 0.2
        threads = [threading.Thread(target=self._send_all) for _ in range(_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send_all(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while True:
            with self._lock:
                number = self._next
                self._next += 1
            if number >= self.count:
                connection.close()
                return
            due = self._start + number / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            good, late = self._send(connection, number)
            elapsed_ms = (time.perf_counter() - due) * 1000
            with self._lock:
                self.latencies_ms.append(elapsed_ms)
                self.failed += not good
                self.provisional += late

    def _send(self, connection: http.client.HTTPConnection, number: int) -> tuple[bool, bool]:
        """Whether the answer was good, and whether it was the answer for a decision that came too late."""
        try:
            if self.what == "health":
                connection.request("GET", "/healthz")
            else:
                connection.request("POST", "/v1/events", self._bodies[number], self._headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False, False
        if self.what == "health":
            return response.status == 200, False
        answer = json.loads(body) if response.status in (200, 201, 202) else {}
        decided = bool(answer.get("decisions")) or bool(answer.get("provisional"))
        return decided, bool(answer.get("provisional"))


def main() -> None:
    port, what, rate, seconds = sys.argv[1:]
    load = Load(int(port), what, int(rate), int(seconds))
    load.run()
    ordered = sorted(load.latencies_ms)
    found = {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 90, 99)}
    print(json.dumps(found | {
        "max": ordered[-1], "sent": len(ordered), "failed": load.failed, "provisional": load.provisional,
    }))  # fmt: skip


if __name__ == "__main__":
    main()

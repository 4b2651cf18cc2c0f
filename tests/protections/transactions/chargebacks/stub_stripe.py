"""A stand-in for Stripe's interface, on a real socket: files, disputes, their submission, idempotency keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Stripe:
    """What it has been told. ``status``: what it answers instead of doing it; ``swallow``: does it, and answers 500."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.files: list[bytes] = []
        self.submissions: list[dict[str, str]] = []
        self.disputes: dict[str, dict[str, Any]] = {}
        self.status = 0
        self.swallow = 0
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.url = ""

    def handle(self, method: str, path: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.calls.append((method, path))
        if self.status:
            return self.status, {"error": {"code": "dispute_not_open", "message": "Ana Rojas"}}
        if key and key in self.answers:
            return self.answers[key]
        answer = self._do(method, path, body)
        if key:
            self.answers[key] = answer
        if self.swallow and path != "/v1/files":
            self.swallow -= 1
            return 500, {}
        return answer

    def _do(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = path.split("/")
        dispute = self.disputes.setdefault(
            parts[3] if len(parts) > 3 else "",
            {"object": "dispute", "status": "needs_response", "evidence_details": {"submission_count": 0}},
        )
        if path == "/v1/files":
            self.files.append(body[body.index(b"%PDF") : body.rindex(b"%%EOF") + 5])
            return 200, {"id": f"file_{len(self.files)}", "object": "file", "purpose": "dispute_evidence"}
        if method == "GET":
            return 200, dispute
        if path.endswith("/close"):
            dispute["status"] = "lost"
            return 200, dispute
        if dispute["evidence_details"]["submission_count"]:
            return 400, {"error": {"code": "dispute_already_submitted"}}
        self.submissions.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        dispute["status"], dispute["evidence_details"]["submission_count"] = "under_review", 1
        return 200, dispute


@contextmanager
def stripe() -> Iterator[Stripe]:
    told = Stripe()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            assert self.headers["Authorization"] == "Bearer rk_test"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, given = told.handle(self.command, self.path, self.headers.get("Idempotency-Key") or "", body)
            data = json.dumps(given).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()

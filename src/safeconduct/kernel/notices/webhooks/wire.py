"""One endpoint's line: signed messages over HTTP, within limits of time and size.

Redirects are not followed and proxies of the environment not used: a message goes to the address that was judged, or
nowhere. What a receiver answers is read only as far as its status; the rest is thrown away unread by anyone.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Self

import httpcore
import httpx

from safeconduct.kernel.notices.webhooks.targets import Resolver, TargetRefused, resolve

#: A receiver answers within this time, from the first packet to the last. Standard Webhooks recommends 15 to 30 s.
TIMEOUT_S: Final = 15.0
_CONNECT_S: Final = 5.0
#: So much of an answer is read so that the connection can be used again; a longer one costs the connection.
_LARGEST_ANSWER: Final = 64 * 1024
_LONGEST_RETRY_AFTER_S: Final = 3600
_AGENT: Final = "Safeconduct-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt: a status, or what went wrong. ``retry_after_s``: what the receiver asked for, 0 for
    nothing, at most an hour."""

    status: int | None
    problem: str
    latency_ms: int
    retry_after_s: int = 0

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """The body of a message; the same bytes at every attempt."""
    document = {"type": kind, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def signed_of(message_id: str, body: bytes, at: datetime) -> bytes:
    """What is signed of one attempt (Standard Webhooks 1.0.0): id, time and body."""
    return f"{message_id}.{_seconds(at)}.".encode() + body


def headers_of(message_id: str, signatures: Sequence[bytes], at: datetime) -> dict[str, str]:
    """The headers of one attempt, with what `signed_of` gives signed under every secret that is in force."""
    return {
        "content-type": "application/json", "user-agent": _AGENT, "webhook-id": message_id,
        "webhook-timestamp": _seconds(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }  # fmt: skip


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


class Line:
    """A connection to one endpoint for a few messages, one after the other; of one thread."""

    def __init__(self, url: str, *, resolver: Resolver | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._network = _Network(resolver)
        self._client = httpx.Client(transport=_Transport(self._network), follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Sends one message. Never raises for what the other side does."""
        started = time.monotonic()
        self._network.until = started + self._timeout_s
        status, problem, retry_after_s = None, "", 0
        try:
            answer = self._client.post(self._url, content=body, headers=dict(headers), timeout=_CONNECT_S)
            status, retry_after_s = answer.status_code, _retry_after(answer)
            if 300 <= status < 400:
                problem = "redirects are not followed; change the endpoint's address"
        except TargetRefused as refused:
            problem = str(refused)
        except httpcore.TimeoutException:
            problem = f"no answer within {self._timeout_s:g} seconds"
        except httpcore.NetworkError as wrong:
            problem = "the certificate was not accepted" if _is_tls(wrong) else "no connection"
        except (httpcore.ProtocolError, httpx.HTTPError, httpx.InvalidURL):
            problem = "what was answered is not HTTP"
        return Answer(status, problem, round((time.monotonic() - started) * 1000), retry_after_s)


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("retry-after", "")
    return min(int(text), _LONGEST_RETRY_AFTER_S) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _is_tls(problem: BaseException) -> bool:
    return isinstance(problem.__cause__ or problem.__context__, ssl.SSLError)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Transport(httpx.BaseTransport):
    """Statuses over connections of `_Network`. The answer's body is dropped."""

    def __init__(self, network: _Network) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=network, max_connections=1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )  # fmt: skip
        asked = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.read(), extensions=request.extensions
        )  # fmt: skip
        answer = self._pool.handle_request(asked)
        try:
            _drop(answer)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            pass  # the status has come, and says whether the message was accepted
        finally:
            answer.close()
        return httpx.Response(answer.status, headers=answer.headers)

    def close(self) -> None:
        self._pool.close()


def _drop(answer: httpcore.Response) -> None:
    size = 0
    for part in answer.iter_stream():
        size += len(part)
        if size > _LARGEST_ANSWER:
            return


class _Network(httpcore.NetworkBackend):
    """Connects to judged addresses only, and lets nothing last beyond `until` (monotonic seconds)."""

    def __init__(self, resolver: Resolver | None) -> None:
        self._resolver = resolver
        self._sockets = httpcore.SyncBackend()
        self.until = 0.0

    def left(self, timeout: float | None) -> float:
        """How long an operation may take: what it was given, or what is left of the whole."""
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return rest if timeout is None else min(timeout, rest)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = resolve(host, port, self._resolver)
        return _Stream(
            self._sockets.connect_tcp(address, port, self.left(timeout), local_address, socket_options), self
        )

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A stream whose every operation ends when the attempt's time does, however slowly the bytes drip."""

    def __init__(self, inner: httpcore.NetworkStream, network: _Network) -> None:
        self._inner, self._network = inner, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._network.left(None))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._network.left(timeout)), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

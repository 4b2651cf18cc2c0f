"""Pages that send a long answer bit by bit, within the bounds of the product, for one story of `test_serving_streams`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.http import StreamingHttpResponse

from safeconduct.config.shares import Client, Places, Turns, client_of

MOST, PARTS, PART = 4, 400, bytes(64 * 1024)


def pages(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """25 MB: more than any buffer between here and who reads."""
    start("200 OK", [("Content-Type", "application/octet-stream")])
    return StreamingHttpResponse(PART for _ in range(PARTS))


def client(environ: dict[str, Any]) -> Client:
    """Nobody signs in here."""
    return client_of(environ, "sessionid", str, 0)


application = Places(Turns(pages), MOST, client)

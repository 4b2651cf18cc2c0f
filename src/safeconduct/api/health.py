"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import time

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import holder


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that an outage of the database does not restart it."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The database and the process of the keys answer; and how many events wait for a decision, for how long."""
    started = time.perf_counter()
    try:
        with engine_scope():
            waiting, stuck, oldest_s = lanes.waiting()
    except (psycopg.Error, DatabaseError, OSError):
        return JsonResponse({"status": "unavailable", "database": False}, status=503, headers={"Retry-After": "1"})
    # Each machine has a key process of its own: without it nothing is stored here, and others go on.
    if settings.KEY_SOCKET:
        try:
            holder().wrapping()
        except VaultError:
            told = {"status": "unavailable", "database": True, "keys": False}
            return JsonResponse(told, status=503, headers={"Retry-After": "1"})
    return JsonResponse({
        "status": "ok", "database": True, "database_ms": round((time.perf_counter() - started) * 1000, 1),
        "waiting": waiting, "stuck": stuck, "oldest_wait_s": round(oldest_s, 1),
    })  # fmt: skip

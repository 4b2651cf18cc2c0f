"""Every page of the portal and the console, found by following links: small, and as quick with many rows as with few."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.exceptions import Resolver404
from tests.pages.furnished import furnished
from tests.pages.multiplied import multiply

MAX_BYTES, MAX_QUERIES, MANY = 100_000, 40, 1_000


@dataclass(frozen=True, slots=True)
class Page:
    route: str
    address: str
    reader: str


@dataclass(frozen=True, slots=True)
class Cost:
    size: int
    queries: int
    status: int
    html: bool


def routes(patterns: list[Any], names: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, names + (f"{one.namespace}:" if one.namespace else ""))
        elif isinstance(one, URLPattern):
            yield names + str(one.name)


def all_routes() -> set[str]:
    return {name for name in routes(get_resolver().url_patterns) if name.startswith(("portal:", "console:"))}


@contextmanager
def counting() -> Iterator[list[str]]:
    """Every statement that any login sends meanwhile."""
    ran: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, statement: Any, *rest: Any, **more: Any) -> Any:
        ran.append(str(statement))
        return execute(self, statement, *rest, **more)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    try:
        yield ran
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def cost(client: Client, address: str) -> tuple[Cost, str, list[str]]:
    client.raise_request_exception = False
    with counting() as ran:
        answer = client.get(address)
        body = answer.getvalue()
    html = answer.headers.get("Content-Type", "").startswith("text/html")
    return Cost(len(body), len(ran), answer.status_code, html), body.decode() if html else "", ran


def name_of(address: str) -> str:
    try:
        return resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return ""


def crawl(clients: dict[str, Client]) -> dict[str, tuple[Page, Cost]]:
    """The first address of each route that somebody can open, beginning at the two homes."""
    found: dict[str, tuple[Page, Cost]] = {}
    waiting = deque([("owner", "/portal/"), *((role, "/console/") for role in clients if role != "owner")])
    tried: dict[tuple[str, str], set[str]] = {}
    while waiting:
        reader, address = waiting.popleft()
        route = name_of(address)
        seen = tried.setdefault((reader, route), set())
        path = address.partition("?")[0]
        if not route.startswith(("portal:", "console:")) or path in seen or len(seen) >= 3:
            continue
        seen.add(path)
        spent, body, _ = cost(clients[reader], address)
        if spent.status in (200, 302, 303):
            found.setdefault(route, (Page(route, address, reader), spent))
        for href in re.findall(r'href="([^"#]+)"', body):
            target = unescape(href)
            waiting.append((reader, target if target.startswith("/") else address.partition("?")[0] + target))
    return found


def test_x() -> None:
    import time

    t = time.time()
    clients = furnished()
    print("furnished", time.time() - t)
    t = time.time()
    found = crawl(clients)
    print("crawl", time.time() - t)
    missing = sorted(all_routes() - found.keys())
    print("MISSING")
    from django.urls import reverse, NoReverseMatch

    for m in missing:
        st = None
        for arguments in ([], ["nothing"], ["nothing", "nothing"], [1], ["nothing", 1], [1, "nothing"]):
            try:
                st = (
                    clients["owner" if m.startswith("portal") else "administrator"]
                    .get(reverse(m, args=arguments))
                    .status_code
                )
                break
            except NoReverseMatch:
                continue
        if st != 405:
            print("  ", m, st)
    few = {name: cost(clients[page.reader], page.address) for name, (page, _) in found.items()}
    t = time.time()
    have = multiply(MANY)
    print("multiply", time.time() - t, {k: v for k, v in have.items() if v < MANY})
    for name, (page, _) in sorted(found.items()):
        a, _, ra = few[name]
        t = time.time()
        b, _, rb = cost(clients[page.reader], page.address)
        dt = time.time() - t
        bad = "" if b.size < MAX_BYTES and b.queries <= a.queries and b.status == 200 and dt < 0.3 else "<<<<"
        print(
            f"{name:45} {a.status} {b.status} {a.size:7} {b.size:8} {a.queries:3} {b.queries:3} {dt:.2f} {page.address[:60]} {bad}"
        )
        if b.queries > a.queries:
            from collections import Counter

            diff = Counter(x[:150] for x in rb) - Counter(x[:150] for x in ra)
            for k, v in diff.most_common(4):
                print("        ", v, k)

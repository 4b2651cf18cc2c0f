"""Every page of the portal and the console, found by following links: small, and as quick with many rows as with few."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import unescape
from typing import Any

import psycopg
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, resolve, reverse
from django.urls.exceptions import Resolver404
from tests.pages.furnished import furnished
from tests.pages.multiplied import multiply

MAX_BYTES, MAX_QUERIES, MANY = 100_000, 45, 1_000
#: How often a session is seen is written down once in so many minutes, on whichever page that is.
_ONCE_IN_A_WHILE = "UPDATE sign_in_session SET last_seen_at"


#: Addresses that no link of the furnished marketplace leads to, and why. Pages among them are counted elsewhere.
ELSEWHERE = {
    **dict.fromkeys(("portal:welcome", "console:welcome", "console:sealed_code"), "opened from a mail"),
    "console:device": "shown in place of the console in a browser that is not let in yet",
    **dict.fromkeys(
        ("console:blind_review", "console:blind_piece"), "one decision in a hundred is judged again blindly"
    ),
    **dict.fromkeys(
        ("portal:accounts:payout_add", "portal:accounts:payout_confirm"), "only without an account under way"
    ),
    **dict.fromkeys(
        ("portal:data_security:my_archive", "portal:data_security:my_receipt"), "files, once a request is done"
    ),
    "console:data_security:request_receipt": "a file, once an erasure is done",
    "portal:data_security:lease": "opened by asking to see a recipient in clear, which counts as a look",
    **dict.fromkeys(
        ("portal:transactions:chargeback_copy", "console:transactions:chargeback_copy"),
        "a file, once an answer is put together",
    ),
    **dict.fromkeys(("portal:case_file", "console:case_file"), "a file, once a case is decided"),
    "console:transactions:terms_file": "a file, once a version of the terms is kept",
    "portal:disputes:proof": "a file, once a dispute is decided",
    "console:accounts:payout_one": "only where a person must look at an account",
    "console:accounts:ownership_claim": "only where somebody claims a shop",
    **dict.fromkeys(
        ("portal:accounts:ownership_paper", "console:accounts:ownership_paper"), "files, where a claim has papers"
    ),
    "portal:accounts:app_connect": "leads to signing in anew first",
    "console:delivery": "only where a receiver took a message",
    "console:seller_by_key": "leads on to the seller's page",
    **dict.fromkeys(
        ("console:returns:return", "console:returns:export", "console:returns:piece", "console:returns:cost_paid"),
        "at the platform only",
    ),
    **dict.fromkeys(("portal:returns:case", "console:returns:case"), "lead on to the return's page"),
}
#: Pages that one thing with as many parts as the product lets it have makes larger: bytes, and why.
LARGER = {
    "console:disputes:dispute": (200_000, "a case takes 200 pieces of evidence, and who judges it sees all of them"),
    "portal:returns:return": (110_000, "a return takes 200 pieces of evidence"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page is, and which of the clients sees it."""

    address: str
    reader: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request took: bytes, and the statements that any login sent meanwhile."""

    status: int
    size: int
    html: bool
    body: str
    ran: tuple[str, ...]


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


def cost(client: Client, address: str) -> Cost:
    client.raise_request_exception = False
    with counting() as ran:
        answer = client.get(address)
        body = answer.getvalue()
    html = answer.headers.get("Content-Type", "").startswith("text/html")
    asked = tuple(statement for statement in ran if not statement.startswith(_ONCE_IN_A_WHILE))
    return Cost(answer.status_code, len(body), html, body.decode() if html else "", asked)


def name_of(address: str) -> str:
    try:
        return resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return ""


def crawl(clients: dict[str, Client]) -> dict[str, Page]:
    """The first address of each route that somebody can open, beginning at the two homes."""
    found: dict[str, Page] = {}
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
        answer = cost(clients[reader], address)
        if answer.status == 200:
            found.setdefault(route, Page(address, reader))
        for href in re.findall(r'href="([^"#]+)"', answer.body):
            target = unescape(href)
            waiting.append((reader, target if target.startswith("/") else address.partition("?")[0] + target))
    return found


def kept_away(name: str, clients: dict[str, Client]) -> bool:
    """Whether an address only takes what is sent, and shows nothing."""
    reader = clients["owner" if name.startswith("portal:") else "administrator"]
    for arguments in ([], ["nothing"], ["nothing", "nothing"], [1], ["nothing", 1], [1, "nothing"]):
        with suppress(NoReverseMatch):
            return reader.get(reverse(name, args=arguments)).status_code == 405
    return False


def test_every_page_is_small_and_as_quick_with_a_thousand_rows_as_with_a_few() -> None:
    clients = furnished()
    found = crawl(clients)
    unknown = {name for name in all_routes() - found.keys() - ELSEWHERE.keys() if not kept_away(name, clients)}
    assert not unknown, (
        "link to a new page from another, furnish what it shows, or say in ELSEWHERE why nothing leads there"
    )
    few = {name: cost(clients[page.reader], page.address) for name, page in found.items()}
    have = multiply(MANY)
    assert sum(count >= MANY for count in have.values()) > 40, have
    problems = []
    for name, page in found.items():
        before, after = few[name], cost(clients[page.reader], page.address)
        most = LARGER.get(name, (MAX_BYTES, ""))[0]
        if (before.status, after.status) != (200, 200):
            problems.append(f"{name}: {before.status} and then {after.status} at {page.address}")
        if after.html and max(before.size, after.size) >= most:
            problems.append(f"{name}: {before.size:,} and then {after.size:,} bytes at {page.address}")
        if len(after.ran) > MAX_QUERIES or len(after.ran) > len(before.ran):
            more = Counter(after.ran) - Counter(before.ran)
            problems.append(f"{name}: {len(before.ran)} and then {len(after.ran)} statements: {list(more)[:3]}")
    assert problems == [], "\n".join(problems)

"""The written table of rights (docs/roles.md), and the addresses that there are, read from the addresses themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from safeconduct.api.application import _declared
from safeconduct.kernel.parties.models import MemberRole, StaffRole

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
MEMBERS: Final = tuple(MemberRole)
STAFF: Final = (StaffRole.ANALYST, StaffRole.LEAD, StaffRole.ADMINISTRATOR)
DOORS: Final = frozenset(
    ["everybody", "order's link", "invitation", "mailbox", "signed in", "signed in anew", "sign-in", "signature", "ticket",
     "development"]
)  # fmt: skip
#: What an address is filled with where a test names no object: a number where one is asked for.
_NUMBERS: Final = frozenset(
    ["order_key", "key", "mute_id", "number", "pk", "level", "size", "about", "uidb36", "version"]
)  # fmt: skip
_YES: Final = "✓"
_READS: Final = "reads"
_WITHOUT_ROLES: Final = ("/portal/welcome/", "/console/welcome/", "/console/sealed-code/")


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table: an address, or an operation of the API, and who may. ``reads``: who may GET it and no more."""

    address: str
    may: frozenset[str]
    reads: frozenset[str] = frozenset()

    def filled(self, **values: str) -> str:
        """The address with values in it; what is not given is the name or number of nothing."""
        return re.sub(r"{(\w+)}", lambda part: values.get(part[1]) or _of_nothing(part[1]), self.address)


def _of_nothing(name: str) -> str:
    return "1" if name in _NUMBERS else "nothing"


@cache
def portal() -> tuple[Rule, ...]:
    """Pages of a seller's people: which roles of members may."""
    return tuple(_ruled(address, cells, MEMBERS) for address, cells in _lines("A seller's people"))


@cache
def console() -> tuple[Rule, ...]:
    """Pages of the staff: which roles of staff may."""
    return tuple(_ruled(address, cells, STAFF) for address, cells in _lines("The marketplace's staff"))


@cache
def machines() -> tuple[Rule, ...]:
    """Operations of the API, as `GET /v1/…`: the one scope that may."""
    return tuple(
        Rule(address, frozenset({cells[0].strip("`")})) for address, cells in _lines("Machines of the marketplace")
    )


@cache
def others() -> tuple[Rule, ...]:
    """All other addresses: what guards them."""
    return tuple(Rule(address, frozenset({cells[0]})) for address, cells in _lines("Everybody else"))


def _lines(title: str) -> Iterator[tuple[str, list[str]]]:
    """The lines of one table: an address, and the cells after what it does."""
    (section,) = [part for part in PAGE.read_text(encoding="utf-8").split("\n## ") if part.startswith(title + "\n")]
    for line in section.splitlines():
        if line.startswith("| `"):
            address, _says, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield address.strip("`"), cells


def _ruled(address: str, cells: list[str], roles: Sequence[str]) -> Rule:
    assert len(cells) == len(roles) and set(cells) <= {_YES, _READS, "–"}, (address, cells)
    said = dict(zip(map(str, roles), cells, strict=True))
    may, reads = (frozenset(role for role, cell in said.items() if cell == word) for word in (_YES, _READS))
    return Rule(address, may, reads)


@cache
def routes() -> frozenset[str]:
    """Every address of the marketplace but those of operations of the API, as the table writes them."""
    found = {_readable(text) for text in _walk(get_resolver().url_patterns, "/")}
    operations = {operation.split(" ", 1)[1] for operation in declared()}
    return frozenset(found - operations - {_readable("/^v1(/.*)?$")})


@cache
def declared() -> frozenset[str]:
    """Every operation of the API, as the table writes it."""
    return frozenset(
        _readable(f"{one.method} /v1{one.path.replace('{path:', '{')}")
        for operations in _declared() for one in operations.declared
    )  # fmt: skip


def of_portal(address: str) -> bool:
    """Whether roles of members guard an address."""
    return address.startswith("/portal/") and not address.startswith(_WITHOUT_ROLES)


def of_console(address: str) -> bool:
    """Whether roles of staff guard an address."""
    return address.startswith("/console/") and not address.startswith(_WITHOUT_ROLES)


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield before + str(pattern.pattern)


def _readable(address: str) -> str:
    """`/x/<int:key>/` and `/x/^(?P<key>[0-9]+)/$` are both `/x/{key}/`."""
    named = _without_groups(address)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", named).replace("^", "").replace("$", "")


def _without_groups(address: str) -> str:
    """Named groups of a regular expression, also with groups in them, as `<name>`."""
    found, rest = "", address
    while "(?P<" in rest:
        before, _, rest = rest.partition("(?P<")
        name, _, rest = rest.partition(">")
        depth, at = 1, 0
        while depth:
            depth += {"(": 1, ")": -1}.get(rest[at], 0)
            at += 1
        found, rest = f"{found}{before}<{name}>", rest[at:]
    return found + rest

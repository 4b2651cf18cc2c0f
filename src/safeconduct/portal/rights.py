"""Which role may open which address of the portal: the whole list, read from the addresses themselves.

A view says whom it is for (`member_pages.only_for`); nothing else decides. This reads it back, for the page that shows
what somebody could do, and for the test that compares it with the written matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.functional import Promise

from safeconduct.kernel.member_pages import ROLES, SAYS
from safeconduct.kernel.parties.models import MemberRole


def roles_by_address(patterns: Sequence[URLPattern | URLResolver]) -> dict[str, frozenset[str]]:
    """Name of an address, with its protection before it (`returns:case`) → the roles that may open it."""
    return {name: _roles(view) for name, view in _walk(patterns, "")}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that changes the shop: its address's name, what it is in plain words, and which roles may do it."""

    name: str
    says: str | Promise
    roles: frozenset[str]


@lru_cache(maxsize=1)
def deeds() -> tuple[Deed, ...]:
    """All that only some roles may do, in the order of the addresses. A test sees that each has its words."""
    _, portal = get_resolver().namespace_dict["portal"]
    patterns = portal.url_patterns
    return tuple(
        Deed(name, getattr(view, SAYS), _roles(view)) for name, view in _walk(patterns, "") if hasattr(view, ROLES)
    )


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, f"{before}{pattern.namespace}:")
        else:
            yield f"{before}{pattern.name}", pattern.callback


def _roles(view: Callable[..., Any]) -> frozenset[str]:
    found: frozenset[str] = getattr(view, ROLES, frozenset(MemberRole.values))
    return frozenset(str(role) for role in found)

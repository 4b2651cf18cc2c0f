"""A request that has passed the gate of the API: who calls, and what the key may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from safeconduct.kernel.parties.keys import Scope as Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key, and what it may do. ``seller_key``: the only seller it reads, where it is a seller's app."""

    key_id: str
    name: str
    scopes: frozenset[str]
    created_by: str
    seller_key: int | None = None


class Call(HttpRequest):
    """A request that has passed the gate; what its handlers see."""

    caller: Caller
    document: Any

"""A request that has passed the gate of the API: who calls, and what the key may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpRequest


class Scope(StrEnum):
    """What a key may do. None includes another."""

    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    DECISIONS_WRITE = "decisions:write"
    LABELS_WRITE = "labels:write"
    LISTS_READ = "lists:read"
    LISTS_WRITE = "lists:write"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    COVERAGE_READ = "coverage:read"
    DISPUTES_READ = "disputes:read"
    DISPUTES_WRITE = "disputes:write"
    FAIRNESS_READ = "fairness:read"
    MONEY_READ = "money:read"
    RETURNS_READ = "returns:read"
    RETURNS_WRITE = "returns:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key, and what it may do."""

    key_id: str
    name: str
    scopes: frozenset[str]
    created_by: str


class Call(HttpRequest):
    """A request that has passed the gate; what its handlers see."""

    caller: Caller
    document: Any

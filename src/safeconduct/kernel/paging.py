"""Lists in pages, by where the last one ended: no page is skipped or shown twice while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

PAGE = 50
#: What PostgreSQL keeps in no text: U+0000, and half of a pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list; `next` and `previous` are cursors, empty where the list ends."""

    items: list[T]
    next: str = ""
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a field without gaps (no NULL), then by the key, both in one direction."""

    field: str
    descending: bool = False
    key: str = "id"


M = TypeVar("M", bound=Model)


def page(rows: QuerySet[M], order: Order, *, after: str = "", before: str = "", size: int = PAGE) -> Slice[M]:
    """The page after (or before) a cursor; an unreadable cursor begins at the start. One query."""
    here = _place(rows, order, before or after)
    backwards = bool(before) and here is not None
    if here is not None:
        value, key = here
        up = order.descending == backwards
        word = "gt" if up else "lt"
        rows = rows.filter(
            Q(**{f"{order.field}__{word}": value}) | Q(**{order.field: value, f"{order.key}__{word}": key}),
            # Says the same once more, in a form that an index understands.
            **{f"{order.field}__{word}e": value},
        )
    sign = "-" if order.descending != backwards else ""
    found = list(rows.order_by(f"{sign}{order.field}", f"{sign}{order.key}")[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Slice([])
    cursor = _cursor_of(order)
    return Slice(
        found,
        next=cursor(found[-1]) if more or backwards else "",
        previous=cursor(found[0]) if (more if backwards else here is not None) else "",
    )


def cut(rows: Sequence[M], *, after: str = "", before: str = "", size: int = PAGE) -> Slice[M]:
    """The same of a list that is in memory, in the order in which it is shown. A cursor is a row's key."""
    places = {str(row.pk): place for place, row in enumerate(rows)}
    start = places[after] + 1 if after in places else max(0, places.get(before, 0) - size)
    found = list(rows[start : start + size])
    if not found:
        return Slice([])
    more = start + size < len(rows)
    return Slice(found, next=str(found[-1].pk) if more else "", previous=str(found[0].pk) if start else "")


def _place(rows: QuerySet[Any], order: Order, text: str) -> tuple[Any, Any] | None:
    """Where a cursor points in these rows; None for one of another list, whose values are of another kind."""
    here = read_cursor(text)
    if here is None or not all(
        _fits(rows, name, given) for name, given in zip((order.field, order.key), here, strict=True)
    ):
        return None
    return here


def _fits(rows: QuerySet[Any], name: str, given: object) -> bool:
    """Whether a value is one that a field (or what a query computes under this name) can have."""
    computed = rows.query.annotations.get(name)
    field: Any = rows.model._meta.get_field(name) if computed is None else computed.output_field
    try:
        could_be = field.to_python(given)
    except (ValidationError, TypeError, ValueError):
        return False
    return type(could_be) is type(given) and bool(could_be == given)


def _cursor_of(order: Order) -> Callable[[Any], str]:
    def cursor(row: Any) -> str:
        return write_cursor(getattr(row, order.field), getattr(row, order.key))

    return cursor


def write_cursor(value: object, key: object) -> str:
    """A place in a list as text for an address."""
    if isinstance(value, datetime):
        value = {"at": value.isoformat()}
    return base64.urlsafe_b64encode(json.dumps([value, key], separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[Any, Any] | None:
    """What `write_cursor` wrote, or None for anything else: cursors come from addresses, which people edit."""
    if not text or len(text) > 400:
        return None
    try:
        value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["at"])
            if value.tzinfo is None:
                return None
    except (binascii.Error, ValueError, TypeError, KeyError):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str, datetime)) or not isinstance(key, (int, str)):
        return None
    if any(isinstance(part, str) and _UNSTORABLE.search(part) for part in (value, key)):
        return None
    if isinstance(value, int) and abs(value) >= 2**63 or isinstance(key, int) and abs(key) >= 2**63:
        return None
    return value, key

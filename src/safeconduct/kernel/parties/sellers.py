"""Sellers as the log makes them known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.clocks.calendars import is_zone
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.visible import visible
from safeconduct.kernel.scope import query

_LONGEST_NAME: Final = 200
_LONGEST_LANGUAGE: Final = 16
_known: set[int] = set()


def note_sellers(seen: Iterable[tuple[str, int, str, Mapping[str, Any], datetime]]) -> None:
    """Makes a row for each seller met for the first time, and keeps name, country and zone of a registration. Of a name
    what nobody sees is left out: staff and buyers tell shops by it.

    Each item is (the shop's id of the seller, pseudonym, event type, its fields, when it happened).
    """
    fresh: dict[int, tuple[str, datetime]] = {}
    registered: dict[int, tuple[Mapping[str, Any], datetime]] = {}
    for ref, key, event_type, data, at in seen:
        if key not in _known:
            fresh.setdefault(key, (ref, at))
        if event_type == "seller.registered":
            registered[key] = (data, at)
    if fresh:
        keys = sorted(fresh)
        query(
            "INSERT INTO seller (id, ref, key, name, country, time_zone, language, first_seen_at)"
            " SELECT id, ref, key, '', '', '', '', at"
            " FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::timestamptz[])"
            " AS n(id, ref, key, at) ON CONFLICT DO NOTHING",
            [[new_id("sel") for _ in keys], [fresh[k][0] for k in keys], keys, [fresh[k][1] for k in keys]],
        )
    if registered:
        keys = sorted(registered)
        told = [_told(*registered[key]) for key in keys]
        query(
            "UPDATE seller AS s SET name = n.name, country = n.country, time_zone = n.time_zone, language = n.language,"
            " registered_at = n.registered_at FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[],"
            " %b::timestamptz[]) AS n(key, name, country, time_zone, language, registered_at) WHERE s.key = n.key",
            [keys, *(list(column) for column in zip(*told, strict=True))],
        )


def _told(data: Mapping[str, Any], at: datetime) -> tuple[str, str, str, str, datetime]:
    """Name, country, zone, language and day of a registration; what is none of these is left empty, so that nothing
    a shop writes there stops the batch."""
    name = visible(data.get("seller_name") or "").strip()[:_LONGEST_NAME]
    country, zone, language = (data.get(field) or "" for field in ("seller_country", "time_zone", "locale"))
    opened = data.get("seller_registered_at")
    return (
        name, country if len(country) == 2 else "", zone if is_zone(zone) else "",
        language if len(language) <= _LONGEST_LANGUAGE else "", datetime.fromisoformat(opened) if opened else at,
    )  # fmt: skip


def forget() -> None:
    """Drops what this process remembers of sellers: for tests that empty the tables."""
    _known.clear()


def remember(keys: Iterable[int]) -> None:
    """Sellers that are committed need not be looked for again by this process."""
    _known.update(keys)

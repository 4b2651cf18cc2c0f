"""Sellers as the log makes them known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.visible import visible
from safeconduct.kernel.scope import query

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
    for key in sorted(registered):
        data, at = registered[key]
        query(
            "UPDATE seller SET name = %s, country = %s, time_zone = %s, language = %s, registered_at = %s"
            " WHERE key = %s",
            [
                visible(data.get("seller_name") or "").strip(), (data.get("seller_country") or "")[:2],
                data.get("time_zone") or "", data.get("locale") or "", data.get("seller_registered_at") or at, key,
            ],
        )  # fmt: skip


def remember(keys: Iterable[int]) -> None:
    """Sellers that are committed need not be looked for again by this process."""
    _known.update(keys)

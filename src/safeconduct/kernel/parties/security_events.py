"""What happened to an account, as its people are told: one append-only list for every part that guards accounts.

A row is about a person (whose account), a seller (who sees it), or both. The database writes a line of the record for
each, in the same statement, so that no caller can forget it. Where a request came from is sealed beside the row and can
be taken out after its time, by the schedule of retention; everything else stays. ``facts`` hold no personal data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import SecurityEvent
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, seal_many, unseal_many

#: Sign-in data is kept for 180 days (the house's own schedule for raw addresses and browsers of sign-ins).
ORIGIN_KEPT: Final = timedelta(days=180)
#: Where somebody's requests came from opens for this purpose still, when they asked to be erased
#: (`vault.data_keys.reading_for`): whoever judges a case of theft needs it.
SECURITY: Final = "security"
#: Where requests came from. The row is the event's id.
ORIGIN: Final = Column("security_event.origin", "security-event", "security_event/origin/{row}")


STORED: Final = Stored(
    ORIGIN,
    "SELECT id, id AS place, CASE WHEN person_id IS NOT NULL THEN 'person/' || person_id"
    f" WHEN seller_key IS NOT NULL THEN 'seller/' || seller_key ELSE '{data_keys.DEPLOYMENT}' END, origin"
    " FROM security_event WHERE id > %s AND origin IS NOT NULL AND get_byte(origin, 0) = 1 ORDER BY id LIMIT %s",
    "UPDATE security_event t SET origin = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed)"
    " WHERE t.id = w.id",
)


class Level(StrEnum):
    """How loud a row is: a daily matter, something to know, something to act on."""

    INFO = "info"
    NOTICE = "notice"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. Personal data: it is kept sealed."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened. ``kind``: a word such as `signed_in`; ``facts``: ids, counts, times, kinds of things."""

    kind: str
    level: Level = Level.INFO
    person_id: str | None = None
    seller_key: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """The first row that was kept of something about a person: its id, and the seller it is shown to."""

    event_id: str
    seller_key: int | None


def note(events: Sequence[Happened], actor: Actor, at: datetime) -> list[str]:
    """Keeps these, in the open scope; returns their ids. One statement. In a seller's scope only for that seller."""
    ids = [new_id("sev") for _ in events]
    origins = [
        (
            Place(key, whose(event.person_id, event.seller_key)),
            json.dumps([event.origin.address, event.origin.browser[:400]]).encode(),
        )
        for key, event in zip(ids, events, strict=True)
        if event.origin is not None
    ]
    places = (place.row for place, _ in origins)
    sealed = dict(zip(places, seal_many(ORIGIN, origins), strict=True)) if origins else {}
    rows = [(key, event, sealed.get(key)) for key, event in zip(ids, events, strict=True)]
    if rows:
        query(
            "INSERT INTO security_event"
            " (id, person_id, seller_key, kind, level, facts, origin, actor, role, why, at)"
            " SELECT id, person, seller, kind, level, facts::jsonb, origin, %s, %s, %s, %s"
            " FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::bytea[])"
            " AS r(id, person, seller, kind, level, facts, origin)",
            [
                actor.id, actor.role, actor.why.strip(), at, [key for key, _, _ in rows],
                [event.person_id for _, event, _ in rows], [event.seller_key for _, event, _ in rows],
                [event.kind for _, event, _ in rows], [event.level.value for _, event, _ in rows],
                [json.dumps(dict(event.facts)) for _, event, _ in rows], [sealed for _, _, sealed in rows],
            ],
        )  # fmt: skip
    return [key for key, _, _ in rows]


def note_for_person(event: Happened, actor: Actor, at: datetime) -> list[str]:
    """Keeps something about a person once for each seller they act for at that time, so that each of these sees it;
    for someone who acts for none, once without a seller. Needs an engine or staff scope.
    """
    found = query(
        "SELECT seller_key FROM membership WHERE person_id = %s AND ended_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > %s) ORDER BY seller_key",
        [event.person_id, at],
    )
    keys: list[int | None] = [key for (key,) in found] or [None]
    return note(
        [Happened(event.kind, event.level, event.person_id, key, event.facts, event.origin) for key in keys], actor, at
    )


def note_for_people(
    facts: Mapping[str, Mapping[str, Any]], kind: str, level: Level, actor: Actor, at: datetime
) -> dict[str, Noted]:
    """Keeps what happened to each of these people (id → facts) as `note_for_person` does; the first row of each. Two
    statements. Needs an engine or staff scope."""
    found = query(
        "SELECT person_id, seller_key FROM membership WHERE person_id = ANY(%b::text[]) AND ended_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > %s) ORDER BY person_id, seller_key",
        [list(facts), at],
    ).fetchall()
    acting = {person for person, _seller in found}
    pairs = [*found, *((person, None) for person in facts if person not in acting)]
    ids = note([Happened(kind, level, person, seller, facts[person]) for person, seller in pairs], actor, at)
    kept: dict[str, Noted] = {}
    for key, (person, seller) in zip(ids, pairs, strict=True):
        kept.setdefault(person, Noted(key, seller))
    return kept


def of_seller(
    seller_key: int, *, since: datetime, limit: int = 100, before: str | None = None, about: str = "", without: str = ""
) -> list[SecurityEvent]:
    """What a seller sees, the latest first; `before` is the id of the last row of the page before. One query.

    ``about``, ``without``: only kinds that begin so, and none that begin so.
    """
    rows = SecurityEvent.objects.filter(seller_key=seller_key, at__gte=since, kind__startswith=about)
    if without:
        rows = rows.exclude(kind__startswith=without)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def of_person(person_id: str, *, since: datetime, limit: int = 100) -> list[SecurityEvent]:
    """What happened to a person's account, the latest first, for staff and the engine. One query."""
    return list(SecurityEvent.objects.filter(person_id=person_id, at__gte=since).order_by("-id")[:limit])


def origin_of(event: SecurityEvent) -> Origin | None:
    """Where it came from, as long as that is kept."""
    return origins_of([event]).get(event.id)


def origins_of(events: Sequence[SecurityEvent]) -> dict[str, Origin]:
    """Where these came from, by their ids, as far as that is kept and may be read. One query for all."""
    values = [
        (Place(event.id, whose(event.person_id, event.seller_key)), bytes(event.origin))
        for event in events
        if event.origin is not None
    ]
    opened = zip(values, unseal_many(ORIGIN, values), strict=True)
    return {place.row: Origin(*json.loads(plain)) for (place, _), plain in opened if plain is not None}


def whose(person_id: str | None, seller_key: int | None) -> str:
    """The subject of a row: the person, or else the seller."""
    if person_id is not None:
        return f"person/{person_id}"
    return data_keys.DEPLOYMENT if seller_key is None else f"seller/{seller_key}"

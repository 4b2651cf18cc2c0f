"""The documents of lists and their entries: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, Field

from safeconduct.kernel.decisions.models import ListKind
from safeconduct.kernel.operations.documents import Name, Sent, Text, Why


class ListSent(Sent):
    name: Name
    kind: ListKind
    entity: Annotated[str, Field(max_length=40, description="A kind of entity, such as `card`, or `text`.")]
    purpose: Annotated[Text, Field(max_length=500)] = ""


class ListFound(Schema):
    name: str
    kind: ListKind
    entity: str
    purpose: str
    entries: int = Field(description="Entries in force.")
    created_at: datetime


class ListPage(Schema):
    items: list[ListFound]
    next: str | None


class EntriesSent(Sent):
    values: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(min_length=1, max_length=1000)
    why: Why
    until: AwareDatetime | None = Field(None, description="When the entries end; null: until they are ended.")


class EntryFound(Schema):
    """An entry. What may name a person is masked."""

    id: str
    value: str
    since: datetime
    until: datetime | None
    why: str
    added_by: str


class EntriesAnswer(Schema):
    items: list[EntryFound]


class EntryPage(Schema):
    items: list[EntryFound]
    next: str | None

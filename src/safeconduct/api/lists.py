"""Lists that policies ask for membership."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.api.list_documents import EntriesAnswer, EntriesSent, EntryPage, ListFound, ListPage, ListSent
from safeconduct.foundation.ids import is_id
from safeconduct.foundation.moments import moment, moment_time
from safeconduct.kernel.decisions import actions
from safeconduct.kernel.decisions.models import WatchList
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.ordering import current_moment
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, number_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import PageAsked
from safeconduct.kernel.operations.problems import Code, Problem, invalid, not_found
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault.pseudonyms import mask, reveal

operations = Operations("lists")
_ROLE = "machine"
_ENTITIES = sorted({f.entity for event in CATALOGUE.values() for f in event.fields if f.entity is not None} | {"text"})
_LIST = {
    "name": "stolen-cards", "kind": "deny", "entity": "card", "purpose": "Cards reported by issuers", "entries": 2,
    "created_at": "2026-06-01T12:00:00Z",
}  # fmt: skip
_ENTRY = {
    "id": "ent_01jy2d8m4kq5v6w7x8y9zabcde", "value": "…_9aX", "since": "2026-06-01T12:00:00Z", "until": None,
    "why": "Reported by the issuer", "added_by": "key_01jy2d8m4kq5v6w7x8y9zabcde",
}  # fmt: skip


@operation(
    operations, "GET", "/lists", scope=Scope.LISTS_READ, answer=ListPage, example={"items": [_LIST], "next": None},
    problems=(Code.INVALID,),
)  # fmt: skip
def list_lists(request: Call, asked: Query[PageAsked]) -> HttpResponse:
    """List the lists, by name."""
    after = parts_of(asked.cursor, 1)[0] if asked.cursor is not None else ""
    rows = _lists("l.name > %s", [after], asked.limit + 1)
    page = rows[: asked.limit]
    return answers.respond({"items": page, "next": cursor_of(page[-1]["name"]) if len(rows) > asked.limit else None})


@operation(
    operations, "POST", "/lists", scope=Scope.LISTS_WRITE, answer=ListFound, status=201, example=_LIST | {"entries": 0},
    sends={"name": "stolen-cards", "kind": "deny", "entity": "card", "purpose": "Cards reported by issuers"},
    problems=(Code.EXISTS,),
)  # fmt: skip
def create_list(request: Call, sent: ListSent) -> HttpResponse:
    """Make an empty list."""
    if sent.entity not in _ENTITIES:
        raise invalid("entity", f"one of {', '.join(_ENTITIES)}")
    query("SELECT pg_advisory_xact_lock(hashtext(%s))", ["watch_list/" + sent.name])
    if WatchList.objects.filter(name=sent.name).exists():
        raise Problem(Code.EXISTS, f"there is a list {sent.name} already")
    actions.create_list(sent.name, sent.kind, sent.entity, sent.purpose)
    return answers.respond(_lists("l.name = %s", [sent.name], 1)[0], status=201)


@operation(
    operations, "GET", "/lists/{name}/entries", scope=Scope.LISTS_READ, answer=EntryPage,
    example={"items": [_ENTRY], "next": None}, problems=(Code.NOT_FOUND, Code.INVALID),
)  # fmt: skip
def list_entries(request: Call, name: str, asked: Query[PageAsked]) -> HttpResponse:
    """List the entries in force, newest first.

    Values that may name a person are masked.
    """
    watch_list = _list(name)
    now = moment(datetime.now(UTC))
    conditions, parameters = ["watch_list_id = %s", "(until_moment IS NULL OR until_moment > %s)"], [name, now]
    if asked.cursor is not None:
        since, identity = parts_of(asked.cursor, 2)
        conditions.append("(from_moment, id) < (%s, %s)")
        parameters += [number_of(since), identity]
    rows = _entries(watch_list, " AND ".join(conditions), parameters, asked.limit + 1)
    page = rows[: asked.limit]
    after = cursor_of(page[-1].pop("_from"), page[-1]["id"]) if len(rows) > asked.limit else None
    for entry in page:
        entry.pop("_from", None)
    return answers.respond({"items": page, "next": after})


@operation(
    operations, "POST", "/lists/{name}/entries", scope=Scope.LISTS_WRITE, answer=EntriesAnswer, status=201,
    example={"items": [_ENTRY]}, sends={"values": ["fp_9aX"], "why": "Reported by the issuer", "until": None},
    problems=(Code.NOT_FOUND,),
)  # fmt: skip
def add_entries(request: Call, name: str, sent: EntriesSent) -> HttpResponse:
    """Put values on a list, from now on."""
    watch_list = _list(name)
    until = None
    if sent.until is not None:
        if not datetime.now(UTC) < sent.until < datetime(2090, 1, 1, tzinfo=UTC):
            raise invalid("until", "a time in the future, before 2090")
        until = moment(sent.until)
    actor = Actor(request.caller.key_id, _ROLE, sent.why.strip())
    made = actions.add_to_list(name, sent.values, actor, until_moment=until)
    if not made:
        raise invalid("values", "at least one value that is not blank")
    rows = _entries(watch_list, "id = ANY(%s)", [[entry.id for entry in made]], len(made))
    for entry in rows:
        entry.pop("_from")
    return answers.respond({"items": rows}, status=201)


@operation(
    operations, "DELETE", "/lists/{name}/entries/{entry_id}", scope=Scope.LISTS_WRITE, answer=EntriesAnswer,
    example={"items": [_ENTRY | {"until": "2026-06-02T09:00:00Z"}]}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def end_entry(request: Call, name: str, entry_id: str) -> HttpResponse:
    """Take an entry off its list, from now on.

    It is ended, not deleted: what was decided until now can still be explained.
    """
    watch_list = _list(name)
    if not is_id(entry_id, "ent") or not watch_list.entries.filter(id=entry_id).exists():
        raise not_found("entry", entry_id)
    actions.end_list_entry(entry_id, Actor(request.caller.key_id, _ROLE))
    rows = _entries(watch_list, "id = %s", [entry_id], 1)
    for entry in rows:
        entry.pop("_from")
    return answers.respond({"items": rows})


def _list(name: str) -> WatchList:
    watch_list = WatchList.objects.filter(name=name).first() if "\x00" not in name else None
    if watch_list is None:
        raise not_found("list", name)
    return watch_list


def _lists(condition: str, parameters: list[Any], limit: int) -> list[dict[str, Any]]:
    return answers.read(
        "SELECT l.name, l.kind, l.entity, l.purpose, l.created_at, (SELECT count(*) FROM list_entry e"
        "   WHERE e.watch_list_id = l.name AND (e.until_moment IS NULL OR e.until_moment > %s)) AS entries"
        f" FROM watch_list l WHERE {condition} ORDER BY l.name LIMIT %s",
        [current_moment(), *parameters, limit],
    )


def _entries(watch_list: WatchList, condition: str, parameters: list[Any], limit: int) -> list[dict[str, Any]]:
    rows = answers.read(
        "SELECT id, key, text, from_moment, until_moment, why, actor FROM list_entry"
        f" WHERE {condition} ORDER BY from_moment DESC, id DESC LIMIT %s",
        [*parameters, limit],
    )
    values = reveal(row["key"] for row in rows if row["key"] is not None)
    return [
        {
            "id": row["id"],
            "value": row["text"] if row["key"] is None else mask(*values[row["key"]]) if row["key"] in values else "…",
            "since": answers.written(moment_time(row["from_moment"])),
            "until": answers.written(moment_time(row["until_moment"])) if row["until_moment"] is not None else None,
            "why": row["why"], "added_by": row["actor"], "_from": row["from_moment"],
        }
        for row in rows
    ]  # fmt: skip

"""Events in, decisions out: the hot path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from ninja.params.functions import Query

from safeconduct.api import decided, outage
from safeconduct.api.event_documents import BatchAnswer, EventAnswer, EventFound
from safeconduct.api.examples import BATCH_ANSWER, DECISION, EVENT, EVENT_ANSWER
from safeconduct.foundation.ids import is_id
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.events.log import MAX_BATCH, Stored
from safeconduct.kernel.events.models import EventKind
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, FieldError, Problem, invalid, not_found
from safeconduct.kernel.scope import engine_scope

operations = Operations("events")

ENVELOPE: dict[str, Any] = {
    "type": "object",
    "title": "Event",
    "description": "CloudEvents 1.0. The event catalogue says what `data` holds for each type.",
    "required": ["id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "source": {"type": "string", "minLength": 1, "maxLength": 120},
        "type": {"type": "string", "minLength": 1, "maxLength": 80},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, with a zone."},
        "data": {"type": "object"},
    },
}


@operation(
    operations, "POST", "/events", scope=Scope.EVENTS_WRITE, answer=EventAnswer, example=EVENT_ANSWER, sends=EVENT,
    schema=ENVELOPE, one_transaction=False, speaks=True,
)  # fmt: skip
def send_event(request: Call, wait: bool = Query(True, description="`false`: store it only.")) -> HttpResponse:
    """Send one event and get its decision.

    The event is committed before anything is decided, and on disk before this answers. Sent again, it is a duplicate
    and gets the decisions already made.
    """
    envelope = request.document
    try:
        accepted = lanes.accept([envelope], wait=wait)
    except Exception as problem:
        raise _with_fallback(problem, [envelope]) from problem
    if accepted.receipt.refused:
        refusal = accepted.receipt.refused[0]
        raise invalid(refusal.field, refusal.problem)
    language = answers.language_of(request)
    document = _outcomes(accepted, [envelope], wait, language)[0]
    del document["index"]
    return _response(document, document["provisional"], language)


@operation(
    operations, "POST", "/events/batch", scope=Scope.EVENTS_WRITE, answer=BatchAnswer, example=BATCH_ANSWER,
    sends={"events": [EVENT]},
    schema={
        "oneOf": [
            {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": ENVELOPE}}},
            {"type": "array", "items": ENVELOPE},
        ]
    },
    one_transaction=False, speaks=True,
)  # fmt: skip
def send_events(request: Call, wait: bool = Query(True, description="`false`: store them only.")) -> HttpResponse:
    """Send up to 1,000 events.

    Each is stored or refused by itself; `results` says so for each in the order sent. The body is an array
    (CloudEvents batch) or an object with `events`.
    """
    batch = _batch(request.document)
    try:
        accepted = lanes.accept(batch, wait=wait)
    except Exception as problem:
        raise _with_fallback(problem, batch) from problem
    language = answers.language_of(request)
    results = _outcomes(accepted, batch, wait, language)
    refused = [
        {"index": r.index, "status": "refused", "id": None, "field": r.field, "problem": r.problem}
        for r in accepted.receipt.refused
    ]
    duplicates = sum(result["status"] == "duplicate" for result in results)
    document = {
        "results": sorted([*results, *refused], key=lambda result: result["index"]),
        "stored": len(results) - duplicates, "duplicates": duplicates, "refused": len(refused),
    }  # fmt: skip
    return _response(document, any(result["provisional"] for result in results), language)


@operation(
    operations, "GET", "/events/{event_id}", scope=Scope.DECISIONS_READ, answer=EventFound,
    example={
        "id": EVENT_ANSWER["id"], "source": "shop", "source_id": "e-1", "type": "order.placed", "type_known": True,
        "occurred_at": "2026-06-01T12:00:00Z", "received_at": "2026-06-01T12:00:01Z", "waiting": False,
        "data": {"order": "ord-90112", "seller": "sel-1042"}, "action": "review", "decisions": [DECISION],
    },
    problems=(Code.NOT_FOUND,), speaks=True,
)  # fmt: skip
def get_event(request: Call, event_id: str) -> HttpResponse:
    """Read an event and the decisions that stand about it."""
    rows = answers.read(
        "SELECT e.*, q.moment IS NOT NULL AS waiting FROM event e LEFT JOIN event_queue q USING (moment)"
        " WHERE e.id = %s",
        [event_id],
    ) if is_id(event_id, "evt") else []  # fmt: skip
    if not rows:
        raise not_found("event", event_id)
    row = rows[0]
    language = answers.language_of(request)
    made = [decided.of_row(d, language) for d in decided.standing_decisions([row["moment"]]).get(row["moment"], [])]
    document = {
        "id": row["id"], "source": row["source"], "source_id": row["source_id"], "type": row["type"],
        "type_known": row["kind"] != EventKind.UNKNOWN, "occurred_at": answers.written(row["occurred_at"]),
        "received_at": answers.written(row["received_at"]), "data": row["data"], "waiting": row["waiting"],
        "action": decided.strictest(d["action"] for d in made), "decisions": made,
    }  # fmt: skip
    return answers.respond(document, language=language)


def _batch(document: Any) -> Sequence[object]:
    batch = document.get("events") if isinstance(document, Mapping) else document
    if not isinstance(batch, list) or not batch:
        raise invalid("events", "a batch is an array of events, or an object with the array `events`; not empty")
    if len(batch) > MAX_BATCH:
        raise Problem(
            Code.TOO_LARGE, f"a batch holds at most {MAX_BATCH} events, this one has {len(batch)}; send it in parts",
            errors=[FieldError("events", f"more than {MAX_BATCH}")],
        )  # fmt: skip
    return batch


def _outcomes(accepted: lanes.Accepted, batch: Sequence[object], wait: bool, language: str) -> list[dict[str, Any]]:
    """What became of each stored event, in the order sent."""
    made: dict[int, list[dict[str, Any]]] = {}
    for decision in accepted.decisions:
        if decision.kind is DecisionKind.LIVE:
            made.setdefault(decision.moment, []).append(decided.of_made(decision, language))
    stored = accepted.receipt.stored
    if wait:
        outage.refresh()
    _fill_in(made, [item for item in stored if item.duplicate or (wait and item.queued)], language)
    return [_outcome(item, batch[item.index], made, accepted, wait) for item in stored]


def _fill_in(made: dict[int, list[dict[str, Any]]], stored: Sequence[Stored], language: str) -> None:
    """Adds the decisions that others made: of duplicates, and of events that a lane took at the same time."""
    missing = [item.moment for item in stored if item.moment not in made]
    if not missing:
        return
    with engine_scope():
        found = decided.standing_decisions(missing)
    for moment, rows in found.items():
        made[moment] = [decided.of_row(row, language) for row in rows]


def _outcome(
    item: Stored, envelope: object, made: Mapping[int, list[dict[str, Any]]], accepted: lanes.Accepted, wait: bool
) -> dict[str, Any]:
    decisions = made.get(item.moment, [])
    action = decided.strictest(decision["action"] for decision in decisions)
    provisional = False
    if wait and action is None and item.queued and (fallback := _fallback(item, envelope, accepted)) is not None:
        action, provisional = fallback, True
    return {
        "index": item.index, "id": item.id, "status": "duplicate" if item.duplicate else "stored",
        "type_known": item.known_type, "action": action, "provisional": provisional, "decisions": decisions,
    }  # fmt: skip


def _fallback(item: Stored, envelope: object, accepted: lanes.Accepted) -> str | None:
    """The answer for an event that waits undecided; None where no live policy will ever decide it."""
    name = _types([envelope])[0]
    if not outage.decides(name):
        return None
    known = outage.answer_for(name) if outage.knows() else accepted.fallback.get(item.moment, outage.answer_for(name))
    return known.value


def _types(batch: Sequence[object]) -> list[str]:
    return [str(raw.get("type", "")) if isinstance(raw, Mapping) else "" for raw in batch]


def _with_fallback(problem: Exception, batch: Sequence[object]) -> Exception:
    """While the database is away the answer says what these events' policies would have the caller do."""
    if not outage.is_database_failure(problem):
        return problem
    outage.note(problem)
    return outage.unavailable(name for name in _types(batch) if name)


def _response(document: dict[str, Any], passing: bool, language: str) -> HttpResponse:
    response = answers.respond(document, language=language)
    setattr(response, answers.PASSING, passing)
    return response

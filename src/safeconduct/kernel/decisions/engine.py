"""Deciding: features → scores → rules → action, for a batch.

The events are committed before (`events.log.receive`). One statement reads all features of a batch for each policy,
one writes all decisions; decision, review, leaf and the end of the wait commit together. See `events.ordering` for why
what a decision sees is exactly what a replay sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from safeconduct.foundation import compact_json
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import TIE_BITS, moment_time
from safeconduct.foundation.policy.nodes import Action
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.to_python import NOW
from safeconduct.foundation.stable_hash import bucket
from safeconduct.kernel.decisions import hot, labels, membership, reactions, scoring, telling
from safeconduct.kernel.decisions.labels import LABEL_TYPES
from safeconduct.kernel.decisions.models import DecisionKind, VersionState
from safeconduct.kernel.decisions.reasons import statement
from safeconduct.kernel.decisions.running import (
    NOTHING_MUTED,
    Compiled,
    Muted,
    Running,
    running,
    settle_and_read_running,
)
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import engine_scope, query

Clock = Callable[[], datetime]
_TYPE_NAMES = {event.code: event.name for event in CATALOGUE.values()}
Row = dict[str, Any]


@dataclass(slots=True)
class Made:
    """One decision about one event, as it is stored."""

    id: str
    moment: int
    version_id: str
    policy: str
    version_number: int
    kind: DecisionKind
    action: Action
    seller_key: int | None
    order_key: int | None
    amount_minor: int | None
    fired: list[str]
    unknown: list[str]
    muted: list[str]
    allowed_by: str
    values: dict[str, Any]
    reasons: dict[str, Any]
    control: bool
    latency_us: int


def decide(moments: Sequence[int], *, now: Clock | None, budget_ms: int | None = None) -> list[Made]:
    """Decides the waiting events among these, inside an engine scope. Those another process holds are left to it.

    ``now``: the clock that stamps decisions; None stamps each with its event's own time, for a world that is replayed
    from its beginning. ``budget_ms``: how long the database may take for one statement; past it
    psycopg.errors.QueryCanceled is raised, and nothing is decided or lost.
    """
    started = time.perf_counter()
    names = _fact_columns()
    found = query(_claim_and_read(), [None if budget_ms is None else str(budget_ms), sorted(moments)]).fetchall()
    rows = [dict(zip(names, row[2:], strict=True)) for row in found]
    return _decide([row[1] for row in found], [row for row in rows if row["moment"] is not None], now, started)


def decide_claimed(claimed: Sequence[int], *, now: Clock | None) -> list[Made]:
    """Decides events whose places in the queue this transaction has locked, and takes them off the queue."""
    started = time.perf_counter()
    return _decide(claimed, facts(claimed) if claimed else [], now, started)


def _decide(claimed: Sequence[int], rows: list[Row], now: Clock | None, started: float) -> list[Made]:
    if not claimed:
        return []
    settled, in_force, muted = settle_and_read_running()
    types = {_TYPE_NAMES[row["type"]] for row in rows}
    if not types.isdisjoint(LABEL_TYPES):
        labels.learn(rows, _TYPE_NAMES)
    made: list[Made] = []
    versions = [version for version in in_force if not types.isdisjoint(version.policy.event_types)]
    for version in versions:
        chosen = [row for row in rows if _TYPE_NAMES[row["type"]] in version.policy.event_types]
        made += _decide_with(version, versions, chosen, muted.get(version.policy.name, NOTHING_MUTED))
    share_us = int((time.perf_counter() - started) * 1e6 / len(claimed))
    for decision in made:
        decision.latency_us = share_us
    at = None if now is None else now()
    store(made, claimed, at, settled)
    reactions.react(rows, made, at)
    if at is not None:  # a world that is replayed tells nobody
        telling.tell_made(made, at)
    return made


def make_ready() -> None:
    """Reads and compiles what deciding needs of the database and keeps, before anybody waits for a decision."""
    with engine_scope():
        _claim_and_read()
        running()


def type_name(code: int) -> str:
    """The event type behind a number in the fact table."""
    return _TYPE_NAMES[code]


def evaluate(
    compiled: Compiled, rows: Sequence[Row], *, rolled_up: bool = False
) -> list[tuple[Row, dict[str, Any], dict[str, frozenset[object]]]]:
    """Each event with its values (fields, features, scores, `now`) and the members of the policy's lists at its moment.

    Features are read by the statement that `compiled` brings, from the facts it names; where ``rolled_up``, from the
    log of this moment, those of hot keys through their roll-ups. A replay reads event by event, so that it also proves
    the roll-ups right.
    """
    features = compiled.features
    if rolled_up:
        found = hot.read(compiled, rows)
    else:
        found = query(features.sql, features.parameters([row["moment"] for row in rows], rows)).fetchall()
    values = [
        {**row, **features.values(result), NOW: row["moment"] >> TIE_BITS}
        for row, result in zip(rows, found, strict=True)
    ]
    for score in compiled.policy.scores.values():
        for value, number in zip(values, scoring.score(score.model, values), strict=True):
            value[score.name] = number
    spans = membership.find(compiled.lists, rows) | membership.all_of(compiled.whole_lists)
    names = {name for name, _ in compiled.lists} | compiled.whole_lists
    return [
        (row, value, membership.members(names, spans, row["moment"])) for row, value in zip(rows, values, strict=True)
    ]


def facts(moments: Sequence[int]) -> list[Row]:
    """The events at these moments as the fact table has them, by rising moment."""
    names = _fact_columns()
    columns = ", ".join(quoted(name) for name in names)
    found = query(f"SELECT {columns} FROM fact WHERE moment = ANY(%b::bigint[]) ORDER BY moment", [list(moments)])
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@lru_cache(maxsize=1)
def _claim_and_read() -> str:
    """One round trip sets the budget, claims and reads."""
    return (
        "SELECT set_config('statement_timeout', coalesce(%s, current_setting('statement_timeout')), true), q.moment, "
        + ", ".join(f"f.{quoted(name)}" for name in _fact_columns())
        + " FROM event_queue AS q LEFT JOIN fact AS f ON f.moment = q.moment"
        " WHERE q.moment = ANY(%b::bigint[]) ORDER BY q.moment FOR UPDATE OF q SKIP LOCKED"
    )


@lru_cache(maxsize=1)
def _fact_columns() -> tuple[str, ...]:
    """The columns of the fact table, asked for once: to describe them costs as much as to read a row."""
    cursor = query("SELECT * FROM fact LIMIT 0")
    assert cursor.description is not None
    return tuple(column.name for column in cursor.description)


def _decide_with(version: Running, versions: list[Running], rows: list[Row], muted: Muted) -> list[Made]:
    compiled = version.compiled
    made = []
    for row, values, lists in evaluate(compiled, rows, rolled_up=True):
        quiet = _quiet(compiled, row, muted)
        verdict = compiled.program.verdict(values, lists, quiet)
        rules = compiled.policy.rules
        kind = _kind(version, versions, row)
        action = verdict.action
        control = kind is DecisionKind.LIVE and action is not Action.ALLOW and _in_control(row)
        kept = {name: values.get(name) for name in compiled.kept}
        made.append(
            Made(
                id=new_id("dec"), moment=row["moment"], version_id=version.version_id, policy=compiled.policy.name,
                version_number=version.number, kind=kind, action=Action.ALLOW if control else action,
                seller_key=row["seller"], order_key=row["order"], amount_minor=row["amount"],
                fired=[rules[i].name for i in verdict.fired], unknown=[rules[i].name for i in verdict.unknown],
                muted=[rules[i].name for i in (*verdict.fired, *verdict.unknown) if i in quiet],
                allowed_by="/".join(verdict.allow_list or ()), values=kept,
                reasons=statement(compiled, verdict, values, control=control),
                control=control, latency_us=0,
            )
        )  # fmt: skip
    return made


def _quiet(compiled: Compiled, row: Row, muted: Muted) -> frozenset[int]:
    if muted is NOTHING_MUTED:
        return frozenset()
    names = set(muted.everywhere)
    if muted.for_entity:
        for field in CATALOGUE.key_fields:
            names |= muted.for_entity.get(row[field], set())
    return frozenset(compiled.positions[name] for name in names if name in compiled.positions)


def _kind(version: Running, versions: list[Running], row: Row) -> DecisionKind:
    """Live or shadow: a challenger takes its share of orders from the live version, the same orders every time."""
    if version.state is VersionState.SHADOW:
        return DecisionKind.SHADOW
    challenger = next(
        (v for v in versions if v.policy.name == version.policy.name and v.state is VersionState.CHALLENGER), None
    )
    if challenger is None:
        return DecisionKind.LIVE
    subject = row["order"] if row["order"] is not None else row["moment"]
    takes = bucket(f"rollout/{version.policy.name}", subject, 100) < challenger.rollout_percent
    return DecisionKind.LIVE if takes == (version is challenger) else DecisionKind.SHADOW


def _in_control(row: Row) -> bool:
    """Whether the order is in the small random slice that is let through, to keep stopped traffic measurable."""
    share, cap = settings.CONTROL_PER_10000, settings.CONTROL_CAP_MINOR
    if not share or row["amount"] is None or row["amount"] > cap:
        return False
    return bucket("control", row["order"] if row["order"] is not None else row["moment"], 10_000) < share


_WRITE = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS d(
        id text, moment bigint, version_id text, policy text, kind text, action text, seller_key bigint,
        order_key bigint, amount_minor bigint, fired text[], unknown text[], muted text[], allowed_by text,
        values jsonb, reasons jsonb, control boolean, latency_us int, top_reason text, decided_at timestamptz,
        decided_moment bigint)
), stored AS (
    INSERT INTO decision (id, moment, version_id, policy, kind, action, seller_key, order_key, amount_minor, fired,
        unknown, muted, allowed_by, values, reasons, control, latency_us, decided_at, decided_moment, standing,
        replaces, actor)
    SELECT id, moment, version_id, policy, kind, action, seller_key, order_key, amount_minor, fired, unknown, muted,
        allowed_by, values, reasons, control, latency_us, decided_at, decided_moment, true, '', 'engine' FROM given
    RETURNING id
), reviews AS (
    INSERT INTO review (decision_id, state, due_at, amount_minor, top_reason, opened_at, outcome, asked_by, asked_why)
    SELECT id, 'open', decided_at + make_interval(hours => %s), amount_minor, top_reason, decided_at, '', '', ''
    FROM given WHERE kind = 'live' AND action = 'review'
), leaves AS (
    INSERT INTO leaf (kind, subject, body, created_at)
    SELECT 'decision', id, '{}', decided_at
    FROM given WHERE kind = 'live'
), counts AS (
    INSERT INTO rule_count (version_id, rule, hour, decided, fired, unknown, muted, amount_minor)
    SELECT version_id, rule, hour, decided, fired, unknown, muted, amount
    FROM jsonb_to_recordset(%s::jsonb) AS c(version_id text, rule text, hour timestamptz, decided int, fired int,
        unknown int, muted int, amount bigint)
)
DELETE FROM event_queue WHERE moment = ANY(%b::bigint[])
"""


def store(made: list[Made], claimed: Sequence[int], at: datetime | None, settled: int) -> None:
    """Writes decisions, their reviews, leaves and counts, and takes the events off the queue: one statement.

    ``settled``: what `events.ordering.settle` returned before the decisions were made; it says which history they could
    see.
    """
    if not made:
        query("DELETE FROM event_queue WHERE moment = ANY(%b::bigint[])", [list(claimed)])
        return
    given = compact_json.dumps([_record(decision, at, settled) for decision in made])
    counts = compact_json.dumps(list(_counts(made, at)))
    query(_WRITE, [given, settings.REVIEW_HOURS, counts, list(claimed)])


def _stamp(decision: Made, at: datetime | None) -> datetime:
    return moment_time(decision.moment) if at is None else at


def _record(decision: Made, at: datetime | None, settled: int) -> Row:
    statements = decision.reasons["statement"]
    return {
        "id": decision.id, "moment": decision.moment, "version_id": decision.version_id, "policy": decision.policy,
        "kind": decision.kind.value, "action": decision.action.value, "seller_key": decision.seller_key,
        "order_key": decision.order_key, "amount_minor": decision.amount_minor, "fired": decision.fired,
        "unknown": decision.unknown, "muted": decision.muted, "allowed_by": decision.allowed_by,
        "values": decision.values, "reasons": decision.reasons, "control": decision.control,
        "latency_us": decision.latency_us, "top_reason": statements[0]["rule"] if statements else "",
        "decided_at": _stamp(decision, at).isoformat(), "decided_moment": settled,
    }  # fmt: skip


def _counts(made: Iterable[Made], at: datetime | None) -> Iterable[Row]:
    """How often each rule spoke in this batch, and how many decisions each version made (under the rule "")."""
    totals: dict[tuple[str, str, datetime], list[int]] = {}
    for decision in made:
        hour = _stamp(decision, at).replace(minute=0, second=0, microsecond=0)
        amount = decision.amount_minor or 0
        _add(totals, (decision.version_id, "", hour), 1, 0, 0, 0, amount)
        for names, place in ((decision.fired, 1), (decision.unknown, 2), (decision.muted, 3)):
            for name in names:
                numbers = [0, 0, 0, 0]
                numbers[place] = 1
                _add(totals, (decision.version_id, name, hour), *numbers, amount if place == 1 else 0)
    for (version_id, rule, hour), (decided, fired, unknown, muted, amount) in totals.items():
        yield {
            "version_id": version_id, "rule": rule, "hour": hour.isoformat(), "decided": decided, "fired": fired,
            "unknown": unknown, "muted": muted, "amount": amount,
        }  # fmt: skip


def _add(totals: dict[tuple[str, str, datetime], list[int]], key: tuple[str, str, datetime], *numbers: int) -> None:
    at = totals.setdefault(key, [0] * 5)
    for position, number in enumerate(numbers):
        at[position] += number

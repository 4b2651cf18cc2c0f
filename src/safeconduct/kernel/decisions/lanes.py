"""Lanes: processes that decide what waits, and the quick way for one caller.

Any number of lanes may run; each claims due events with ``SKIP LOCKED``, so an event is decided once, and a lane that
is killed gives back what it held. An event that cannot be decided never stops a lane: it is tried alone, later and
later, and after `MAX_ATTEMPTS` the policy's own answer for a failed engine is stored and a person is asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from django.db import Error as DatabaseError

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import engine, hot, reactions
from safeconduct.kernel.decisions.models import DecisionKind, VersionState
from safeconduct.kernel.decisions.reasons import of_a_failure
from safeconduct.kernel.decisions.running import PolicyBroken, ReadWithEvents, Running, running
from safeconduct.kernel.events import log, ordering
from safeconduct.kernel.events.log import Known, Receipt
from safeconduct.kernel.scope import engine_is_open, engine_scope, query, savepoint
from safeconduct.kernel.vault.errors import KeyProcessUnavailable

LANE_BATCH = 200
MAX_ATTEMPTS = 5
#: How long the caller who sent an event alone may decide it; after that the lanes take it for abandoned.
CALLERS_LEASE_S = 5.0
#: How often it is looked whether a live policy that did not read any more has been mended.
UNTIL_MENDED_S = 60
#: How often a lane moves the roll-ups of hot keys on.
KEEP_UP_EVERY_S = 1.0

#: What is waited for, since it is no fault of an event: the database, and a key process.
AWAY = (psycopg.OperationalError, KeyProcessUnavailable)

Clock = engine.Clock
logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Accepted:
    """What became of a batch: the receipt, the decisions made, and the answer for events that could not be decided in
    time (`fallback`: moment → the policy's written answer); those are decided later by a lane."""

    receipt: Receipt
    decisions: list[engine.Made] = field(default_factory=list)
    fallback: dict[int, Action] = field(default_factory=dict)


def accept(
    batch: Sequence[object],
    *,
    now: Clock | None = utc_now,
    known: Known = Known.NOW,
    wait: bool = True,
    imported: bool = False,
) -> Accepted:
    """Receives a batch and, where `wait`, decides it at once within the policies' time budget.

    The events are committed before anything is decided, and durable when this returns. Where the engine is too slow or
    fails, nothing is lost: the answer is each policy's `on_failure`, and a lane decides when it can.
    """
    in_force = ReadWithEvents()
    # One wait for the disk: that of the decisions, which comes after the events in the database's log.
    decided_next = wait and not engine_is_open()
    receipt = log.receive(
        batch, queue=in_force.listened, known=known, imported=imported, lease_s=CALLERS_LEASE_S if wait else 0.0,
        durable=not decided_next,
    )  # fmt: skip
    accepted = Accepted(receipt)
    due = [stored.moment for stored in receipt.stored if stored.queued]
    if wait and due:
        _decide_at_once(accepted, due, [v for v in in_force.versions if v.state is not VersionState.SHADOW], now)
    if decided_next:
        log.make_durable(receipt, flushed=bool(accepted.decisions))
    return accepted


def _decide_at_once(accepted: Accepted, due: Sequence[int], live: Sequence[Running], now: Clock | None) -> None:
    budget_ms = min((v.policy.budget_ms for v in live), default=1000) * max(1, len(due) // 10)
    try:
        with engine_scope():
            made = engine.decide(due, now=now, budget_ms=budget_ms)
        accepted.decisions = made  # committed by now
    except Exception as problem:
        # Also what one event's data provoked: all of them are stored, and each is answered.
        expected = isinstance(problem, (psycopg.Error, DatabaseError, OSError))
        logger.log(
            logging.WARNING if expected else logging.ERROR,
            "deciding %d events at once failed (%s); the lanes will", len(due), type(problem).__name__,
            exc_info=None if expected else problem,
        )  # fmt: skip
        answer = max((v.policy.on_failure for v in live), key=lambda action: action.rank, default=Action.REVIEW)
        accepted.fallback = dict.fromkeys(due, answer)


def work(*, now: Clock | None = utc_now, limit: int = LANE_BATCH) -> int:
    """One turn of a lane: decides up to `limit` due events. Returns how many left the queue."""
    try:
        with engine_scope():
            claimed = _claim(limit)
            engine.decide_claimed(claimed, now=now)
            return len(claimed)
    except AWAY:
        raise
    except Exception as problem:  # whatever one event's data provoked must not stop the others
        logger.warning("a batch failed (%s); deciding its events one by one", type(problem).__name__)
        return _one_by_one(limit, now)


def run(stop: Callable[[], bool], *, now: Clock = utc_now, idle_s: float = 0.2) -> None:
    """Works until `stop` says so; survives restarts of what it waits for (`AWAY`), and a live policy that does not read
    any more."""
    pause = idle_s
    kept_up = 0.0
    while not stop():
        try:
            done = work(now=now)
            if time.monotonic() - kept_up > KEEP_UP_EVERY_S:
                hot.keep_up()
                kept_up = time.monotonic()
            pause = idle_s
        except (*AWAY, DatabaseError, PolicyBroken) as problem:
            logger.warning("the lane cannot go on (%s); trying again", type(problem).__name__)
            done, pause = 0, min(pause * 2, 5.0)
        if not done:
            time.sleep(pause)


def waiting() -> tuple[int, int, float]:
    """How many events wait, how many of them are stuck, and the age in seconds of the oldest that is due."""
    row = query(
        "SELECT count(*), count(*) FILTER (WHERE attempts >= %s),"
        " coalesce(extract(epoch FROM now() - min(not_before) FILTER (WHERE not_before <= now())), 0) FROM event_queue",
        [MAX_ATTEMPTS],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), float(row[2])


def _claim(limit: int) -> list[int]:
    rows = query(
        "SELECT moment FROM event_queue WHERE not_before <= now() ORDER BY not_before, moment LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        [limit],
    )
    return sorted(moment for (moment,) in rows)


def _one_by_one(limit: int, now: Clock | None) -> int:
    done = 0
    with engine_scope():
        candidates = [
            (moment, attempts)
            for moment, attempts in query(
                "SELECT moment, attempts FROM event_queue WHERE not_before <= now()"
                " ORDER BY not_before, moment LIMIT %s",
                [limit],
            )
        ]
    for moment, attempts in candidates:
        try:
            with engine_scope():
                done += len(engine.decide([moment], now=now))
        except AWAY:
            raise
        except Exception as problem:
            logger.error("event at moment %d cannot be decided (%s)", moment, type(problem).__name__)
            with engine_scope():
                _put_off(moment, attempts + 1, type(problem).__name__, None if now is None else now())
    return done


def _put_off(moment: int, attempts: int, problem: str, at: datetime | None) -> None:
    """Tries again after 2, 4, 8 … seconds; the last time the policy's own answer is stored, and the event leaves."""
    if attempts < MAX_ATTEMPTS:
        query(
            "UPDATE event_queue SET attempts = %s, problem = %s, not_before = now() + make_interval(secs => %s)"
            " WHERE moment = %s",
            [attempts, problem, 2**attempts, moment],
        )
        return
    try:
        versions = running()
    except PolicyBroken:  # then nobody knows its answer: the event waits until a version that reads is published
        query(
            "UPDATE event_queue SET attempts = %s, problem = %s, not_before = now() + make_interval(secs => %s)"
            " WHERE moment = %s",
            [attempts, problem, UNTIL_MENDED_S, moment],
        )
        return
    row = query('SELECT type, seller, "order", amount FROM fact WHERE moment = %s', [moment]).fetchone()
    assert row is not None
    made = [
        engine.Made(
            id=new_id("dec"), moment=moment, version_id=v.version_id, policy=v.policy.name, version_number=v.number,
            kind=DecisionKind.LIVE, action=v.policy.on_failure, seller_key=row[1], order_key=row[2],
            amount_minor=row[3], fired=[], unknown=[], muted=[], allowed_by="", values={},
            reasons=of_a_failure(v.policy.on_failure), control=False, latency_us=0,
        )
        for v in versions
        if v.state is VersionState.LIVE and engine.type_name(row[0]) in v.policy.event_types
    ]  # fmt: skip
    engine.store(made, [moment], at, ordering.settle())
    try:
        with savepoint():
            reactions.react(engine.facts([moment]), made, at)
    except AWAY:
        raise
    except Exception as failure:  # perhaps what the protections cannot digest is why it failed at all
        logger.error("no protection acts on the event at moment %d (%s)", moment, type(failure).__name__)

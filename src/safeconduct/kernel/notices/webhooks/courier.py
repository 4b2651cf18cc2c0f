"""The courier: takes what is due to endpoints, all of them at once, and writes down what came of it.

Threads do nothing but HTTP; one thread owns the database. A turn never waits for an endpoint: what has come back is
written, what is due is handed out, and a slow endpoint holds up nobody but itself.

Any number of processes may do this at once. A delivery is claimed before it is sent; a process that is killed leaves
its claims to run out after `LEASE`, and the message is sent again under its id: at least once, as the receiver's
idempotency expects. An answer that comes after its claim ran out changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from safeconduct.kernel.notices.models import Endpoint
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.notices.webhooks.endpoints import note_off, send, signatures
from safeconduct.kernel.notices.webhooks.targets import Resolver
from safeconduct.kernel.notices.webhooks.wire import TIMEOUT_S, Answer, Line, body_of, headers_of, signed_of
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import engine_scope, query

#: Waits before each attempt: at once, then as the example of the Standard Webhooks specification (1.0.0) has it; with
#: the last, three days and three and a half hours have passed. A tenth at most is added, different for each delivery,
#: so that what failed together does not come back together.
SCHEDULE: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
#: Failures in a row after which an endpoint is tried with one message at a time, and rests between.
BREAKER: Final = 5
_FIRST_REST: Final = timedelta(seconds=30)
_LONGEST_REST: Final = timedelta(hours=1)
#: An endpoint that has accepted nothing for so long is switched off, and staff are told.
OFF_AFTER: Final = timedelta(days=5)
#: How long a claim holds; longer than a run may take.
LEASE: Final = timedelta(minutes=10)
#: Deliveries that one thread takes to one endpoint, one after the other, and threads that one endpoint may have.
_RUN: Final = 25
_RUNS_AT_ONCE: Final = 4
_RUN_S: Final = 120.0
_THREADS: Final = 64
_SPREAD: Final = 1_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One claimed delivery: the message with its headers, ready to be sent."""

    delivery_id: str
    attempt: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of a parcel; without an answer it was not tried."""

    parcel: _Parcel
    answer: Answer | None


@dataclass(slots=True)
class Courier:
    """Keeps deliveries going; of one thread. ``resolver`` stands in for the network's names."""

    resolver: Resolver | None = None
    timeout_s: float = TIMEOUT_S
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook")
    )  # fmt: skip
    _out: dict[Future[list[_Tried]], str] = field(default_factory=dict)

    def turn(self, now: datetime) -> int:
        """Writes what has come back, and hands out what is due by ``now``. Returns how many attempts came back."""
        done = [future for future in self._out if future.done()]
        count = self._write(done, now)
        with engine_scope():
            _spread(now)
            runs = _claim(now, self._room(now))
        for endpoint, parcels in runs:
            self._out[self._threads.submit(self._run, endpoint.url, parcels)] = endpoint.id
        return count

    def drain(self, now: datetime) -> int:
        """Takes turns until nothing is due by ``now`` and nothing is under way. Returns how many attempts were made."""
        count = self.turn(now)
        while self._out:
            wait(self._out, return_when=FIRST_COMPLETED)
            count += self.turn(now)
        return count

    def close(self) -> None:
        """Ends the threads. What is under way is sent again by another process when its claim runs out."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _room(self, now: datetime) -> dict[str, int]:
        """How many deliveries may be handed out to each endpoint that takes any now."""
        busy = list(self._out.values())
        rows = query(
            "SELECT id, failures FROM webhook_endpoint WHERE off = '' AND (paused_until IS NULL OR paused_until <= %s)",
            [now],
        ).fetchall()
        room = {}
        for endpoint_id, failures in rows:
            runs = busy.count(endpoint_id)
            if failures >= BREAKER:
                room[endpoint_id] = 0 if runs else 1
            else:
                room[endpoint_id] = _RUN * (_RUNS_AT_ONCE - runs)
        return {endpoint_id: n for endpoint_id, n in room.items() if n > 0}

    def _run(self, url: str, parcels: Sequence[_Parcel]) -> list[_Tried]:
        """Takes parcels to an endpoint until one fails or time is up; the rest comes back untried."""
        tried: list[_Tried] = []
        started = time.monotonic()
        with Line(url, resolver=self.resolver, timeout_s=self.timeout_s) as line:
            for position, parcel in enumerate(parcels):
                answer = line.post(parcel.body, parcel.headers)
                tried.append(_Tried(parcel, answer))
                if not answer.accepted or time.monotonic() - started > _RUN_S:
                    return tried + [_Tried(left, None) for left in parcels[position + 1 :]]
        return tried

    def _write(self, done: Iterable[Future[list[_Tried]]], now: datetime) -> int:
        by_endpoint: dict[str, list[_Tried]] = defaultdict(list)
        for future in done:
            endpoint_id = self._out.pop(future)
            try:
                by_endpoint[endpoint_id] += future.result()
            except Exception as problem:  # a fault of ours: the claims run out, and the others are not held up
                logger.error("a run to endpoint %s ended in %s", endpoint_id, type(problem).__name__)
        for endpoint_id in sorted(by_endpoint):  # one transaction each, and always in one order
            with engine_scope():
                _settle(endpoint_id, by_endpoint[endpoint_id], now)
        return sum(1 for tried in by_endpoint.values() for one in tried if one.answer is not None)


def wait_after(attempt: int, delivery_id: str) -> timedelta | None:
    """How long to wait after so many failed attempts, or None where that was the last."""
    if attempt >= len(SCHEDULE):
        return None
    share = hashlib.sha256(f"{delivery_id}/{attempt}".encode()).digest()[0] / 2550
    return SCHEDULE[attempt] * (1 + share)


def rest_after(failures: int) -> timedelta | None:
    """How long an endpoint rests after so many failures in a row, or None below `BREAKER`."""
    return min(_FIRST_REST * 2 ** min(failures - BREAKER, 20), _LONGEST_REST) if failures >= BREAKER else None


def _spread(now: datetime) -> None:
    """New messages become deliveries to the endpoints that want their kind; those that none wants are deleted."""
    fresh = query(
        "SELECT id, kind FROM webhook_message WHERE spread_at IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
        [_SPREAD],
    ).fetchall()
    if not fresh:
        return
    wishes = query("SELECT id, kinds, off FROM webhook_endpoint").fetchall()
    send([(m, e) for m, kind in fresh for e, kinds, off in wishes if not off and kind in kinds], at=now)
    wanted = {kind for _e, kinds, _off in wishes for kind in kinds}
    query("DELETE FROM webhook_message WHERE id = ANY(%s)", [[m for m, kind in fresh if kind not in wanted]])
    query("UPDATE webhook_message SET spread_at = %s WHERE id = ANY(%s)", [now, [m for m, _kind in fresh]])


def _claim(now: datetime, room: dict[str, int]) -> list[tuple[Endpoint, list[_Parcel]]]:
    """Claims what is due, and signs it: runs for threads."""
    if not room:
        return []
    rows = query(
        "WITH due AS (SELECT d.id FROM unnest(%b::text[], %b::int[]) AS r(endpoint_id, room)"
        "  CROSS JOIN LATERAL (SELECT id FROM webhook_delivery w WHERE w.endpoint_id = r.endpoint_id"
        "   AND w.state = 'waiting' AND w.due_at <= %b ORDER BY w.due_at, w.id LIMIT r.room FOR UPDATE SKIP LOCKED) d),"
        " taken AS (UPDATE webhook_delivery d SET due_at = %b, attempts = d.attempts + 1 FROM due WHERE d.id = due.id"
        "  RETURNING d.id, d.endpoint_id, d.message_id, d.attempts)"
        " SELECT t.id, t.endpoint_id, t.attempts, m.id, m.kind, m.data, m.at"
        " FROM taken t JOIN webhook_message m ON m.id = t.message_id ORDER BY t.endpoint_id, m.at, m.id",
        [list(room), list(room.values()), now, now + LEASE],
    ).fetchall()
    by_endpoint: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_endpoint[row[1]].append(row)
    runs = []
    for endpoint in Endpoint.objects.filter(id__in=list(by_endpoint)):
        waiting = [
            (delivery_id, attempt, message_id, body_of(kind, at, data))
            for delivery_id, _endpoint, attempt, message_id, kind, data, at in by_endpoint[endpoint.id]
        ]
        signed = signatures(endpoint, [signed_of(message_id, body, now) for *_, message_id, body in waiting], at=now)
        parcels = [
            _Parcel(delivery_id, attempt, body, headers_of(message_id, under_each, now))
            for (delivery_id, attempt, message_id, body), under_each in zip(waiting, signed, strict=True)
        ]
        runs += [(endpoint, parcels[first : first + _RUN]) for first in range(0, len(parcels), _RUN)]
    return runs


def _settle(endpoint_id: str, tried: Sequence[_Tried], now: datetime) -> None:
    """Writes what came of attempts at one endpoint: the log, the deliveries, and how the endpoint is doing."""
    answered = [(one.parcel, one.answer) for one in tried if one.answer is not None]
    untried = [one.parcel for one in tried if one.answer is None]
    query(
        "INSERT INTO webhook_attempt (delivery_id, at, status, latency_ms, problem)"
        " SELECT w.id, %b, w.status, w.ms, w.p"
        " FROM unnest(%b::text[], %b::smallint[], %b::int[], %b::text[]) AS w(id, status, ms, p)"
        " WHERE EXISTS (SELECT FROM webhook_delivery d WHERE d.id = w.id)",
        [
            now, [p.delivery_id for p, _ in answered], [a.status for _, a in answered],
            [a.latency_ms for _, a in answered], [a.problem for _, a in answered],
        ],
    )  # fmt: skip
    rows = [(p, a, *_next(p, a, now)) for p, a in answered]
    query(
        "UPDATE webhook_delivery d SET state = w.state, due_at = w.due_at, status = w.status, problem = w.p,"
        " delivered_at = CASE WHEN w.state = 'delivered' THEN %b::timestamptz END"
        " FROM unnest(%b::text[], %b::int[], %b::text[], %b::timestamptz[], %b::smallint[], %b::text[])"
        " AS w(id, attempt, state, due_at, status, p)"
        " WHERE d.id = w.id AND d.attempts = w.attempt AND d.state = 'waiting'",
        [
            now, [p.delivery_id for p, *_ in rows], [p.attempt for p, *_ in rows], [state for *_, state, _due in rows],
            [due for *_, due in rows], [a.status for _, a, *_ in rows], [a.problem for _, a, *_ in rows],
        ],
    )  # fmt: skip
    query(
        "UPDATE webhook_delivery d SET due_at = %b, attempts = d.attempts - 1"
        " FROM unnest(%b::text[], %b::int[]) AS w(id, attempt)"
        " WHERE d.id = w.id AND d.attempts = w.attempt AND d.state = 'waiting'",
        [now, [p.delivery_id for p in untried], [p.attempt for p in untried]],
    )
    for parcel, _answer, state, _due in rows:
        if state == "given_up":
            logger.error("webhook delivery %s was given up after %d attempts", parcel.delivery_id, parcel.attempt)
    _judge(endpoint_id, [answer for _, answer in answered], now)


def _next(parcel: _Parcel, answer: Answer, now: datetime) -> tuple[str, datetime]:
    """What becomes of a delivery after an attempt: its state, and when it is due next."""
    if answer.accepted:
        return "delivered", now
    pause = wait_after(parcel.attempt, parcel.delivery_id)
    if pause is None:
        return "given_up", now
    return "waiting", now + max(pause, timedelta(seconds=answer.retry_after_s))


def _judge(endpoint_id: str, answers: Sequence[Answer], now: datetime) -> None:
    """How the endpoint is doing: whether it rests, recovers, or is switched off."""
    endpoint = Endpoint.objects.select_for_update().get(id=endpoint_id)
    if not answers or not endpoint.enabled:
        return
    if any(answer.accepted for answer in answers):
        if endpoint.failures >= BREAKER:  # it is back: what waited for it need not wait any longer
            query(
                "UPDATE webhook_delivery SET due_at = %s WHERE endpoint_id = %s AND state = 'waiting' AND due_at > %s",
                [now, endpoint_id, now + LEASE],  # sooner are claims, and what comes soon enough by itself
            )
        endpoint.failures, endpoint.failing_since, endpoint.paused_until = 0, None, None
    else:
        endpoint.failures += len(answers)
        endpoint.failing_since = endpoint.failing_since or now
        rest = rest_after(endpoint.failures)
        endpoint.paused_until = None if rest is None else now + rest
    gone = any(answer.status == 410 for answer in answers)
    failing = endpoint.failing_since is not None and now - endpoint.failing_since >= OFF_AFTER
    if gone or failing:
        endpoint.off, endpoint.off_since = Endpoint.Off.GONE if gone else Endpoint.Off.FAILING, now
    endpoint.save(update_fields=["failures", "failing_since", "paused_until", "off", "off_since"])
    if not endpoint.enabled:
        note_off(endpoint, at=now)
        _tell_staff(endpoint, now)


def _tell_staff(endpoint: Endpoint, now: datetime) -> None:
    logger.error("webhook endpoint %s was switched off (%s)", endpoint.id, endpoint.off)
    since = now if endpoint.off == Endpoint.Off.GONE else endpoint.failing_since or now
    host = urlsplit(endpoint.url).hostname or ""
    values = {"endpoint": endpoint.id, "host": host, "why": str(endpoint.off), "since": since}
    people = User.objects.filter(staff_role=StaffRole.ADMINISTRATOR, is_active=True)
    notify([
        Notice(
            f"webhook/{endpoint.id}/off/{now.isoformat()}/{person_id}", "webhook.off", values, now, person=person_id,
            url=f"/console/webhooks/{endpoint.id}/",
        )
        for person_id in people.order_by("id").values_list("id", flat=True)
    ])  # fmt: skip

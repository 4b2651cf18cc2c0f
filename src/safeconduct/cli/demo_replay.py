"""Running a world through the front door with every core, and letting it go on afterwards.

Two phases: all events are received, then all that wait is decided, week by week, and what time and people do is done
at the end of each week. Because a decision sees only what has an earlier moment, it is the same decision as if each had
been made at its time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.demo_tally import Tally
from safeconduct.cli.output import fail

if TYPE_CHECKING:
    from rich.console import Console

    from safeconduct.cli.demo_desk import Desk
    from safeconduct.demo.world import Events

_BATCH = 1000
#: Each batch is decided and acted on in one transaction. In a large one most orders are looked at once for several of
#: their events; a lane that serves people takes small ones.
_DECIDE_BATCH = 10_000
#: Lines the record takes in at once, and how long its clerk waits where there are none.
_RECORD_BATCH, _CLERK_WAITS_S = 5000, 0.5


@dataclass(frozen=True, slots=True)
class Ran:
    """What running a world gave: seconds to receive and to decide, decisions made, seconds of what was done between."""

    received_s: float
    decided_s: float
    decisions: int
    between_s: float


class Crew:
    """Forked workers that share the world's memory; they wait until they are told what to do.

    Each works on sellers of its own, dealt out anew whenever events are decided: two workers that wrote about one
    seller's orders would wait for each other.
    """

    def __init__(self, events: Events, desk: Desk) -> None:
        context = get_context("fork")
        self.total = len(events)
        self.pipes: list[Connection] = []
        self.shares: list[list[int]] = []
        size = max(1, min(4, os.cpu_count() or 1))
        for number in range(size):
            ours, theirs = context.Pipe()
            context.Process(target=_member, args=(theirs, events, desk, number, size), daemon=True).start()
            theirs.close()
            self.pipes.append(ours)
        self.clerk, theirs = context.Pipe()
        context.Process(target=_clerk, args=(theirs,), daemon=True).start()
        theirs.close()

    def run(
        self, console: Console, *, quiet: bool, points: Sequence[datetime], received: Callable[[], None],
        between: Callable[[datetime], None],
    ) -> Ran:  # fmt: skip
        """Receives everything and calls ``received``; decides what was known at each of the points, in turn, and calls
        ``between`` there.

        What is known after the last point is not decided.
        """
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        decided_s = between_s = 0.0
        with Progress(*columns, console=console, disable=quiet) as progress:
            task = progress.add_task("events received ", total=self.total)
            with _indexes_afterwards():
                received_s = self._phase(["receive"] * len(self.pipes), lambda n: progress.update(task, advance=n))
            waiting = _waiting()
            received()
            task = progress.add_task("decisions made  ", total=waiting)
            self.clerk.send("begin")
            for point in points:
                self.shares = dealt(point, len(self.pipes))
                decided_s += self._phase(
                    [("decide", point, share) for share in self.shares], lambda n: progress.update(task, advance=n)
                )  # fmt: skip
                started = time.perf_counter()
                between(point)
                between_s += time.perf_counter() - started
        return Ran(received_s, decided_s, waiting, between_s)

    def people(self, until: datetime) -> None:
        """Lets the people of the world do what they do by a time, each worker those of its sellers' orders."""
        self._phase([("people", until, share) for share in self.shares], lambda _: None)

    def end(self) -> Tally:
        """Sends everybody home once what was begun is done; returns what the people did."""
        done = Tally()
        for pipe in self.pipes:
            pipe.send("end")
            said = pipe.recv()
            if isinstance(said, str):
                fail(said)
            done += said
        self.clerk.send("end")
        self._hear_the_clerk()
        return done

    def _hear_the_clerk(self) -> None:
        """Waits until the clerk has done what was begun."""
        try:
            said = self.clerk.recv()
        except EOFError:
            fail("the clerk of the demo's record ended unexpectedly; see the messages above")
        if said != "done":
            fail(str(said))

    def _phase(self, orders: Sequence[object], advance: Callable[[int], None]) -> float:
        started = time.perf_counter()
        for pipe, order in zip(self.pipes, orders, strict=True):
            pipe.send(order)
        busy = list(self.pipes)
        while busy:
            for ready in wait_for(busy):
                pipe = next(p for p in busy if p is ready)
                try:
                    said = pipe.recv()
                except EOFError:
                    fail("a worker of the demo ended unexpectedly; see the messages above")
                if said == "done":
                    busy.remove(pipe)
                elif isinstance(said, str):
                    fail(said)
                else:
                    advance(said)
        return time.perf_counter() - started


def drip(folder: Path, seed: int, shift: str, orders: int, told: int) -> Callable[[], None]:
    """Starts a process that sends the world's further life to the log, at its own pace, from where the ``told`` events
    after its end have left off. Returns how to stop it.
    """
    arguments = [sys.executable, "-m", "safeconduct.cli.demo_replay", str(seed), shift, str(orders), str(told)]
    prefix = [sys.executable, "-m", "safeconduct.cli.child", str(os.getpid())]
    process = subprocess.Popen([*prefix, *arguments], env={**os.environ, "SAFECONDUCT_VAR": str(folder)})
    return process.terminate


def tell(events: Events, now: datetime) -> int:
    """Receives and decides a few more events in this process. Returns how many."""
    done = 0
    for first in range(0, len(events), _BATCH):
        done += _stored(events.between(first, first + _BATCH))
    (everybody,) = dealt(now, 1)
    _decide_until(now, everybody, lambda _: None)
    return done


@contextmanager
def _indexes_afterwards() -> Iterator[None]:
    """Loads first and indexes afterwards: keys come in random order, and their indexes are cheaper built whole."""
    from safeconduct.kernel.scope import owner_scope, query

    with owner_scope():
        found = query(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'fact' AND indexname LIKE 'fact\\_by\\_%%'"
        ).fetchall()
        for name, _ in found:
            query(f"DROP INDEX {name}")
    yield
    with owner_scope():
        query("SELECT set_config('maintenance_work_mem', '256MB', true)")
        for _, definition in found:
            query(definition)


def _waiting() -> int:
    from safeconduct.kernel.decisions import lanes
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    with owner_scope():
        query("ANALYZE fact")
        query("ANALYZE event_queue")
    with engine_scope():
        return lanes.waiting()[0]


#: How many events of each seller wait to be decided by then; events of no seller are those of seller 0.
_WAITING = """
WITH waiting AS (
    SELECT coalesce(f.seller, 0) AS seller, count(*) AS events FROM event_queue q JOIN fact f ON f.moment = q.moment
    WHERE q.moment < %s GROUP BY 1
)
SELECT coalesce(w.seller, s.key), coalesce(w.events, 0) FROM waiting w FULL JOIN seller s ON s.key = w.seller
ORDER BY 2 DESC, 1
"""


def dealt(until: datetime, size: int) -> list[list[int]]:
    """All sellers, dealt to so many workers so that each has about as many events to decide."""
    from safeconduct.kernel.scope import engine_scope, query

    shares: list[list[int]] = [[] for _ in range(size)]
    loads = [0] * size
    with engine_scope():
        for seller, events in query(_WAITING, [_end(until)]):
            least = loads.index(min(loads))
            shares[least].append(seller)
            loads[least] += events + 1  # the quiet ones are dealt out evenly too
    return shares


def _end(until: datetime) -> int:
    from safeconduct.foundation.moments import TIE_BITS, micros

    return micros(until) << TIE_BITS


def _member(pipe: Connection, events: Events, desk: Desk, number: int, size: int) -> None:
    try:
        while (order := pipe.recv()) != "end":
            match order:
                case "receive":
                    _start()
                    _receive(pipe, events, number, size)
                case "decide", until, sellers:
                    _decide_until(until, sellers, pipe.send)
                case "people", until, sellers:
                    desk.people(until, sellers)
            pipe.send("done")
        pipe.send(desk.cases.tally)
    except (EOFError, KeyboardInterrupt):
        pass
    except Exception as problem:
        pipe.send(f"{type(problem).__name__}: {problem}")
    os._exit(0)


def _clerk(pipe: Connection) -> None:
    """Puts into the record what the others do, while they do it."""
    try:
        pipe.recv()
        _start()
        while not pipe.poll(0 if sequence(_RECORD_BATCH) else _CLERK_WAITS_S):
            pass
        pipe.send("done")
    except (EOFError, KeyboardInterrupt):
        pass
    except Exception as problem:
        pipe.send(f"{type(problem).__name__}: {problem}")
    os._exit(0)


def sequence(limit: int = _RECORD_BATCH) -> int:
    """Takes up to so many lines into the record and signs it; returns how many."""
    from safeconduct.kernel.record import sequencer

    return sequencer.sequence(limit, now=datetime.now(UTC))


def _start() -> None:
    from safeconduct.cli.start import start_django

    start_django(migrate=False)


def _receive(pipe: Connection, events: Events, number: int, size: int) -> None:
    for first in range(number * _BATCH, len(events), size * _BATCH):
        pipe.send(_stored(events.between(first, first + _BATCH)))


def _stored(batch: list[dict[str, Any]]) -> int:
    from safeconduct.kernel.decisions.running import listened_types
    from safeconduct.kernel.events import log
    from safeconduct.kernel.events.log import Known
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        queue = listened_types()
    receipt = log.receive(batch, queue=queue, known=Known.WHEN_IT_HAPPENED)
    if receipt.refused:
        refused = receipt.refused[0]
        raise ValueError(f"the world made an event that the log refuses: {refused.field}: {refused.problem}")
    return len(receipt.stored)


_CLAIM = """
SELECT q.moment FROM event_queue q JOIN fact f ON f.moment = q.moment
WHERE q.moment > %s AND q.moment < %s AND coalesce(f.seller, 0) = ANY(%s::bigint[])
ORDER BY q.moment LIMIT %s FOR UPDATE OF q SKIP LOCKED
"""


def _decide_until(until: datetime, sellers: Sequence[int], advance: Callable[[int], None]) -> None:
    """Decides what was known of some sellers before a time, in the order in which it became known."""
    import django.db
    import psycopg

    from safeconduct.kernel.decisions import engine
    from safeconduct.kernel.scope import engine_scope, query

    done, end, most = 0, _end(until), _DECIDE_BATCH
    while True:
        try:
            with engine_scope():
                claimed = [moment for (moment,) in query(_CLAIM, [done, end, list(sellers), most])]
                engine.decide_claimed(claimed, now=None)
        except (psycopg.OperationalError, django.db.OperationalError) as problem:
            if not _no_room_for_locks(problem) or most == 1:
                raise
            most = max(1, most // 2)  # somebody's own server, which has room for fewer locks than ours
            continue
        if not claimed:
            return
        done = claimed[-1]
        advance(len(claimed))


def _no_room_for_locks(problem: Exception) -> bool:
    import psycopg

    return isinstance(problem.__cause__ or problem, psycopg.errors.OutOfMemory)


def _drip(seed: int, shift: str, orders: int, told: int) -> None:
    from safeconduct.demo import Parameters, generate, live_events

    os.nice(10)  # whoever looks at the demo comes first
    world = generate(Parameters(seed=seed, orders=orders, shift=shift))
    _start()
    from safeconduct.kernel.decisions import lanes

    begin = datetime.now(UTC)
    for event in live_events(world, begin, told=told):
        due = datetime.fromisoformat(str(event["time"]))
        pause = (due - datetime.now(UTC)).total_seconds()
        if pause > 0:
            time.sleep(min(pause, 60.0))
        lanes.accept([event])


if __name__ == "__main__":
    _drip(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

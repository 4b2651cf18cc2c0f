"""Running a world through the front door with every core, and letting it go on afterwards.

Two phases: all events are received, then all that wait is decided. Because a decision sees only what has an earlier
moment, it is the same decision as if each had been made at its time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.cli.output import fail

if TYPE_CHECKING:
    from rich.console import Console

    from safeconduct.demo.world import Events

_BATCH = 1000


class Crew:
    """Forked workers that share the world's memory; they wait until `run` lets them begin."""

    def __init__(self, events: Events) -> None:
        context = get_context("fork")
        self.total = len(events)
        self.pipes: list[Connection] = []
        size = max(1, min(4, os.cpu_count() or 1))
        for number in range(size):
            ours, theirs = context.Pipe()
            context.Process(target=_member, args=(theirs, events, number, size), daemon=True).start()
            theirs.close()
            self.pipes.append(ours)

    def run(self, console: Console, *, quiet: bool) -> tuple[float, float, int]:
        """Receives and decides everything. Returns seconds to receive, seconds to decide, and the decisions made."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=quiet) as progress:
            task = progress.add_task("events received ", total=self.total)
            with _indexes_afterwards():
                received_s = self._phase("receive", lambda n: progress.update(task, advance=n))
            waiting = _waiting()
            task = progress.add_task("decisions made  ", total=waiting)
            decided_s = self._phase("decide", lambda n: progress.update(task, advance=n))
        for pipe in self.pipes:
            pipe.send("end")
        return received_s, decided_s, waiting

    def _phase(self, name: str, advance: Callable[[int], None]) -> float:
        started = time.perf_counter()
        for pipe in self.pipes:
            pipe.send(name)
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


def drip(folder: Path, seed: int, shift: str, orders: int) -> Callable[[], None]:
    """Starts a process that sends the world's further life to the log, at its own pace. Returns how to stop it."""
    arguments = [sys.executable, "-m", "safeconduct.cli.demo_replay", str(seed), shift, str(orders)]
    prefix = [sys.executable, "-m", "safeconduct.cli.child", str(os.getpid())]
    process = subprocess.Popen([*prefix, *arguments], env={**os.environ, "SAFECONDUCT_VAR": str(folder)})
    return process.terminate


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


def _member(pipe: Connection, events: Events, number: int, size: int) -> None:
    try:
        if pipe.recv() == "receive":
            _start()
            _receive(pipe, events, number, size)
            pipe.send("done")
        if pipe.recv() == "decide":
            _decide(pipe)
            pipe.send("done")
        pipe.recv()
    except (EOFError, KeyboardInterrupt):
        pass
    except Exception as problem:
        pipe.send(f"{type(problem).__name__}: {problem}")
    os._exit(0)


def _start() -> None:
    from safeconduct.cli.start import start_django

    start_django(migrate=False)


def _receive(pipe: Connection, events: Events, number: int, size: int) -> None:
    from safeconduct.kernel.decisions.running import listened_types
    from safeconduct.kernel.events import log
    from safeconduct.kernel.events.log import Known
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        queue = listened_types()
    for first in range(number * _BATCH, len(events), size * _BATCH):
        batch = events.between(first, first + _BATCH)
        receipt = log.receive(batch, queue=queue, known=Known.WHEN_IT_HAPPENED)
        if receipt.refused:
            refused = receipt.refused[0]
            raise ValueError(f"the world made an event that the log refuses: {refused.field}: {refused.problem}")
        pipe.send(len(receipt.stored))


def _decide(pipe: Connection) -> None:
    from safeconduct.kernel.decisions import lanes

    while done := lanes.work(now=None, limit=500):
        pipe.send(done)


def _drip(seed: int, shift: str, orders: int) -> None:
    from datetime import UTC, datetime

    from safeconduct.demo import Parameters, generate, live_events

    world = generate(Parameters(seed=seed, orders=orders, shift=shift))
    _start()
    from safeconduct.kernel.decisions import lanes

    begin = datetime.now(UTC)
    for event in live_events(world, begin):
        due = datetime.fromisoformat(str(event["time"]))
        pause = (due - datetime.now(UTC)).total_seconds()
        if pause > 0:
            time.sleep(min(pause, 60.0))
        lanes.accept([event])


if __name__ == "__main__":
    _drip(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

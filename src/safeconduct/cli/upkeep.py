"""What has to be done from time to time, beside each lane. Any number of processes may do it at once."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from safeconduct.kernel.scope import close_connections

_TURN_S = 0.2


@dataclass(slots=True)
class Job:
    """Something to do every so often. ``work`` opens its own scopes; what fails is said, and tried again later.

    ``apart``: in a thread of its own, because it may have to wait for a server that is not ours.
    """

    name: str
    every_s: float
    work: Callable[[datetime], object]
    apart: bool = False
    due: float = 0.0


def jobs() -> list[Job]:
    """All of them, the urgent ones first."""
    from safeconduct.kernel.cases import referrals, sweep
    from safeconduct.kernel.decisions import housekeeping, reactions
    from safeconduct.kernel.notices import key_reminders
    from safeconduct.kernel.notices import upkeep as notices
    from safeconduct.kernel.notices.webhooks.courier import Courier
    from safeconduct.kernel.protection import protections
    from safeconduct.kernel.record import receipts, sequencer
    from safeconduct.kernel.vault import root_replacement, rotation

    return [
        Job("record", 1.0, sequencer.keep_up),
        Job("due dates", 2.0, reactions.sweep),
        Job("deadlines of cases", 2.0, sweep.keep_up),
        Job("cases with outside bodies", 60.0, referrals.sweep),
        *(Job(job.name, job.every_s, job.work, job.apart) for protection in protections() for job in protection.jobs),
        Job("webhooks", 0.5, Courier().turn, apart=True),
        Job("mail", 2.0, notices.send_mail, apart=True),
        Job("old messages", 3600.0, notices.tidy),
        Job("keys that end", 3600.0, key_reminders.remind),
        Job("key of the vault to be replaced", 3600.0, key_reminders.remind_of_vault),
        Job("housekeeping", 30.0, housekeeping.tidy),
        Job("ended grounds of the vault", 60.0, receipts.erase_due),
        Job("receipts of erasures", 10.0, receipts.show),
        Job("keys of the vault", 300.0, rotation.keep_up, apart=True),
        Job("root key of the vault", 300.0, root_replacement.keep_up, apart=True),
        Job("sums of the ledger", 60.0, _roll_up_the_ledger),
        Job("API limits", 30.0, _tidy_the_gate),
    ]


def run(stop: threading.Event) -> None:
    """Does each job when it is due, until told to stop."""
    every = jobs()
    for job in every:
        if job.apart:
            threading.Thread(target=_in_turn, args=([job], stop), daemon=True, name=job.name).start()
    _in_turn([job for job in every if not job.apart], stop)


def _in_turn(these: list[Job], stop: threading.Event) -> None:
    for job in these:
        job.due = time.monotonic() + job.every_s
    while not stop.wait(_TURN_S):
        for job in these:
            if time.monotonic() >= job.due:
                attempt(job, datetime.now(UTC))
                job.due = time.monotonic() + job.every_s


def attempt(job: Job, now: datetime) -> None:
    """Does one job; a failure is written down without what it was about, and nothing else stops for it."""
    try:
        job.work(now)
    except Exception as problem:
        sys.stderr.write(f"{job.name}: {type(problem).__name__}; it will be tried again\n")
        close_connections()


def _tidy_the_gate(now: datetime) -> None:
    from safeconduct.api import gate
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        gate.sweep()


def _roll_up_the_ledger(now: datetime) -> None:
    from safeconduct.kernel.ledger.checkpoints import roll_up
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        roll_up()

"""When the database does not answer: refuse quickly, and say what the policies would have the caller do.

What each event type's policies answer for a failed engine (`on_failure`) is remembered while all is well. A process
that knows nothing says *review*: fail closed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from django.db import Error as DatabaseError
from psycopg_pool import PoolTimeout

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.models import VersionState
from safeconduct.kernel.decisions.running import running
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.operations.problems import Code, Problem
from safeconduct.kernel.scope import engine_scope

#: How long a process does not try again after a failed connection.
PAUSE_S = 1.0
_REFRESH_S = 30.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _State:
    down_until: float = 0.0
    probing: bool = False
    read_at: float = float("-inf")
    answers: dict[str, Action] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_state = _State()


def expect_database() -> None:
    """Raises Problem at once while the database is known to be away, so that callers do not queue up behind it.

    After the pause one request at a time tries again; the others are refused until it has come back.
    """
    if not _state.down_until:
        return
    with _state.lock:
        if time.monotonic() < _state.down_until or _state.probing:
            raise unavailable()
        _state.probing = True


def finished(*, answered: bool) -> None:
    """A request is done. `answered`: the database served it; otherwise the next request tries again."""
    if _state.down_until:
        with _state.lock:
            _state.probing = False
            if answered:
                _state.down_until = 0.0


def note(problem: BaseException) -> None:
    """Remembers that the connection failed; a single statement that was too slow is no outage."""
    if isinstance(problem, PoolTimeout) or _lost_connection(problem):
        with _state.lock:
            _state.down_until, _state.probing = time.monotonic() + PAUSE_S, False


def is_database_failure(problem: BaseException) -> bool:
    """Whether an exception means that the database is away, overloaded or too slow: trying again may help."""
    if isinstance(problem, DatabaseError):
        return isinstance(problem.__cause__, psycopg.Error) and is_database_failure(problem.__cause__)
    return isinstance(problem, (psycopg.OperationalError, psycopg.InterfaceError))


def unavailable(event_types: Iterable[str] = ()) -> Problem:
    """The refusal while the database is away, with what to do meanwhile."""
    return Problem(
        Code.UNAVAILABLE,
        "send the same request again, with the same ids: what was stored is not stored twice",
        headers={"Retry-After": str(max(1, round(PAUSE_S)))},
        more={"fallback_action": fallback_action(event_types).value},
    )


def fallback_action(event_types: Iterable[str] = ()) -> Action:
    """The strictest `on_failure` of the policies that listen to these types, or to any where none is named."""
    if _state.answers is None:
        return Action.REVIEW
    names = list(event_types)
    answers = _state.answers.values() if not names else [answer_for(name) for name in names]
    return max(answers, key=lambda action: action.rank, default=Action.REVIEW)


def answer_for(event_type: str) -> Action:
    """The last known answer for events of one type; *allow* where no live policy listens to it."""
    if _state.answers is None:
        return Action.REVIEW
    known = CATALOGUE.resolve(event_type)
    return _state.answers.get(known.name if known else event_type, Action.ALLOW)


def knows() -> bool:
    """Whether this process has read the policies' answers."""
    return _state.answers is not None


def decides(event_type: str) -> bool:
    """Whether a live policy listens to events of this type, as far as is known."""
    known = CATALOGUE.resolve(event_type)
    return known is not None and (_state.answers is None or known.name in _state.answers)


def refresh(*, now_s: float | None = None) -> None:
    """Reads the answers again where they are older than half a minute."""
    at = time.monotonic() if now_s is None else now_s
    if at - _state.read_at < _REFRESH_S:
        return
    _state.read_at = at  # one thread reads; the others go on with what is known
    try:
        with engine_scope():
            answers: dict[str, Action] = {}
            for version in running():
                if version.state is not VersionState.SHADOW:
                    for name in version.policy.event_types:
                        answer = version.policy.on_failure
                        answers[name] = max(answers.get(name, answer), answer, key=lambda action: action.rank)
        _state.answers = answers
    except (psycopg.Error, DatabaseError) as problem:
        logger.warning("reading the policies' answers for an outage failed (%s)", type(problem).__name__)


def forget() -> None:
    """Drops what is remembered, as a new process knows it."""
    with _state.lock:
        _state.down_until, _state.probing, _state.read_at, _state.answers = 0.0, False, float("-inf"), None


def _lost_connection(problem: BaseException | None) -> bool:
    if isinstance(problem, DatabaseError):
        return _lost_connection(problem.__cause__)
    if isinstance(problem, psycopg.OperationalError):
        # Without a SQLSTATE the server never answered; class 57P is a shutdown or a start.
        return problem.sqlstate is None or problem.sqlstate.startswith("57P")
    return False

"""How unusual a sign-in is for its person, from the sessions that are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache

from safeconduct.foundation.login_risk import History
from safeconduct.kernel.parties.traits import WEIGHTS, levels
from safeconduct.kernel.scope import query

#: So many of the latest sign-ins of everybody, and of the person, are compared with: it bounds the cost of one.
EVERYBODY: Final = 5_000
OWN: Final = 200
#: Security research of 2026-11-23, 2.1: limits are quantiles of accepted sign-ins of 30 days, from 5,000 on.
LIMITS_FROM: Final = 5_000
LIMITS_OVER: Final = timedelta(days=30)
_QUANTILES: Final = [0.95, 0.995]
_KEPT_S: Final = 3600


def score_of(person_id: str, traits: list[int]) -> float | None:
    """The score of a sign-in that is not kept yet (`foundation.login_risk`); None for a person's first. One query."""
    rows = query(
        "SELECT person_id, traits FROM sign_in_session WHERE id IN"
        " ((SELECT id FROM sign_in_session ORDER BY started_at DESC LIMIT %s)"
        " UNION (SELECT id FROM sign_in_session WHERE person_id = %s ORDER BY started_at DESC LIMIT %s))",
        [EVERYBODY, person_id, OWN],
    )
    history = History(*WEIGHTS)
    for person, known in rows:
        history.learn(person, levels(known))
    return history.score(person_id, levels(traits))


def band_of(score: float | None, now: datetime) -> int | None:
    """0 usual, 1 above 95 per cent of accepted sign-ins, 2 above 99.5; None where too few are known to say."""
    limits: tuple[float, ...] = cache.get_or_set("sign-in-limits", lambda: _limits(now), _KEPT_S) or ()
    if score is None or not limits:
        return None
    return sum(score > limit for limit in limits)


def _limits(now: datetime) -> tuple[float, ...]:
    row = query(
        "SELECT count(score), percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY score) FROM sign_in_session"
        " WHERE started_at > %s AND score IS NOT NULL",
        [_QUANTILES, now - LIMITS_OVER],
    ).fetchone()
    assert row is not None
    return tuple(row[1]) if row[0] >= LIMITS_FROM else ()

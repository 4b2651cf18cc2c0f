"""How unusual a sign-in is for its person, from the sessions that are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.core.cache import cache

from safeconduct.foundation.login_risk import History
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.parties.traits import COUNT, FULL_WEIGHTS, WEIGHTS, WITH_PLACES, is_full, levels
from safeconduct.kernel.scope import query

#: So many of the latest sign-ins of everybody, and of the person, are compared with: it bounds the cost of one.
EVERYBODY: Final = 5_000
OWN: Final = 200
#: A proposal of ours, 2026-11-23: limits are quantiles of accepted sign-ins of 30 days, from 5,000 on.
LIMITS_FROM: Final = 5_000
LIMITS_OVER: Final = timedelta(days=30)
_QUANTILES: Final = [0.95, 0.995]
_KEPT_S: Final = 3600


class Score(NamedTuple):
    """How unusual; ``full``: with ASN and country. Only scores of one kind can be compared."""

    value: float
    full: bool


def score_of(person_id: str, *traits: list[int]) -> Score | None:
    """The score of a sign-in that is not kept yet (`foundation.login_risk`); None for a person's first. One query.

    ASN and country take part where they are known of it and of one of the person's own; then it is compared with those
    sign-ins alone of which they are known too. What somebody said was not theirs teaches nothing. ``traits``: under
    each root key there is (`each_traits_of`); what is usual under one of them is usual.
    """
    rows = query(
        "SELECT person_id, traits FROM sign_in_session WHERE id IN"
        " ((SELECT id FROM sign_in_session WHERE ended_why <> %s ORDER BY started_at DESC LIMIT %s)"
        " UNION (SELECT id FROM sign_in_session WHERE person_id = %s AND ended_why <> %s"
        " ORDER BY started_at DESC LIMIT %s))",
        [Ended.NOT_ME.value, EVERYBODY, person_id, Ended.NOT_ME.value, OWN],
    ).fetchall()
    full = is_full(traits[0]) and any(person == person_id and is_full(known) for person, known in rows)
    history = History(*(FULL_WEIGHTS if full else WEIGHTS))
    for person, known in rows:
        if not full or is_full(known):
            history.learn(person, levels(known, full=full))
    values = [history.score(person_id, levels(one, full=full)) for one in traits]
    found = [value for value in values if value is not None]
    return Score(min(found), full) if found else None


def band_of(score: Score | None, now: datetime) -> int | None:
    """0 usual, 1 above 95 per cent of accepted sign-ins, 2 above 99.5; None where too few are known to say."""
    if score is None:
        return None
    key = f"sign-in-limits-{'full' if score.full else 'plain'}"
    limits: tuple[float, ...] = cache.get_or_set(key, lambda: _limits(now, full=score.full), _KEPT_S) or ()
    return sum(score.value > limit for limit in limits) if limits else None


def _limits(now: datetime, *, full: bool) -> tuple[float, ...]:
    """Of scores that are kept, those of one kind: a score is kept only where it is of the kind that its traits are."""
    row = query(
        "SELECT count(score), percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY score) FROM sign_in_session"
        " WHERE started_at > %s AND score IS NOT NULL"
        " AND (cardinality(traits) = %s AND traits[%s] <> 0 AND traits[%s] <> 0) = %s",
        [_QUANTILES, now - LIMITS_OVER, WITH_PLACES, COUNT + 1, COUNT + 2, full],
    ).fetchone()
    assert row is not None
    return tuple(row[1]) if row[0] >= LIMITS_FROM else ()

"""How fairly cases are decided: figures of a time, each by one query over an index. In a staff or engine scope.

A *decision* is an outcome that nobody agreed to: a person's, or one that a rule made and that can be appealed. The
seller *loses* one that they pay for, wholly or in part, or that counts against them. Shares carry Wilson's interval and
their number; of fewer than `SMALL` nothing but that is said, and the public part leaves such a cell out, with the next
smallest where it could be told from the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.intervals import Interval, score_interval
from safeconduct.kernel.cases.queries import Misses, platform_misses
from safeconduct.kernel.scope import query

#: Of fewer cases than this no share and no time is told: they might be somebody's own.
SMALL: Final = 5
#: How far back a report looks unless it is told otherwise.
USUAL: Final = timedelta(days=90)

_AGAINST: Final = "(o.liability IN ('seller', 'shared') OR o.standing = 'counts')"
_DECIDED: Final = "o.at >= %s AND o.at < %s AND NOT (o.automated AND o.final)"
_STANDS: Final = "NOT EXISTS (SELECT FROM case_outcome r WHERE r.replaces = o.id)"

_TIMES: Final = """
SELECT f.kind, count(*),
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM o.at - f.opened_at)::float8)
FROM case_outcome o JOIN case_file f ON f.id = o.case_id
WHERE o.at >= %s AND o.at < %s AND NOT o.automated AND o.replaces IS NULL GROUP BY 1 ORDER BY 1
"""
_APPEALS: Final = """
SELECT o.verdict, count(*) FROM case_outcome o
WHERE o.at >= %s AND o.at < %s AND NOT o.automated AND o.replaces IS NOT NULL AND o.rule NOT LIKE 'outside/%%'
GROUP BY 1
"""
_WINS: Final = f"""
SELECT grouping(p.country), grouping(p.language), coalesce(p.country, ''), coalesce(p.language, ''), count(*),
       count(*) FILTER (WHERE NOT {_AGAINST})
FROM case_outcome o JOIN case_party p ON p.case_id = o.case_id AND p.role = 'seller'
WHERE {_DECIDED} AND {_STANDS} GROUP BY GROUPING SETS ((p.country), (p.language), ()) ORDER BY 5 DESC, 3, 4
"""
_LOSSES: Final = f"""
SELECT count(*), count(*) FILTER (WHERE o.automated) FROM case_outcome o WHERE {_DECIDED} AND {_STANDS} AND {_AGAINST}
"""
_ZONES: Final = """
SELECT p.zone, count(*), count(*) FILTER (WHERE d.state = 'missed')
FROM case_deadline d JOIN case_party p ON p.case_id = d.case_id AND p.role = 'seller'
WHERE d.owner = 'seller' AND d.state IN ('met', 'missed') AND d.ended_at >= %s AND d.ended_at < %s
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_BLIND: Final = """
SELECT count(*), count(*) FILTER (WHERE NOT differs && ARRAY['remedy', 'liability', 'standing']::varchar[]),
       count(*) FILTER (WHERE NOT 'remedy' = ANY(differs)), count(*) FILTER (WHERE NOT 'liability' = ANY(differs)),
       count(*) FILTER (WHERE NOT 'standing' = ANY(differs))
FROM case_blind_review WHERE given_at >= %s AND given_at < %s
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, under a name: a country, a language, a zone."""

    name: str
    hits: int
    trials: int

    @property
    def small(self) -> bool:
        """Whether too few for a share."""
        return self.trials < SMALL

    @property
    def share(self) -> float | None:
        """The share; None where too few."""
        return None if self.small else self.hits / self.trials

    @property
    def interval(self) -> Interval | None:
        """Wilson's interval at 95 %; None where too few."""
        return None if self.small else score_interval(self.hits, self.trials)


@dataclass(frozen=True, slots=True)
class Times:
    """How long the first decision of a person took from the opening, by kind of case; None where too few."""

    kind: str
    trials: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a time. ``appeals``: of those decided, how many turned the outcome over; ``amended``: how many
    changed it otherwise. ``automated``: of decisions the seller lost, how many no person made. ``zones``: of sellers'
    deadlines, how many were missed. ``blind``: agreement of the blind review, first in all three parts."""

    since: datetime
    until: datetime
    times: tuple[Times, ...]
    appeals: Rate
    amended: Rate
    wins: Rate
    by_country: tuple[Rate, ...]
    by_language: tuple[Rate, ...]
    automated: Rate
    zones: tuple[Rate, ...]
    blind: tuple[Rate, ...]
    platform: tuple[Misses, ...]


def report(since: datetime, until: datetime) -> Report:
    """The figures of what was decided, and of what came due, from a time on until another. Seven queries."""
    span = [since, until]
    verdicts: dict[str, int] = dict(query(_APPEALS, span).fetchall())
    appealed = sum(verdicts.values())
    wins = [(row[:2], Rate(row[2] or row[3], row[5], row[4])) for row in query(_WINS, span)]
    lost, by_rule = _one(_LOSSES, span)
    looked, *same = _one(_BLIND, span)
    return Report(
        since, until, tuple(_times(*row) for row in query(_TIMES, span)),
        Rate("overturned", verdicts.get("overturned", 0), appealed),
        Rate("amended", verdicts.get("amended", 0), appealed),
        next((rate for sets, rate in wins if sets == (1, 1)), Rate("", 0, 0)),
        tuple(rate for sets, rate in wins if sets == (0, 1)), tuple(rate for sets, rate in wins if sets == (1, 0)),
        Rate("automated", by_rule, lost), tuple(Rate(zone, missed, n) for zone, n, missed in query(_ZONES, span)),
        tuple(Rate(part, n, looked) for part, n in zip(BLIND_PARTS, same, strict=True)),
        tuple(platform_misses(since, until)),
    )  # fmt: skip


#: What the agreement of the blind review is told for.
BLIND_PARTS: Final = ("outcome", "remedy", "liability", "standing")


def published(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """The cells that can be told to everyone: none that is small, and where only little is left out, not the next
    smallest either, since it could be told from a total that is known elsewhere."""
    shown = sorted((rate for rate in rates if not rate.small), key=lambda rate: (-rate.trials, rate.name))
    hidden = sum(rate.trials for rate in rates if rate.small)
    return tuple(shown[:-1] if 0 < hidden < SMALL else shown)


def document(found: Report, *, public: bool) -> dict[str, Any]:
    """The report as JSON. ``public``: without small cells, for everyone to read."""
    cells = published if public else tuple
    times = [one for one in found.times if not public or one.trials >= SMALL]
    return {
        "since": found.since.isoformat(), "until": found.until.isoformat(), "small": SMALL,
        "decision_time": [
            {"kind": one.kind, "n": one.trials, "median_s": _seconds(one.median), "p90_s": _seconds(one.p90)}
            for one in times
        ],
        "appeals": {"overturned": _cell(found.appeals, public), "amended": _cell(found.amended, public)},
        "seller_wins": {
            "all": _cell(found.wins, public),
            "by_country": [_named(rate, public) for rate in cells(found.by_country)],
            "by_language": [_named(rate, public) for rate in cells(found.by_language)],
        },
        "automated_losses": _cell(found.automated, public),
        "missed_by_zone": [_named(rate, public) for rate in cells(found.zones)],
        "blind_review": {rate.name: _cell(rate, public) for rate in found.blind},
        "platform_misses": [
            {"kind": one.kind, "clock": one.clock, "first": one.first, "second": one.second} for one in found.platform
        ],
    }  # fmt: skip


def _times(kind: str, trials: int, seconds: Sequence[float]) -> Times:
    if trials < SMALL:
        return Times(kind, trials, None, None)
    median, p90 = (timedelta(seconds=round(value)) for value in seconds)
    return Times(kind, trials, median, p90)


def _one(statement: str, values: Sequence[Any]) -> Any:
    row = query(statement, values).fetchone()
    assert row is not None
    return row


def _named(rate: Rate, public: bool) -> dict[str, Any]:
    return {"name": rate.name, **_cell(rate, public)}


def _cell(rate: Rate, public: bool) -> dict[str, Any]:
    interval = rate.interval
    return {
        "n": None if public and rate.small else rate.trials, "share": _rounded(rate.share),
        "interval": None if interval is None else interval.as_json(),
    }  # fmt: skip


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())

"""How well each rule does: how often it speaks, and how often it was right about orders whose fate is known.

An order is *mature* once it is older than LABEL_MATURITY_DAYS: a chargeback would have come by then, so one without any
label counts as good. Precision is taken over mature orders only, in numerator and denominator alike. A fraud that is
reported early is not let in before its time: early on there are only frauds to be seen, and every rule would look
right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from safeconduct.foundation.intervals import Interval, exact_interval
from safeconduct.foundation.moments import moment
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import query

#: What an order turned out to be, one row for each order with a label. A fraud label is taken back only by a later
#: label that says good; abuse by the buyer is neither fraud nor a good order.
TRUTH_SQL = """
SELECT order_key, CASE
    WHEN max(moment) FILTER (WHERE kind = 'fraud')
         > coalesce(max(moment) FILTER (WHERE kind = 'good'), -9223372036854775808) THEN 'fraud'
    WHEN max(moment) FILTER (WHERE kind = 'abuse')
         > coalesce(max(moment) FILTER (WHERE kind = 'good'), -9223372036854775808) THEN 'abuse'
    ELSE 'good' END AS truth
FROM label GROUP BY order_key
"""

#: The actions that stop an order until somebody looks, or for good. A challenge lets its buyer go on.
STOPPING = ("review", "block")
#: After so long nobody asks for the hour any more: the brake looks back two weeks. A year of 45 rules is then 50,000
#: rows, and as hours it would be 400,000.
_HOURS_KEPT = timedelta(days=35)
#: An exact interval takes some milliseconds, and the same few counts are asked for with every page.
_interval = lru_cache(maxsize=4096)(exact_interval)


@dataclass(frozen=True, slots=True)
class RuleStatistics:
    """One rule of one version.

    ``decided``, ``fired``, ``unknown``, ``muted`` count decisions of every kind, shadow ones too, as they were made.
    ``mature_orders`` are orders a live decision fired the rule on and whose fate is known by now; of them
    ``fraud_orders`` and ``abuse_orders`` were bad, the others good. ``stopped`` counts orders on which the rule fired
    and that were held or refused, of any age; ``good_stopped`` those of them that matured into good ones. Amounts are
    in minor units of the reporting currency.
    """

    version_id: str
    policy: str
    number: int
    rule: str
    decided: int
    fired: int
    unknown: int
    muted: int
    mature_orders: int
    fraud_orders: int
    abuse_orders: int
    stopped: int
    stopped_minor: int
    good_stopped: int
    good_stopped_minor: int

    @property
    def precision(self) -> float | None:
        """The share of frauds among the mature orders, None where there are none."""
        return self.fraud_orders / self.mature_orders if self.mature_orders else None

    @property
    def interval(self) -> Interval:
        """Where the precision lies with 95 % confidence, exactly."""
        return _interval(self.fraud_orders, self.mature_orders)

    def as_json(self) -> dict[str, Any]:
        """The statistics as data for pages and the API."""
        return {
            "version": self.version_id, "policy": self.policy, "number": self.number, "rule": self.rule,
            "decided": self.decided, "fired": self.fired, "unknown": self.unknown, "muted": self.muted,
            "mature_orders": self.mature_orders, "fraud_orders": self.fraud_orders, "abuse_orders": self.abuse_orders,
            "precision": self.precision, "interval": self.interval.as_json(), "stopped": self.stopped,
            "stopped_minor": self.stopped_minor, "good_stopped": self.good_stopped,
            "good_stopped_minor": self.good_stopped_minor,
        }  # fmt: skip


def maturity_bound(now: datetime) -> int:
    """The moment before which orders are mature."""
    return moment(now - timedelta(days=settings.LABEL_MATURITY_DAYS))


_COUNTED = """
SELECT v.id, v.policy, v.number, c.rule, c.decided, c.fired, c.unknown, c.muted
FROM policy_version v JOIN (
    SELECT version_id, rule, sum(decided) AS decided, sum(fired) AS fired, sum(unknown) AS unknown, sum(muted) AS muted
    FROM rule_count WHERE version_id = ANY(%s) GROUP BY version_id, rule
) c ON c.version_id = v.id
"""

# An order may be decided several times (payment attempts): it is one order all the same.
_JUDGED = f"""
WITH spoken AS (
    SELECT d.version_id, f.rule, d.order_key, min(d.moment) AS moment, max(d.amount_minor) AS amount,
        bool_or(d.action = ANY(%s) AND f.rule <> ALL(d.muted)) AS stopped
    FROM decision d CROSS JOIN LATERAL unnest(d.fired) AS f(rule)
    WHERE d.version_id = ANY(%s) AND d.kind = 'live' AND d.order_key IS NOT NULL AND NOT (d.fired = '{{}}')
        AND (%s = '' OR f.rule = %s)
    GROUP BY d.version_id, f.rule, d.order_key
), judged AS (
    SELECT s.*, s.moment < %s AS mature, coalesce(t.truth, 'good') AS truth
    FROM spoken s LEFT JOIN ({TRUTH_SQL}) t USING (order_key)
)
SELECT version_id, rule,
    count(*) FILTER (WHERE mature),
    count(*) FILTER (WHERE mature AND truth = 'fraud'),
    count(*) FILTER (WHERE mature AND truth = 'abuse'),
    count(*) FILTER (WHERE stopped),
    coalesce(sum(amount) FILTER (WHERE stopped), 0)::bigint,
    count(*) FILTER (WHERE stopped AND mature AND truth = 'good'),
    coalesce(sum(amount) FILTER (WHERE stopped AND mature AND truth = 'good'), 0)::bigint
FROM judged GROUP BY version_id, rule
"""


def rule_statistics(
    *, policy: str | None = None, versions: Collection[str] = (), rule: str = "", now: datetime
) -> list[RuleStatistics]:
    """Statistics of every rule that has spoken, of these versions or of all versions of a policy; two or three
    statements.

    By policy, version and rule; of one `rule` where it is named. Needs a scope that is open. Raises ValueError unless a
    policy or versions are named.
    """
    if policy is None and not versions:
        raise ValueError("say which rules: give a policy or versions")
    wanted = set(versions)
    if policy is not None:
        wanted |= {identity for (identity,) in query("SELECT id FROM policy_version WHERE policy = %s", [policy])}
    chosen = sorted(wanted)
    judged = {
        (version, name): tuple(numbers)
        for version, name, *numbers in query(_JUDGED, [list(STOPPING), chosen, rule, rule, maturity_bound(now)])
    }
    counted = query(_COUNTED, [chosen]).fetchall()
    decided = {identity: count for identity, _, _, name, count, *_ in counted if name == ""}
    found = [
        RuleStatistics(
            identity, policy_name, number, name, int(decided.get(identity, 0)), int(fired), int(unknown), int(muted),
            *(int(n) for n in judged.get((identity, name), (0,) * 7)),
        )
        for identity, policy_name, number, name, _, fired, unknown, muted in counted
        if name != "" and rule in ("", name)
    ]  # fmt: skip
    return sorted(found, key=lambda s: (s.policy, s.number, s.rule))


_COMPACT = """
WITH placed AS (
    SELECT id, version_id, rule, CASE WHEN hour < %s THEN date_trunc('day', hour, 'UTC') ELSE hour END AS start
    FROM rule_count WHERE hour < %s
), many AS (
    SELECT version_id, rule, start FROM placed GROUP BY version_id, rule, start HAVING count(*) > 1
), gone AS (
    DELETE FROM rule_count c USING placed p JOIN many m USING (version_id, rule, start) WHERE c.id = p.id
    RETURNING c.version_id, c.rule, p.start, c.decided, c.fired, c.unknown, c.muted, c.amount_minor
), summed AS (
    INSERT INTO rule_count (version_id, rule, hour, decided, fired, unknown, muted, amount_minor)
    SELECT version_id, rule, start, sum(decided), sum(fired), sum(unknown), sum(muted), sum(amount_minor)
    FROM gone GROUP BY version_id, rule, start
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM summed)
"""


def compact(now: datetime) -> int:
    """Sums the counts of finished hours into one row for each rule and hour, those older than `_HOURS_KEPT` into one
    for each day (UTC); returns how many rows that saved.

    Deciding goes on meanwhile: it only adds rows, and a row that is added late to an old hour joins the others at the
    next turn. Only one process compacts at a time; the others find nothing to do. Needs an engine scope.
    """
    row = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.COMPACTION]).fetchone()
    if row is None or not row[0]:
        return 0
    finished = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    days = (now - _HOURS_KEPT).replace(hour=0, minute=0, second=0, microsecond=0)
    saved = query(_COMPACT, [days, finished]).fetchone()
    assert saved is not None
    return int(saved[0])

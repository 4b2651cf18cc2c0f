"""A policy over all that has happened, beside the one in force: what it would have stopped, and what that costs.

Facts are exported once (`analytics.export`), features and rules run as one DuckDB statement
(`foundation.policy.to_duckdb`). Features see what was known before each event, lists are as they were at its moment,
and scores are those that were stored with live decisions: a model of today has seen the labels of then.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.utils.translation import gettext as _

from safeconduct.analytics.backtest_report import Change, Compared, Outcome, Transition, outcome_of
from safeconduct.analytics.export import Progress, copy_into, export, needs
from safeconduct.foundation.moments import moment, moment_time
from safeconduct.foundation.policy.nodes import Policy
from safeconduct.foundation.policy.reader import Reading, read_policy
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.to_duckdb import BacktestQuery, backtest_query
from safeconduct.kernel.decisions.errors import DecisionsError, NotFound, PolicyHasErrors
from safeconduct.kernel.decisions.models import VersionState
from safeconduct.kernel.decisions.policies import check
from safeconduct.kernel.decisions.statistics import TRUTH_SQL, maturity_bound
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query, staff_scope

#: How many orders that would change are shown; their number is always complete.
SHOWN_CHANGES = 50
_MEMORY = "1GB"


class PolicyUnreadable(PolicyHasErrors):
    """The text has errors; `reading` carries the diagnostics."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.render())
        self.reading = reading


class CannotBeReplayed(DecisionsError):
    """The policy reads what facts do not keep; the message names it."""

    code = "cannot_be_replayed"
    status = 422


@dataclass(frozen=True, slots=True)
class Backtest:
    """What came of a backtest. ``live`` is None where no version was in force to compare with.

    ``events``: the events that were decided, in ``days`` days between the first and the last of them. Amounts are in
    minor units of ``currency``.
    """

    policy: str
    currency: str
    events: int
    days: int
    first_at: datetime | None
    last_at: datetime | None
    export_seconds: float
    query_seconds: float
    export_rows: int
    export_reused: bool
    mature_before: datetime
    draft: Outcome
    live: Outcome | None
    compared_with: str
    transitions: tuple[Transition, ...]
    changes: tuple[Change, ...]
    changed: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The backtest as data for pages, the command and the API."""
        return {
            "policy": self.policy, "currency": self.currency, "events": self.events, "days": self.days,
            "first_at": _iso(self.first_at), "last_at": _iso(self.last_at), "mature_before": _iso(self.mature_before),
            "export_seconds": round(self.export_seconds, 3), "query_seconds": round(self.query_seconds, 3),
            "export_rows": self.export_rows, "export_reused": self.export_reused,
            "draft": self.draft.as_json(), "live": self.live.as_json() if self.live is not None else None,
            "compared_with": self.compared_with, "changed": self.changed,
            "transitions": [t.as_json() for t in self.transitions], "changes": [c.as_json() for c in self.changes],
            "notes": list(self.notes),
        }  # fmt: skip


def run(
    text: str, *, against: str | None = None, since: datetime | None = None, until: datetime | None = None,
    sellers: Collection[int] = (), shown: int = SHOWN_CHANGES, now: datetime | None = None,
    folder: Path | None = None, progress: Progress | None = None,
) -> Backtest:  # fmt: skip
    """Decides every event of the policy's types with moment in [since, until) anew.

    ``against``: what to compare with, a policy's text, its name (the version in force) or the id of a version; None:
    the version in force under the same name. ``sellers``: keys of the sellers whose events are decided; features see
    everybody's all the same. ``now``: the day as of which labels count as mature. ``folder``: where exports are kept.
    ``progress``: told of rows exported. Opens scopes of its own. Raises PolicyUnreadable, CannotBeReplayed, NotFound.
    """
    at = now or datetime.now(UTC)
    with staff_scope():
        policy = _readable(check(text))
        other, compared_with = _other(policy, against)
    wanted = needs(policy) | needs(other) if other is not None else needs(policy)
    exported = export(wanted, folder=folder, progress=progress)
    started = time.perf_counter()
    with duckdb.connect() as connection:
        open_facts(connection, exported.path)
        notes = _load_beside(connection, exported.path.parent, [p for p in (policy, other) if p is not None])
        period = Period(
            moment(since) if since is not None else None, moment(until) if until is not None else None, tuple(sellers)
        )
        decide_into(connection, "draft", policy, period)
        if other is not None:
            decide_into(connection, "live", other, period)
        _judge(connection, at)
        drawn = _summary(connection)
        compared = Compared(connection, shown) if other is not None else None
        return Backtest(
            policy=policy.name, currency=settings.REPORTING_CURRENCY, events=drawn.events, days=drawn.days,
            first_at=drawn.first_at, last_at=drawn.last_at, export_seconds=exported.seconds,
            draft=outcome_of(connection, "draft", policy),
            live=outcome_of(connection, "live", other) if other is not None else None,
            compared_with=compared_with, transitions=compared.transitions() if compared else (),
            changes=compared.changes() if compared else (), changed=compared.total() if compared else 0,
            query_seconds=time.perf_counter() - started, export_rows=exported.rows, export_reused=exported.reused,
            mature_before=moment_time(maturity_bound(at)), notes=tuple(notes),
        )  # fmt: skip


# -- which policies ---------------------------------------------------------------------------------------------------


def _readable(reading: Reading) -> Policy:
    if reading.policy is None:
        raise PolicyUnreadable(reading)
    return reading.policy


def _other(policy: Policy, against: str | None) -> tuple[Policy | None, str]:
    """The policy to compare with, and how it is called."""
    if against is not None and "\n" in against:
        return _readable(read_policy(against, CATALOGUE)), "the given text"
    if against is not None:
        row = query(
            "SELECT text, policy, number FROM policy_version WHERE id = %s OR policy = %s AND state = %s",
            [against, against, VersionState.LIVE.value],
        ).fetchone()
        if row is None:
            raise NotFound("policy in force, or version of one,", against)
    else:
        row = query(
            "SELECT text, policy, number FROM policy_version WHERE policy = %s AND state = %s",
            [policy.name, VersionState.LIVE.value],
        ).fetchone()
        if row is None:
            return None, ""
    text, name, number = row
    return _readable(read_policy(text, CATALOGUE)), f"{name} version {number}"


# -- in DuckDB --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """Which events are decided: moments in [since, until), and of which sellers, where some are given."""

    since: int | None = None
    until: int | None = None
    sellers: tuple[int, ...] = ()


EVERYTHING = Period()


@dataclass(frozen=True, slots=True)
class _Drawn:
    events: int
    days: int
    first_at: datetime | None
    last_at: datetime | None


def open_facts(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """An exported file as the table `facts`, in bounded memory; what does not fit is spilled beside the file."""
    folder = str(path.parent).replace("'", "''")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute(f"SET temp_directory = '{folder}/spill'")
    connection.execute("SET preserve_insertion_order = false")
    quoted_path = str(path).replace("'", "''")
    connection.execute(f"CREATE TABLE facts AS SELECT * FROM read_parquet('{quoted_path}')")


def _load_beside(connection: duckdb.DuckDBPyConnection, folder: Path, policies: list[Policy]) -> list[str]:
    """Labels, list members and stored scores; returns what the reader of the report should know about them."""
    notes: list[str] = []
    with staff_scope():
        copy_into(connection, "truths", {"order_key": "BIGINT", "truth": "VARCHAR"}, TRUTH_SQL, folder)
        entries = "SELECT watch_list_id, nullif(text, ''), key, from_moment, until_moment FROM list_entry"
        columns = {"list": "VARCHAR", "text": "VARCHAR", "key": "BIGINT", "since": "BIGINT", "until": "BIGINT"}
        copy_into(connection, "list_entries", columns, entries, folder)
        names = sorted({name for policy in policies for name in policy.scores})
        if names:
            found = _load_scores(connection, folder, policies[0].name, names)
            listed = ", ".join(names)
            notes.append(
                _("Scores (%(names)s) are those stored with %(number)s live decisions; for others they are unknown.")
                % {"names": listed, "number": found}
                if found
                else _("Scores (%(names)s) are unknown throughout: no live decision has stored one.")
                % {"names": listed}
            )
    return notes


def _load_scores(connection: duckdb.DuckDBPyConnection, folder: Path, policy: str, names: list[str]) -> int:
    def text(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    values = ", ".join(f"(values ->> {text(name)})::float8" for name in names)
    known = " OR ".join(f"values ->> {text(name)} IS NOT NULL" for name in names)
    columns = {"moment": "BIGINT"} | dict.fromkeys(names, "DOUBLE")
    stored = f"SELECT moment, {values} FROM decision WHERE policy = {text(policy)} AND kind = 'live' AND ({known})"
    return copy_into(connection, "scores", columns, stored, folder)


def decide_into(
    connection: duckdb.DuckDBPyConnection, name: str, policy: Policy, period: Period = EVERYTHING
) -> None:  # fmt: skip
    """Makes a table of this name from `facts`: a row for each decided event, with moment, a column a rule, and action.

    Reads the tables `list_entries` and `scores` where the policy does. Raises CannotBeReplayed.
    """
    try:
        statement: BacktestQuery = backtest_query(
            policy, CATALOGUE, since=period.since, until=period.until, scores="scores" if policy.scores else None
        )
    except ValueError as problem:
        raise CannotBeReplayed(str(problem)) from None
    only = ""
    if period.sellers:
        keys = ", ".join(str(int(key)) for key in period.sellers)
        only = f" WHERE moment IN (SELECT moment FROM facts WHERE {quoted('seller')} IN ({keys}))"
    shown = ", ".join(["moment", *statement.rules, "action"])
    connection.execute(f"CREATE TABLE {name} AS SELECT {shown} FROM ({statement.sql}) AS decided{only}")


def _judge(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """A table `judged`: each decided event with its order, amount, and what it turned out to be ('open': not
    mature).
    """
    both = "SELECT moment FROM draft"
    if connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'live'").fetchone():
        both += " UNION SELECT moment FROM live"
    connection.execute(
        f"""CREATE TABLE judged AS
        SELECT f.moment, f."order" AS order_key, f.seller AS seller_key, coalesce(f.amount, 0) AS amount,
               t.truth AS label,
            CASE WHEN f."order" IS NULL OR f.moment >= {maturity_bound(now)} THEN 'open'
                 ELSE coalesce(t.truth, 'good') END AS truth
        FROM facts f JOIN ({both}) AS d ON d.moment = f.moment LEFT JOIN truths t ON t.order_key = f."order" """
    )


def _summary(connection: duckdb.DuckDBPyConnection) -> _Drawn:
    row = connection.execute("SELECT count(*), min(moment), max(moment) FROM draft").fetchone()
    assert row is not None
    events, first, last = row
    if not events:
        return _Drawn(0, 0, None, None)
    first_at, last_at = moment_time(first), moment_time(last)
    return _Drawn(events, (last_at.date() - first_at.date()).days + 1, first_at, last_at)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None

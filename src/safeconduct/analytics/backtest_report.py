"""The numbers of a backtest: actions, frauds caught, good orders stopped, rules, and what would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from safeconduct.foundation.intervals import Interval, exact_interval
from safeconduct.foundation.policy.nodes import Action, Policy
from safeconduct.kernel.decisions.statistics import STOPPING


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, and their amounts in minor units; the interval of the share is exact (95 %)."""

    count: int
    total: int
    amount_minor: int
    total_minor: int

    @property
    def share(self) -> float | None:
        """By count, None of nothing."""
        return self.count / self.total if self.total else None

    @property
    def share_of_money(self) -> float | None:
        """By amount, None of nothing."""
        share = self.amount_minor / max(self.total_minor, 1)  # house-rule: float-money because a share is no amount
        return share if self.total_minor else None

    @property
    def interval(self) -> Interval:
        return exact_interval(self.count, self.total)

    def as_json(self) -> dict[str, Any]:
        return {
            "count": self.count, "total": self.total, "share": self.share, "interval": self.interval.as_json(),
            "amount_minor": self.amount_minor, "total_minor": self.total_minor, "share_of_money": self.share_of_money,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule: how often it fired and was unknown, and what mature events it fired on turned out to be.

    ``alone``: events that this rule stops and no other does. ``precision`` is that of fraud among mature events.
    """

    rule: str
    then: Action
    fired: int
    unknown: int
    alone: int
    mature: int
    fraud: int
    good: int
    amount_minor: int
    fraud_minor: int
    good_minor: int

    @property
    def precision(self) -> float | None:
        return self.fraud / self.mature if self.mature else None

    @property
    def interval(self) -> Interval:
        return exact_interval(self.fraud, self.mature)

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule, "then": self.then.value, "fired": self.fired, "unknown": self.unknown,
            "alone": self.alone, "mature": self.mature, "fraud": self.fraud, "good": self.good,
            "precision": self.precision, "interval": self.interval.as_json(), "amount_minor": self.amount_minor,
            "fraud_minor": self.fraud_minor, "good_minor": self.good_minor,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy does to the whole period.

    ``actions``: of all events. ``fraud_caught``: of the mature frauds, those held or refused (``fraud_challenged``:
    those
    challenged). ``good_stopped``: of the mature good events, those held or refused (``good_challenged``: challenged).
    ``stopped``: of all events. ``early_frauds``: events labelled fraud that are not mature yet and so count nowhere.
    """

    actions: dict[str, Share]
    fraud_caught: Share
    fraud_challenged: Share
    good_stopped: Share
    good_challenged: Share
    stopped: Share
    early_frauds: int
    rules: tuple[RuleOutcome, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "actions": {name: share.as_json() for name, share in self.actions.items()},
            "fraud_caught": self.fraud_caught.as_json(), "fraud_challenged": self.fraud_challenged.as_json(),
            "good_stopped": self.good_stopped.as_json(), "good_challenged": self.good_challenged.as_json(),
            "stopped": self.stopped.as_json(), "early_frauds": self.early_frauds,
            "rules": [rule.as_json() for rule in self.rules],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transition:
    """So many events would go from one action to another."""

    before: Action
    after: Action
    count: int
    amount_minor: int
    fraud: int
    good: int

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before.value, "after": self.after.value, "count": self.count,
            "amount_minor": self.amount_minor, "fraud": self.fraud, "good": self.good,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """An event that would be decided otherwise. ``label``: what it turned out to be, None where nobody has said."""

    moment: int
    order_key: int | None
    seller_key: int | None
    amount_minor: int
    before: Action
    after: Action
    label: str | None

    def as_json(self) -> dict[str, Any]:
        # Moments and keys do not fit into a JavaScript number.
        return {
            "moment": str(self.moment), "order_key": _text(self.order_key), "seller_key": _text(self.seller_key),
            "amount_minor": self.amount_minor, "before": self.before.value, "after": self.after.value,
            "label": self.label,
        }  # fmt: skip


_Cell = tuple[int, int]


def outcome_of(connection: duckdb.DuckDBPyConnection, table: str, policy: Policy) -> Outcome:
    """The outcome of a table of decisions (`draft`, `live`) against `judged`."""
    cells: dict[tuple[str, str], _Cell] = {
        (action, truth): (count, int(amount))
        for action, truth, count, amount in connection.execute(
            f"SELECT d.action, j.truth, count(*), sum(j.amount) FROM {table} d JOIN judged j ON j.moment = d.moment"
            " GROUP BY 1, 2"
        ).fetchall()
    }

    def cell(actions: tuple[str, ...], truths: tuple[str, ...]) -> _Cell:
        found = [cells.get((a, t), (0, 0)) for a in actions for t in truths]
        return sum(count for count, _ in found), sum(amount for _, amount in found)

    every, truths = tuple(a.value for a in Action), ("fraud", "abuse", "good", "open")

    def share(actions: tuple[str, ...], of: tuple[str, ...]) -> Share:
        (count, amount), (total, total_amount) = cell(actions, of), cell(every, of)
        return Share(count, total, amount, total_amount)

    challenge = (Action.CHALLENGE.value,)
    early = connection.execute(
        f"SELECT count(*) FROM {table} d JOIN judged j ON j.moment = d.moment"
        " WHERE j.truth = 'open' AND j.label = 'fraud'"
    ).fetchone()
    assert early is not None
    return Outcome(
        actions={action: share((action,), truths) for action in every},
        fraud_caught=share(STOPPING, ("fraud",)), fraud_challenged=share(challenge, ("fraud",)),
        good_stopped=share(STOPPING, ("good",)), good_challenged=share(challenge, ("good",)),
        stopped=share(STOPPING, truths), early_frauds=early[0], rules=_rules(connection, table, policy),
    )  # fmt: skip


def _rules(connection: duckdb.DuckDBPyConnection, table: str, policy: Policy) -> tuple[RuleOutcome, ...]:
    if not policy.rules:
        return ()
    stopping = [f"r{i}" for i, rule in enumerate(policy.rules) if rule.then.value in STOPPING]
    reasons = " + ".join(f"coalesce(d.{name}, FALSE)::INTEGER" for name in stopping) or "0"
    selected: list[str] = []
    for i, rule in enumerate(policy.rules):
        alone = f"AND reasons = 1 AND action IN {STOPPING}" if rule.then.value in STOPPING else "AND FALSE"
        fired = f"r{i}"
        selected += [
            f"count(*) FILTER ({fired})", f"count(*) FILTER ({fired} IS NULL)", f"count(*) FILTER ({fired} {alone})",
            f"count(*) FILTER ({fired} AND truth <> 'open')", f"count(*) FILTER ({fired} AND truth = 'fraud')",
            f"count(*) FILTER ({fired} AND truth = 'good')", f"coalesce(sum(amount) FILTER ({fired}), 0)",
            f"coalesce(sum(amount) FILTER ({fired} AND truth = 'fraud'), 0)",
            f"coalesce(sum(amount) FILTER ({fired} AND truth = 'good'), 0)",
        ]  # fmt: skip
    numbers = connection.execute(
        f"SELECT {', '.join(selected)} FROM (SELECT d.*, j.truth, j.amount, {reasons} AS reasons FROM {table} d"
        " JOIN judged j ON j.moment = d.moment)"
    ).fetchone()
    assert numbers is not None
    width = len(selected) // len(policy.rules)
    return tuple(
        RuleOutcome(rule.name, rule.then, *(int(n) for n in numbers[i * width : (i + 1) * width]))
        for i, rule in enumerate(policy.rules)
    )


class Compared:
    """The tables `draft` and `live` side by side."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, shown: int) -> None:
        self._connection = connection
        self._shown = shown
        self._both = (
            "SELECT j.*, l.action AS before, d.action AS after FROM draft d JOIN live l ON l.moment = d.moment"
            " JOIN judged j ON j.moment = d.moment WHERE d.action <> l.action"
        )

    def total(self) -> int:
        """How many events would be decided otherwise."""
        row = self._connection.execute(f"SELECT count(*) FROM ({self._both})").fetchone()
        assert row is not None
        return int(row[0])

    def transitions(self) -> tuple[Transition, ...]:
        """How many go from each action to each other, the most frequent first."""
        rows = self._connection.execute(
            "SELECT before, after, count(*), sum(amount), count(*) FILTER (truth = 'fraud'),"
            " count(*) FILTER (truth = 'good')"
            f" FROM ({self._both}) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        ).fetchall()
        return tuple(Transition(Action(b), Action(a), n, int(m), fraud, good) for b, a, n, m, fraud, good in rows)

    def changes(self) -> tuple[Change, ...]:
        """The first that would change, the largest amounts first."""
        rows = self._connection.execute(
            f"SELECT moment, order_key, seller_key, amount, before, after, label FROM ({self._both})"
            f" ORDER BY amount DESC, moment LIMIT {int(self._shown)}"
        ).fetchall()
        return tuple(
            Change(at, order, seller, amount, Action(before), Action(after), label)
            for at, order, seller, amount, before, after, label in rows
        )


def _text(key: int | None) -> str | None:
    return str(key) if key is not None else None

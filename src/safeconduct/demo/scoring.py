"""How good were the decisions? Plain arithmetic over the truth and what was decided.

*Stopped* is review or block. A row is *caught* when it was stopped, or challenged where a challenge is what it calls
for. Rows that expect "allow" and are no decoys (a first order of a fraud nobody could see, a buyer who will lie to the
bank months later) count neither as a success nor as a mistake; they are reported apart. A row nobody decided counts as
missed, and is reported as undecided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from safeconduct.demo.truth import Action, Kind, Label

_STRENGTH = {Action.ALLOW: 0, Action.CHALLENGE: 1, Action.REVIEW: 2, Action.BLOCK: 3}
_DECOY = "decoy"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the product decided about an event. ``decided_at`` is aware; ``rules`` are those that fired, if known."""

    event_id: str
    order_id: str | None
    action: Action
    decided_at: datetime
    amount_minor: int
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttackScore:
    """One attack, counted in orders or in bare events (payment attempts, changes of address).

    ``precision``: of all that was stopped by the rules which caught this attack, the part that was fraud (of any
    kind); None where no rules were given or nothing was caught. ``median_s_to_first_catch`` and
    ``median_rows_before_catch`` are taken over the incidents in which anything was caught.
    """

    attack: str
    unit: str
    rows: int
    caught: int
    undecided: int
    recall: float
    precision: float | None
    saved_minor: int
    lost_minor: int
    incidents: int
    incidents_noticed: int
    median_s_to_first_catch: float | None
    median_rows_before_catch: float | None


@dataclass(frozen=True, slots=True)
class DecoyScore:
    """Honest people who look bad: ``false_accusation_rate`` is the part of their orders that was stopped."""

    decoy: str
    orders: int
    stopped: int
    challenged: int
    false_accusation_rate: float


@dataclass(frozen=True, slots=True)
class UnseenScore:
    """Harm that could not be told when the order was placed, and how much of it was stopped all the same."""

    attack: str
    role: str
    orders: int
    stopped: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Report:
    """The whole score. Counts are of orders; ``good`` orders are those without a label, and the decoys."""

    attacks: tuple[AttackScore, ...]
    decoys: tuple[DecoyScore, ...]
    unseen: tuple[UnseenScore, ...]
    orders: int
    bad_orders: int
    caught: int
    recall: float
    precision: float | None
    saved_minor: int
    lost_minor: int
    good_orders: int
    good_stopped: int
    good_challenged: int
    good_stop_rate: float
    good_stopped_minor: int
    decoy_stop_rate: float
    currency: str

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for ``json.dumps``."""
        return asdict(self)


def score(truth_rows: Iterable[Label], decisions: Iterable[Decision]) -> Report:
    """Measure decisions against the truth.

    Several decisions on one order count as the strongest of them. Raises ValueError for truth in two currencies and
    for a decision whose time has no zone.
    """
    labels = [row for row in truth_rows if row.entity_kind in (Kind.ORDER, Kind.EVENT)]
    currencies = {row.currency for row in labels}
    if len(currencies) > 1:
        raise ValueError(f"truth in several currencies ({', '.join(sorted(currencies))}); score them apart")
    return _Scorer(labels, decisions, next(iter(currencies), "CNY")).report()


class _Scorer:
    def __init__(self, labels: list[Label], decisions: Iterable[Decision], currency: str) -> None:
        self.currency = currency
        self.by_event: dict[str, list[Decision]] = defaultdict(list)
        self.by_order: dict[str, list[Decision]] = defaultdict(list)
        for decision in decisions:
            if decision.decided_at.tzinfo is None:
                raise ValueError(f"decided_at of {decision.event_id} has no time zone; give an aware datetime")
            self.by_event[decision.event_id].append(decision)
            if decision.order_id is not None:
                self.by_order[decision.order_id].append(decision)
        self.bad = [row for row in labels if row.role != _DECOY and row.expected_action != Action.ALLOW]
        self.unseen = [row for row in labels if row.role != _DECOY and row.expected_action == Action.ALLOW]
        self.decoys = [row for row in labels if row.role == _DECOY]
        self.rules_precision = self._precision_of_rules()

    def decided(self, row: Label) -> list[Decision]:
        """The decisions about a row: those on its event and, for an order, on anything of that order."""
        if row.entity_kind == Kind.ORDER and row.order_id is not None:
            return self.by_order.get(row.order_id) or self.by_event.get(row.event_id or "", [])
        return self.by_event.get(row.event_id or "", [])

    def catching(self, row: Label) -> list[Decision]:
        """The decisions that met what the row calls for."""
        need = min(_STRENGTH[Action.REVIEW], _STRENGTH[Action(row.expected_action)])
        return [d for d in self.decided(row) if _STRENGTH[d.action] >= need]

    def report(self) -> Report:
        bad = [row for row in self.bad if row.entity_kind == Kind.ORDER]
        caught = [row for row in bad if self.catching(row)]
        known = {row.order_id for row in (*self.bad, *self.unseen)}
        good = {order: found for order, found in self.by_order.items() if order not in known}
        strongest = {order: _strongest(found) for order, found in good.items()}
        stopped = [order for order, action in strongest.items() if _stops(action)]
        decoys = self._decoys()
        decoy_orders = sum(d.orders for d in decoys)
        return Report(
            attacks=self._attacks(), decoys=decoys, unseen=self._unseen(), orders=len(self.by_order),
            bad_orders=len(bad), caught=len(caught), recall=_share(len(caught), len(bad)),
            precision=_share(len(caught), len(caught) + len(stopped)) if caught or stopped else None,
            saved_minor=sum(row.amount_minor for row in caught),
            lost_minor=sum(row.amount_minor for row in bad) - sum(row.amount_minor for row in caught),
            good_orders=len(good), good_stopped=len(stopped),
            good_challenged=sum(action is Action.CHALLENGE for action in strongest.values()),
            good_stop_rate=_share(len(stopped), len(good)),
            good_stopped_minor=sum(max(d.amount_minor for d in good[order]) for order in stopped),
            decoy_stop_rate=_share(sum(d.stopped for d in decoys), decoy_orders), currency=self.currency,
        )  # fmt: skip

    def _attacks(self) -> tuple[AttackScore, ...]:
        groups: dict[tuple[str, str], list[Label]] = defaultdict(list)
        for row in self.bad:
            groups[row.attack, "orders" if row.entity_kind == Kind.ORDER else "events"].append(row)
        return tuple(self._attack(attack, unit, rows) for (attack, unit), rows in groups.items())

    def _attack(self, attack: str, unit: str, rows: list[Label]) -> AttackScore:
        catches = {row.entity_id: self.catching(row) for row in rows}
        caught = [row for row in rows if catches[row.entity_id]]
        incidents: dict[str, list[Label]] = defaultdict(list)
        for row in rows:
            incidents[row.incident].append(row)
        seconds: list[float] = []
        before: list[int] = []
        for members in incidents.values():
            members.sort(key=lambda row: row.start)
            first = next((i for i, row in enumerate(members) if catches[row.entity_id]), None)
            if first is not None:
                acted = min(d.decided_at for row in members for d in catches[row.entity_id])
                seconds.append((acted - _instant(members[0].start)).total_seconds())
                before.append(first)
        saved = sum(row.amount_minor for row in caught)
        return AttackScore(
            attack=attack, unit=unit, rows=len(rows), caught=len(caught),
            undecided=sum(not self.decided(row) for row in rows), recall=_share(len(caught), len(rows)),
            precision=self._precision(catches), saved_minor=saved,
            lost_minor=sum(row.amount_minor for row in rows) - saved, incidents=len(incidents),
            incidents_noticed=len(seconds), median_s_to_first_catch=median(seconds) if seconds else None,
            median_rows_before_catch=median(before) if before else None,
        )  # fmt: skip

    def _precision_of_rules(self) -> dict[str, tuple[int, int]]:
        """For each rule: events it stopped that were fraud, and all it stopped; what could not be told is left out."""
        bad_orders = {row.order_id for row in self.bad if row.entity_kind == Kind.ORDER}
        bad_events = {row.event_id for row in self.bad}
        neutral = {row.order_id for row in self.unseen}
        counts: dict[str, tuple[int, int]] = {}
        for decisions in self.by_event.values():
            for d in decisions:
                if not _stops(d.action) or (d.order_id is not None and d.order_id in neutral):
                    continue
                right = d.event_id in bad_events or (d.order_id is not None and d.order_id in bad_orders)
                for rule in d.rules:
                    hits, total = counts.get(rule, (0, 0))
                    counts[rule] = (hits + right, total + 1)
        return counts

    def _precision(self, catches: Mapping[str, list[Decision]]) -> float | None:
        rules = {rule for found in catches.values() for d in found if _stops(d.action) for rule in d.rules}
        hits = sum(self.rules_precision[rule][0] for rule in rules)
        total = sum(self.rules_precision[rule][1] for rule in rules)
        return hits / total if total else None

    def _decoys(self) -> tuple[DecoyScore, ...]:
        groups: dict[str, list[Action]] = defaultdict(list)
        for row in self.decoys:
            groups[row.attack].append(_strongest(self.decided(row)))
        found = []
        for decoy, actions in groups.items():
            stopped = sum(_stops(action) for action in actions)
            challenged = sum(action is Action.CHALLENGE for action in actions)
            found.append(DecoyScore(decoy, len(actions), stopped, challenged, _share(stopped, len(actions))))
        return tuple(found)

    def _unseen(self) -> tuple[UnseenScore, ...]:
        orders: Counter[tuple[str, str]] = Counter()
        stopped: Counter[tuple[str, str]] = Counter()
        amounts: Counter[tuple[str, str]] = Counter()
        for row in self.unseen:
            key = (row.attack, row.role)
            orders[key] += 1
            stopped[key] += _stops(_strongest(self.decided(row)))
            amounts[key] += row.amount_minor
        return tuple(UnseenScore(*key, orders[key], stopped[key], amounts[key]) for key in orders)


def _strongest(decisions: list[Decision]) -> Action:
    return max((d.action for d in decisions), key=_STRENGTH.__getitem__, default=Action.ALLOW)


def _stops(action: Action) -> bool:
    return _STRENGTH[action] >= _STRENGTH[Action.REVIEW]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)

"""How well were accounts guarded? What was decided about members' acts, and where money went, held against the truth.

An act is *challenged* where a passkey was asked for, *held* where payouts of the shop stopped. A thief's step is caught
when it met what it calls for, or more. Whatever is decided, this world's thieves go on; so the last question is whether
money would have reached the account they named: a new one is paid after 72 hours at the earliest, and until the owner
has the account back, no payout of the shop may go out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from safeconduct.demo.truth import Action, Kind, Label

CHALLENGED, HELD = 2, 3
"""Levels of what follows of a decision, as the product counts them: a passkey first; payouts wait."""
_NEEDS = {Action.CHALLENGE: CHALLENGED, Action.REVIEW: HELD, Action.BLOCK: HELD}
AGEING = timedelta(hours=72)
"""How long a new payout account waits before it is paid (`kernel.ledger.payout_accounts`)."""
OWNER_BACK = timedelta(days=12)
"""The demo's owners notice on their own after so long that their payouts do not come, and have the account back."""
_DECOY = "decoy"
_PAYOUT_CHANGED = "payout_changed"


@dataclass(frozen=True, slots=True)
class JudgedAct:
    """What was decided about an act. ``level``: what followed; ``rules``: those that asked for it; times are aware."""

    event_id: str
    seller: str
    level: int
    decided_at: datetime
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A payout to a shop, in minor units."""

    seller: str
    at: datetime
    minor: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Payouts of a shop were stopped. ``ended``: when they went on; None while they do not."""

    seller: str
    at: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class StaffReading:
    """Somebody of the staff read about a buyer of a shop. ``shown``: the shop can see it; ``case``: it had one."""

    seller: str
    at: datetime
    shown: bool
    case: bool
    why: str


@dataclass(frozen=True, slots=True)
class AccountAttack:
    """One attack on accounts. ``steps`` without those nobody could tell (``unseen``). ``precision``: of all acts on
    which the rules that caught it asked for as much, the part that was an attack. ``held``: incidents in which payouts
    stopped. Times are medians over the incidents, from the first step."""

    attack: str
    steps: int
    caught: int
    undecided: int
    unseen: int
    recall: float
    precision: float | None
    incidents: int
    noticed: int
    held: int
    median_s_to_notice: float | None
    median_s_to_hold: float | None


@dataclass(frozen=True, slots=True)
class NewAccounts:
    """Payout accounts named by thieves. ``stopped``: payouts were stopped before the first could have gone there, and
    stayed so; ``median_h_ahead``: so many hours before; ``paid_minor``: what would have gone there all the same."""

    changes: int
    stopped: int
    median_h_ahead: float | None
    paid_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class AccountDecoy:
    """Honest people who look like thieves: how many of them had payouts held, or a passkey asked for, at any act."""

    decoy: str
    acts: int
    held: int
    challenged: int
    people: int
    people_held: int
    false_accusation_rate: float


@dataclass(frozen=True, slots=True)
class Snooping:
    """Readings by the staff. ``snooped``: those without a case that the world planted; ``seen``: of them in the list
    of the shop concerned; ``planted``: how often somebody looked; ``found``: of these, how often any line tells it."""

    planted: int
    found: int
    snooped: int
    seen: int
    with_case: int


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The score of accounts. ``honest``: acts of everybody but thieves; ``held_for``: rule → honest acts held."""

    attacks: tuple[AccountAttack, ...]
    new_accounts: NewAccounts
    decoys: tuple[AccountDecoy, ...]
    snooping: Snooping
    honest: int
    honest_held: int
    honest_challenged: int
    held_for: dict[str, int] = field(default_factory=dict)

    @property
    def held_rate(self) -> float:
        return self.honest_held / self.honest if self.honest else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for ``json.dumps``."""
        return asdict(self) | {"honest_held_rate": self.held_rate}


@dataclass(frozen=True, slots=True)
class Happened:
    """What the product's database says: decisions, payouts, stops, and readings of the staff."""

    acts: Iterable[JudgedAct]
    payouts: Iterable[PaidOut] = ()
    stops: Iterable[Stopped] = ()
    readings: Iterable[StaffReading] = ()


def score_accounts(truth_rows: Iterable[Label], happened: Happened, currency: str = "CNY") -> AccountReport:
    """Measure what happened against the truth."""
    rows = [row for row in truth_rows if row.entity_kind in (Kind.ACT, Kind.SELLER, Kind.READING)]
    steps = [row for row in rows if row.entity_kind == Kind.ACT]
    acts = {act.event_id: act for act in happened.acts}
    bad = [row for row in steps if row.role != _DECOY]
    thefts = {row.event_id for row in bad}
    honest = [act for act in acts.values() if act.event_id not in thefts]
    held = [act for act in honest if act.level >= HELD]
    rules = _rules(acts, {row.event_id for row in bad})
    attacks: dict[str, list[Label]] = defaultdict(list)
    decoys: dict[str, list[Label]] = defaultdict(list)
    for row in steps:
        (decoys if row.role == _DECOY else attacks)[row.attack].append(row)
    return AccountReport(
        attacks=tuple(_attack(name, found, acts, rules) for name, found in attacks.items()),
        new_accounts=_new_accounts(bad, rows, happened, currency),
        decoys=tuple(_decoy(name, found, acts) for name, found in decoys.items()),
        snooping=_snooping([row for row in rows if row.entity_kind == Kind.READING], happened.readings),
        honest=len(honest), honest_held=len(held),
        honest_challenged=sum(act.level == CHALLENGED for act in honest),
        held_for=dict(Counter(rule for act in held for rule in act.rules).most_common()),
    )  # fmt: skip


def _rules(acts: Mapping[str, JudgedAct], thefts: set[str | None]) -> dict[tuple[str, int], tuple[int, int]]:
    """For each rule and level: acts of thieves on which it fired when so much followed, and all such acts."""
    counts: dict[tuple[str, int], tuple[int, int]] = {}
    for act in acts.values():
        for rule in act.rules:
            for level in (CHALLENGED, HELD):
                if act.level >= level:
                    hits, total = counts.get((rule, level), (0, 0))
                    counts[rule, level] = (hits + (act.event_id in thefts), total + 1)
    return counts


def _attack(
    name: str, rows: list[Label], acts: Mapping[str, JudgedAct], rules: Mapping[tuple[str, int], tuple[int, int]]
) -> AccountAttack:  # fmt: skip
    expected = [row for row in rows if row.expected_action != Action.ALLOW]
    caught = [row for row in expected if _level(row, acts) >= _NEEDS[Action(row.expected_action)]]
    fired = {
        (rule, _NEEDS[Action(row.expected_action)]) for row in caught for rule in acts[row.event_id or ""].rules
    }  # fmt: skip
    hits, total = (sum(rules[one][i] for one in fired) for i in (0, 1))
    incidents: dict[str, list[Label]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.start):
        incidents[row.incident].append(row)
    noticed = [_first(found, acts, CHALLENGED) for found in incidents.values()]
    held = [_first(found, acts, HELD) for found in incidents.values()]
    return AccountAttack(
        attack=name, steps=len(expected), caught=len(caught),
        undecided=sum(row.event_id not in acts for row in expected), unseen=len(rows) - len(expected),
        recall=len(caught) / len(expected) if expected else 0.0, precision=hits / total if total else None,
        incidents=len(incidents), noticed=sum(s is not None for s in noticed), held=sum(s is not None for s in held),
        median_s_to_notice=_median(noticed), median_s_to_hold=_median(held),
    )  # fmt: skip


def _level(row: Label, acts: Mapping[str, JudgedAct]) -> int:
    act = acts.get(row.event_id or "")
    return 0 if act is None else act.level


def _first(rows: list[Label], acts: Mapping[str, JudgedAct], level: int) -> float | None:
    """Seconds from an incident's first step to the first decision of such a level."""
    times = [acts[row.event_id or ""].decided_at for row in rows if _level(row, acts) >= level]
    return (min(times) - _instant(rows[0].start)).total_seconds() if times else None


def _new_accounts(bad: list[Label], rows: list[Label], happened: Happened, currency: str) -> NewAccounts:
    shops = {row.incident: row.entity_id for row in rows if row.entity_kind == Kind.SELLER}
    payouts, stops = list(happened.payouts), list(happened.stops)
    ahead: list[float] = []
    changes = stopped = paid = 0
    for row in bad:
        if row.role != _PAYOUT_CHANGED:
            continue
        changes += 1
        shop, asked = shops[row.incident], _instant(row.start)
        first, back = asked + AGEING, asked + OWNER_BACK
        minor = sum(p.minor for p in payouts if p.seller == shop and first <= p.at < back)
        paid += minor
        begun = [s.at for s in stops if s.seller == shop and s.at < first and (s.ended is None or s.ended >= back)]
        stopped += bool(begun) and minor == 0
        if begun:
            ahead.append((first - min(begun)).total_seconds() / 3600)
    return NewAccounts(changes, stopped, median(ahead) if ahead else None, paid, currency)


def _decoy(name: str, rows: list[Label], acts: Mapping[str, JudgedAct]) -> AccountDecoy:
    levels = [_level(row, acts) for row in rows]
    people = {row.incident for row in rows}
    held = {row.incident for row in rows if _level(row, acts) >= HELD}
    return AccountDecoy(
        name, len(rows), sum(level >= HELD for level in levels), sum(level == CHALLENGED for level in levels),
        len(people), len(held), len(held) / len(people),
    )  # fmt: skip


def _snooping(rows: list[Label], readings: Iterable[StaffReading]) -> Snooping:
    planted = {(row.entity_id, _instant(row.start)) for row in rows}
    kept = list(readings)
    snooped = [one for one in kept if (one.seller, one.at) in planted]
    found = {(one.seller, one.at) for one in snooped if one.why}
    return Snooping(
        len(planted), len(found), len(snooped), sum(one.shown for one in snooped), sum(one.case for one in kept)
    )  # fmt: skip


def _median(found: list[float | None]) -> float | None:
    known = [seconds for seconds in found if seconds is not None]
    return median(known) if known else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

"""25 rules over one event: the compiled policy, the same rules by hand, and zen-engine in its best shape.

Twice: all scalar; and with long lists, where two of the 25 ask lists of 200 and 500 entries. The lists are kept beside
the rules (`in_list`), by hand they are frozensets, zen has to be given them in the expression. zen reports no unknowns,
so the two are timed over the events in which nothing is missing; there they must fire the same rules.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.figures import Figure
from safeconduct.foundation.policy.catalogue import Catalogue, EventType, Field
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.to_python import RuleProgram, compile_rules
from safeconduct.foundation.policy.types import Type

NUMBERS = [f"n{i}" for i in range(12)]
TEXTS = [f"t{i}" for i in range(8)]
CODES = ["c0", "c1"]
FLAGS = [f"b{i}" for i in range(5)]
FIELDS = (*NUMBERS, *TEXTS, *CODES, *FLAGS)
LISTS = {
    "short-list": frozenset(f"code-{n:04d}" for n in range(0, 1000, 5)),
    "long-list": frozenset(f"code-{n:04d}" for n in range(0, 1000, 2)),
}
CATALOGUE = Catalogue(
    [
        EventType(
            "order.placed", 1, "an order",
            (*(Field(n, Type.INTEGER, n) for n in NUMBERS), *(Field(t, Type.TEXT, t) for t in (*TEXTS, *CODES)),
             *(Field(b, Type.BOOLEAN, b) for b in FLAGS)),
        )
    ]
)  # fmt: skip
_ZEN_EVENTS = 400


@dataclass(frozen=True, slots=True)
class _Rule:
    """One condition three times: for the policy, by hand over Python's locals, and for zen."""

    sql: str
    python: str
    zen: str


SCALAR = [
    *(
        _Rule(f"n{i} >= 90 AND n{i + 1} > 50",
              f"n{i} is not None and n{i} >= 90 and n{i + 1} is not None and n{i + 1} > 50",
              f"n{i} >= 90 and n{i + 1} > 50")
        for i in range(8)
    ),
    *(
        _Rule(f"t{i} = 'N' AND n{i} > 80", f"t{i} == 'N' and n{i} is not None and n{i} > 80",
              f"t{i} == 'N' and n{i} > 80")
        for i in range(7)
    ),
    *(
        _Rule(f"t{i} <> t{i + 1} AND b{i} AND n{i} > 60",
              f"t{i} is not None and t{i + 1} is not None and t{i} != t{i + 1} and b{i} is True and n{i} is not None"
              f" and n{i} > 60", f"t{i} != t{i + 1} and b{i} and n{i} > 60")
        for i in range(5)
    ),
    *(
        _Rule(f"t{i} IN ('A', 'B') OR n{i + 6} > 97", f"t{i} in AB or (n{i + 6} is not None and n{i + 6} > 97)",
              f"t{i} in ['A', 'B'] or n{i + 6} > 97")
        for i in range(5)
    ),
]  # fmt: skip


def _listed(name: str, field: str, number: str) -> _Rule:
    entries = ", ".join(f"'{entry}'" for entry in sorted(LISTS[name]))
    return _Rule(
        f"in_list('{name}', {field}) AND {number} > 60",
        f"{field} in {name.replace('-', '_')} and {number} is not None and {number} > 60",
        f"{field} in [{entries}] and {number} > 60",
    )


WITH_LISTS = [*SCALAR[:23], _listed("short-list", "c0", "n0"), _listed("long-list", "c1", "n1")]


def run(quick: bool) -> list[Figure]:
    """Microseconds an event in CPU time: the best of several passes over the same events, taken in turns."""
    return [
        *_compare("25 scalar rules", SCALAR, ahead=5, quick=quick),
        *_compare("25 rules, two with lists of 200 and 500", WITH_LISTS, ahead=15, quick=quick),
    ]


def _compare(name: str, rules: list[_Rule], *, ahead: int, quick: bool) -> list[Figure]:
    dice = random.Random(7)
    events = [_event(dice) for _ in range(500 if quick else 4000)]
    known = [event for event in events if None not in event.values()][:_ZEN_EVENTS]
    program = _compiled(rules)
    by_hand = _by_hand(rules)
    assert [program.run(e, LISTS)[0] for e in events] == [by_hand(e) for e in events], "by hand they decide otherwise"
    zen = _zen(rules)
    work: dict[str, tuple[Callable[[dict[str, Any]], object], list[dict[str, Any]]]] = {
        "ours": (lambda e: program.run(e, LISTS), events),
        "by hand": (by_hand, events),
    }
    if zen is not None:
        for event in known:
            fired = [i for i, value in enumerate(zen(event)) if value]
            assert fired == program.run(event, LISTS)[0], "zen decides otherwise"
        work |= {"ours, nothing missing": (lambda e: program.run(e, LISTS), known), "zen": (zen, known)}
    took = _best(work, passes=3 if quick else 20)
    ours, hand = took["ours"], took["by hand"]
    figures = [
        Figure(f"{name}, unknowns reported", ours, "us/event", f"by hand {hand:.2f} us", ours / hand,
               "within 1.7x of it", ours / hand <= 1.7),
    ]  # fmt: skip
    if zen is not None:
        ours, theirs = took["ours, nothing missing"], took["zen"]
        figures.append(
            Figure(f"{name}, no gaps in the events", ours, "us/event",
                   f"zen-engine, one list {theirs:.2f} us", theirs / ours, f"{ahead}x ahead", theirs / ours >= ahead)
        )  # fmt: skip
    return figures


def _event(dice: random.Random) -> dict[str, Any]:
    event: dict[str, Any] = {n: dice.randrange(100) for n in NUMBERS}
    event |= {t: dice.choice("YNABX") for t in TEXTS} | {b: dice.random() < 0.3 for b in FLAGS}
    event |= {c: f"code-{dice.randrange(4000):04d}" for c in CODES}
    if dice.random() < 0.5:  # half of the events have gaps, as in life
        for name in event:
            if dice.random() < 0.1:
                event[name] = None
    return event


def _compiled(rules: list[_Rule]) -> RuleProgram:
    lines = "".join(
        f"  r{i}:\n    when: {rule.sql}\n    then: review\n    because: {{en: r, zh: r, es: r}}\n"
        for i, rule in enumerate(rules)
    )
    reading = read_policy(f"policy: bench\non: order.placed\nrules:\n{lines}", CATALOGUE)
    assert reading.policy is not None, reading.render()
    return compile_rules(reading.policy)


def _by_hand(rules: list[_Rule]) -> Callable[[dict[str, Any]], list[int]]:
    lines = ["def decide(e):", "    get = e.get", *(f"    {n} = get('{n}')" for n in FIELDS), "    fired = []"]
    lines += [f"    if {rule.python}: fired.append({i})" for i, rule in enumerate(rules)]
    space: dict[str, Any] = {"AB": frozenset("AB")} | {name.replace("-", "_"): held for name, held in LISTS.items()}
    exec("\n".join([*lines, "    return fired"]), space)
    decide: Callable[[dict[str, Any]], list[int]] = space["decide"]
    return decide


def _zen(rules: list[_Rule]) -> Callable[[dict[str, Any]], Any] | None:
    """zen's best shape: one compiled expression, a list of all conditions. None where zen is not installed."""
    try:
        import zen
    except ImportError:
        return None
    evaluate: Callable[[dict[str, Any]], Any] = zen.compile_expression(
        "[" + ", ".join(rule.zen for rule in rules) + "]"
    ).evaluate
    return evaluate


def _best(
    work: dict[str, tuple[Callable[[dict[str, Any]], object], list[dict[str, Any]]]], *, passes: int
) -> dict[str, float]:
    """Microseconds of CPU time an event, the loop included in each alike."""
    best = dict.fromkeys(work, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(passes):
            for name, (decide, events) in work.items():
                started = time.process_time()
                for event in events:
                    decide(event)
                best[name] = min(best[name], (time.process_time() - started) / len(events) * 1e6)
    finally:
        gc.enable()
    return best

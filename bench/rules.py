"""25 rules over one event: the compiled policy, the same rules by hand, and zen-engine in its best shape."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from bench.figures import Figure
from safeconduct.foundation.policy.catalogue import Catalogue, EventType, Field
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.to_python import compile_rules
from safeconduct.foundation.policy.types import Type

NUMBERS = [f"n{i}" for i in range(12)]
TEXTS = [f"t{i}" for i in range(8)]
FLAGS = [f"b{i}" for i in range(5)]
CATALOGUE = Catalogue(
    [
        EventType(
            "order.placed", 1, "an order",
            (*(Field(n, Type.INTEGER, n) for n in NUMBERS), *(Field(t, Type.TEXT, t) for t in TEXTS),
             *(Field(b, Type.BOOLEAN, b) for b in FLAGS)),
        )
    ]
)  # fmt: skip

#: (condition in SQL, the same by hand in Python over locals, the same for zen). All scalar.
SCALAR = [
    *(
        (f"n{i} >= 90 AND n{i + 1} > 50", f"n{i} is not None and n{i} >= 90 and n{i + 1} is not None and n{i + 1} > 50",
         f"n{i} >= 90 and n{i + 1} > 50")
        for i in range(8)
    ),
    *(
        (f"t{i} = 'N' AND n{i} > 80", f"t{i} == 'N' and n{i} is not None and n{i} > 80", f"t{i} == 'N' and n{i} > 80")
        for i in range(7)
    ),
    *(
        (f"t{i} <> t{i + 1} AND b{i} AND n{i} > 60",
         f"t{i} is not None and t{i + 1} is not None and t{i} != t{i + 1} and b{i} is True and n{i} is not None"
         f" and n{i} > 60", f"t{i} != t{i + 1} and b{i} and n{i} > 60")
        for i in range(5)
    ),
    *(
        (f"t{i} IN ('A', 'B') OR n{i + 6} > 97", f"t{i} in AB or (n{i + 6} is not None and n{i + 6} > 97)",
         f"t{i} in ['A', 'B'] or n{i + 6} > 97")
        for i in range(5)
    ),
]  # fmt: skip


def run(quick: bool) -> list[Figure]:
    """Microseconds an event, best of several passes over the same events."""
    dice = random.Random(7)
    events = [_event(dice) for _ in range(500 if quick else 4000)]
    program = compile_rules(_policy())
    ours = _best(lambda: [program.run(e, {}) for e in events], len(events))
    by_hand = _by_hand()
    hand = _best(lambda: [by_hand(e) for e in events], len(events))
    fired = [program.run(e, {})[0] for e in events]
    assert fired == [by_hand(e) for e in events], "the rules written by hand decide otherwise"
    figures = [
        Figure("25 rules, unknowns reported", ours, "us/event", f"by hand {hand:.2f} us: {ours / hand:.2f}x",
               ours / hand, "within 1.7x of hand-written Python", ours / hand <= 1.7),
    ]  # fmt: skip
    zen = _zen(events)
    if zen is not None:
        figures.append(
            Figure("25 scalar rules, zen-engine one list", zen, "us/event", f"ours is {zen / ours:.1f}x ahead",
                   zen / ours, "5x ahead", zen / ours >= 5)
        )  # fmt: skip
    return figures


def _event(dice: random.Random) -> dict[str, Any]:
    event: dict[str, Any] = {n: dice.randrange(100) for n in NUMBERS}
    event |= {t: dice.choice("YNABX") for t in TEXTS} | {b: dice.random() < 0.3 for b in FLAGS}
    for name in event:
        if dice.random() < 0.05:
            event[name] = None
    return event


def _policy() -> Any:
    rules = "".join(
        f"  r{i}:\n    when: {sql}\n    then: review\n    because: {{en: r, zh: r, es: r}}\n"
        for i, (sql, _, _) in enumerate(SCALAR)
    )
    reading = read_policy(f"policy: bench\non: order.placed\nrules:\n{rules}", CATALOGUE)
    assert reading.policy is not None, reading.render()
    return reading.policy


def _by_hand() -> Callable[[dict[str, Any]], list[int]]:
    lines = ["def decide(e):", "    get = e.get", *(f"    {n} = get('{n}')" for n in (*NUMBERS, *TEXTS, *FLAGS))]
    lines += ["    fired = []"]
    lines += [f"    if {python}: fired.append({i})" for i, (_, python, _) in enumerate(SCALAR)]
    space: dict[str, Any] = {"AB": frozenset("AB")}
    exec("\n".join([*lines, "    return fired"]), space)
    decide: Callable[[dict[str, Any]], list[int]] = space["decide"]
    return decide


def _zen(events: list[dict[str, Any]]) -> float | None:
    try:
        import zen
    except ImportError:
        return None
    known = [{k: v for k, v in e.items()} for e in events if all(v is not None for v in e.values())][:400]
    expression = zen.compile_expression("[" + ", ".join(text for _, _, text in SCALAR) + "]")
    return _best(lambda: [expression.evaluate(e) for e in known], len(known))


def _best(work: Callable[[], object], count: int) -> float:
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best / count * 1e6

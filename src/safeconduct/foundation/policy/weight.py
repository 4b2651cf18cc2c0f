"""How long a condition becomes where engines are told of it.

SQL has no names for parts of an expression: what a function needs twice is written out twice, and functions within
functions multiply. A condition of a few hundred letters could become gigabytes; such a policy is refused when read.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.foundation.policy.nodes import Call, Compare, Expr, InList, InSet, Literal, Span
from safeconduct.foundation.policy.sql_expressions import CALENDAR
from safeconduct.foundation.policy.tree import children
from safeconduct.foundation.policy.types import PAIRS
from safeconduct.foundation.policy.zones import zone_table

#: Parts of all conditions of a policy as they are written out: some megabytes of SQL. Five hundred rules that each look
#: at a local clock have half as many.
MAX_WEIGHT = 50_000

#: How often an engine's text names each argument: the larger number of PostgreSQL's and DuckDB's.
_TIMES = {"left": (1, 2), "right": (1, 2), "substring": (1, 2, 2), "ends_with": (1, 2), "floor_div": (2, 4)}


def weight(expr: Expr) -> int:
    """How many parts a condition has once everything is written out as often as an engine needs it."""
    found: dict[int, int] = {}

    def of(node: Expr) -> int:
        if id(node) not in found:  # a part that stands in several places is one node
            own = 1 + len(node.values) if isinstance(node, InSet) else 1
            found[id(node)] = own + sum(n * of(part) for n, part in zip(times(node), children(node), strict=True))
        return found[id(node)]

    return of(expr)


def heaviest(conditions: Sequence[Expr]) -> tuple[int, Span | None]:
    """The weight of all these conditions, and where the heaviest of them stands."""
    weights = [weight(condition) for condition in conditions]
    return sum(weights), conditions[weights.index(max(weights))].span if weights else None


def times(node: Expr) -> tuple[int, ...]:
    """How often the text of an engine names each part of a node, at most."""
    match node:
        case Call(function=function, args=(_, Literal(value=str(zone)))) if function in CALENDAR:
            return len(zone_table(zone).starts_us) + 3, 0
        case Call(function=function) if function in CALENDAR:
            return (3,)
        case Call(function=function) if function in _TIMES:
            return _TIMES[function]
        case InList():
            return (2,)
        case Compare(left=left, right=right) if left.type in PAIRS or right.type in PAIRS:
            return 2, 2
        case _:
            return (1,) * len(children(node))

"""Features computed from a plain list of earlier events: the reference for every way of computing them.

An event here is a `Row`: its moment, its type, and its fields as the type tower represents them (money already in
the policy's currency).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safeconduct.foundation.moments import TIES, moment_micros
from safeconduct.foundation.policy.calls import int64
from safeconduct.foundation.policy.interpret import NOW, Interpreter
from safeconduct.foundation.policy.nodes import Measure, Policy, Ratio, Window
from safeconduct.foundation.policy.types import Type


@dataclass(frozen=True, slots=True)
class Row:
    """One event: `moment` as in `foundation.moments`, the canonical type, and its known fields."""

    moment: int
    event_type: str
    fields: Mapping[str, object]


def features(policy: Policy, current: Row, earlier: Iterable[Row]) -> dict[str, object]:
    """The value of every feature of the policy for `current`, None where it is unknown.

    Rows at or after the current moment are left out, so the whole log may be given. An AVG is (sum, count); a ratio is
    (numerator, denominator), None where a part is unknown or the denominator is 0.
    """
    rows = [row for row in earlier if row.moment < current.moment]
    found: dict[str, object] = {}
    for name, feature in policy.features.items():
        if isinstance(feature, Window):
            found[name] = window_value(feature, current, rows)
    for name, feature in policy.features.items():
        if isinstance(feature, Ratio):
            above, below = found[feature.numerator], found[feature.denominator]
            found[name] = (above, below) if above is not None and below not in (None, 0) else None
    return found


def window_value(window: Window, current: Row, earlier: Iterable[Row]) -> object:
    """One window's value: over moments in [m - over, m), and the current event only where it includes itself."""
    key = current.fields.get(window.by)
    if key is None:
        return None
    since = current.moment - window.over_us * TIES
    rows = [row for row in earlier if since <= row.moment < current.moment]
    if window.including_current:
        rows.append(current)
    rows = [row for row in rows if _belongs(window, key, row)]
    match window.measure:
        case Measure.COUNT:
            return len(rows)
        case Measure.FIRST_SEEN:
            return min((moment_micros(r.moment) for r in rows), default=None)
        case Measure.LAST_SEEN:
            return max((moment_micros(r.moment) for r in rows), default=None)
    assert window.value is not None
    values = [v for r in rows if (v := r.fields.get(window.value)) is not None]
    if window.measure is Measure.DISTINCT:
        return len(set(values))
    numbers = [v for v in values if isinstance(v, int)]
    if not numbers:
        return None
    match window.measure:
        case Measure.SUM:
            return int64(sum(numbers))
        case Measure.AVG:
            total = int64(sum(numbers))
            return None if total is None else (total, len(numbers))
        case Measure.MIN:
            return min(numbers)
        case Measure.MAX:
            return max(numbers)
    raise AssertionError(window.measure)


def _belongs(window: Window, key: object, row: Row) -> bool:
    if row.event_type not in window.event_types or row.fields.get(window.match) != key:
        return False
    if window.where is None:
        return True
    values = {**row.fields, NOW: moment_micros(row.moment)}
    assert window.where.type is Type.BOOLEAN
    return Interpreter(values, {}, {}).truth(window.where) is True

"""A condition that would be written out without end is refused when it is read, and what engines write is what was
weighed."""

from __future__ import annotations

import pytest
from policy_shop import policy_text, read

from safeconduct.foundation.policy.duckdb_expressions import DuckdbExpressions
from safeconduct.foundation.policy.functions import FUNCTIONS, Function, Signature
from safeconduct.foundation.policy.nodes import Call, Compare, CompareOp, EventField, Expr, InList, Literal
from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.foundation.policy.sql_expressions import SqlExpressions
from safeconduct.foundation.policy.tree import children
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.weight import MAX_WEIGHT, times, weight

ZONE = "America/New_York"


class Named:
    """A scope in which a field is its name between marks."""

    def field(self, name: str) -> str:
        return f"<{name}>"

    feature = score = field

    def moment(self) -> str:
        return "<moment>"

    def lists(self) -> str:
        return "lists"


def called(function: Function, signature: Signature, *, zoned: bool) -> Call:
    args: list[Expr] = [EventField(kind, f"a{place}") for place, kind in enumerate(signature.parameters)]
    if zoned:
        args[1] = Literal(Type.TEXT, ZONE)
    return Call(signature.result, function.name, tuple(args))


CALLS = [
    called(function, signature, zoned=function.zone_at is not None and len(signature.parameters) > 1)
    for function in FUNCTIONS.values()
    for signature in function.signatures
]
OTHERS = [
    InList(Type.BOOLEAN, "words", EventField(Type.TEXT, "a0")),
    Compare(Type.BOOLEAN, CompareOp.LT, EventField(Type.INTEGER, "a0"), EventField(Type.INTEGER, "a1")),
]


@pytest.mark.parametrize("coder", [PostgresExpressions(Named()), DuckdbExpressions(Named())])
@pytest.mark.parametrize("node", [*CALLS, *OTHERS], ids=lambda node: getattr(node, "function", type(node).__name__))
def test_no_engine_names_a_part_more_often_than_was_weighed(node: Expr, coder: SqlExpressions) -> None:
    written = coder.condition(node)
    for part, most in zip(children(node), times(node), strict=True):
        if isinstance(part, EventField):
            assert written.count(f"<{part.name}>") <= most, written


@pytest.mark.parametrize(
    ("first", "within"),
    [
        ("1", "length(left('abc', {}))"),
        ("1", f"hour(now() + interval '1 hour' * {{}}, '{ZONE}')"),
        ("1", "floor_div(7, {})"),
        ("1", "CASE WHEN {} BETWEEN 1 AND 2 THEN 1 ELSE 0 END"),
    ],
)
def test_functions_within_functions_are_refused_before_they_fill_the_memory(first: str, within: str) -> None:
    text = first
    for _ in range(14):
        text = within.replace("{}", text)
    reading = read(policy_text(f"{text} > items"))
    assert reading.policy is None
    (found,) = reading.errors
    assert found.code == "too-long" and f"at most {MAX_WEIGHT:,}" in found.message, reading.render()


def test_what_people_write_is_light() -> None:
    rule = f"hour(now(), '{ZONE}') < 6 AND amount > money('50 USD') AND substring(ship_country, 1, 2) IN ('US', 'CA')"
    reading = read(policy_text(rule))
    assert reading.policy is not None, reading.render()
    assert weight(reading.policy.rules[0].when) < MAX_WEIGHT // 500

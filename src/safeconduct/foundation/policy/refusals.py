"""What the checker says where types or arguments do not fit, and what to write instead."""

from __future__ import annotations

from safeconduct.foundation.policy.diagnostics import choices, suggest
from safeconduct.foundation.policy.functions import FUNCTIONS, MAX_ARGUMENTS, SPECIAL_FORMS, Function, Signature
from safeconduct.foundation.policy.nodes import Expr, Literal
from safeconduct.foundation.policy.types import PAIRS, Type


def as_condition(kind: Type) -> str:
    """How a value of this type becomes a condition."""
    if kind is Type.TEXT:
        return "compare it: x = 'value'"
    return "compare it, for example `… > 0`" if kind in (Type.INTEGER, Type.RATIONAL, Type.NUMBER) else "compare it"


def with_article(kind: Type) -> str:
    """A type with its article."""
    return f"an {kind.value}" if kind is Type.INTEGER else kind.value if kind is Type.MONEY else f"a {kind.value}"


def compare_advice(left: Expr, right: Expr, currency: str | None) -> str | None:
    """How to compare with `left`, where `right` is of a type that it cannot be compared with."""
    match left.type, right.type:
        case Type.MONEY | Type.MONEY_RATE, Type.INTEGER | Type.RATIONAL:
            if not isinstance(right, Literal):
                return "compare amounts with amounts, and counts with numbers"
            return f"write the amount with its currency: money('50 {currency or 'USD'}')"
        case Type.TIMESTAMP, Type.TEXT:
            return "write timestamp('2026-11-27T00:00:00Z')"
        case Type.DURATION, Type.TEXT | Type.INTEGER:
            return "write interval '36 hours'"
        case Type.TIMESTAMP, Type.DURATION:
            return "compare a length with a length: now() - x > interval '36 hours'"
        case Type.KEY, Type.TEXT | Type.INTEGER:
            return "a key is stored as a pseudonym; keep its value in a list and ask in_list('name', key)"
        case Type.TEXT, Type.INTEGER | Type.RATIONAL:
            if isinstance(left, Literal):
                return "write the number without quotes"
            return "put the value into single quotes to compare texts"
        case Type.NUMBER, Type.INTEGER | Type.RATIONAL | Type.NUMBER:
            return "a score is only compared with a number that is written out, such as 0.9"
    return None


def fits(signature: Signature, given: list[Type]) -> bool:
    """Whether arguments of these types make a call of this signature."""
    wanted = list(signature.parameters)
    if signature.repeats and len(wanted) < len(given) <= MAX_ARGUMENTS:
        wanted += [wanted[-1]] * (len(given) - len(wanted))
    return wanted == given


def mismatch(function: Function, args: list[Expr]) -> str:
    """What is wrong with these arguments."""
    if not args:
        return f"{function.name}() needs arguments"
    if any(a.type in PAIRS for a in args):
        return f"{function.name}() does not take quotients; they can only be compared"
    return f"{function.name}() does not take ({', '.join(a.type.value for a in args)})"


def shapes_text(function: Function) -> str:
    """The arguments a function takes, as text."""
    shapes = []
    for signature in function.signatures:
        words = [t.value for t in signature.parameters] + (["…"] if signature.repeats else [])
        shapes.append(f"({', '.join(words)})")
    return " or ".join(shapes)


#: Functions of other dialects, and what to write here.
_ELSEWHERE = {
    "count": "count earlier events with a feature: {count: …, by: …, over: …}",
    "sum": "add up earlier events with a feature: {sum: …, by: …, over: …}",
    "avg": "average earlier events with a feature: {avg: …, by: …, over: …}",
    "min": "write least(a, b), or a feature {min: …, by: …, over: …}",
    "max": "write greatest(a, b), or a feature {max: …, by: …, over: …}",
    "ifnull": "write coalesce(x, y)",
    "isnull": "write x IS NULL",
    "nvl": "write coalesce(x, y)",
    "len": "write length(x)",
    "char_length": "write length(x)",
    "substr": "write substring(x, start, n)",
    "strpos": "write contains(x, y)",
    "position": "write contains(x, y)",
    "round": "compare the exact value; quotients are compared by multiplication",
    "floor": "write floor_div(a, b)",
    "ceil": "write floor_div(a, b)",
    "date_part": "write year(t), month(t), day(t), weekday(t), hour(t) or minute(t)",
    "date_trunc": "write year(t), month(t), day(t), weekday(t), hour(t) or minute(t)",
    "dayofweek": "write weekday(t), 1 is Monday",
    "datediff": "write days_between(a, b)",
    "age": "write now() - x, or days_between(x, now())",
    "regexp_like": "there are no patterns; use starts_with(), ends_with() or contains()",
    "list": "write in_list('name', x)",
    "random": "a condition gives the same answer every time",
}


def function_advice(name: str) -> str:
    """What to write instead of a function that does not exist."""
    known = [*FUNCTIONS, *SPECIAL_FORMS]
    return _ELSEWHERE.get(name) or suggest(name, known) or "there is " + choices(known, limit=40)

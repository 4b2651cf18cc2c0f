"""Random conditions, windows and events over the tests' small shop, for proving that the engines agree."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from policy_shop import SHOP

from safeconduct.foundation.moments import TIES
from safeconduct.foundation.policy.functions import FUNCTIONS, MAX_ARGUMENTS
from safeconduct.foundation.policy.nodes import (
    Action,
    And,
    Arith,
    ArithOp,
    Call,
    Case,
    Compare,
    CompareOp,
    Distinct,
    EventField,
    Expr,
    FeatureRef,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Measure,
    Negate,
    Not,
    Now,
    Or,
    Policy,
    Ratio,
    Rule,
    Score,
    ScoreRef,
    Window,
)
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.foundation.policy.windows import Row

T = Type
B = Type.BOOLEAN
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
#: A day on which New York's clocks change, in µs since 2020.
START_US = 2_257 * DAY_US

WHOLE_NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1]),
    st.sampled_from([2**53 + 1, -(2**32), 2**31, 2**62, 3_037_000_500]),
    st.integers(INT64_MIN, INT64_MAX),
)
TIMES = st.one_of(
    st.integers(-2, 2),
    st.integers(START_US - DAY_US, START_US + DAY_US),
    st.integers(START_US - 900 * DAY_US, START_US + 900 * DAY_US),
    WHOLE_NUMBERS,
)
TEXTS = st.one_of(
    st.sampled_from(["", "a", "A", "ab", "CL", "é", "e\u0301", "ß", "😀", "😀a", "中文"]),
    st.sampled_from(["\uffff", "%", "%s", "a'b", "\\", "\\'", " a "]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
DOUBLES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 0.1, 0.3, 1e-300, 1e300]), st.floats(0, 1))
KEYS = st.one_of(st.integers(1, 4), st.sampled_from([INT64_MIN, INT64_MAX, -1]))

_VALUES: dict[Type, st.SearchStrategy[object]] = {
    T.BOOLEAN: st.booleans(),
    T.INTEGER: WHOLE_NUMBERS,
    T.MONEY: WHOLE_NUMBERS,
    T.DURATION: WHOLE_NUMBERS,
    T.TIMESTAMP: TIMES,
    T.TEXT: TEXTS,
    T.NUMBER: DOUBLES,
    T.KEY: KEYS,
}

#: What stands for each type in a random condition: event fields, then features, then scores.
FIELDS = {f.name: f.type for f in SHOP["order.placed"].fields}
FEATURES: dict[str, Window | Ratio] = {
    "orders_90d": Window("orders_90d", T.INTEGER, Measure.COUNT, ("order.placed",), "buyer", "buyer", 90 * DAY_US),
    "items_90d": Window("items_90d", T.INTEGER, Measure.SUM, ("order.placed",), "buyer", "buyer", 90 * DAY_US, "items"),
    "spent_90d": Window("spent_90d", T.MONEY, Measure.SUM, ("order.placed",), "buyer", "buyer", 90 * DAY_US, "amount"),
    "usual_amount": Window(
        "usual_amount", T.MONEY_RATE, Measure.AVG, ("order.placed",), "buyer", "buyer", 90 * DAY_US, "amount"
    ),
    "usual_items": Window("usual_items", T.RATIONAL, Measure.AVG, ("order.placed",), "buyer", "buyer", DAY_US, "items"),
    "last_order": Window("last_order", T.TIMESTAMP, Measure.LAST_SEEN, ("order.placed",), "buyer", "buyer", DAY_US),
    "items_share": Ratio("items_share", T.RATIONAL, "items_90d", "orders_90d"),
    "spent_an_item": Ratio("spent_an_item", T.MONEY_RATE, "spent_90d", "items_90d"),
}
ZONES = ("America/New_York", "Asia/Shanghai", "Asia/Kolkata", "America/Santiago", "Africa/Casablanca", "UTC")
LISTS = {
    "trusted-buyers": frozenset({1, 2, INT64_MIN}),
    "odd-texts": frozenset({"", "a", "😀", "a'b"}),
    "empty": frozenset(),
}
_PAIRS = (T.RATIONAL, T.MONEY_RATE)


@cache
def literals(kind: Type) -> st.SearchStrategy[Expr]:
    """A constant of a type."""
    if kind in _PAIRS:
        numbers = st.one_of(st.integers(-12, 12), st.integers(INT64_MIN, INT64_MAX))
        return st.builds(
            lambda n, d: Literal(kind, (n, d)), numbers, st.one_of(st.integers(1, 10), st.integers(1, INT64_MAX))
        )
    return _VALUES[kind].map(lambda v: Literal(kind, v))  # type: ignore[arg-type]


def _leaves(kind: Type, *, earlier: bool) -> st.SearchStrategy[Expr]:
    fields = [EventField(t, n) for n, t in FIELDS.items() if t is kind and SHOP["order.placed"].field(n).indexed]  # type: ignore[union-attr]
    names: list[Expr] = [*fields]
    if kind is T.TIMESTAMP:
        names.append(Now(T.TIMESTAMP))
    if not earlier:
        names += [FeatureRef(f.type, n) for n, f in FEATURES.items() if f.type is kind]
        names += [ScoreRef(T.NUMBER, "fraud")] if kind is T.NUMBER else []
    some = literals(kind) if kind is not T.MONEY_RATE else st.nothing()
    return st.one_of(st.sampled_from(names), some) if names else some


@cache
def expressions(kind: Type, depth: int = 3, *, earlier: bool = False) -> st.SearchStrategy[Expr]:
    """A random checked expression of a type; with `earlier`, one that a window's `where` may be."""
    leaves = _leaves(kind, earlier=earlier)
    if depth <= 0:
        return leaves

    def sub(t: Type, less: int = 1) -> st.SearchStrategy[Expr]:
        return st.deferred(lambda: expressions(t, depth - less, earlier=earlier))

    options = [leaves]
    if kind is B:
        options += _conditions(sub, earlier=earlier) * 2
    elif kind in _PAIRS:
        options += _quotients(kind, sub)
    else:
        options += _calls(kind, sub)
        options.append(
            st.builds(
                lambda c, a, b: Case(kind, ((c, a),), b), sub(B), sub(kind), sub(kind) | st.just(Literal(kind, None))
            )
        )
    if kind in (T.INTEGER, T.MONEY, T.DURATION, T.TIMESTAMP):
        options += _arithmetic(kind, sub)
    return st.one_of(options)


def _conditions(sub, *, earlier: bool) -> list[st.SearchStrategy[Expr]]:  # type: ignore[no-untyped-def]
    operators = st.sampled_from(list(CompareOp))
    equal = st.sampled_from([CompareOp.EQ, CompareOp.NE])
    pairs = [(t, t) for t in (T.INTEGER, T.MONEY, T.TEXT, T.TIMESTAMP, T.DURATION, T.NUMBER, T.RATIONAL, T.MONEY_RATE)]
    pairs += [(T.INTEGER, T.RATIONAL), (T.MONEY, T.MONEY_RATE), (T.RATIONAL, T.INTEGER), (T.MONEY_RATE, T.MONEY)]
    whole = st.sampled_from([T.INTEGER, T.MONEY, T.TEXT, T.TIMESTAMP, T.KEY, B, T.NUMBER, T.DURATION])
    some = st.sampled_from([T.INTEGER, T.TEXT, B, T.RATIONAL, T.MONEY_RATE, T.TIMESTAMP])
    many = [
        st.sampled_from(pairs).flatmap(
            lambda p: st.builds(lambda o, a, b: Compare(B, o, a, b), operators, sub(p[0]), sub(p[1]))
        ),
        st.sampled_from([T.KEY, B]).flatmap(
            lambda t: st.builds(lambda o, a, b: Compare(B, o, a, b), equal, sub(t), sub(t))
        ),
        st.lists(sub(B), min_size=2, max_size=3).map(lambda i: And(B, tuple(i))),
        st.lists(sub(B), min_size=2, max_size=3).map(lambda i: Or(B, tuple(i))),
        sub(B).map(lambda i: Not(B, i)),
        some.flatmap(sub).flatmap(lambda i: st.booleans().map(lambda n: IsNull(B, i, n))),
        st.builds(lambda i, t, n: IsTruth(B, i, t, n), sub(B), st.booleans(), st.booleans()),
        whole.flatmap(lambda t: st.builds(lambda a, b, n: Distinct(B, a, b, n), sub(t), sub(t), st.booleans())),
        st.sampled_from([T.INTEGER, T.MONEY, T.TEXT, B]).flatmap(
            lambda t: st.builds(
                lambda i, v, n: InSet(B, i, tuple(v), n),
                sub(t), st.lists(_VALUES[t], min_size=1, max_size=4), st.booleans(),
            )
        ),
        *_calls(B, sub),
    ]  # fmt: skip
    if not earlier:
        many.append(sub(T.KEY).map(lambda i: InList(B, "trusted-buyers", i)))
        many.append(st.builds(lambda n, i: InList(B, n, i), st.sampled_from(["odd-texts", "empty"]), sub(T.TEXT)))
    return many


def _quotients(kind: Type, sub) -> list[st.SearchStrategy[Expr]]:  # type: ignore[no-untyped-def]
    factors = literals(T.INTEGER) | literals(T.RATIONAL)
    scaled = st.builds(
        lambda op, a, b: Arith(kind, op, a, b), st.sampled_from([ArithOp.MUL, ArithOp.DIV]), sub(kind), factors
    )
    parts = [(T.INTEGER, T.INTEGER), (T.MONEY, T.MONEY)] if kind is T.RATIONAL else [(T.MONEY, T.INTEGER)]
    divided = st.sampled_from(parts).flatmap(
        lambda p: st.builds(lambda a, b: Arith(kind, ArithOp.DIV, a, b), sub(p[0]), sub(p[1]))
    )
    whole = T.INTEGER if kind is T.RATIONAL else T.MONEY
    times = st.builds(lambda a, b: Arith(kind, ArithOp.MUL, a, b), sub(whole), literals(T.RATIONAL))
    chosen = st.builds(lambda c, a, b: Case(kind, ((c, a),), b), sub(B), sub(kind), sub(kind))
    return [scaled, divided, times, chosen]


def _arithmetic(kind: Type, sub) -> list[st.SearchStrategy[Expr]]:  # type: ignore[no-untyped-def]
    plus = st.sampled_from([ArithOp.ADD, ArithOp.SUB])
    if kind is T.TIMESTAMP:
        return [st.builds(lambda o, a, b: Arith(kind, o, a, b), plus, sub(kind), sub(T.DURATION))]
    many = [
        st.builds(lambda o, a, b: Arith(kind, o, a, b), plus, sub(kind), sub(kind)),
        st.builds(lambda a, b: Arith(kind, ArithOp.MUL, a, b), sub(kind), sub(T.INTEGER)),
        sub(kind).map(lambda i: Negate(kind, i)),
    ]
    if kind is T.DURATION:
        many.append(st.builds(lambda a, b: Arith(kind, ArithOp.SUB, a, b), sub(T.TIMESTAMP), sub(T.TIMESTAMP)))
    return many


def _calls(kind: Type, sub) -> list[st.SearchStrategy[Expr]]:  # type: ignore[no-untyped-def]
    found = []
    for function in FUNCTIONS.values():
        for signature in function.signatures:
            if signature.result is not kind:
                continue
            parameters = signature.parameters
            if signature.repeats and len(parameters) < MAX_ARGUMENTS:
                parameters = (*parameters, parameters[-1])
            args = [
                st.sampled_from(ZONES).map(lambda z: Literal(T.TEXT, z)) if i == function.zone_at else sub(t)
                for i, t in enumerate(parameters)
            ]
            found.append(
                st.tuples(*args).map(lambda a, name=function.name: Call(kind, name, tuple(a)))  # type: ignore[misc]
            )
    return [st.one_of(found)] if found else []


def rules(count: int) -> st.SearchStrategy[tuple[Rule, ...]]:
    """Rules with random conditions and effects."""
    actions = st.sampled_from(list(Action))
    one = st.builds(
        lambda when, then, unknown, listable: Rule("r", when, then, {}, listable=listable, unknown=unknown),
        expressions(B), actions, actions, st.booleans(),
    )  # fmt: skip
    return st.lists(one, min_size=count, max_size=count).map(tuple)


def policy(rules: tuple[Rule, ...] = (), features: dict[str, Window | Ratio] | None = None) -> Policy:
    """A policy over orders."""
    return Policy(
        "test", ("order.placed",), FEATURES if features is None else features, {"fraud": Score("fraud", "m")}, rules,
        "USD", {}, Action.REVIEW, 50, frozenset(FIELDS), (("trusted-buyers", "buyer"), ("odd-texts", "ship_country")),
    )  # fmt: skip


def values() -> st.SearchStrategy[dict[str, object]]:
    """What rules read of one event: fields, features, score and time, unknown at random."""
    named: dict[str, st.SearchStrategy[object]] = {n: st.none() | _VALUES[t] for n, t in FIELDS.items()}
    for name, feature in FEATURES.items():
        if isinstance(feature, Ratio):
            continue
        if feature.measure is Measure.AVG:
            named[name] = st.none() | st.tuples(WHOLE_NUMBERS, st.integers(1, 1000))
        elif feature.measure is Measure.COUNT:
            named[name] = st.none() | st.integers(0, 5) | st.integers(0, INT64_MAX)
        else:
            named[name] = st.none() | _VALUES[feature.type]
    named["fraud"] = st.none() | DOUBLES
    # The time of an event is one that a moment can hold.
    named["now"] = st.integers(START_US - 900 * DAY_US, START_US + 900 * DAY_US)
    return st.fixed_dictionaries(named)


_OVERS = (1_000_000, HOUR_US, DAY_US)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Events with ties within one microsecond, windows' exact edges, and unknown fields; by rising moment."""
    steps = st.sampled_from([1, 2, TIES, 7 * TIES, *(o * TIES for o in _OVERS), HOUR_US * TIES - 1, HOUR_US * TIES + 1])
    at = draw(st.sampled_from([START_US, -HOUR_US])) * TIES
    rows = []
    for _ in range(draw(st.integers(1, 14))):
        at += draw(steps)
        kind = SHOP[draw(st.sampled_from(["order.placed", "order.placed", "refund.requested", "payment.attempted"]))]
        fields: dict[str, object] = {}
        for field in kind.fields:
            if not field.indexed:
                continue
            if field.type is T.KEY:
                value = draw(st.none() | st.sampled_from([1, 1, 2, INT64_MIN]))
            elif field.type in (T.INTEGER, T.MONEY):
                value = draw(st.none() | st.sampled_from([0, 1, 5, 5, -5, INT64_MAX, INT64_MIN]))
            else:
                value = draw(st.none() | _VALUES[field.type])
            if value is not None:
                fields[field.name] = value
        rows.append(Row(at, kind.name, fields))
    return rows


@st.composite
def windows(draw: st.DrawFn, name: str) -> Window:
    """A random window; `match` may be another field of the same kind of entity."""
    measure = draw(st.sampled_from(list(Measure)))
    events = draw(
        st.sampled_from(
            [("order.placed",), ("order.placed",), ("refund.requested",), ("order.placed", "refund.requested"),
             ("payment.attempted",), ("order.placed", "payment.attempted", "refund.requested")]
        )
    )  # fmt: skip
    by, match = draw(
        st.sampled_from(
            [("buyer", "buyer"), ("buyer", "buyer"), ("seller", "seller"), ("card", "card"),
             ("billing_address", "address"), ("address", "billing_address")]
        )
    )  # fmt: skip
    kind, value = T.INTEGER, None
    match measure:
        case Measure.SUM | Measure.MIN | Measure.MAX | Measure.AVG:
            value = draw(st.sampled_from(["amount", "items"]))
            kind = T.MONEY if value == "amount" else T.INTEGER
            if measure is Measure.AVG:
                kind = T.MONEY_RATE if value == "amount" else T.RATIONAL
        case Measure.DISTINCT:
            value = draw(st.sampled_from(["seller", "amount", "ship_country", "card", "funding"]))
        case Measure.FIRST_SEEN | Measure.LAST_SEEN:
            kind = T.TIMESTAMP
    where = draw(st.none() | st.none() | expressions(B, 2, earlier=True))
    over = draw(st.sampled_from(_OVERS))
    return Window(name, kind, measure, events, by, match, over, value, where, draw(st.booleans()))

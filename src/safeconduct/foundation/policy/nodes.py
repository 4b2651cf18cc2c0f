"""The tree of a checked policy: our own kinds of node, and nothing else.

The front (`yaml_reader`, `expressions`, `checker`) turns an analyst's text into this tree or refuses it; the emitters
(`to_python`, `to_postgres`, `to_duckdb`) turn the tree into code. No text of an analyst ever reaches an engine: only
nodes do, with literals passed as values or quoted by the emitter. Every node is immutable and carries its checked type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from safeconduct.foundation.policy.types import Type


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of policy text stands: line and column count from 1, `end` is the column after its last letter."""

    line: int
    column: int
    end: int


# -- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression with its checked type. `span` does not count for equality: the same text elsewhere is equal."""

    type: Type
    span: Span | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A constant. MONEY, TIMESTAMP and DURATION are integers; RATIONAL is (numerator, denominator > 0), None NULL."""

    value: bool | int | float | str | tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class EventField(Expr):
    """A field of the event that is decided; in a feature's `where`, of the earlier event."""

    name: str


@dataclass(frozen=True, slots=True)
class FeatureRef(Expr):
    """The value of a feature of this policy."""

    name: str


@dataclass(frozen=True, slots=True)
class ScoreRef(Expr):
    """The value of a model's score; unknown where there is no model."""

    name: str


@dataclass(frozen=True, slots=True)
class Now(Expr):
    """The time of the decided event (TIMESTAMP, from its moment), in a `where` that of the earlier event."""


class CompareOp(StrEnum):
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare(Expr):
    """left OP right; unknown where a side is. RATIONAL and MONEY_RATE sides are multiplied out."""

    op: CompareOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Distinct(Expr):
    """left IS [NOT] DISTINCT FROM right: never unknown."""

    left: Expr
    right: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class And(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not(Expr):
    item: Expr


@dataclass(frozen=True, slots=True)
class IsNull(Expr):
    """item IS [NOT] NULL: never unknown."""

    item: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class IsTruth(Expr):
    """item IS [NOT] TRUE / FALSE: never unknown."""

    item: Expr
    truth: bool
    negated: bool


class ArithOp(StrEnum):
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"


@dataclass(frozen=True, slots=True)
class Arith(Expr):
    """left OP right in 64 bits; out of range is unknown. DIV yields RATIONAL or MONEY_RATE and is never carried out."""

    op: ArithOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Negate(Expr):
    item: Expr


@dataclass(frozen=True, slots=True)
class InSet(Expr):
    """item [NOT] IN (literals): texts, integers, or amounts. No NULL inside the set."""

    item: Expr
    values: tuple[int | str | bool, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InList(Expr):
    """in_list('name', item): membership of a text or key in an operator's list, as the list was at that moment."""

    list_name: str
    item: Expr


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """CASE WHEN … THEN … [ELSE …] END; branches share one type."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """One of the admitted functions (`functions.FUNCTIONS`) by its name there."""

    function: str
    args: tuple[Expr, ...]


# -- features, scores, rules ------------------------------------------------------------------------------------------


class Measure(StrEnum):
    """What a windowed feature computes over earlier events."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"


@dataclass(frozen=True, slots=True)
class Window:
    """A measure over the events of `event_types` whose field `match` equals the decided event's field `by`,
    within `over_us` microseconds before it: moment in [m − over, m), and the decided event itself only where
    `including_current`. An event without the key `by` leaves the feature unknown, except that nothing is invented:
    COUNT and DISTINCT of no rows are 0, the other measures of no rows are unknown.
    """

    name: str
    type: Type
    measure: Measure
    event_types: tuple[str, ...]
    by: str
    match: str
    over_us: int
    value: str | None = None
    where: Expr | None = None
    including_current: bool = False
    span: Span | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ratio:
    """numerator / denominator of two other features, as RATIONAL or MONEY_RATE; unknown where the denominator is 0."""

    name: str
    type: Type
    numerator: str
    denominator: str
    span: Span | None = field(default=None, compare=False, kw_only=True)


Feature = Window | Ratio


@dataclass(frozen=True, slots=True)
class Score:
    """A model's output (NUMBER in 0..1) under a name of this policy."""

    name: str
    model: str
    span: Span | None = field(default=None, compare=False, kw_only=True)


class Action(StrEnum):
    """What a decision says, in rising precedence."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}


class Disclosure(StrEnum):
    """How much of a reason its subject is told (never silence: a withheld reason still says that there is one)."""

    FULL = "full"
    CATEGORY = "category"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a reason sentence: fixed text, or the value of a name of this type (as a percentage: `percent`)."""

    text: str | None = None
    name: str | None = None
    type: Type | None = None
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """If `when` is true the rule fires with `then`; unknown is reported and handled as `unknown` says.

    ``because``: language code → sentence parts. ``listable``: an allow-list may override it. ``disclosure``: how much
    of the reason a seller or buyer is told. ``category``: the coarse reason shown where the exact one is withheld.
    """

    name: str
    when: Expr
    then: Action
    because: Mapping[str, tuple[Part, ...]]
    listable: bool = False
    unknown: Action = Action.ALLOW
    disclosure: Disclosure = Disclosure.CATEGORY
    category: str = "risk"
    teaches: str | None = None
    span: Span | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy.

    ``currency``: the reporting currency its MONEY is counted in (``in:``), None if it names no money.
    ``allow_list``: (list name, field) pairs whose membership overrides listable rules.
    ``budget_ms`` and ``on_failure``: how long a decision may take and the answer when the engine cannot give one.
    ``fields``: event fields that rules or windows read of the decided event. ``text``: the source, as published.
    """

    name: str
    event_types: tuple[str, ...]
    features: Mapping[str, Feature]
    scores: Mapping[str, Score]
    rules: tuple[Rule, ...]
    currency: str | None
    title: Mapping[str, str]
    on_failure: Action
    budget_ms: int
    fields: frozenset[str]
    allow_lists: tuple[tuple[str, str], ...] = ()
    text: str = field(default="", compare=False)

"""What a mapping file says about one value: where it comes from, what becomes of it. Pure data, evaluated over a body.

An expression has *candidates*: the values found, best first, or what was wrong with them. A field takes the first
candidate that converts; only when none does is the first complaint reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from safeconduct.connectors import convert
from safeconduct.connectors.conditions import Condition, Exists, Scope, holds
from safeconduct.connectors.paths import Path
from safeconduct.connectors.results import ConversionError, shown
from safeconduct.foundation.policy.catalogue import Field
from safeconduct.foundation.policy.types import Type


@dataclass(frozen=True, slots=True)
class Take:
    """The values at a path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Const:
    value: str | int | bool


@dataclass(frozen=True, slots=True)
class First:
    """The first alternative that gives a value."""

    alternatives: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Texts side by side, those that are missing left out; nothing at all where a needed one is missing."""

    parts: tuple[Expression, ...]
    separator: str
    all_needed: bool


@dataclass(frozen=True, slots=True)
class Convert:
    inner: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """Each text by a table. A text the table maps to nothing says nothing; one it does not know becomes
    ``otherwise`` ("" for nothing), and is a complaint where that is None."""

    inner: Expression
    table: Mapping[str, str | bool | int | None]
    otherwise: str | bool | int | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The text, replaced by what an option's own table (such as ``sellers``) says for it, if it does."""

    inner: Expression
    table: Path


@dataclass(frozen=True, slots=True)
class Prefix:
    inner: Expression
    prefix: str


@dataclass(frozen=True, slots=True)
class When:
    inner: Expression
    condition: Condition


@dataclass(frozen=True, slots=True)
class Amount:
    """Money. ``decimal``: written in whole units, else an integer of the smallest. ``total``: all values are added.
    ``times``: of how many, ``minus``: less another, which may be an amount of its own."""

    amount: Expression
    currency: Expression
    minus: Expression | None
    times: Expression | None
    decimal: bool
    total: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of whole numbers."""

    path: Path


@dataclass(frozen=True, slots=True)
class Only:
    """The text that all values at a path agree on; nothing where they differ."""

    path: Path


@dataclass(frozen=True, slots=True)
class Flags:
    """Over true and false values: whether any is true, or (``none``) whether none is. No value, no answer."""

    path: Path
    none: bool


@dataclass(frozen=True, slots=True)
class Present:
    """Whether something is there (or, ``missing``, is not)."""

    path: Path
    missing: bool


@dataclass(frozen=True, slots=True)
class Same:
    """Whether two texts are equal but for case and spaces. One of them missing, no answer."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Card:
    """A key for a card of the parts that are shown: brand, bin, number (masked), month, year."""

    parts: tuple[Expression, ...]


Expression = (
    Take | Const | First | Join | Convert | Table | Lookup | Prefix | When | Amount | Sum
    | Only | Flags | Present | Same | Card
)  # fmt: skip
Candidate = object


def candidates(expression: Expression, scope: Scope) -> Iterator[Candidate]:
    """The values of an expression, best first; a ConversionError among them stands for a value that failed."""
    match expression:
        case Take(path):
            yield from path.values(scope.roots)
        case Const(value):
            yield value
        case First(alternatives):
            for alternative in alternatives:
                yield from candidates(alternative, scope)
        case When(inner, condition):
            if holds(condition, scope):
                yield from candidates(inner, scope)
        case Convert(inner, name):
            yield from _each(inner, scope, convert.CONVERSIONS[name][0])
        case Table(inner, table, otherwise):
            yield from _each(inner, scope, lambda value: _from_table(value, table, otherwise))
        case Lookup(inner, path):
            tables = [table for table in path.values(scope.roots) if isinstance(table, Mapping)]
            yield from _each(inner, scope, lambda value: _replaced(value, tables))
        case Prefix(inner, prefix):
            yield from _each(inner, scope, lambda value: _prefixed(convert.text(value), prefix))
        case _:
            try:
                computed = _computed(expression, scope)
            except ConversionError as error:
                yield error
            else:
                if computed is not None:
                    yield computed


def _each(inner: Expression, scope: Scope, change: Callable[[object], object]) -> Iterator[Candidate]:
    for value in candidates(inner, scope):
        if isinstance(value, ConversionError):
            yield value
            continue
        try:
            changed = change(value)
        except ConversionError as error:
            yield error
        else:
            if changed is not None:
                yield changed


def _from_table(value: object, table: Mapping[str, str | bool | int | None], otherwise: object) -> object:
    word = convert.text(value)
    if word is None or word in table:
        return None if word is None else table[word]
    if otherwise is not None:
        return None if otherwise == "" else otherwise
    raise ConversionError(f"{shown(word)} is not among the words this mapping knows")


def _prefixed(word: str | None, prefix: str) -> str | None:
    return None if word is None else f"{prefix}{word}"


def _replaced(value: object, tables: list[Mapping[str, object]]) -> object:
    word = convert.text(value)
    return next((table[word] for table in tables if word in table), word) if word else None


def _computed(
    expression: Join | Amount | Sum | Only | Flags | Present | Same | Card, scope: Scope
) -> str | int | bool | dict[str, object] | None:
    match expression:
        case Join(parts, separator, all_needed):
            words = [one(part, scope, convert.text) for part in parts]
            if all_needed and None in words:
                return None
            return separator.join(str(word) for word in words if word is not None) or None
        case Amount():
            return _amount(expression, scope)
        case Sum(path):
            numbers = [convert.integer(value) for value in path.values(scope.roots)]
            return convert.integer(sum(n for n in numbers if n is not None)) if numbers else None
        case Only(path):
            agreed = {convert.text(value) for value in path.values(scope.roots)} - {None}
            return agreed.pop() if len(agreed) == 1 else None
        case Flags(path, none):
            flags = [flag for value in path.values(scope.roots) if (flag := convert.boolean(value)) is not None]
            return any(flags) is not none if flags else None
        case Present(path, missing):
            return holds(Exists(path), scope) is not missing
        case Same(left, right):
            words = [one(side, scope, convert.text) for side in (left, right)]
            texts = [" ".join(str(word).casefold().split()) for word in words if word is not None]
            return texts[0] == texts[1] if len(texts) == 2 else None
        case Card(parts):
            return convert.card_key(*(one(part, scope, convert.text) for part in parts))
    assert_never(expression)


def _amount(expression: Amount, scope: Scope) -> dict[str, object] | None:
    currency = one(expression.currency, scope, convert.currency_code)

    def money(value: object) -> dict[str, object] | None:
        if convert.text(value) is None:
            return None
        if currency is None:
            raise ConversionError("there is an amount, and no currency with it")
        if expression.decimal:
            return convert.money_decimal(value, str(currency), scope.mark)
        return convert.money_minor(value, str(currency), scope.exponents)

    if expression.total:
        parts = [money(_or_raise(value)) for value in candidates(expression.amount, scope)]
        minors = [part["minor"] for part in parts if part is not None]
        if not minors:
            return None
        return {"minor": convert.integer(sum(m for m in minors if isinstance(m, int))), "currency": currency}
    result = one(expression.amount, scope, money)
    if isinstance(result, dict) and expression.times is not None:
        count = one(expression.times, scope, convert.integer)
        result = {"minor": result["minor"] * count, "currency": currency} if isinstance(count, int) else result
    if isinstance(result, dict) and expression.minus is not None:
        less = one(expression.minus, scope, lambda value: value if _is_money(value) else money(value))
        if isinstance(less, dict):
            return {"minor": result["minor"] - less["minor"], "currency": currency}
    return result if isinstance(result, dict) else None


def _is_money(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"minor", "currency"}


def _or_raise(value: Candidate) -> object:
    if isinstance(value, ConversionError):
        raise value
    return value


def one(expression: Expression | None, scope: Scope, finish: Callable[[object], object]) -> object:
    """The first candidate that `finish` accepts, finished; None where there is none.

    Raises the first ConversionError where there were values and none could be used.
    """
    complaint: ConversionError | None = None
    for value in candidates(expression, scope) if expression is not None else ():
        try:
            finished = finish(_or_raise(value))
        except ConversionError as error:
            complaint = complaint or error
        else:
            if finished is not None:
                return finished
    if complaint is not None:
        raise complaint
    return None


def for_field(field: Field) -> Callable[[object], object]:
    """What a value must become to stand in this field of the catalogue."""
    match field.type:
        case Type.INTEGER:
            return convert.integer
        case Type.BOOLEAN:
            return convert.boolean
        case Type.TIMESTAMP:
            return convert.time_field
        case Type.MONEY:
            return money_value
        case Type.NUMBER:
            return convert.number
        case _:
            return lambda value: _chosen(convert.text(value), field)


def _chosen(word: str | None, field: Field) -> str | None:
    if word is not None and field.choices and word not in field.choices:
        raise ConversionError(f"{shown(word)} is none of {', '.join(field.choices)}")
    return word


def money_value(value: object) -> dict[str, object] | None:
    """Money as it stands in an event: an object of ``minor``, an integer, and ``currency``."""
    if not isinstance(value, Mapping) or not isinstance(value.get("minor"), int) or isinstance(value["minor"], bool):
        raise ConversionError('an amount is written {"minor": 1230, "currency": "USD"}')
    return {"minor": convert.integer(value["minor"]), "currency": _currency_needed(value.get("currency"))}


def _currency_needed(value: object) -> str:
    code = convert.currency_code(value)
    if code is None:
        raise ConversionError("there is an amount, and no currency with it")
    return code


def kind(expression: Expression) -> Type | None:
    """The type an expression always gives, or None where that depends on the body."""
    match expression:
        case Convert(_, name):
            return convert.CONVERSIONS[name][1]
        case Const(value):
            return Type.BOOLEAN if isinstance(value, bool) else Type.INTEGER if isinstance(value, int) else Type.TEXT
        case Amount():
            return Type.MONEY
        case Sum():
            return Type.INTEGER
        case Flags() | Present() | Same():
            return Type.BOOLEAN
        case Join() | Prefix() | Card() | Only():
            return Type.TEXT
        case When(inner, _):
            return kind(inner)
        case First(alternatives):
            kinds = {kind(alternative) for alternative in alternatives}
            return kinds.pop() if len(kinds) == 1 else None
        case _:
            return None

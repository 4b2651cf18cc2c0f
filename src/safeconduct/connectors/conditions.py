"""Where the paths of a mapping look, and the conditions it puts on what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from safeconduct.connectors import convert
from safeconduct.connectors.paths import Path
from safeconduct.connectors.results import ConversionError


@dataclass(frozen=True, slots=True)
class Scope:
    """Where paths look: the roots by name, and the source's way of writing amounts."""

    roots: Mapping[str, object]
    exponents: Mapping[str, int]
    mark: str = "."

    def plus(self, **roots: object) -> Scope:
        return Scope({**self.roots, **roots}, self.exponents, self.mark)


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value that is neither null nor empty. ``bare``: the place is there, be it null."""

    path: Path
    bare: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value at the path is one of these texts."""

    path: Path
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnlyKeys:
    """The body's object at the path has exactly these keys."""

    path: Path
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


Condition = Exists | OneOf | OnlyKeys | Not | AllOf | AnyOf


def holds(condition: Condition | None, scope: Scope) -> bool:
    """Whether a condition holds; no condition always does."""
    match condition:
        case None:
            return True
        case Exists(path, bare):
            if bare:
                return path.present(scope.roots)
            return any(value not in ("", [], {}) for value in path.values(scope.roots))
        case OneOf(path, values):
            return any(_word(value) in values for value in path.values(scope.roots))
        case OnlyKeys(path, keys):
            return any(isinstance(value, Mapping) and set(value) == keys for value in path.values(scope.roots))
        case Not(inner):
            return not holds(inner, scope)
        case AllOf(parts):
            return all(holds(part, scope) for part in parts)
        case AnyOf(parts):
            return any(holds(part, scope) for part in parts)
    assert_never(condition)


def _word(value: object) -> str | None:
    try:
        return convert.text(value)
    except ConversionError:
        return None

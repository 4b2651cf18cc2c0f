"""A condition as it was written, before names and types are known: what `expressions` reads and `checker` judges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """A piece of a condition as it was written, before names and types are known. Offsets are the policy file's."""

    start: int
    end: int
    depth: int

    @property
    def at(self) -> tuple[int, int]:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class NameSyntax(Syntax):
    name: str


@dataclass(frozen=True, slots=True)
class NumberSyntax(Syntax):
    digits: str


@dataclass(frozen=True, slots=True)
class TextSyntax(Syntax):
    value: str


@dataclass(frozen=True, slots=True)
class WordSyntax(Syntax):
    """TRUE, FALSE or NULL."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class IntervalSyntax(Syntax):
    value: str


@dataclass(frozen=True, slots=True)
class CallSyntax(Syntax):
    name: str
    name_end: int
    args: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class SignSyntax(Syntax):
    """-item; a plus sign leaves no trace."""

    item: Syntax


@dataclass(frozen=True, slots=True)
class NotSyntax(Syntax):
    item: Syntax


@dataclass(frozen=True, slots=True)
class BinarySyntax(Syntax):
    """Arithmetic or comparison; `sign_at` is where the operator stands."""

    operator: str
    sign_at: tuple[int, int]
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class LogicSyntax(Syntax):
    """Two or more conditions joined by AND or by OR."""

    conjunction: bool
    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class IsSyntax(Syntax):
    """item IS [NOT] NULL | TRUE | FALSE."""

    item: Syntax
    value: bool | None
    negated: bool


@dataclass(frozen=True, slots=True)
class DistinctSyntax(Syntax):
    left: Syntax
    right: Syntax
    negated: bool


@dataclass(frozen=True, slots=True)
class BetweenSyntax(Syntax):
    item: Syntax
    low: Syntax
    high: Syntax
    negated: bool


@dataclass(frozen=True, slots=True)
class InSyntax(Syntax):
    item: Syntax
    values: tuple[Syntax, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class CaseSyntax(Syntax):
    branches: tuple[tuple[Syntax, Syntax], ...]
    otherwise: Syntax | None

"""What a condition may speak of, and the values it writes out: numbers, amounts, times and lengths of time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from safeconduct.foundation.moments import micros
from safeconduct.foundation.policy.amounts import read_amount
from safeconduct.foundation.policy.catalogue import Field
from safeconduct.foundation.policy.diagnostics import Findings
from safeconduct.foundation.policy.durations import read_duration_us
from safeconduct.foundation.policy.functions import SPECIAL_FORMS
from safeconduct.foundation.policy.nodes import Expr, Literal, Span
from safeconduct.foundation.policy.syntax import CallSyntax, IntervalSyntax, Syntax, TextSyntax
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type

At = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may speak of.

    ``names``: name → (its node without a span, its catalogue field if it is one). ``refused``: names that exist but
    must not be used here, with the reason. ``currency``: that of `in:`. ``lists``: the operator's lists where they are
    known. ``what``: how the place is called in messages. ``broken``: names whose own definition was refused already.
    """

    names: Mapping[str, tuple[Expr, Field | None]]
    currency: str | None
    what: str
    refused: Mapping[str, str]
    lists: Collection[str] | None = None
    may_ask_lists: bool = True
    broken: Collection[str] = ()


class Stop(Exception):
    """This sub-expression has no type; why has been reported."""


class LiteralReader:
    """Reads what is written out into literals, or reports why not and raises Stop."""

    def __init__(self, scope: Scope, findings: Findings) -> None:
        self.scope = scope
        self.findings = findings
        self.failed = False

    def error(self, at: At, code: str, message: str, hint: str | None = None) -> None:
        self.failed = True
        self.findings.error(at, code, message, hint)

    def stop(self, at: At, code: str, message: str, hint: str | None = None) -> Stop:
        self.error(at, code, message, hint)
        return Stop()

    def span(self, at: At) -> Span:
        return self.findings.source.span(*at)

    def number(self, s: Syntax, digits: str, sign: int = 1) -> Literal:
        whole, _, fraction = digits.partition(".")
        if len(whole.lstrip("0")) + len(fraction.rstrip("0")) > 19 or not INT64_MIN <= sign * int(whole) <= INT64_MAX:
            what = "has too many digits" if fraction else "is too large"
            raise self.stop(s.at, "number", f"this number {what}", "numbers have at most 64 bits")
        if not fraction:
            return Literal(Type.INTEGER, sign * int(whole), span=self.span(s.at))
        value = Fraction(sign * int(whole + fraction), 10 ** len(fraction))
        if not INT64_MIN <= value.numerator <= INT64_MAX or value.denominator > INT64_MAX:
            raise self.stop(s.at, "number", "this number has too many digits", "numbers have at most 64 bits")
        return Literal(Type.RATIONAL, (value.numerator, value.denominator), span=self.span(s.at))

    def duration(self, s: IntervalSyntax) -> Expr:
        try:
            return Literal(Type.DURATION, read_duration_us(s.value), span=self.span(s.at))
        except ValueError as error:
            raise self.stop(s.at, "interval", str(error)) from None

    def literal_argument(self, s: CallSyntax, count: int) -> str:
        """The first argument, which must be a text that is written out, of `count` in all."""
        form, meaning = SPECIAL_FORMS[s.name]
        if len(s.args) != count or not isinstance(s.args[0], TextSyntax):
            raise self.stop(s.at, "arguments", f"{s.name}() is not written like this", f"write {form}: {meaning}")
        return s.args[0].value

    def money(self, s: CallSyntax) -> Expr:
        text = self.literal_argument(s, 1)
        try:
            minor, currency = read_amount(text)
        except ValueError as error:
            raise self.stop(s.args[0].at, "amount", str(error)) from None
        if self.scope.currency is None:
            raise self.stop(
                s.at, "currency", "the policy names an amount but not the currency it counts in",
                f"add `in: {currency}` to the policy; every amount is then counted in {currency}",
            )  # fmt: skip
        if currency != self.scope.currency:
            raise self.stop(
                s.args[0].at, "currency", f"this amount is in {currency}, the policy counts in {self.scope.currency}",
                f"write the amount in {self.scope.currency}",
            )  # fmt: skip
        return Literal(Type.MONEY, minor, span=self.span(s.at))

    def timestamp(self, s: CallSyntax) -> Expr:
        text = self.literal_argument(s, 1)
        advice = "write it like '2026-11-27T00:00:00Z', with its offset"
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None or "T" not in text:
                raise ValueError
            return Literal(Type.TIMESTAMP, micros(at), span=self.span(s.at))
        except (ValueError, OverflowError):
            raise self.stop(s.args[0].at, "timestamp", "this is not a point in time", advice) from None

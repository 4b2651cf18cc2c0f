"""The type checker of conditions: from syntax to the checked tree of `nodes`, or to diagnostics.

Every node gets one type of the closed tower. What is not allowed here by name is refused: there is no fallback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from difflib import get_close_matches

from safeconduct.foundation.policy import arithmetic
from safeconduct.foundation.policy.diagnostics import Findings, choices, suggest, too_long
from safeconduct.foundation.policy.expressions import parse
from safeconduct.foundation.policy.functions import FUNCTIONS
from safeconduct.foundation.policy.literals import At, LiteralReader, Scope, Stop
from safeconduct.foundation.policy.nodes import (
    And,
    ArithOp,
    Call,
    Case,
    Compare,
    CompareOp,
    Distinct,
    EventField,
    Expr,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Negate,
    Not,
    Now,
    Or,
)
from safeconduct.foundation.policy.refusals import (
    as_condition,
    compare_advice,
    fits,
    function_advice,
    mismatch,
    shapes_text,
    with_article,
)
from safeconduct.foundation.policy.syntax import (
    BetweenSyntax,
    BinarySyntax,
    CallSyntax,
    CaseSyntax,
    DistinctSyntax,
    InSyntax,
    IntervalSyntax,
    IsSyntax,
    LogicSyntax,
    NameSyntax,
    NotSyntax,
    NumberSyntax,
    SignSyntax,
    Syntax,
    TextSyntax,
    WordSyntax,
)
from safeconduct.foundation.policy.tokens import ExpressionError
from safeconduct.foundation.policy.types import INT64_MIN, PAIRS, Type
from safeconduct.foundation.policy.yaml_reader import Scalar
from safeconduct.foundation.policy.zones import zone_names

_LIST_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ORDERED = frozenset({Type.INTEGER, Type.MONEY, Type.TEXT, Type.TIMESTAMP, Type.DURATION, Type.NUMBER,
                      Type.RATIONAL, Type.MONEY_RATE})  # fmt: skip


def check_condition(text: Scalar, scope: Scope, findings: Findings) -> Expr | None:
    """The checked tree of a boolean condition, or None after reporting what is wrong. Never raises for any text."""
    checker = _Checker(scope, findings)
    try:
        syntax = parse(text)
    except ExpressionError as error:
        findings.error(error.at, error.code, error.message, error.hint)
        return None
    try:
        found = checker.check(syntax)
    except Stop:
        return None
    if found.type is not Type.BOOLEAN:
        checker.error(
            syntax.at,
            "type",
            f"a condition must be true or false, this is {with_article(found.type)}",
            as_condition(found.type),
        )
        return None
    return None if checker.failed else found


class _Checker(LiteralReader):
    def check(self, s: Syntax) -> Expr:
        """The node of any expression. Raises Stop after reporting."""
        match s:
            case NameSyntax():
                return self.name(s)
            case NumberSyntax():
                return self.number(s, s.digits)
            case TextSyntax():
                return Literal(Type.TEXT, s.value, span=self.span(s.at))
            case WordSyntax(value=None):
                raise self.stop(
                    s.at, "null", "NULL alone has no type", "write x IS NULL; for an unknown result leave ELSE out"
                )
            case WordSyntax():
                return Literal(Type.BOOLEAN, s.value, span=self.span(s.at))
            case IntervalSyntax():
                return self.duration(s)
            case SignSyntax():
                return self.negative(s)
            case BinarySyntax():
                return self.comparison(s) if s.operator not in "+-*/" else self.arithmetic(s)
            case CallSyntax():
                return self.call(s)
        return self.logic(s)

    def logic(self, s: Syntax) -> Expr:
        at = self.span(s.at)
        match s:
            case NotSyntax():
                return Not(Type.BOOLEAN, self.boolean(s.item, "NOT"), span=at)
            case LogicSyntax():
                word = "AND" if s.conjunction else "OR"
                items = tuple(self.all([lambda i=i: self.boolean(i, word) for i in s.items]))  # type: ignore[misc]
                return And(Type.BOOLEAN, items, span=at) if s.conjunction else Or(Type.BOOLEAN, items, span=at)
            case IsSyntax(value=None):
                return IsNull(Type.BOOLEAN, self.check(s.item), s.negated, span=at)
            case IsSyntax():
                truth = "TRUE" if s.value else "FALSE"
                return IsTruth(Type.BOOLEAN, self.boolean(s.item, f"IS {truth}"), bool(s.value), s.negated, span=at)
            case DistinctSyntax():
                left, right = self.all([lambda: self.check(s.left), lambda: self.check(s.right)])
                left, right = self.comparable(left, right, s.left, s.right, s.at)
                if left.type in PAIRS or right.type in PAIRS:
                    raise self.stop(s.at, "type", "IS DISTINCT FROM does not take quotients", "compare with = or <>")
                return Distinct(Type.BOOLEAN, left, right, s.negated, span=at)
            case BetweenSyntax():
                return self.between(s)
            case InSyntax():
                return self.in_set(s)
            case CaseSyntax():
                return self.case(s)
        raise AssertionError(type(s))

    def all(self, parts: Iterable[Callable[[], Expr]]) -> list[Expr]:
        """Checks each part, so that one run reports the mistakes of all of them; then stops if there were any."""
        found: list[Expr] = []
        broken = False
        for part in parts:
            try:
                found.append(part())
            except Stop:
                broken = True
        if broken:
            raise Stop
        return found

    def boolean(self, s: Syntax, word: str) -> Expr:
        found = self.check(s)
        if found.type is not Type.BOOLEAN:
            raise self.stop(
                s.at, "type", f"{word} needs a condition, this is {with_article(found.type)}", as_condition(found.type)
            )
        return found

    # -- leaves -------------------------------------------------------------------------------------------------------

    def name(self, s: NameSyntax) -> Expr:
        known = self.scope.names.get(s.name)
        if known is not None:
            if known[0].type in (Type.MONEY, Type.MONEY_RATE) and self.scope.currency is None:
                raise self.stop(
                    s.at, "currency", f"`{s.name}` is money, and the policy does not say which currency it counts in",
                    "add `in: USD` (or your reporting currency) to the policy",
                )  # fmt: skip
            return replace(known[0], span=self.span(s.at))
        if s.name in self.scope.broken:
            self.failed = True
            raise Stop
        if s.name in self.scope.refused:
            raise self.stop(
                s.at, "unusable", f"`{s.name}` cannot be used in {self.scope.what}", self.scope.refused[s.name]
            )
        hint = suggest(s.name, self.scope.names)
        if hint is None and s.name.lower() in FUNCTIONS:
            hint = f"{s.name.lower()} is a function; write {s.name.lower()}(…)"
        if hint is None:
            own = [name for name, (node, _) in self.scope.names.items() if not isinstance(node, EventField)]
            known_here = choices(self.scope.names, first=own)
            hint = f"known here: {known_here}" if self.scope.names else "no name is known here"
        raise self.stop(s.at, "unknown-name", f"`{s.name}` is not known in {self.scope.what}", hint)

    def negative(self, s: SignSyntax) -> Expr:
        if isinstance(s.item, NumberSyntax):
            return self.number(s, s.item.digits, -1)
        item = self.check(s.item)
        if item.type not in (Type.INTEGER, Type.MONEY, Type.DURATION):
            raise self.stop(s.at, "type", f"a sign needs a number, this is {with_article(item.type)}", None)
        if isinstance(item, Literal) and isinstance(item.value, int) and item.value != INT64_MIN:
            return Literal(item.type, -item.value, span=self.span(s.at))
        return Negate(item.type, item, span=self.span(s.at))

    # -- operators ----------------------------------------------------------------------------------------------------

    def arithmetic(self, s: BinarySyntax) -> Expr:
        left, right = self.all([lambda: self.check(s.left), lambda: self.check(s.right)])
        op = ArithOp(s.operator)
        try:
            return arithmetic.combine(op, left, right, self.span(s.at))
        except arithmetic.NotComputable as error:
            raise self.stop(s.at, "type", error.message, error.hint) from None

    def comparison(self, s: BinarySyntax) -> Expr:
        for side in (s.left, s.right):
            if isinstance(side, WordSyntax) and side.value is None:
                verb = "IS NOT NULL" if s.operator == "<>" else "IS NULL"
                raise self.stop(s.at, "null", "a comparison with NULL is always unknown", f"write {verb}")
        left, right = self.all([lambda: self.check(s.left), lambda: self.check(s.right)])
        return self.compare(CompareOp(s.operator), left, right, s.left, s.right, s.at)

    def compare(self, op: CompareOp, left: Expr, right: Expr, ls: Syntax, rs: Syntax, at: At) -> Expr:
        left, right = self.comparable(left, right, ls, rs, at)
        if op not in (CompareOp.EQ, CompareOp.NE) and not {left.type, right.type} <= _ORDERED:
            raise self.stop(at, "type", f"{op.value} does not order {left.type.value} values", "use = or <>")
        return Compare(Type.BOOLEAN, op, left, right, span=self.span(at))

    def comparable(self, left: Expr, right: Expr, ls: Syntax, rs: Syntax, at: At) -> tuple[Expr, Expr]:
        """Both sides in comparable types: a number literal beside a NUMBER becomes one. Raises Stop."""
        left, right = arithmetic.as_number(left, right), arithmetic.as_number(right, left)
        if not arithmetic.can_compare(left.type, right.type):
            advice = compare_advice(left, right, self.scope.currency) or compare_advice(
                right, left, self.scope.currency
            )
            raise self.stop(
                at, "type", f"{with_article(left.type)} cannot be compared with {with_article(right.type)}", advice
            )
        if left.type is Type.KEY:
            self.same_entity(left, right, at)
        if left.type is Type.TEXT:
            self.known_choice(left, right, rs)
            self.known_choice(right, left, ls)
        return left, right

    def entity(self, node: Expr) -> str | None:
        match node:
            case EventField():
                known = self.scope.names.get(node.name)
                return known[1].entity if known and known[1] else None
            case Call():
                return next((e for e in map(self.entity, node.args) if e), None)
            case Case():
                results = [b[1] for b in node.branches] + [node.otherwise]
                return next((e for e in map(self.entity, results) if e), None)
        return None

    def same_entity(self, left: Expr, right: Expr, at: At) -> None:
        kinds = self.entity(left), self.entity(right)
        if None not in kinds and kinds[0] != kinds[1]:
            raise self.stop(
                at, "type", f"a key of one kind ({kinds[0]}) never equals one of another ({kinds[1]})",
                "compare keys of one kind",
            )  # fmt: skip

    def known_choice(self, left: Expr, right: Expr, rs: Syntax) -> None:
        """A text literal beside a field with a closed set of texts must be one of them."""
        if not (isinstance(left, EventField) and isinstance(right, Literal)):
            return
        field = self.scope.names[left.name][1]
        if field is None or not field.choices or right.value is None or right.value in field.choices:
            return
        near = get_close_matches(str(right.value), field.choices, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "it is one of " + ", ".join(f"'{c}'" for c in field.choices)
        self.error(rs.at, "choice", f"`{left.name}` is never '{right.value}'", hint)

    def between(self, s: BetweenSyntax) -> Expr:
        item, low, high = self.all([lambda: self.check(s.item), lambda: self.check(s.low), lambda: self.check(s.high)])
        above = self.compare(CompareOp.GE, item, low, s.item, s.low, s.at)
        below = self.compare(CompareOp.LE, item, high, s.item, s.high, s.at)
        inside = And(Type.BOOLEAN, (above, below), span=self.span(s.at))
        return Not(Type.BOOLEAN, inside, span=self.span(s.at)) if s.negated else inside

    def in_set(self, s: InSyntax) -> Expr:
        item = self.check(s.item)
        if item.type not in (Type.INTEGER, Type.TEXT, Type.MONEY):
            hint = "ask in_list('name', key)" if item.type is Type.KEY else "compare it with =, or with BETWEEN"
            raise self.stop(
                s.item.at, "type", f"IN takes texts, integers and amounts, not {with_article(item.type)}", hint
            )
        values: list[int | str | bool] = []
        for value, written in zip(self.all([lambda v=v: self.check(v) for v in s.values]), s.values, strict=True):  # type: ignore[misc]
            if not isinstance(value, Literal):
                raise self.stop(
                    written.at, "type", "a set holds values that are written out", "join comparisons with OR"
                )
            _, value = self.comparable(item, value, s.item, written, written.at)
            if value.type is not item.type:
                raise self.stop(
                    written.at, "type", f"this is {with_article(value.type)}, the set is of {item.type.value} values"
                )
            assert isinstance(value, Literal) and isinstance(value.value, int | str)
            if value.value in values:
                self.findings.warning(written.at, "repeated", "this value stands twice in the set", "remove one")
            else:
                values.append(value.value)
        return InSet(Type.BOOLEAN, item, tuple(values), s.negated, span=self.span(s.at))

    def case(self, s: CaseSyntax) -> Expr:
        conditions = self.all([lambda c=c: self.boolean(c, "WHEN") for c, _ in s.branches])  # type: ignore[misc]
        written = [r for _, r in s.branches]
        last = s.otherwise
        if last is not None and not (isinstance(last, WordSyntax) and last.value is None):
            written.append(last)
        results = self.all([lambda r=r: self.check(r) for r in written])  # type: ignore[misc]
        kind = results[0].type
        for result, syntax in zip(results, written, strict=True):
            if result.type is not kind:
                raise self.stop(
                    syntax.at, "type", f"this branch is {with_article(result.type)}, the first is {with_article(kind)}"
                )
            if kind in PAIRS:
                raise self.stop(syntax.at, "type", "CASE does not yield quotients", "compare inside of the branches")
            if kind is Type.KEY:
                self.same_entity(results[0], result, syntax.at)
        otherwise = results[-1] if len(results) > len(s.branches) else Literal(kind, None, span=self.span(s.at))
        branches = tuple(zip(conditions, results[: len(s.branches)], strict=True))
        return Case(kind, branches, otherwise, span=self.span(s.at))

    # -- functions ----------------------------------------------------------------------------------------------------

    def call(self, s: CallSyntax) -> Expr:
        name_at = (s.start, s.name_end)
        match s.name:
            case "now":
                if s.args:
                    raise self.stop(s.args[0].at, "arguments", "now() takes no arguments")
                return Now(Type.TIMESTAMP, span=self.span(s.at))
            case "money":
                return self.money(s)
            case "timestamp":
                return self.timestamp(s)
            case "in_list":
                return self.in_list(s)
        function = FUNCTIONS.get(s.name)
        if function is None:
            raise self.stop(name_at, "unknown-function", f"there is no function `{s.name}`", function_advice(s.name))
        args = self.all([lambda a=a: self.check(a) for a in s.args])  # type: ignore[misc]
        args = arithmetic.literals_as(args)
        signature = next((g for g in function.signatures if fits(g, [a.type for a in args])), None)
        if signature is None:
            raise self.stop(s.at, "arguments", mismatch(function, args), "it takes " + shapes_text(function))
        if function.zone_at is not None and len(args) > function.zone_at:
            self.zone(args[function.zone_at], s.args[function.zone_at])
        if any(a.type is Type.KEY for a in args):
            for arg in args[1:]:
                self.same_entity(args[0], arg, s.at)
        return Call(signature.result, s.name, tuple(args), span=self.span(s.at))

    def in_list(self, s: CallSyntax) -> Expr:
        name = self.literal_argument(s, 2)
        if not self.scope.may_ask_lists:
            raise self.stop(
                s.at, "unusable", f"lists cannot be asked in {self.scope.what}", "ask the list in the rule's `when`"
            )
        check_list_name(name, s.args[0].at, self.scope.lists, self.error)
        item = self.check(s.args[1])
        if item.type not in (Type.TEXT, Type.KEY):
            raise self.stop(s.args[1].at, "type", f"lists hold texts and keys, not {with_article(item.type)}")
        return InList(Type.BOOLEAN, name, item, span=self.span(s.at))

    def zone(self, node: Expr, s: Syntax) -> None:
        if not isinstance(node, Literal) or not isinstance(node.value, str):
            raise self.stop(s.at, "zone", "a time zone must be written out", "for example 'Asia/Shanghai'")
        if node.value not in zone_names():
            near = get_close_matches(node.value, sorted(zone_names()), n=1, cutoff=0.6)
            hint = f"did you mean '{near[0]}'?" if near else "write an IANA name such as 'Asia/Shanghai'"
            raise self.stop(s.at, "zone", f"`{node.value[:40]}` is not a time zone", hint)


def check_list_name(name: str, at: At, lists: Collection[str] | None, error: Callable[..., None]) -> None:
    """Reports a list's name that is malformed or, where the operator's lists are known, not one of them."""
    if not _LIST_NAME.fullmatch(name):
        hint = too_long(name) or "names consist of a to z, 0 to 9 and -"
        error(at, "list", f"`{name[:40]}` is not a list's name", hint)
    elif lists is not None and name not in lists:
        hint = suggest(name, lists) or ("there is " + choices(lists) if lists else "create the list first")
        error(at, "list", f"there is no list `{name}`", hint)

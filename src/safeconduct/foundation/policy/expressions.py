"""The grammar of conditions: SQL expressions with PostgreSQL's precedence, and nothing else of SQL.

Precedence, from loosest: OR, AND, NOT, IS, comparison, BETWEEN and IN, + and -, * and /, sign. Comparison, BETWEEN,
IN and IS do not chain. Tests hold that sqlglot, in its PostgreSQL dialect, reads every accepted condition as the same
tree. A parser of our own, because only then is every position right, every refusal explained, and the depth of
recursion bounded before an analyst's text can reach it.
"""

from __future__ import annotations

from typing import Never

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
from safeconduct.foundation.policy.tokens import ExpressionError, Kind, Token, tokens
from safeconduct.foundation.policy.yaml_reader import Scalar

#: How deep parentheses, calls, CASE, NOT and signs may be nested, and how deep a tree may be in all. An emitter that
#: recurses over the tree stays far below Python's limit of 1,000 frames.
MAX_NESTING = 60
MAX_TREE_DEPTH = 48
MAX_SET = 300

_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_OR, _AND, _NOT, _IS, _COMPARE, _RANGE, _ADD, _MULTIPLY, _SIGN = range(1, 10)
_LEVELS = {
    "or": _OR, "and": _AND, "is": _IS, "between": _RANGE, "in": _RANGE, "+": _ADD, "-": _ADD, "*": _MULTIPLY,
    "/": _MULTIPLY, **dict.fromkeys(_COMPARISONS, _COMPARE),
}  # fmt: skip
#: Words with a meaning of their own; no feature or score may be called so.
RESERVED = frozenset(
    {
        "and", "or", "not", "is", "in", "between", "case", "when", "then", "else", "end", "null", "true", "false",
        "unknown", "distinct", "from", "interval",
    }
)  # fmt: skip

_NO_QUERY = "a condition cannot query; count earlier events with a feature instead"
_PATTERN = "there are no patterns; use starts_with(), ends_with() or contains()"
_NO_CAST = "there are no casts; every value has its type already"
#: Words of SQL that are refused, each with the way out.
REFUSED: dict[str, str] = {
    **dict.fromkeys(("select", "union", "intersect", "except", "exists", "from", "where", "group", "having", "order",
                     "with", "join", "limit", "any", "some", "table", "values", "into"), _NO_QUERY),
    **dict.fromkeys(("insert", "update", "delete", "drop", "create", "alter", "grant", "copy", "call", "execute"),
                    "a condition only reads values"),
    **dict.fromkeys(("like", "ilike", "similar", "regexp", "rlike", "glob"), _PATTERN),
    **dict.fromkeys(("cast", "try_cast", "convert"), _NO_CAST),
    **dict.fromkeys(("over", "filter", "partition"), "windows are written as features: {count: …, by: …, over: …}"),
    **dict.fromkeys(("collate", "escape"), "texts are compared by code point"),
    **dict.fromkeys(("array", "row", "struct"), "a set of values stands in parentheses: x IN ('a', 'b')"),
    **dict.fromkeys(("current_timestamp", "current_date", "localtimestamp", "current_time", "localtime"),
                    "write now(), the time of the event"),
    **dict.fromkeys(("isnull", "notnull"), "write IS NULL or IS NOT NULL"),
    **dict.fromkeys(("import", "lambda", "def", "exec", "eval"), "a condition is an SQL expression, not a program"),
    "xor": "write a <> b for two conditions",
    "if": "write CASE WHEN … THEN … ELSE … END",
    "as": "a condition has no aliases",
    "extract": "write year(t), month(t), day(t), weekday(t), hour(t) or minute(t)",
    "div": "write floor_div(a, b)",
    "date": "write timestamp('2026-11-27T00:00:00Z')",
}  # fmt: skip


def parse(text: Scalar) -> Syntax:
    """The syntax of a condition. Raises ExpressionError for anything that is not one expression of the language."""
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.index = 0
        self.nesting = 0

    # -- moving on ----------------------------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.tokens[self.index]

    @property
    def next(self) -> Token:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        return self.tokens[self.index - 1].end

    def take(self) -> Token:
        token = self.here
        self.index += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether the next token is one of these operators or (bare) words."""
        return self.here.kind in (Kind.OPERATOR, Kind.NAME) and self.here.word in words

    def accept(self, word: str) -> bool:
        if self.sees(word):
            self.index += 1
            return True
        return False

    def expect(self, word: str, why: str) -> Token:
        if not self.sees(word):
            self.fail(self.here, f"expected `{word.upper()}` {why}")
        return self.take()

    def fail(self, token: Token, message: str, hint: str | None = None, code: str = "syntax") -> Never:
        if token.kind is Kind.END:
            raise ExpressionError(token.at, code, f"{message}, but the condition ends here", hint)
        if token.kind is Kind.NAME and token.word in REFUSED and hint is None:
            raise ExpressionError(
                token.at, "refused", f"`{token.raw}` is not part of the policy language", REFUSED[token.word]
            )
        raise ExpressionError(token.at, code, f"{message}, found `{token.raw[:40]}`", hint)

    # -- grammar ------------------------------------------------------------------------------------------------------

    def whole(self) -> Syntax:
        if self.here.kind is Kind.END:
            self.fail(self.here, "expected a condition")
        found = self.expression(_OR)
        if self.index < len(self.tokens) - 1:
            self.after(self.here)
        return found

    def after(self, token: Token) -> Never:
        """Something stands where an operator or the end should."""
        if token.word == ")" and token.kind is Kind.OPERATOR:
            self.fail(token, "there is no `(` for this", "remove it or open the parenthesis")
        hint = None
        if token.word == ",":
            hint = "join conditions with AND or OR"
        elif token.word == "not":
            hint = "write x NOT IN (…), x NOT BETWEEN …, or join conditions with AND"
        elif token.word not in REFUSED:
            hint = "an operator is missing here; a condition has no aliases"
        self.fail(token, "expected AND, OR or the end", hint)

    def expression(self, level: int) -> Syntax:
        """An expression of operators that bind at least as tightly as `level`."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.too_deep(self.here)
        start = self.here.start
        left = self.prefix(level)
        ceiling, joined = _SIGN, None
        while (found := self.infix_level()) is not None and found >= level:
            if found > ceiling or (found == ceiling and found in (_IS, _COMPARE, _RANGE)):
                self.chained(found)
            ceiling = found
            left = self.infix(start, left, found, chain=left is joined)
            joined = left if found in (_OR, _AND) else None
            if left.depth > MAX_TREE_DEPTH:
                self.too_deep(self.tokens[self.index - 1])
        self.nesting -= 1
        return left

    def too_deep(self, token: Token) -> Never:
        raise ExpressionError(
            token.at, "nesting", "this condition is nested too deeply",
            f"use at most {MAX_TREE_DEPTH} levels; split it into several rules or features",
        )  # fmt: skip

    def chained(self, level: int) -> Never:
        if level == _COMPARE:
            self.fail(
                self.here,
                "comparisons cannot be chained",
                "write a < b AND b < c, or b BETWEEN a AND c; or use parentheses",
            )
        self.fail(self.here, "this could be read in two ways", "put parentheses around the part that belongs together")

    def infix_level(self) -> int | None:
        token = self.here
        if token.kind not in (Kind.OPERATOR, Kind.NAME):
            return None
        if token.kind is Kind.NAME and token.word == "not" and self.next.word in ("in", "between"):
            return _RANGE
        return _LEVELS.get(token.word)

    def prefix(self, level: int) -> Syntax:
        token = self.here
        if token.kind is Kind.NAME and token.word == "not":
            if level > _NOT:
                self.fail(token, "NOT cannot stand here", "put parentheses around NOT …")
            self.take()
            item = self.expression(_NOT)
            return NotSyntax(token.start, item.end, item.depth + 1, item)
        if token.kind is Kind.OPERATOR and token.word in "+-":
            self.take()
            item = self.expression(_SIGN)
            return item if token.word == "+" else SignSyntax(token.start, item.end, item.depth + 1, item)
        return self.primary()

    def infix(self, start: int, left: Syntax, level: int, *, chain: bool) -> Syntax:
        """Takes an operator and what stands right of it. `chain`: left is itself joined, without parentheses."""
        token = self.take()
        if level in (_OR, _AND):
            right = self.expression(level + 1)
            same = chain and isinstance(left, LogicSyntax) and left.conjunction == (level == _AND)
            kept = left.items if same and isinstance(left, LogicSyntax) else (left,)
            depth = max(left.depth if len(kept) > 1 else left.depth + 1, right.depth + 1)
            return LogicSyntax(start, self.last_end, depth, level == _AND, (*kept, right))
        if level == _IS:
            return self.is_(start, left)
        if level == _RANGE:
            negated = token.word == "not"
            if negated:
                token = self.take()
            return self.in_(start, left, negated) if token.word == "in" else self.between(start, left, negated)
        right = self.expression(level + 1)
        depth = max(left.depth, right.depth) + 1
        return BinarySyntax(start, self.last_end, depth, token.word, token.at, left, right)

    def is_(self, start: int, left: Syntax) -> Syntax:
        negated = self.accept("not")
        if self.accept("distinct"):
            self.expect("from", "after IS DISTINCT")
            right = self.expression(_IS + 1)
            depth = max(left.depth, right.depth) + 1
            return DistinctSyntax(start, self.last_end, depth, left, right, negated)
        if not self.sees("null", "true", "false"):
            hint = "write IS NULL" if self.sees("unknown") else "write IS NULL, IS TRUE, IS FALSE or IS DISTINCT FROM"
            self.fail(self.here, "expected NULL, TRUE, FALSE or DISTINCT FROM after IS", hint)
        value = {"null": None, "true": True, "false": False}[self.take().word]
        return IsSyntax(start, self.last_end, left.depth + 1, left, value, negated)

    def between(self, start: int, left: Syntax, negated: bool) -> Syntax:
        low = self.expression(_ADD)
        self.expect("and", "between the two ends of BETWEEN")
        high = self.expression(_ADD)
        depth = max(left.depth, low.depth, high.depth) + 2
        return BetweenSyntax(start, self.last_end, depth, left, low, high, negated)

    def in_(self, start: int, left: Syntax, negated: bool) -> Syntax:
        if not self.sees("("):
            self.fail(
                self.here,
                "expected `(` after IN",
                "a set stands in parentheses, IN ('a', 'b'); a list is in_list('name', x)",
            )
        values = self.arguments(self.take())
        if not values:
            self.fail(self.tokens[self.index - 1], "the set is empty", "name at least one value")
        if len(values) > MAX_SET:
            raise ExpressionError(
                values[MAX_SET].at, "too-long", f"a set of {len(values)} values; at most {MAX_SET}",
                "keep the values in an operator's list and ask in_list('name', x)",
            )  # fmt: skip
        return InSyntax(start, self.last_end, left.depth + 1, left, values, negated)

    def arguments(self, opening: Token) -> tuple[Syntax, ...]:
        """Expressions up to the closing parenthesis; the opening one has been taken."""
        found: list[Syntax] = []
        if self.accept(")"):
            return ()
        while True:
            if self.sees("*"):
                raise ExpressionError(self.here.at, "refused", "`*` stands for the columns of a table", _NO_QUERY)
            found.append(self.expression(_OR))
            if self.accept(")"):
                return tuple(found)
            if not self.accept(","):
                self.unclosed(opening)

    def unclosed(self, opening: Token) -> Never:
        if self.here.kind is Kind.END:
            raise ExpressionError(opening.at, "syntax", "this parenthesis is never closed", "close it with `)`")
        self.fail(self.here, "expected `,` or `)`")

    def primary(self) -> Syntax:
        token = self.take()
        if token.kind is Kind.NUMBER:
            return NumberSyntax(token.start, token.end, 1, token.word)
        if token.kind is Kind.TEXT:
            return TextSyntax(token.start, token.end, 1, token.word)
        if token.kind is Kind.NAME:
            return self.name(token)
        if token.kind is Kind.END or token.word != "(":
            self.fail(token, "expected a value")
        inner = self.expression(_OR)
        if not self.accept(")"):
            self.unclosed(token)
        return inner

    def name(self, token: Token) -> Syntax:
        match token.word:
            case "true" | "false" | "null":
                value = {"null": None, "true": True, "false": False}[token.word]
                return WordSyntax(token.start, token.end, 1, value)
            case "case":
                return self.case(token)
            case "interval":
                if self.here.kind is not Kind.TEXT:
                    self.fail(self.here, "expected a text after INTERVAL", "write interval '36 hours'")
                length = self.take()
                if self.sees("second", "seconds", "minute", "minutes", "hour", "hours", "day", "days"):
                    self.fail(self.here, "the unit stands inside the quotes", "write interval '36 hours'")
                return IntervalSyntax(token.start, length.end, 1, length.word)
        called = self.here.kind is Kind.OPERATOR and self.here.word == "("
        if token.word in RESERVED or (token.word in REFUSED and not called):
            self.fail(token, "expected a value")
        if not called:
            if self.here.kind is Kind.TEXT and token.word == "timestamp":
                self.fail(self.here, "timestamp is a function here", "write timestamp('2026-11-27T00:00:00Z')")
            return NameSyntax(token.start, token.end, 1, token.raw)
        if token.word in REFUSED:
            self.fail(token, "expected a value")
        args = self.arguments(self.take())
        depth = max((a.depth for a in args), default=0) + 1
        return CallSyntax(token.start, self.last_end, depth, token.word, token.end, args)

    def case(self, token: Token) -> Syntax:
        if not self.sees("when"):
            self.fail(self.here, "expected WHEN after CASE", "write CASE WHEN x = 1 THEN … ELSE … END")
        branches: list[tuple[Syntax, Syntax]] = []
        while self.accept("when"):
            condition = self.expression(_OR)
            self.expect("then", "after WHEN …")
            branches.append((condition, self.expression(_OR)))
        otherwise = self.expression(_OR) if self.accept("else") else None
        self.expect("end", "at the end of CASE")
        depths = [d for pair in branches for d in (pair[0].depth, pair[1].depth)]
        depth = max(*depths, otherwise.depth if otherwise else 0) + 1
        return CaseSyntax(token.start, self.last_end, depth, tuple(branches), otherwise)

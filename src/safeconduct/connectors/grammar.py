"""Reads the expressions and conditions of a mapping file: YAML to the nodes of `expressions`, with faults by line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from safeconduct.connectors import conditions as co
from safeconduct.connectors import expressions as ex
from safeconduct.connectors.convert import CONVERSIONS
from safeconduct.connectors.mapping import Reader, suggestion
from safeconduct.connectors.paths import Path, parse_path

#: Keys that say where a value comes from; an expression has exactly one.
SOURCES = (
    "path", "first", "join", "const", "money_minor", "money_decimal", "sum", "only", "any", "none", "same", "exists",
    "missing", "card", "use",
)  # fmt: skip
#: Keys that say what becomes of it, in the order in which they are applied.
MODIFIERS = ("as", "map", "else", "prefix", "lookup", "when")
#: Keys that belong to one source each.
COMPANIONS = {
    "with": ("join",),
    "all": ("join",),
    "currency": ("money_minor", "money_decimal"),
    "minus": ("money_minor", "money_decimal"),
    "times": ("money_minor", "money_decimal"),
    "total": ("money_minor", "money_decimal"),
}
CARD_PARTS = ("brand", "bin", "number", "month", "year")
CONDITIONS = ("exists", "missing", "has", "path", "keys", "all", "any", "not")
_NOTHING = ex.First(())


class Grammar:
    """Reads expressions against the roots and definitions of one file."""

    def __init__(self, reader: Reader, roots: frozenset[str], options: Mapping[str, str]) -> None:
        self.reader = reader
        self.roots = roots
        self.options = options
        self.definitions: dict[str, ex.Expression] = {}
        self.columns: set[str] = set()

    # -- paths --------------------------------------------------------------------------------------------------------

    def path(self, node: object, key: object, text: object) -> Path:
        """The path of a text; a fault and a path that finds nothing where it cannot be."""
        try:
            path = parse_path(str(text))
        except ValueError as error:
            self.reader.fault(node, key, str(error))
            return Path(str(text), "", (), False)
        if path.root not in self.roots:
            self.reader.fault(node, key, f"a path cannot begin with `{path.root}`{suggestion(path.root, self.roots)}")
        first = path.steps[0] if path.steps else None
        name = getattr(first, "name", None)
        if path.root == "option" and name not in self.options:
            self.reader.fault(node, key, f"`{text}` names no option of this file{suggestion(str(name), self.options)}")
        if path.root == "header" and (name is None or name != name.lower()):
            self.reader.fault(node, key, f"`{text}`: write the names of headers in small letters")
        if path.root == "row" and name is not None:
            self.columns.add(name)
        return path

    # -- expressions --------------------------------------------------------------------------------------------------

    def expression(self, node: object, key: object, value: object) -> ex.Expression:
        """The expression of a value: a path, `$name`, a list of alternatives, or an object."""
        if isinstance(value, str):
            if value.startswith("$"):
                return self._definition(node, key, value[1:])
            return ex.Take(self.path(node, key, value))
        if isinstance(value, CommentedSeq):
            return ex.First(tuple(self.expression(value, index, part) for index, part in enumerate(value)))
        if isinstance(value, CommentedMap):
            return self._object(value)
        self.reader.fault(node, key, "a value is a path such as item.amount, a list of alternatives, or an object")
        return _NOTHING

    def _definition(self, node: object, key: object, name: str) -> ex.Expression:
        if name not in self.definitions:
            near = suggestion(name, self.definitions)
            self.reader.fault(node, key, f"`${name}` is not defined above this line{near}")
        return self.definitions.get(name, _NOTHING)

    def _object(self, node: CommentedMap) -> ex.Expression:
        keys = [key for key, _ in self.reader.known(node, (*SOURCES, *MODIFIERS, *COMPANIONS), "a value")]
        sources = [key for key in keys if key in SOURCES]
        if len(sources) != 1:
            message = f"a value has one source of {', '.join(SOURCES)}; this has {len(sources)}"
            self.reader.fault(node, None, message)
            return _NOTHING
        source = sources[0]
        for key in keys:
            if key in COMPANIONS and source not in COMPANIONS[key]:
                self.reader.fault(node, key, f"`{key}` goes with {' or '.join(COMPANIONS[key])}, not with {source}")
        expression = self._source(node, source, node[source])
        if "as" in node:
            expression = self._convert(node, expression)
        if "map" in node or "else" in node:
            expression = self._table(node, expression)
        if "prefix" in node:
            expression = ex.Prefix(expression, self.reader.text(node, "prefix"))
        if "lookup" in node:
            expression = ex.Lookup(expression, self.path(node, "lookup", node["lookup"]))
        if "when" in node:
            expression = ex.When(expression, self.condition(node, "when", node["when"]))
        return expression

    def _source(self, node: CommentedMap, source: str, value: object) -> ex.Expression:
        match source:
            case "path":
                return ex.Take(self.path(node, source, value))
            case "use":
                return self._definition(node, source, str(value))
            case "first" | "join" | "same":
                return self._several(node, source, value)
            case "const":
                if isinstance(value, (str, int)):
                    return ex.Const(value)
                self.reader.fault(node, source, "`const` is a text, a whole number, true or false")
                return _NOTHING
            case "money_minor" | "money_decimal":
                return self._amount(node, source, value)
            case "sum":
                return ex.Sum(self.path(node, source, value))
            case "only":
                return ex.Only(self.path(node, source, value))
            case "any" | "none":
                return ex.Flags(self.path(node, source, value), source == "none")
            case "exists" | "missing":
                return ex.Present(self.path(node, source, value), source == "missing")
            case _:
                parts = dict(self.reader.known(value, CARD_PARTS, "card"))
                return ex.Card(
                    tuple(self.expression(value, p, parts[p]) if p in parts else _NOTHING for p in CARD_PARTS)
                )

    def _several(self, node: CommentedMap, source: str, value: object) -> ex.Expression:
        if not isinstance(value, CommentedSeq) or not value:
            self.reader.fault(node, source, f"`{source}` is a list")
            return _NOTHING
        parts = tuple(self.expression(value, index, part) for index, part in enumerate(value))
        if source == "first":
            return ex.First(parts)
        if source == "join":
            return ex.Join(parts, self.reader.text(node, "with", " "), node.get("all") is True)
        if len(parts) != 2:
            self.reader.fault(node, source, "`same` compares two values")
            return _NOTHING
        return ex.Same(parts[0], parts[1])

    def _amount(self, node: CommentedMap, source: str, value: object) -> ex.Expression:
        if "currency" not in node:
            self.reader.fault(node, source, "an amount needs its `currency`")
        return ex.Amount(
            self.expression(node, source, value),
            self.expression(node, "currency", node["currency"]) if "currency" in node else _NOTHING,
            self.expression(node, "minus", node["minus"]) if "minus" in node else None,
            self.expression(node, "times", node["times"]) if "times" in node else None,
            decimal=source == "money_decimal",
            total=node.get("total") is True,
        )

    def _convert(self, node: CommentedMap, inner: ex.Expression) -> ex.Expression:
        for name in self.reader.texts(node, "as"):
            if name in CONVERSIONS:
                inner = ex.Convert(inner, name)
            else:
                self.reader.fault(node, "as", f"there is no conversion `{name}`{suggestion(name, CONVERSIONS)}")
        return inner

    def _table(self, node: CommentedMap, inner: ex.Expression) -> ex.Expression:
        table = node.get("map", {})
        if not isinstance(table, Mapping):
            self.reader.fault(node, "map", "`map` is an object of words and what they become")
            table = {}
        # `else: null` is said on purpose: other words say nothing, and nobody needs to hear of them.
        otherwise = "" if "else" in node and node["else"] is None else node.get("else")
        for key, value in [*((key, value) for key, value in table.items()), (None, otherwise)]:
            if value is not None and (not isinstance(value, (str, bool, int)) or isinstance(value, Decimal)):
                where = table if key is not None else node
                self.reader.fault(where, key or "else", "a table gives texts, whole numbers, true, false or nothing")
        return ex.Table(inner, {_word(key): value for key, value in table.items()}, otherwise)

    # -- conditions ---------------------------------------------------------------------------------------------------

    def condition(self, node: object, key: object, value: object) -> co.Condition:
        """The condition of an object; a list means that all hold."""
        if isinstance(value, CommentedSeq):
            return co.AllOf(tuple(self.condition(value, index, part) for index, part in enumerate(value)))
        if not isinstance(value, CommentedMap):
            self.reader.fault(node, key, f"a condition is an object with one of {', '.join(CONDITIONS)}")
            return co.AllOf(())
        allowed = (*CONDITIONS, "equals", "in", "at")
        kinds = [name for name, _ in self.reader.known(value, allowed, "a condition") if name in CONDITIONS]
        if len(kinds) != 1:
            self.reader.fault(value, None, f"a condition has one of {', '.join(CONDITIONS)}; this has {len(kinds)}")
            return co.AllOf(())
        return self._condition(value, kinds[0])

    def _condition(self, node: CommentedMap, name: str) -> co.Condition:
        value = node[name]
        match name:
            case "exists" | "missing" | "has":
                found = co.Exists(self.path(node, name, value), bare=name == "has")
                return co.Not(found) if name == "missing" else found
            case "path":
                words = [*self._words(node, "equals"), *self._words(node, "in")]
                if not words:
                    self.reader.fault(node, name, "a condition on a path needs `equals:` or `in:` with what it must be")
                return co.OneOf(self.path(node, name, value), frozenset(words))
            case "keys":
                at = self.path(node, "at", node.get("at", "body"))
                return co.OnlyKeys(at, frozenset(self.reader.texts(node, "keys")))
            case "not":
                return co.Not(self.condition(node, name, value))
            case _:
                if not isinstance(value, CommentedSeq):
                    self.reader.fault(node, name, f"`{name}` is a list of conditions")
                    return co.AllOf(())
                parts = tuple(self.condition(value, index, part) for index, part in enumerate(value))
                return co.AllOf(parts) if name == "all" else co.AnyOf(parts)

    def _words(self, node: CommentedMap, key: str) -> list[str]:
        value = node.get(key)
        return [_word(word) for word in (value if isinstance(value, list) else [] if value is None else [value])]


def _word(value: object) -> str:
    """A YAML scalar as conversions write it: true, false, digits."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)

"""Loads a mapping file: the text becomes a checked `ConnectorMapping`, or a MappingError with every fault."""

from __future__ import annotations

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from safeconduct.connectors import expressions as ex
from safeconduct.connectors.grammar import Grammar
from safeconduct.connectors.mapping import (
    Body,
    ConnectorMapping,
    Envelope,
    ListRule,
    MappingError,
    MappingProblem,
    Reader,
    Rule,
    event_names,
    event_type_of,
    suggestion,
)
from safeconduct.connectors.signatures import TOLERANCE_S, Scheme, Signature
from safeconduct.foundation.policy.catalogue import EventType, Field
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE

#: Where paths may look while a JSON body is read, and while a row is.
JSON_ROOTS = frozenset({"body", "item", "each", "header", "option", "unit"})
ROW_ROOTS = frozenset({"row", "option", "unit"})
#: Options every connector has.
COMMON_OPTIONS = {
    "source": "the `source` of the events, where it is to differ from the connector's name",
    "received_at": "when the body arrived (an aware datetime or ISO 8601), for bodies that give no time",
}
#: Encodings in which a line feed is always one byte of its own, so that a file can be read line by line.
ENCODINGS = ("utf-8-sig", "utf-8", "latin-1", "cp1252", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr")
_TOP = (
    "connector", "title", "body", "source", "limit_bytes", "signature", "options", "exponents", "decimal",
    "delimiter", "encoding", "envelope", "define", "fields", "rules", "quiet", "time",
)  # fmt: skip
_RULE = ("on", "emit", "when", "each", "id", "key", "time", "with", "data", "data_from", "except", "refs")
#: 1 MiB: ten times the largest body either source documents or sent in the samples.
_LIMIT = 1_048_576
_LARGEST_LIMIT = 64 * _LIMIT


def load_text(text: str, file: str) -> ConnectorMapping:
    """The mapping of a file's text. Raises MappingError with every fault found, each with line and column."""
    return _Loader(text, file).mapping()


def check_mapping(text: str, file: str = "mapping.yaml") -> list[MappingProblem]:
    """Every fault of a mapping file; empty where it can be used."""
    try:
        load_text(text, file)
    except MappingError as error:
        return error.problems
    return []


class _Loader:
    def __init__(self, text: str, file: str) -> None:
        self.reader = Reader(file)
        self.top = self.reader.document(text)
        self.body = self._body()
        self.options = {**COMMON_OPTIONS, **self._table("options")}
        roots = JSON_ROOTS if self.body is Body.JSON else ROW_ROOTS
        self.grammar = Grammar(self.reader, roots, self.options)
        self.groups: dict[str, CommentedMap] = {}

    def mapping(self) -> ConnectorMapping:
        reader, top = self.reader, self.top
        for _ in reader.known(top, _TOP, "a mapping file"):
            pass
        name = reader.text(top, "connector")
        if not name:
            reader.fault(top, "connector", "a mapping file begins with `connector:` and its name")
        self._definitions()
        envelopes = self._envelopes()
        rules = self._rules()
        mapping = ConnectorMapping(
            name=name,
            title=reader.text(top, "title", name),
            source=self._source(name),
            body=self.body,
            limit_bytes=self._whole(top, "limit_bytes", _LIMIT, _LARGEST_LIMIT),
            signature=self._signature(),
            options=self.options,
            exponents=self._exponents(),
            mark=self._mark(),
            delimiter=reader.text(top, "delimiter", "auto"),
            encoding=self._encoding(),
            envelopes=envelopes,
            rules=rules,
            quiet=self._table("quiet"),
            time=self._optional(top, "time"),
            columns=frozenset(self.grammar.columns),
        )
        if reader.problems:
            raise MappingError(sorted(reader.problems, key=lambda problem: (problem.line, problem.column)))
        return mapping

    # -- small parts --------------------------------------------------------------------------------------------------

    def _body(self) -> Body:
        word = self.reader.text(self.top, "body", Body.JSON.value)
        try:
            return Body(word)
        except ValueError:
            self.reader.fault(self.top, "body", f"there is no body `{word}`{suggestion(word, Body)}")
            return Body.JSON

    def _table(self, key: str) -> dict[str, str]:
        node = self.top.get(key, CommentedMap())
        if not isinstance(node, CommentedMap):
            self.reader.fault(self.top, key, f"`{key}` must be an object of names and texts")
            return {}
        for name, value in node.items():
            if not isinstance(value, str):
                self.reader.fault(node, name, f"`{name}` must be a text")
        return {str(name): str(value) for name, value in node.items()}

    def _whole(self, node: CommentedMap, key: str, default: int, most: int) -> int:
        value = node.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self.reader.fault(node, key, f"`{key}` must be a whole number from 1 to {most}")
            return default
        return int(value)

    def _source(self, name: str) -> ex.Expression:
        given = self.top.get("source", name)
        fixed: ex.Expression
        if isinstance(given, str):
            fixed = ex.Const(str(given))
        else:
            fixed = self.grammar.expression(self.top, "source", given)
        return ex.First((self.grammar.expression(self.top, "source", "option.source"), fixed))

    def _exponents(self) -> dict[str, int]:
        node = self.top.get("exponents", CommentedMap())
        if not isinstance(node, CommentedMap):
            self.reader.fault(self.top, "exponents", "`exponents` must be an object of currencies and decimals")
            return {}
        return {str(currency): self._decimals(node, currency) for currency in node}

    def _decimals(self, node: CommentedMap, currency: str) -> int:
        value = node[currency]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 4:
            self.reader.fault(node, currency, "a currency has 0 to 4 decimals")
            return 2
        return int(value)

    def _mark(self) -> str:
        mark = self.reader.text(self.top, "decimal", ".")
        if mark not in (".", ","):
            self.reader.fault(self.top, "decimal", "the decimal mark is `.` or `,`")
        return mark

    def _encoding(self) -> str:
        name = self.reader.text(self.top, "encoding", "utf-8-sig")
        if name.lower() not in ENCODINGS:
            self.reader.fault(self.top, "encoding", f"`{name}` cannot be read{suggestion(name, ENCODINGS)}")
        return name.lower()

    def _signature(self) -> Signature | None:
        node = self.top.get("signature")
        if node is None:
            return None
        allowed = ("scheme", "header", "timestamp_header", "id_header", "tolerance_s")
        if not isinstance(node, CommentedMap):
            self.reader.fault(self.top, "signature", f"`signature` is an object of {', '.join(allowed)}")
            return None
        for _ in self.reader.known(node, allowed, "signature"):
            pass
        word = self.reader.text(node, "scheme")
        if word not in set(Scheme):
            self.reader.fault(node, "scheme", f"there is no scheme `{word}`{suggestion(word, Scheme)}")
            return None
        scheme = Scheme(word)
        needed = ["header"] + ["id_header", "timestamp_header"] * (scheme is Scheme.STANDARD_WEBHOOKS)
        for key in needed:
            if key not in node:
                self.reader.fault(node, None, f"the scheme {word} needs `{key}`")
        return Signature(
            scheme,
            self.reader.text(node, "header"),
            self.reader.text(node, "timestamp_header"),
            self.reader.text(node, "id_header"),
            self._whole(node, "tolerance_s", TOLERANCE_S, 86_400),
        )

    # -- definitions, groups, envelopes -------------------------------------------------------------------------------

    def _definitions(self) -> None:
        node = self.top.get("define", CommentedMap())
        for name in node if isinstance(node, CommentedMap) else ():
            # One after the other, so that a definition can only use those above it, and none can use itself.
            self.grammar.definitions[str(name)] = self.grammar.expression(node, name, node[name])
        groups = self.top.get("fields", CommentedMap())
        known = {field.name for event in CATALOGUE.values() for field in event.fields}
        for name in groups if isinstance(groups, CommentedMap) else ():
            group = groups[name]
            if isinstance(group, CommentedMap):
                self.groups[str(name)] = group
                for _ in self.reader.known(group, known, "the catalogue"):
                    pass
            else:
                self.reader.fault(groups, name, "a group of fields is an object of fields and values")
        for key, value in (("define", node), ("fields", groups)):
            if not isinstance(value, CommentedMap):
                self.reader.fault(self.top, key, f"`{key}` must be an object of names")

    def _envelopes(self) -> tuple[Envelope, ...]:
        node = self.top.get("envelope", CommentedSeq())
        if not isinstance(node, CommentedSeq):
            self.reader.fault(self.top, "envelope", "`envelope` is a list")
            return ()
        allowed = ("when", "kind", "item", "delivery", "each", "nested")
        envelopes = []
        for index, entry in enumerate(node):
            keys = {key for key, _ in self.reader.known(entry, allowed, "an envelope")}
            if not isinstance(entry, CommentedMap):
                continue
            nested = entry.get("nested") is True
            if ("each" if nested else "kind") not in keys:
                self.reader.fault(node, index, "an envelope needs its `kind`, or `nested: true` with `each`")
            envelopes.append(
                Envelope(
                    self.grammar.condition(entry, "when", entry["when"]) if "when" in keys else None,
                    self._optional(entry, "kind"),
                    self._optional(entry, "item"),
                    self._optional(entry, "delivery"),
                    self.grammar.path(entry, "each", entry["each"]) if "each" in keys else None,
                    nested,
                )
            )
        return tuple(envelopes)

    def _optional(self, node: CommentedMap, key: str) -> ex.Expression | None:
        return self.grammar.expression(node, key, node[key]) if key in node else None

    # -- rules --------------------------------------------------------------------------------------------------------

    def _rules(self) -> tuple[Rule, ...]:
        node = self.top.get("rules")
        if not isinstance(node, CommentedSeq) or not node:
            self.reader.fault(self.top, "rules", "a mapping file needs `rules`, a list")
            return ()
        return tuple(self._rule(entry) for entry in node if self._is_object(node, entry))

    def _is_object(self, node: CommentedSeq, entry: object) -> bool:
        if isinstance(entry, CommentedMap):
            return True
        self.reader.fault(node, None, "a rule is an object that begins with `emit:`")
        return False

    def _rule(self, node: CommentedMap) -> Rule:
        for _ in self.reader.known(node, _RULE, "a rule"):
            pass
        event_type, emit_from = self._emit(node)
        time = self._optional(node, "time")
        if time is None:
            self.reader.fault(node, None, "a rule needs `time`, when the event happened")
        elif ex.kind(time) not in (None, Type.TIMESTAMP, Type.TEXT):
            self.reader.fault(node, "time", f"`time` must be a time, and this is {ex.kind(time)}")
        fields_from = self.grammar.path(node, "data_from", node["data_from"]) if "data_from" in node else None
        if self.body is Body.JSON and "on" not in node:
            self.reader.fault(node, None, "a rule needs `on`, the kinds of body it is for")
        return Rule(
            line=node.lc.line + 1,
            on=frozenset(self.reader.texts(node, "on")),
            event_type=event_type,
            emit_from=emit_from,
            when=self.grammar.condition(node, "when", node["when"]) if "when" in node else None,
            each=self.grammar.path(node, "each", node["each"]) if "each" in node else None,
            identity=self._optional(node, "id"),
            key=self._optional(node, "key"),
            time=time or ex.First(()),
            fields=self._fields(node, event_type, fields_from is not None),
            lists=self._lists(node, event_type),
            fields_from=fields_from,
            leave_out=frozenset(self.reader.texts(node, "except")),
            references=self._references(node),
        )

    def _emit(self, node: CommentedMap) -> tuple[EventType | None, ex.Expression | None]:
        given = node.get("emit")
        if isinstance(given, CommentedMap):
            return None, self.grammar.expression(node, "emit", given)
        event_type = event_type_of(str(given)) if given is not None else None
        if event_type is None:
            what = "a rule needs `emit`, an event type" if given is None else f"there is no event type `{given}`"
            self.reader.fault(node, "emit", what + suggestion(str(given), event_names()))
        return event_type, None

    def _references(self, node: CommentedMap) -> tuple[tuple[str, ex.Expression], ...]:
        refs = node.get("refs", CommentedMap())
        if not isinstance(refs, CommentedMap):
            self.reader.fault(node, "refs", "`refs` must be an object of names and values")
            return ()
        return tuple((str(name), self.grammar.expression(refs, name, value)) for name, value in refs.items())

    def _fields(
        self, node: CommentedMap, event_type: EventType | None, passed_through: bool
    ) -> tuple[tuple[Field, ex.Expression], ...]:
        """The fields of a rule: its groups' where the event has them, then its own, which win."""
        known = self._known_fields(event_type)
        chosen: dict[str, tuple[CommentedMap, str]] = {}
        for name in self.reader.texts(node, "with"):
            if name not in self.groups:
                self.reader.fault(node, "with", f"there is no group `{name}`{suggestion(name, self.groups)}")
            group = self.groups.get(name, CommentedMap())
            chosen.update({field: (group, field) for field in group if field in known})
        own = node.get("data", CommentedMap())
        what = f"`{event_type.name}`" if event_type else "the catalogue"
        lists = set() if event_type is None else {listed.name for listed in event_type.lists}
        for field, value in self.reader.known(own, (*known, *lists), what):
            if field in lists:
                continue
            if value is None:
                chosen.pop(field, None)
            else:
                chosen[field] = (own, field)
        if event_type is not None and not passed_through:
            missing = [f.name for f in event_type.fields if f.required and f.name not in chosen]
            if missing:
                message = f"`{event_type.name}` needs {', '.join(missing)}, and no value is given"
                self.reader.fault(node, "emit", message)
        return tuple((known[name], self._field(where, key, known[name])) for name, (where, key) in chosen.items())

    def _lists(self, node: CommentedMap, event_type: EventType | None) -> tuple[ListRule, ...]:
        """The lists of a rule's data."""
        own = node.get("data", CommentedMap())
        if event_type is None or not isinstance(own, CommentedMap):
            return ()
        found = []
        for listed in event_type.lists:
            given = own.get(listed.name)
            if given is None:
                continue
            fields = {field.name: field for field in listed.fields}
            named = [name for name, _ in self.reader.known(given, ("each", *fields), f"`{listed.name}`")]
            if not isinstance(given, CommentedMap):
                continue
            missing = [name for name in ("each", *(f.name for f in listed.fields if f.required)) if name not in named]
            if missing:
                self.reader.fault(own, listed.name, f"`{listed.name}` needs {', '.join(missing)}")
                continue
            each = self.grammar.path(given, "each", given["each"])
            own_fields = tuple((fields[n], self._field(given, n, fields[n])) for n in named if n != "each")
            found.append(ListRule(listed, each, own_fields))
        return tuple(found)

    @staticmethod
    def _known_fields(event_type: EventType | None) -> dict[str, Field]:
        events = [event_type] if event_type is not None else list(CATALOGUE.values())
        return {field.name: field for event in events for field in event.fields}

    def _field(self, node: CommentedMap, key: str, field: Field) -> ex.Expression:
        expression = self.grammar.expression(node, key, node[key])
        given, wanted = ex.kind(expression), Type.TEXT if field.type is Type.KEY else field.type
        if (given is None and wanted is Type.MONEY) or (given is not None and given is not wanted):
            if wanted is Type.MONEY:
                self.reader.fault(node, key, f"`{key}` is money: use money_minor or money_decimal with a currency")
            else:
                self.reader.fault(node, key, f"`{key}` is {wanted}, and this gives {given}")
        self._check_words(node, key, field, expression)
        return expression

    def _check_words(self, node: CommentedMap, key: str, field: Field, expression: ex.Expression) -> None:
        """A table or constant for a field with a closed set of words gives none but those."""
        words: list[object] = []
        match expression:
            case ex.Const(value):
                words = [value]
            case ex.Table(_, table, otherwise):
                words = [*table.values(), otherwise]
            case ex.When(inner, _):
                self._check_words(node, key, field, inner)
            case ex.First(alternatives):
                for alternative in alternatives:
                    self._check_words(node, key, field, alternative)
        for word in words:
            if word not in (None, "") and field.choices and word not in field.choices:
                self.reader.fault(node, key, f"`{key}` cannot be `{word}`{suggestion(str(word), field.choices)}")

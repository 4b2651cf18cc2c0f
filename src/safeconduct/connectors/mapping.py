"""Mapping files: read, checked against the catalogue, each fault with file, line, column and a suggestion.

The format is described in docs/connectors.md. A file that loads can be run over any body without surprise: every
event type, field, conversion, path and option it names exists, and every required field has a source.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from safeconduct.connectors.conditions import Condition
from safeconduct.connectors.expressions import Expression
from safeconduct.connectors.paths import Path
from safeconduct.connectors.signatures import Signature
from safeconduct.foundation.aliases import written_out
from safeconduct.foundation.policy.catalogue import EventType, Field, ListField
from safeconduct.kernel.events.catalogue import CATALOGUE

#: Largest mapping file, in characters: a mapping is read by people.
MAX_MAPPING = 256 * 1024
#: Its values with aliases written out; the largest that comes with Safeconduct has 1,200.
MAX_VALUES = 50_000


class Body(StrEnum):
    """What a source sends: one JSON object, or lines of them, or a table."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class MappingProblem:
    """One fault of a mapping file, at a place people find in an editor (both counted from 1)."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class MappingError(ValueError):
    """A mapping file with faults; ``problems`` has every one that was found."""

    def __init__(self, problems: list[MappingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Envelope:
    """One way a body may be packed: how to recognise it, what kind it is, where the thing itself lies.

    ``each``: the body is a list of things; ``nested``: each of them is packed in turn and recognised anew.
    """

    when: Condition | None
    kind: Expression | None
    item: Expression | None
    delivery: Expression | None
    each: Path | None
    nested: bool


@dataclass(frozen=True, slots=True)
class ListRule:
    """A list of an event: one thing for each element at a path, with its fields."""

    listed: ListField
    each: Path
    fields: tuple[tuple[Field, Expression], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One canonical event that a kind of body may give.

    ``event_type`` is None where the type comes from the row itself (``emit_from``). ``on`` empty: every kind.
    """

    line: int
    on: frozenset[str]
    event_type: EventType | None
    emit_from: Expression | None
    when: Condition | None
    each: Path | None
    identity: Expression | None
    key: Expression | None
    time: Expression
    fields: tuple[tuple[Field, Expression], ...]
    lists: tuple[ListRule, ...]
    fields_from: Path | None
    leave_out: frozenset[str]
    references: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class ConnectorMapping:
    """A checked mapping file."""

    name: str
    title: str
    source: Expression
    body: Body
    limit_bytes: int
    signature: Signature | None
    options: Mapping[str, str]
    exponents: Mapping[str, int]
    mark: str
    delimiter: str
    encoding: str
    envelopes: tuple[Envelope, ...]
    rules: tuple[Rule, ...]
    quiet: Mapping[str, str]
    time: Expression | None
    columns: frozenset[str] = field(default_factory=frozenset)


class Reader:
    """Walks a YAML document and collects faults instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[MappingProblem] = []

    def document(self, text: str) -> CommentedMap:
        """The document's top object; raises MappingError where it is no YAML object."""
        if len(text) > MAX_MAPPING:
            self.fault(None, None, f"the file has {len(text)} characters, and {MAX_MAPPING} are the most")
            raise MappingError(self.problems)
        try:
            document = YAML(typ="rt", pure=True).load(text)
            values = written_out(document, MAX_VALUES)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.problems.append(MappingProblem(self.file, line, column, f"not YAML: {error.problem or error.context}"))
            raise MappingError(self.problems) from None
        except (YAMLError, ValueError, RecursionError) as error:
            self.fault(None, None, f"not YAML: {error}")
            raise MappingError(self.problems) from None
        if values > MAX_VALUES:
            self.fault(None, None, f"the file has more than {MAX_VALUES:,} values once its aliases are written out")
            raise MappingError(self.problems)
        if not isinstance(document, CommentedMap):
            self.fault(None, None, "the file must be an object that begins with `connector:`")
            raise MappingError(self.problems)
        return document

    def fault(self, node: object, key: object, message: str) -> None:
        """Notes a fault at a key of an object, an element of a list, or the node itself."""
        line = column = 0
        if isinstance(node, (CommentedMap, CommentedSeq)):
            line, column = node.lc.line, node.lc.col
            if isinstance(node, CommentedMap) and key in node:
                line, column = node.lc.key(key)
            elif isinstance(node, CommentedSeq) and isinstance(key, int):
                line, column = node.lc.item(key)
        self.problems.append(MappingProblem(self.file, line + 1, column + 1, message))

    def known(self, node: object, allowed: Iterable[str], what: str) -> Iterator[tuple[str, object]]:
        """The items of an object whose keys are allowed; others are faults, with the nearest allowed name."""
        if not isinstance(node, CommentedMap):
            self.fault(node, None, f"{what} must be an object of names and values")
            return
        names = list(allowed)
        for key, value in node.items():
            if key in names:
                yield key, value
            else:
                self.fault(node, key, f"{what} has no `{key}`{suggestion(str(key), names)}")

    def text(self, node: CommentedMap, key: str, default: str = "") -> str:
        """A text under a key, or the default where the key is missing."""
        value = node.get(key, default)
        if not isinstance(value, str):
            self.fault(node, key, f"`{key}` must be a text")
            return default
        return str(value)

    def texts(self, node: CommentedMap, key: str) -> tuple[str, ...]:
        """A text or list of texts under a key; none where it is missing."""
        value = node.get(key)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        words = [str(word) for word in listed if isinstance(word, (str, int)) and not isinstance(word, bool)]
        if len(words) != len(listed):
            self.fault(node, key, f"`{key}` must be a text or a list of texts")
        return tuple(words)


def suggestion(word: str, known: Iterable[str]) -> str:
    """ ", did you mean `amount`?" where a known name is near, else a list of the known names if it is short."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there are {', '.join(names)}" if 0 < len(names) <= 30 else ""


def event_type_of(name: str) -> EventType | None:
    """The event type of a canonical name or of another name under which it is known."""
    return CATALOGUE.resolve(name)


def event_names() -> list[str]:
    """Every canonical name and alias, for suggestions."""
    return [known for event in CATALOGUE.values() for known in (event.name, *event.aliases)]

"""YAML 1.2 read as plain data with positions, and nothing else of YAML.

Only events of ruamel.yaml's parser are used, never its constructors: no anchors, aliases, tags or directives, no
second document, no key twice, no implicit types (a plain `on`, `NO` or `12:30` is a text). What a value means is
asked for where it is used: `Scalar.as_bool`, `Scalar.as_int`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from safeconduct.foundation.policy.diagnostics import Findings

#: A policy file of a hundred rules in three languages is about 60,000 characters.
MAX_CHARACTERS = 200_000
MAX_DEPTH = 12
MAX_NODES = 10_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text with its place. `places[i]` is the offset in the source of the value's i-th character."""

    value: str
    start: int
    end: int
    plain: bool
    places: tuple[int, ...] = field(repr=False)

    @property
    def at(self) -> tuple[int, int]:
        return self.start, max(self.end, self.start + 1)

    def place(self, index: int) -> int:
        """The source offset of a character of the value; one past its end is the end."""
        return self.places[index] if index < len(self.places) else (self.places[-1] + 1 if self.places else self.end)

    def piece(self, start: int, end: int) -> tuple[int, int]:
        """The source range of a piece of the value."""
        return self.place(start), self.place(end - 1) + 1 if end > start else self.place(start) + 1

    @property
    def is_null(self) -> bool:
        return self.plain and self.value in ("", "~", "null", "Null", "NULL")

    def as_bool(self) -> bool | None:
        """`true` or `false` as YAML 1.2 writes them, else None."""
        return {"true": True, "false": False}.get(self.value) if self.plain else None

    def as_int(self) -> int | None:
        """A decimal integer of at most 19 digits, else None."""
        return int(self.value) if self.plain and re.fullmatch(r"[-+]?[0-9]{1,19}", self.value) else None


@dataclass(frozen=True, slots=True)
class Sequence:
    items: list[Node]
    start: int
    end: int

    @property
    def at(self) -> tuple[int, int]:
        return self.start, self.start + 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the file; a key stands once."""

    items: dict[str, tuple[Scalar, Node]]
    start: int
    end: int

    @property
    def at(self) -> tuple[int, int]:
        return self.start, self.start + 1

    def get(self, key: str) -> Node | None:
        found = self.items.get(key)
        return found[1] if found else None

    def key(self, key: str) -> Scalar:
        return self.items[key][0]


Node = Scalar | Sequence | Mapping


class _Refused(Exception):
    """Reading stops: what is wrong has been reported."""


def read_yaml(findings: Findings, what: str = "policy", begins: str = "policy: its-name") -> Node | None:
    """The tree of the findings' source, or None after reporting why there is none. Never raises for any text.

    ``what`` the file is and how it ``begins``, for the way out.
    """
    text = findings.source.text
    if len(text) > MAX_CHARACTERS:
        findings.error(
            (0, 1),
            "file-too-large",
            f"the file has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read",
            f"split the {what}; long lists of values belong into an operator's list, see in_list()",
        )
        return None
    try:
        return _Builder(findings, what, begins).build()
    except _Refused:
        return None
    except ReaderError as error:
        at = error.position if isinstance(error.position, int) else 0
        findings.error((at, at + 1), "yaml", "a character that YAML does not allow", "remove the control character")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = mark.index if mark is not None else 0
        findings.error((at, at + 1), "yaml", f"this is not valid YAML: {_plain(error)}", _advice(text, at))
    except RecursionError:
        findings.error((0, 1), "yaml", "the file is nested too deeply")
    except Exception as error:
        # The YAML scanner is foreign code: whatever it trips over is the text's fault.
        findings.error((0, 1), "yaml", f"this cannot be read as YAML ({type(error).__name__})")
    return None


def _plain(error: MarkedYAMLError) -> str:
    parts = [str(p).strip() for p in (error.context, error.problem) if p]
    return "; ".join(" ".join(p.split())[:160] for p in parts) or "unreadable"


def _advice(text: str, at: int) -> str | None:
    """The commonest mistakes of people who write YAML seldom."""
    line = text[text.rfind("\n", 0, at) + 1 : (text.find("\n", at) + 1 or len(text) + 1) - 1]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, never with tabs"
    if re.search(r":\s*[^'\"\[{|>\s][^#]*:\s", line):
        return "put a value that contains `: ` into double quotes"
    if re.search(r":\s*'[^']*'\s*[^\s,}\]#]", line):
        return "put the whole value into double quotes"
    if re.search(r":\s*[@`%]", line):
        return "put the value into double quotes"
    return None


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being read."""

    node: Mapping | Sequence
    key: Scalar | None = None


class _Builder:
    def __init__(self, findings: Findings, what: str, begins: str) -> None:
        self.findings, self.what, self.begins = findings, what, begins
        self.text = findings.source.text
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.documents = 0
        self.nodes = 0

    def build(self) -> Node | None:
        for event in self._events():
            match event:
                case AliasEvent():
                    self._refuse(event, "anchor", "aliases (`*name`) are not allowed", "write the value out")
                case DocumentStartEvent():
                    self._document(event)
                case ScalarEvent():
                    self._refuse_properties(event)
                    self._add(self._scalar(event), event)
                case MappingStartEvent():
                    self._refuse_properties(event)
                    self._open(Mapping({}, event.start_mark.index, event.end_mark.index), event)
                case SequenceStartEvent():
                    self._refuse_properties(event)
                    self._open(Sequence([], event.start_mark.index, event.end_mark.index), event)
                case MappingEndEvent() | SequenceEndEvent():
                    self.stack.pop()
        if self.root is None:
            self.findings.error((0, 1), "empty", "the file is empty", f"a {self.what} begins with `{self.begins}`")
        return self.root

    def _events(self) -> Iterator[Any]:
        reader = YAML(typ="safe", pure=True)
        reader.version = (1, 2)
        yield from reader.parse(self.text)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "documents", "a second YAML document begins here", "one file holds one policy")
        if event.version or event.tags:
            at = max(self.text.find("%", 0, event.start_mark.index), 0)
            hint = "remove the line that begins with `%`"
            self.findings.error((at, event.start_mark.index), "directive", "YAML directives are not allowed", hint)
            raise _Refused

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(event, "anchor", "anchors (`&name`) are not allowed", "write the value out where it is needed")
        # A plain value has no tag written; a quoted one carries the implied "!" of the parser, which is none either.
        written = self.text[event.start_mark.index : event.start_mark.index + 1] == "!"
        if written:
            self._refuse(event, "tag", "YAML tags (`!name`) are not allowed", "write the plain value")

    def _refuse(self, event: Any, code: str, message: str, hint: str) -> None:
        start = event.start_mark.index
        end = max(start + 1, min(event.end_mark.index, start + 40))
        self.findings.error((start, end), code, message, hint)
        raise _Refused

    def _open(self, node: Mapping | Sequence, event: Any) -> None:
        self._add(node, event)
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(
                event, "nesting", f"nested more than {MAX_DEPTH} deep", f"a {self.what} needs no more than six levels"
            )
        self.stack.append(_Open(node))

    def _add(self, node: Node, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, "file-too-large", f"more than {MAX_NODES:,} values", f"split the {self.what}")
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None:
            top.key = self._key(node, top.node, event)
        else:
            top.node.items[top.key.value] = (top.key, node)
            top.key = None

    def _key(self, node: Node, within: Mapping, event: Any) -> Scalar:
        if not isinstance(node, Scalar):
            self._refuse(event, "key", "a key must be a word", "write `key: value`")
            raise _Refused
        if node.value in within.items:
            first = self.findings.source.span(*within.key(node.value).at)
            self._refuse(
                event,
                "duplicate-key",
                f"`{node.value[:60]}` stands twice (first in line {first.line})",
                "rename or remove one of the two",
            )
        return node

    def _scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        style = event.style
        value = str(event.value)
        plain = style is None or style == ""
        places = _places(self.text, start, end, value, style)
        if plain and start == end:
            # A value that was left out: point at its key's colon, not at whatever comes next.
            start = end = max(len(self.text[:start].rstrip()) - 1, 0)
        if style in ("|", ">") and places:
            start, end = places[0], places[-1] + 1
        return Scalar(value, start, max(end, start), plain, places)


def _places(text: str, start: int, end: int, value: str, style: str | None) -> tuple[int, ...]:
    """Where each character of a value stands in the source, whatever the quoting and folding.

    Walks both at once: a character that is not white space is looked for past the source's white space, an escape
    takes its whole length, and folded white space takes the place where it begins.
    """
    at = start
    if style in ("'", '"'):
        at += 1
    elif style in ("|", ">"):
        at = text.find("\n", start, end) + 1 or end
    places = []
    for letter in value:
        blank = letter in " \t\r\n"
        if not blank or style in ("|", ">"):
            while at < end and text[at] != letter and text[at] in " \t\r\n":
                at += 1
        places.append(min(at, end))
        if style == '"' and text[at : at + 1] == "\\":
            while text[at : at + 2] in ("\\\n", "\\\r"):
                at += 2
                while text[at : at + 1] in (" ", "\t", "\n"):
                    at += 1
                places[-1] = at
            if text[at : at + 1] == "\\":
                at += {"x": 4, "u": 6, "U": 10}.get(text[at + 1 : at + 2], 2)
            else:
                at += 1
        elif style == "'" and text[at : at + 2] == "''":
            at += 2
        elif not blank or text[at : at + 1] in (" ", "\t", "\r", "\n"):
            at += 1
    return tuple(places)

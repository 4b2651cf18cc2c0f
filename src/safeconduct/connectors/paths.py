"""Paths into a body: ``item.refunds.data[0].id``, ``item.line_items[*].quantity``, ``item.rows[?kind=refund].amount``.

The first word says where to look (``item``, ``body``, ``header``, ``option``, ``each``, ``row``). Steps after it:

``.name``            a key of an object (letters, digits, ``_``, ``-``, ``:``)
``["a name"]``       a key with other characters, such as a column heading
``[0]`` ``[-1]``     an element of a list          ``[*]``    every element
``[?key=a|b]``       every element whose ``key`` is the text a or b; more conditions follow after ``&``

A path over ``[*]`` or ``[?…]`` has many values, any other at most one. What is not there is simply not found:
a path never raises, whatever the body looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_STEP = re.compile(
    r"\.(?P<key>[A-Za-z0-9_\-:]+)|\[(?P<index>-?[0-9]{1,4})\]|\[(?P<all>\*)\]|\[\"(?P<quoted>[^\"]+)\"\]"
    r"|\[\?(?P<where>[A-Za-z0-9_\-]+=[^\]&]+(?:&[A-Za-z0-9_\-]+=[^\]&]+)*)\]"
)
_ROOT = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Key:
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    at: int


@dataclass(frozen=True, slots=True)
class Every:
    """Every element; with conditions, those whose value under each key is one of its texts."""

    conditions: tuple[tuple[str, frozenset[str]], ...] = ()

    def admits(self, element: object) -> bool:
        return all(
            isinstance(element, Mapping) and _as_text(element.get(key)) in texts for key, texts in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. ``many``: it may have several values."""

    text: str
    root: str
    steps: tuple[Key | Index | Every, ...]
    many: bool

    def values(self, roots: Mapping[str, object]) -> Iterator[object]:
        """The values found, in order, without the nulls."""
        if self.root in roots:
            for value in _walk(roots[self.root], self.steps):
                if value is not None:
                    yield value

    def present(self, roots: Mapping[str, object]) -> bool:
        """Whether the place exists, be its value null."""
        return self.root in roots and next(iter(_walk(roots[self.root], self.steps)), _NOTHING) is not _NOTHING


_NOTHING = object()


def _walk(value: object, steps: tuple[Key | Index | Every, ...]) -> Iterator[object]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    match step:
        case Key(name):
            if isinstance(value, Mapping) and name in value:
                yield from _walk(value[name], rest)
        case Index(at):
            if isinstance(value, list) and -len(value) <= at < len(value):
                yield from _walk(value[at], rest)
        case Every():
            for element in value if isinstance(value, list) else ():
                if step.admits(element):
                    yield from _walk(element, rest)


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int)) else None


def parse_path(text: str) -> Path:
    """The path of a text. Raises ValueError, with a sentence, for one that cannot be read."""
    root = _ROOT.match(text)
    if root is None:
        raise ValueError(f"`{text}` is not a path; begin with where to look, such as item.amount")
    steps: list[Key | Index | Every] = []
    at = root.end()
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(f"`{text}` cannot be read as a path from `{text[at:]}` on; steps are .name, [0], [*]")
        name = step["key"] or step["quoted"]
        if name is not None:
            steps.append(Key(name))
        elif step["index"] is not None:
            steps.append(Index(int(step["index"])))
        elif step["all"] is not None:
            steps.append(Every())
        else:
            pairs = (condition.split("=", 1) for condition in step["where"].split("&"))
            steps.append(Every(tuple((key, frozenset(texts.split("|"))) for key, texts in pairs)))
        at = step.end()
    return Path(text, root.group(), tuple(steps), any(isinstance(s, Every) for s in steps))

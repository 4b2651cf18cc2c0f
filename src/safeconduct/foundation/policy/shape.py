"""What a policy file may contain, key by key: values asked for in the shape they must have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import TypeVar

from safeconduct.foundation.policy.diagnostics import MAX_NAME, Findings, choices, suggest, too_long
from safeconduct.foundation.policy.yaml_reader import Mapping, Node, Scalar, Sequence

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")

#: The languages the product ships in; a text missing in one of them is a warning.
SHIPPED_LANGUAGES = ("en", "zh", "es")
MAX_SENTENCE = 500

Choice = TypeVar("Choice", bound=StrEnum)


class Shape:
    """Asks for values and reports what does not fit; every method returns None after reporting."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def mapping(self, node: Node, what: str, example: str) -> Mapping | None:
        if isinstance(node, Mapping):
            return node
        self.findings.error(node.at, "shape", f"{what} must be a set of keys with values", f"for example {example}")
        return None

    def text(self, node: Node, what: str, example: str) -> Scalar | None:
        if isinstance(node, Scalar) and not node.is_null:
            return node
        self.findings.error(node.at, "shape", f"{what} must be a text", f"for example {example}")
        return None

    def texts(self, node: Node, what: str, example: str) -> list[Scalar]:
        """One text or a list of them."""
        if isinstance(node, Sequence):
            if not node.items:
                self.findings.error(node.at, "shape", f"{what} is an empty list", f"for example {example}")
            found = [self.text(item, what, example) for item in node.items]
            return [s for s in found if s is not None]
        one = self.text(node, what, example)
        return [one] if one is not None else []

    def only(self, node: Mapping, allowed: Collection[str], what: str) -> None:
        """Reports each key that is not allowed."""
        for name, (key, _) in node.items.items():
            if name not in allowed:
                hint = suggest(name, allowed) or "it may have " + choices(allowed, limit=20)
                self.findings.error(key.at, "unknown-key", f"{what} has no key `{name[:60]}`", hint)

    def named(self, node: Mapping, what: str, pattern: re.Pattern[str] = IDENTIFIER) -> Iterator[tuple[Scalar, Node]]:
        """The entries of a mapping whose keys are names; malformed names are reported and left out."""
        for name, (key, value) in node.items.items():
            if pattern.fullmatch(name):
                yield key, value
            else:
                lowered = re.sub(r"[^a-z0-9]+", "_" if pattern is IDENTIFIER else "-", name.lower()).strip("_-")
                hint = f"write `{lowered}`" if pattern.fullmatch(lowered) else "begin with a letter from a to z"
                hint = too_long(name) or hint
                sign = "_" if pattern is IDENTIFIER else "-"
                why = f"`{name[:60]}` is not a name for {what}: use a to z, 0 to 9 and {sign}"
                if len(name) > MAX_NAME:
                    why = f"`{name[:60]}…` is too long a name for {what}"
                self.findings.error(key.at, "name", why, hint)

    def choice(self, node: Node, kind: type[Choice], what: str) -> Choice | None:
        values = [member.value for member in kind]
        if isinstance(node, Scalar) and node.value in values:
            return kind(node.value)
        hint = (isinstance(node, Scalar) and suggest(node.value, values)) or "it is one of " + choices(values)
        shown = f"`{node.value[:40]}`" if isinstance(node, Scalar) else "this"
        self.findings.error(node.at, "choice", f"{shown} is not a value for `{what}`", hint)
        return None

    def flag(self, node: Node, what: str) -> bool | None:
        found = node.as_bool() if isinstance(node, Scalar) else None
        if found is None:
            self.findings.error(
                node.at, "shape", f"`{what}` must be true or false", "write true or false, without quotes"
            )
        return found

    def sentences(self, node: Node, what: str, example: str) -> dict[str, Scalar]:
        """Language → sentence; a missing shipped language is a warning, missing English an error."""
        mapping = self.mapping(node, what, example)
        if mapping is None:
            return {}
        found: dict[str, Scalar] = {}
        for language, (key, value) in mapping.items.items():
            if not LANGUAGE.fullmatch(language):
                self.findings.error(
                    key.at, "language", f"`{language[:40]}` is not a language", "for example en, zh or es"
                )
                continue
            sentence = self.text(value, f"{what} in {language}", example)
            if sentence is None:
                continue
            if not sentence.value.strip() or len(sentence.value) > MAX_SENTENCE:
                self.findings.error(
                    sentence.at,
                    "sentence",
                    f"{what} has {len(sentence.value)} characters; 1 to {MAX_SENTENCE} are allowed",
                )
                continue
            found[language] = sentence
        if "en" not in mapping.items:
            self.findings.error(mapping.at, "language", f"{what} is missing in English", f"for example {example}")
        missing = [c for c in SHIPPED_LANGUAGES if c != "en" and c not in mapping.items]
        if missing:
            self.findings.warning(
                mapping.at, "language", f"{what} is missing in {' and '.join(missing)}", "readers of it see the English"
            )
        return found

"""Policy texts as read and told, remembered by their text: reading one of forty rules takes half a second.

A version's text never changes once it has left the draft, and a draft that is saved is another text. So nothing here
is ever out of date; what is least used is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from django.conf import settings

from safeconduct.foundation.policy.diagnostics import Diagnostic
from safeconduct.foundation.policy.nodes import Policy, Rule
from safeconduct.foundation.policy.policy_tests import read_tests, run_tests
from safeconduct.foundation.policy.prose import Prose, describe
from safeconduct.foundation.policy.reader import Reading, read_policy
from safeconduct.foundation.policy.tree import feature_names, names
from safeconduct.kernel.decisions.models import WatchList
from safeconduct.kernel.events.catalogue import CATALOGUE

#: Texts and tellings that a process remembers; one of forty rules takes about a megabyte.
_REMEMBERED = 32


#: Tests that are carried out while somebody waits for a page: one takes about three milliseconds.
TESTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of the tests within a policy's text: what is wrong with how they are written, how many were carried
    out, (name, what differs) of those that failed, and how many were left for the command."""

    faults: tuple[Diagnostic, ...]
    run: int
    failed: tuple[tuple[str, str], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule as it stands in its policy's text: its lines, counted from 1, and the first one's number."""

    first_line: int
    text: str


def reading_of(text: str) -> Reading:
    """The text read against this marketplace's catalogue, currency and lists, as `policies.check` reads it."""
    return _read(text, settings.REPORTING_CURRENCY, frozenset(WatchList.objects.values_list("name", flat=True)))


@lru_cache(maxsize=_REMEMBERED)
def _read(text: str, currency: str, lists: frozenset[str]) -> Reading:
    return read_policy(text, CATALOGUE, currency=currency, lists=lists)


def tests_of(reading: Reading) -> Tested | None:
    """The tests within a policy's text, carried out; None where it does not read, or has none."""
    if reading.policy is None:
        return None
    found = read_tests(reading.text, reading.policy, CATALOGUE)
    if not found.tests and not found.diagnostics:
        return None
    results = run_tests(reading.policy, found.tests[:TESTS_AT_ONCE])
    failed = tuple((r.name, "; ".join(r.problems)) for r in results if not r.passed)
    return Tested(found.diagnostics, len(results), failed, len(found.tests) - len(results))


def prose_of(reading: Reading, language: str) -> Prose | None:
    """What the policy does in sentences of a language; None where the text does not read."""
    if reading.policy is None:
        return None
    return _told(_ByText(reading.text, reading.policy), language)


class _ByText:
    """A policy that is equal to another of the same text: comparing trees would cost more than telling them."""

    __slots__ = ("policy", "text")

    def __init__(self, text: str, policy: Policy) -> None:
        self.text, self.policy = text, policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByText) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=_REMEMBERED * 2)
def _told(asked: _ByText, language: str) -> Prose:
    return describe(asked.policy, language)


def rule_text(reading: Reading, rule: Rule) -> RuleText:
    """The lines of one rule: from its name to the line before what stands next to it, without empty lines at the end.

    A comment above the rule belongs to it.
    """
    lines = reading.text.split("\n")
    at = (rule.span.line if rule.span else 1) - 1
    # The span may begin below the name where a rule's body is on lines of its own.
    while at > 0 and not lines[at].lstrip().startswith(f"{rule.name}:"):
        at -= 1
    depth = _depth(lines[at])
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) > depth):
        end += 1
    start = at
    while start > 0 and lines[start - 1].lstrip().startswith("#") and _depth(lines[start - 1]) == depth:
        start -= 1
    return RuleText(start + 1, "\n".join(lines[start:end]).rstrip())


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def because_text(rule: Rule, language: str) -> str:
    """What is said where the rule fires, with the names of its values in braces."""
    parts = rule.because.get(language) or rule.because.get("en") or next(iter(rule.because.values()), ())
    return "".join(part.text if part.text is not None else f"{{{part.name}}}" for part in parts)


def looks_at(policy: Policy, rule: Rule, prose: Prose) -> Mapping[str, str]:
    """The features that a rule's condition reads, also through other features, each with its sentence."""
    wanted = feature_names(policy, names(rule.when))
    return MappingProxyType({name: text for name, text in prose.features.items() if name in wanted})


def parts_of(text: str, limit_bytes: int) -> Iterator[tuple[int, list[str]]]:
    """A long text in parts of at most so many bytes: (number of the first line, its lines). A part has a line at
    least."""
    first, part, size = 1, list[str](), 0
    for number, line in enumerate(text.replace("\r\n", "\n").rstrip("\n").split("\n"), 1):
        length = len(line.encode()) + 1
        if part and size + length > limit_bytes:
            yield first, part
            first, part, size = number, [], 0
        part.append(line)
        size += length
    yield first, part

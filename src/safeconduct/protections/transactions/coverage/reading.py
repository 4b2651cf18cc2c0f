"""Reading a template's file: every fault is named with file, line, field and the way out; none is guessed around."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from babel.core import get_global

from safeconduct.foundation.money import Money, MoneyError
from safeconduct.foundation.policy.diagnostics import (
    Diagnostic,
    Findings,
    Source,
    TooManyErrors,
    choices,
    render,
    suggest,
)
from safeconduct.foundation.policy.durations import read_duration_us
from safeconduct.foundation.policy.yaml_reader import Mapping, Node, Scalar, Sequence, read_yaml
from safeconduct.protections.transactions.coverage.template import (
    Condition,
    Covered,
    Excluded,
    Limits,
    Origin,
    Period,
    Review,
    Template,
    Texts,
    Warning,
)
from safeconduct.protections.transactions.coverage.words import Cause, Kind, Parcels, Start, Sure

LANGUAGES: Final = ("en", "es", "zh")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,59}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SCANS: Final = frozenset({"accepted", "in_transit", "customs", "out_for_delivery"})
_METHODS: Final = frozenset({"card", "wallet", "bank_transfer", "bnpl", "cash_on_delivery", "other"})
_ORIGIN: Final = ("source", "sure")

TOP: Final = (
    "template", "title", "about", "valid_from", "limits", "period", "warning", "review", "late_news", "conditions",
    "covers",
)  # fmt: skip
LIMITS: Final = ("order", "seller_year", "fund_year")
#: kind → (fields it must have, fields it may have), beside `kind`, `says`, `do`, `source`, `sure`.
FIELDS_OF_KINDS: Final[dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    Kind.ACCEPTED: ((), ("strict",)),
    Kind.PHYSICAL: ((), ()),
    Kind.PAYMENT_METHOD: (("values",), ()),
    Kind.SELLER_COUNTRY: (("values",), ()),
    Kind.SHIPPED: ((), ("within", "after", "parcels")),
    Kind.TRACKED: ((), ("within", "after", "parcels", "values")),
    Kind.SCANNED: (("values",), ("within", "after", "parcels")),
    Kind.ADDRESS: ((), ("strict",)),
    Kind.DELIVERED: ((), ("within", "parcels")),
    Kind.SIGNED: ((), ("from",)),
    Kind.SHIPPED_BEFORE_CLAIM: (("within",), ()),
    Kind.CLAIM_FILED: (("within",), ()),
    Kind.CLAIM_ANSWERED: (("within",), ()),
    Kind.ABUSE_FOUND: ((), ()),
}
_Word = TypeVar("_Word", bound=StrEnum)


class TemplateError(ValueError):
    """A template cannot be accepted. The text says where, what and how to mend it; `problems` are single lines,
    `found` the same with line and column each.
    """

    def __init__(self, text: str, problems: tuple[str, ...], found: tuple[Diagnostic, ...]) -> None:
        super().__init__(text)
        self.problems = problems
        self.found = found


class _Refused(Exception):
    """A part cannot be read; what is wrong has been reported."""


def read_template(text: str, file: str = "template.yaml") -> Template:
    """The template of this text. Raises TemplateError with everything that is wrong with it."""
    findings = Findings(Source(text))
    template: Template | None = None
    try:
        root = read_yaml(findings, "template", "template: its-name")
        if root is not None:
            template = _Reader(findings).template(root, text)
    except (_Refused, TooManyErrors):
        template = None
    if template is None or findings.failed:
        found = findings.sorted()
        raise TemplateError(
            render(found, text, file), tuple(f"{file}:{d.span.line}: {d.message}" for d in found), found
        )  # fmt: skip
    return template


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.unread: set[str] = set()

    def template(self, root: Node, text: str) -> Template:
        top = self.mapping(root, "the file")
        self.fields(top, "the template", TOP, ("excludes",))
        conditions = self.conditions(top)
        covered = tuple(self.covers(top, conditions))
        excluded = tuple(self.excludes(top, {c.cause for c in covered}))
        used = {name for c in covered for name in c.conditions}
        for name in conditions.keys() - used:
            at = self.mapping(self.get(top, "conditions"), "conditions").key(name).at
            self.fail(at, "conditions", f"`{name}` is used by no cause", "name it under `covers`, or remove it")
        late = self.part(top, "late_news", ("within", *_ORIGIN))
        return Template(
            name=self.word(top, "template", _NAME, "a name of small letters, digits and hyphens, such as jd-like"),
            title=self.texts(top, "title"), about=self.texts(top, "about"), valid_from=self.day(top, "valid_from"),
            limits=self.limits(top), period=self.period(top), warning=self.warning(top), review=self.review(top),
            late_news_us=self.duration(late, "within"), late_news_origin=self.origin(late),
            conditions=conditions, covered=covered, excluded=excluded, text=text,
        )  # fmt: skip

    def conditions(self, top: Mapping) -> dict[str, Condition]:
        found: dict[str, Condition] = {}
        listed = self.mapping(self.get(top, "conditions"), "conditions")
        for name, (key, node) in listed.items.items():
            try:
                if not _NAME.fullmatch(name):
                    self.fail(key.at, "conditions", f"`{name[:40]}` is no name", "use small letters, digits, _")
                found[name] = self.condition(name, self.mapping(node, name))
            except _Refused:
                self.unread.add(name)
        return found

    def condition(self, name: str, node: Mapping) -> Condition:
        kind = self.choice(node, "kind", Kind)
        required, allowed = FIELDS_OF_KINDS[kind]
        self.fields(node, f"condition `{name}` ({kind})", ("kind", "says", "do", *_ORIGIN, *required), allowed)
        return Condition(
            name=name, kind=kind, says=self.texts(node, "says"), do=self.texts(node, "do"), origin=self.origin(node),
            within_us=self.duration(node, "within") if "within" in node.items else None,
            after=self.choice(node, "after", Start) if "after" in node.items else Start.PAID,
            parcels=self.choice(node, "parcels", Parcels) if "parcels" in node.items else Parcels.ANY,
            values=self.values(node, kind) if "values" in node.items else frozenset(),
            from_amount=self.money(node, "from") if "from" in node.items else None,
            strict=self.flag(node, "strict") if "strict" in node.items else False,
        )  # fmt: skip

    def values(self, node: Mapping, kind: Kind) -> frozenset[str]:
        words = self.words(node, "values")
        for word in words:
            known: frozenset[str] = frozenset()
            if kind is Kind.SELLER_COUNTRY and not _COUNTRY.fullmatch(word.value):
                hint = "write two capital letters, ISO 3166-1"
                self.fail(word.at, "values", f"`{word.value[:40]}` is no country", hint)
            elif kind is Kind.SCANNED:
                known = _SCANS
            elif kind is Kind.PAYMENT_METHOD:
                known = _METHODS
            if known and word.value not in known:
                hint = suggest(word.value, known) or f"there are {choices(known)}"
                self.fail(word.at, "values", f"`{word.value[:40]}` is not known", hint)
        return frozenset(word.value for word in words)

    def covers(self, top: Mapping, conditions: dict[str, Condition]) -> Iterable[Covered]:
        for name, (key, node) in self.mapping(self.get(top, "covers"), "covers").items.items():
            cause = self.known(key, name, "covers", Cause)
            part = self.mapping(node, name)
            self.fields(part, f"covers `{name}`", ("conditions", *_ORIGIN), ())
            words = self.words(part, "conditions")
            for word in words:
                if word.value not in conditions and word.value not in self.unread:
                    hint = suggest(word.value, conditions) or f"there are {choices(conditions)}"
                    self.fail(word.at, "conditions", f"there is no condition `{word.value[:40]}`", hint)
            yield Covered(cause, tuple(word.value for word in words), self.origin(part))

    def excludes(self, top: Mapping, covered: set[Cause]) -> Iterable[Excluded]:
        given = top.get("excludes")
        listed = self.mapping(given, "excludes").items if given is not None else {}
        for name, (key, node) in listed.items():
            cause = self.known(key, name, "excludes", Cause)
            if cause in covered:
                self.fail(key.at, "excludes", f"`{name}` is covered and excluded at once", "keep one of the two")
            part = self.mapping(node, name)
            self.fields(part, f"excludes `{name}`", ("because", *_ORIGIN), ())
            yield Excluded(cause, self.texts(part, "because"), self.origin(part))
        silent = set(Cause) - covered - {Cause(name) for name in listed if name in set(Cause)}
        for cause in sorted(silent):
            self.fail(
                top.key("covers").at, "covers", f"nothing is said about `{cause}`",
                "cover it under `covers`, or tell sellers under `excludes` why not",
            )  # fmt: skip

    def limits(self, top: Mapping) -> Limits:
        part = self.part(top, "limits", _ORIGIN, LIMITS)

        def limit(name: str) -> Money | None:
            return self.money(part, name) if name in part.items else None

        return Limits(limit("order"), limit("seller_year"), limit("fund_year"), self.origin(part))

    def period(self, top: Mapping) -> Period:
        part = self.part(top, "period", ("within", "after", *_ORIGIN))
        return Period(self.duration(part, "within"), self.choice(part, "after", Start), self.origin(part))

    def warning(self, top: Mapping) -> Warning:
        part = self.part(top, "warning", ("share", "before", *_ORIGIN))
        share = self.scalar(part, "share")
        match = re.fullmatch(r"([1-9][0-9]?)%", share.value)
        if match is None:
            self.fail(share.at, "share", f"`{share.value[:40]}` is no share of a term", "write 1% to 99%")
            raise _Refused
        return Warning(int(match.group(1)), self.duration(part, "before"), self.origin(part))

    def review(self, top: Mapping) -> Review:
        part = self.part(top, "review", ("before_lapse", "authorisation", *_ORIGIN))
        return Review(self.duration(part, "before_lapse"), self.duration(part, "authorisation"), self.origin(part))

    # -- parts of every file -------------------------------------------------------------------------------------------

    def part(self, top: Mapping, name: str, needed: tuple[str, ...], allowed: tuple[str, ...] = ()) -> Mapping:
        part = self.mapping(self.get(top, name), name)
        self.fields(part, f"`{name}`", needed, allowed)
        return part

    def fields(self, node: Mapping, what: str, needed: tuple[str, ...], allowed: tuple[str, ...]) -> None:
        for name, (key, _node) in node.items.items():
            if name not in needed and name not in allowed:
                known = (*needed, *allowed)
                hint = suggest(name, known) or f"it has {choices(known)}"
                self.fail(key.at, name, f"{what} has no field `{name[:40]}`", hint)
        missing = [name for name in needed if name not in node.items]
        for name in missing:
            hint = "say where the figure comes from" if name == "source" else f"add `{name}:`"
            self.fail(node.at, name, f"{what} lacks `{name}`", hint)
        if missing:
            raise _Refused

    def origin(self, node: Mapping) -> Origin:
        source = self.scalar(node, "source")
        if len(source.value.strip()) < 3:
            self.fail(source.at, "source", "the source is empty", "name the page, law or person the figure comes from")
        return Origin(source.value.strip(), self.choice(node, "sure", Sure))

    def texts(self, node: Mapping, name: str) -> Texts:
        part = self.mapping(self.get(node, name), name)
        self.fields(part, f"`{name}`", LANGUAGES, ())
        found = {language: self.scalar(part, language) for language in LANGUAGES}
        for language, text in found.items():
            if not text.value.strip():
                self.fail(text.at, name, f"`{name}` says nothing in {language}", "write the sentence sellers read")
        return {language: text.value.strip() for language, text in found.items()}

    def duration(self, node: Mapping, name: str) -> int:
        scalar = self.scalar(node, name)
        try:
            return read_duration_us(scalar.value)
        except ValueError as problem:
            self.fail(scalar.at, name, str(problem), None)
            raise _Refused from None

    def money(self, node: Mapping, name: str) -> Money:
        scalar = self.scalar(node, name)
        amount, _, currency = scalar.value.partition(" ")
        try:
            if currency not in get_global("all_currencies"):
                raise MoneyError(f"`{scalar.value[:40]}` has no currency")
            money = Money.parse(amount, currency)
        except MoneyError as problem:
            self.fail(scalar.at, name, str(problem), "write an amount such as `250 USD`")
            raise _Refused from None
        if money.minor <= 0:
            self.fail(scalar.at, name, "an amount must be above zero", "leave the field out where there is no limit")
        return money

    def day(self, node: Mapping, name: str) -> date:
        scalar = self.scalar(node, name)
        try:
            return date.fromisoformat(scalar.value)
        except ValueError:
            self.fail(scalar.at, name, f"`{scalar.value[:40]}` is no day", "write year-month-day, such as 2026-01-31")
            raise _Refused from None

    def flag(self, node: Mapping, name: str) -> bool:
        scalar = self.scalar(node, name)
        value = scalar.as_bool()
        if value is None:
            self.fail(scalar.at, name, f"`{name}` is true or false", None)
        return bool(value)

    def choice(self, node: Mapping, name: str, kind: type[_Word]) -> _Word:
        scalar = self.scalar(node, name)
        return self.known(scalar, scalar.value, name, kind)

    def known(self, at: Scalar, value: str, field: str, kind: type[_Word]) -> _Word:
        try:
            return kind(value)
        except ValueError:
            known = [word.value for word in kind]
            hint = suggest(value, known) or f"there are {choices(known)}"
            self.fail(at.at, field, f"`{value[:40]}` is not known here", hint)
            raise _Refused from None

    def word(self, node: Mapping, name: str, pattern: re.Pattern[str], like: str) -> str:
        scalar = self.scalar(node, name)
        if not pattern.fullmatch(scalar.value):
            self.fail(scalar.at, name, f"`{scalar.value[:40]}` is not {like}", None)
        return scalar.value

    def words(self, node: Mapping, name: str) -> list[Scalar]:
        given = self.get(node, name)
        if not isinstance(given, Sequence) or not given.items:
            self.fail(given.at, name, f"`{name}` is a list of words", f"write `{name}: [one, two]`")
            raise _Refused
        found = [item for item in given.items if isinstance(item, Scalar)]
        if len(found) != len(given.items) or len({item.value for item in found}) != len(found):
            self.fail(given.at, name, f"`{name}` holds words, each once", None)
            raise _Refused
        return found

    def get(self, node: Mapping, name: str) -> Node:
        found = node.get(name)
        if found is None:
            self.fail(node.at, name, f"`{name}` is missing", f"add `{name}:`")
            raise _Refused
        return found

    def scalar(self, node: Mapping, name: str) -> Scalar:
        found = self.get(node, name)
        if not isinstance(found, Scalar):
            self.fail(found.at, name, f"`{name}` is one value", None)
            raise _Refused
        return found

    def mapping(self, node: Node, what: str) -> Mapping:
        if not isinstance(node, Mapping):
            self.fail(node.at, what, f"{what} is a list of `field: value`", None)
            raise _Refused
        return node

    def fail(self, at: tuple[int, int], field: str, message: str, hint: str | None) -> None:
        self.findings.error(at, "template", f"{field}: {message}", hint)

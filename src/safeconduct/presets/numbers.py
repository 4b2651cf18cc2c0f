"""A preset's numbers, and reading them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from safeconduct.foundation.money import Money, MoneyError
from safeconduct.foundation.policy.durations import read_duration_us

_FOLDER: Final = Path(__file__).resolve().parent
_SURE: Final = ("published", "reported", "memory", "ours")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHARE: Final = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?%")


class PresetMalformed(ValueError):
    """A preset's file is wrong; the message names the file, the field and the way out."""

    def __init__(self, file: str, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field}: {problem}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a figure comes from, and how sure it is: published, reported, memory or ours."""

    source: str
    sure: str


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an amount, in hundredths of a percent."""

    basis_points: int
    origin: Origin

    def of(self, minor: int) -> int:
        """The part of an amount in minor units, rounded half to even."""
        return round(Fraction(minor * self.basis_points, 10_000))


@dataclass(frozen=True, slots=True)
class Release:
    """When a sale's money becomes available: so long after its delivery, or after payment where none is told."""

    after_delivery: timedelta
    without_delivery: timedelta
    origin: Origin


@dataclass(frozen=True, slots=True)
class Review:
    """How long a card authorisation lasts, and how long before its end a risk review must be over."""

    authorisation: timedelta
    before_lapse: timedelta
    origin: Origin

    @property
    def longest(self) -> timedelta:
        """How long after the order was placed a review may last."""
        return self.authorisation - self.before_lapse


@dataclass(frozen=True, slots=True)
class Holds:
    """The longest that money is held because of a bank dispute."""

    dispute: timedelta
    origin: Origin


@dataclass(frozen=True, slots=True)
class Payouts:
    """When sellers are paid (``weekday``: 0 is Monday, None every day; ``hour``: UTC), and the smallest payout in minor
    units by currency."""

    weekday: int | None
    hour: int
    minimums: Mapping[str, int]
    origin: Origin

    def due(self, at: datetime) -> datetime:
        """The latest time at or before ``at`` at which payouts were due."""
        here = at.astimezone(UTC)
        due = here.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        if due > here:
            due -= timedelta(days=1)
        return due if self.weekday is None else due - timedelta(days=(due.weekday() - self.weekday) % 7)

    def following(self, at: datetime) -> datetime:
        """The first time after ``at`` at which payouts are due."""
        return self.due(at) + timedelta(days=1 if self.weekday is None else 7)


@dataclass(frozen=True, slots=True)
class Numbers:
    """One version of a preset. ``coverage``: the coverage template that is put in force where there is none."""

    valid_from: date
    coverage: str
    commission: Share
    protection_fee: Share
    release: Release
    review: Review
    holds: Holds
    payouts: Payouts


@dataclass(frozen=True, slots=True)
class Preset:
    """A marketplace's numbers, the earliest version first."""

    name: str
    title: str
    versions: tuple[Numbers, ...]

    def on(self, day: date) -> Numbers:
        """The numbers of a day: the latest version that was valid by then, and before the first one that one."""
        return next((v for v in reversed(self.versions) if v.valid_from <= day), self.versions[0])


def names() -> tuple[str, ...]:
    """The presets there are."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


@lru_cache(maxsize=16)
def preset(name: str) -> Preset:
    """A preset of the package by its name. Raises PresetMalformed for a name that is none, and for a wrong file."""
    if name not in names():
        raise PresetMalformed(
            name[:40], "SAFECONDUCT_PRESET", f"there is no such preset; there are {', '.join(names())}"
        )
    return read((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def read(text: str, file: str) -> Preset:
    """Reads a preset. Raises PresetMalformed, naming the file, the field and the way out."""
    try:
        raw = YAML(typ="safe", pure=True).load(text)
    except YAMLError as problem:
        raise PresetMalformed(file, "whole file", f"is no YAML: {str(problem).splitlines()[0]}") from problem
    top = _Part(file, "", raw)
    top.only("preset", "title", "versions")
    given = top.get("versions")
    if not isinstance(given, list) or not given:
        raise PresetMalformed(file, "versions", "must be a list with one entry for each version")
    versions = [_numbers(_Part(file, f"versions[{n}]", one)) for n, one in enumerate(given)]
    days = [version.valid_from for version in versions]
    if sorted(set(days)) != days:
        raise PresetMalformed(file, "versions", "each must begin on a later day than the one before it")
    return Preset(top.text("preset"), top.text("title"), tuple(versions))


def _numbers(part: _Part) -> Numbers:
    part.only(
        "valid_from", "coverage", "commission", "protection_fee", "release", "review", "holds", "payouts"
    )  # fmt: skip
    release, review, holds = part.part("release"), part.part("review"), part.part("holds")
    release.only("after_delivery", "without_delivery", "source", "sure")
    review.only("authorisation", "before_lapse", "source", "sure")
    holds.only("dispute", "source", "sure")
    numbers = Numbers(
        part.day("valid_from"),
        part.text("coverage"),
        _share(part.part("commission")),
        _share(part.part("protection_fee")),
        Release(release.length("after_delivery"), release.length("without_delivery"), release.origin()),
        Review(review.length("authorisation"), review.length("before_lapse"), review.origin()),
        Holds(holds.length("dispute"), holds.origin()),
        _payouts(part.part("payouts")),
    )
    if numbers.review.longest <= timedelta(0):
        raise PresetMalformed(part.file, review.name("before_lapse"), "leaves no time for a review; make it shorter")
    if numbers.commission.basis_points + numbers.protection_fee.basis_points >= 10_000:
        raise PresetMalformed(part.file, part.name("commission"), "takes the whole sale, with the protection fee")
    return numbers


def _share(part: _Part) -> Share:
    part.only("share", "source", "sure")
    found = _SHARE.fullmatch(str(part.get("share")))
    if found is None:
        raise PresetMalformed(
            part.file, part.name("share"), "write a share such as 8% or 0.3%, with two decimals at most"
        )
    return Share(int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")), part.origin())


def _payouts(part: _Part) -> Payouts:
    part.only("every", "weekday", "hour", "minimums", "source", "sure", optional=("weekday",))
    every, hour = part.text("every"), part.get("hour")
    if every not in ("day", "week"):
        raise PresetMalformed(part.file, part.name("every"), "can be day or week")
    if not isinstance(hour, int) or not 0 <= hour <= 23:
        raise PresetMalformed(part.file, part.name("hour"), "must be a whole hour of the day in UTC, 0 to 23")
    weekday = None
    if every == "week":
        if part.get("weekday") not in _WEEKDAYS:
            raise PresetMalformed(part.file, part.name("weekday"), f"must be one of {', '.join(_WEEKDAYS)}")
        weekday = _WEEKDAYS.index(part.text("weekday"))
    elif part.has("weekday"):
        raise PresetMalformed(part.file, part.name("weekday"), "has a meaning only with `every: week`; leave it out")
    given = part.get("minimums")
    if not isinstance(given, list):
        raise PresetMalformed(part.file, part.name("minimums"), "must be a list of amounts such as 10 USD")
    minimums: dict[str, int] = {}
    for text in given:
        amount, _, currency = str(text).partition(" ")
        try:
            money = Money.parse(amount, currency)
        except MoneyError as problem:
            raise PresetMalformed(part.file, part.name("minimums"), str(problem)) from problem
        if money.minor <= 0 or currency in minimums:
            raise PresetMalformed(part.file, part.name("minimums"), f"{text}: above zero, and each currency once")
        minimums[currency] = money.minor
    return Payouts(weekday, hour, minimums, part.origin())


class _Part:
    """A mapping of the file with its place, for messages."""

    def __init__(self, file: str, place: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise PresetMalformed(file, place or "whole file", "must be a list of `field: value`")
        self.file, self.place, self.raw = file, place, raw

    def name(self, field: str) -> str:
        return f"{self.place}.{field}" if self.place else field

    def only(self, *fields: str, optional: Iterable[str] = ()) -> None:
        unknown = sorted(str(name) for name in self.raw if name not in fields)
        if unknown:
            problem = f"is not known here; there are {', '.join(fields)}"
            raise PresetMalformed(self.file, self.name(unknown[0]), problem)
        missing = [name for name in fields if name not in self.raw and name not in optional]
        if missing:
            hint = "say where the figure comes from" if missing[0] == "source" else f"add `{missing[0]}:`"
            raise PresetMalformed(self.file, self.name(missing[0]), f"is missing; {hint}")

    def has(self, field: str) -> bool:
        return field in self.raw

    def get(self, field: str) -> Any:
        return self.raw.get(field)

    def part(self, field: str) -> _Part:
        return _Part(self.file, self.name(field), self.raw[field])

    def text(self, field: str) -> str:
        value = self.raw.get(field)
        if not isinstance(value, str) or not value.strip():
            raise PresetMalformed(self.file, self.name(field), "must be a text that is not empty")
        return value.strip()

    def day(self, field: str) -> date:
        value = self.raw.get(field)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise PresetMalformed(self.file, self.name(field), "must be a day such as 2026-01-31")
        return value

    def length(self, field: str) -> timedelta:
        try:
            return timedelta(microseconds=read_duration_us(self.text(field)))
        except ValueError as problem:
            raise PresetMalformed(self.file, self.name(field), str(problem)) from problem

    def origin(self) -> Origin:
        sure = self.text("sure")
        if sure not in _SURE:
            raise PresetMalformed(self.file, self.name("sure"), f"can be {', '.join(_SURE)}")
        return Origin(self.text("source"), sure)

"""The statements of reasons of a time, for the DSA Transparency Database: read in small parts, each in a scope of its
own, so that a year of decisions needs no more memory than a day.

Which outcomes restrict a seller says the kind of a case (`CaseKind.restricting`). Told is a decision that nobody agreed
to, of a case with a party in the European Economic Area, once: one that only upholds what was told before is not told
again. A statement keeps its id (`puid`), so that one sent twice is refused as the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db.models import Q

from safeconduct.kernel.cases import dsa
from safeconduct.kernel.cases.dsa import TERRITORY, Restriction
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.models import Case, Party, StoredOutcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import staff_scope

#: Outcomes read at once.
_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """An outcome that restricts a seller, or a hold. ``puid``: its name in the database, of an outcome its id.
    ``statement``: None where it cannot be told; ``problem``: why not, "" where no party of the case is in the European
    Economic Area."""

    puid: str
    kind: str
    statement: Mapping[str, Any] | None
    problem: str = ""


def kinds_that_restrict() -> list[str]:
    """The kinds of cases whose decisions can be told, by name."""
    return sorted(name for name, kind in kinds().items() if kind.restricting is not None)


def export(since: datetime, until: datetime, of: Collection[str] = ()) -> Iterator[Exported]:
    """What was decided from a time on until another and restricts a seller, the earliest first. ``of``: kinds, all of
    `kinds_that_restrict` if empty. Opens its own scopes."""
    wanted = [name for name in kinds_that_restrict() if not of or name in of]
    after: tuple[datetime, str] | None = None
    while True:
        with staff_scope():
            part = _part(since, until, wanted, after)
            made = _told(part)
        yield from made
        if len(part) < _PART:
            return
        after = (part[-1].at, part[-1].id)


def holds(since: datetime, until: datetime, of: Collection[str] = ()) -> Iterator[Exported]:
    """What cases held from a seller for what was said of the offer, of those that were opened from a time on until
    another, by their ids; what became of them is told by `export`. ``of`` as there. Opens its own scopes."""
    wanted = [name for name, kind in kinds().items() if kind.holding is not None and (not of or name in of)]
    after = ""
    while True:
        with staff_scope():
            rows = Case.objects.filter(id__gt=after, opened_at__gte=since, opened_at__lt=until, kind__in=wanted)
            part = list(rows.order_by("id")[:_PART])
            made = _held(part)
        yield from made
        if len(part) < _PART:
            return
        after = part[-1].id


def _held(part: Sequence[Case]) -> list[Exported]:
    by_kind: dict[str, list[Case]] = {}
    for one in part:
        by_kind.setdefault(one.kind, []).append(one)
    found: dict[str, Restriction] = {}
    for name, those in by_kind.items():
        holding = kinds()[name].holding
        found |= {} if holding is None else holding(those)
    countries = _countries(found.keys())
    return [
        _exported(dsa.hold_of(one.id), one.kind, countries.get(one.id, ()), partial(dsa.suspension, one), found[one.id])
        for one in part
        if one.id in found
    ]


def _part(
    since: datetime, until: datetime, wanted: Sequence[str], after: tuple[datetime, str] | None
) -> list[StoredOutcome]:  # fmt: skip
    """Decisions of a time, by when they were made. What both sides agreed to is automated and final at once."""
    rows = StoredOutcome.objects.filter(at__gte=since, at__lt=until, case__kind__in=wanted)
    rows = rows.exclude(automated=True, final=True)
    if after is not None:
        at, last = after
        rows = rows.filter(Q(at__gt=at) | Q(at=at, id__gt=last), at__gte=at)
    return list(rows.select_related("case").order_by("at", "id")[:_PART])


def _told(part: Sequence[StoredOutcome]) -> list[Exported]:
    earlier = [one.replaces for one in part if one.replaces is not None]
    before = list(StoredOutcome.objects.filter(id__in=earlier).select_related("case"))
    found = _restrictions({one.id: one for one in (*before, *part)}.values())
    countries = _countries({one.case_id for one in part if one.id in found})
    return [
        _exported(one.id, one.case.kind, countries.get(one.case_id, ()), partial(dsa.statement, one), found[one.id])
        for one in part
        if one.id in found and not _told_before(one, found)
    ]


def _restrictions(outcomes: Collection[StoredOutcome]) -> dict[str, Restriction]:
    by_kind: dict[str, list[StoredOutcome]] = {}
    for one in outcomes:
        by_kind.setdefault(one.case.kind, []).append(one)
    found: dict[str, Restriction] = {}
    for name, those in by_kind.items():
        restricting = kinds()[name].restricting
        found |= {} if restricting is None else restricting(those)
    return found


def _told_before(one: StoredOutcome, found: Mapping[str, Restriction]) -> bool:
    earlier = None if one.replaces is None else found.get(one.replaces)
    return earlier is not None and earlier.decisions == found[one.id].decisions


def _countries(case_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Case → the countries of its sides that are in the European Economic Area."""
    found: dict[str, set[str]] = {}
    sides = Party.objects.filter(case_id__in=case_ids, role__in=[Role.BUYER, Role.SELLER], country__in=TERRITORY)
    for case_id, country in sides.values_list("case_id", "country"):
        found.setdefault(case_id, set()).add(country)
    return {case_id: tuple(sorted(names)) for case_id, names in found.items()}


def _exported(
    puid: str, kind: str, countries: Sequence[str], make: Callable[[Restriction], dict[str, Any]], found: Restriction
) -> Exported:  # fmt: skip
    if not countries:
        return Exported(puid, kind, None)
    try:
        return Exported(puid, kind, make(replace(found, territory=tuple(countries))))
    except CaseMalformed as problem:
        return Exported(puid, kind, None, str(problem))

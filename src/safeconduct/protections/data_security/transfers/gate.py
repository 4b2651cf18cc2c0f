"""The gate before data leaves: whether it may, with reasons, counting every person once a year.

`allowed` is called inside the transaction that sends, with everybody the batch is about. It locks the counters of what
it looks at, so that two batches side by side cannot slip under a threshold together. What is stopped is not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from safeconduct.kernel.scope import Actor, query
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import NotThere
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.transfers.models import TransferDestination
from safeconduct.protections.data_security.transfers.thresholds import (
    Ground,
    Kind,
    Level,
    Rule,
    Window,
    kinds_of,
    rules,
)

#: From which share of a threshold on it is said that it comes near, in per cent.
WARN_PERCENT: Final = 80


class Answer(StrEnum):
    """Whether data may leave. ``warn``: it may, and a threshold is near."""

    PERMIT = "permit"
    WARN = "warn"
    STOP = "stop"


class Why(StrEnum):
    """Reasons of an answer."""

    NO_RULE = "no_rule"
    EXEMPT = "exempt"
    BELOW = "below"
    NEAR = "near"
    COVERED = "covered"
    ABOVE = "above"
    ENDED = "ended"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: by which level of which law, with how many people it would then be (None: not counted)."""

    why: Why
    rule: str = ""
    level: str = ""
    people: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer with all its reasons, the weightiest first."""

    answer: Answer
    reasons: tuple[Reason, ...]

    @property
    def may_leave(self) -> bool:
        """Whether the data may be sent."""
        return self.answer is not Answer.STOP


_WEIGHT: Final[Mapping[Why, Answer]] = {
    Why.ABOVE: Answer.STOP, Why.ENDED: Answer.STOP, Why.UNDECLARED: Answer.STOP, Why.NEAR: Answer.WARN,
    Why.COVERED: Answer.PERMIT, Why.EXEMPT: Answer.PERMIT, Why.BELOW: Answer.PERMIT, Why.NO_RULE: Answer.PERMIT,
}  # fmt: skip


def allowed(
    destination_id: str, people: Mapping[str, Collection[int]], categories: Collection[str], ground: Ground,
    actor: Actor, *, at: datetime,
) -> Verdict:  # fmt: skip
    """Whether data about these people may go to a destination, and counts them if it may.

    ``people``: place where they live → their pseudonyms. Needs an engine or staff scope. Raises NotThere.
    """
    destination = TransferDestination.objects.select_for_update().filter(id=destination_id).first()
    if destination is None:
        raise NotThere
    reasons = list(_of_destination(destination, categories))
    counted: dict[str, set[int]] = {}
    kinds = kinds_of(categories)
    for rule in rules().values():
        mine = {
            key for place, keys in people.items() for key in keys
            if rule.concerns(place, destination.country, at.date())
        }  # fmt: skip
        if not mine:
            continue
        if ground in rule.exempt:
            reasons.append(Reason(Why.EXEMPT, rule.id))
            continue
        counted[rule.id] = mine
        reasons += _judged(rule, kinds, mine, destination, at)
    reasons.sort(key=lambda reason: list(_WEIGHT).index(reason.why))
    verdict = Verdict(
        _heaviest(_WEIGHT[reason.why] for reason in reasons), tuple(reasons) or (Reason(Why.NO_RULE),)
    )  # fmt: skip
    if verdict.may_leave:
        everybody = {key for keys in people.values() for key in keys}
        for scope, keys in {destination.id: everybody, **counted}.items():
            _count(scope, at.year, kinds if scope == destination.id else kinds & rules()[scope].kinds, keys)
    _note(destination, verdict, people, actor, at)
    return verdict


def stops(reason: Reason) -> bool:
    """Whether this reason alone keeps data from leaving."""
    return _WEIGHT[reason.why] is Answer.STOP


def _heaviest(answers: Iterable[Answer]) -> Answer:
    order = [Answer.PERMIT, Answer.WARN, Answer.STOP]
    return max(answers, key=order.index, default=Answer.PERMIT)


def _of_destination(destination: TransferDestination, categories: Collection[str]) -> Iterable[Reason]:
    if destination.ended_at is not None:
        yield Reason(Why.ENDED)
    if set(categories) - set(destination.categories):
        yield Reason(Why.UNDECLARED)


def _judged(
    rule: Rule, kinds: frozenset[Kind], mine: Collection[int], destination: TransferDestination, at: datetime
) -> Iterable[Reason]:
    years = [at.year] if rule.window is Window.YEAR else [at.year - 1, at.year]
    totals = {kind: _total(rule.id, kind, years, mine) for kind in sorted(kinds & rule.kinds)}
    for level in rule.levels:
        if level.kind in totals:
            people = totals[level.kind]
            yield Reason(_why(level, people, destination, at), rule.id, level.id, people, level.more_than)


def _why(level: Level, people: int, destination: TransferDestination, at: datetime) -> Why:
    valid = destination.good_until is not None and destination.good_until >= at.date()
    covered = valid and destination.mechanism in {one.value for one in level.needs}
    if people > level.more_than:
        return Why.COVERED if covered else Why.ABOVE
    near = 100 * people > WARN_PERCENT * level.more_than
    return Why.NEAR if near and not covered else Why.BELOW


def _total(scope: str, kind: Kind, years: list[int], keys: Collection[int]) -> int:
    """How many people it is with these ones, counted by years; the counters are locked until the transaction ends."""
    query(
        "INSERT INTO transfer_counter (scope, year, kind, people) SELECT %s, y, %s, 0 FROM unnest(%s::int[]) AS y"
        " ORDER BY y ON CONFLICT (scope, year, kind) DO UPDATE SET people = transfer_counter.people",
        [scope, kind.value, years],
    )
    named = sorted(keys)
    # As a difference of sets, which is linear by whatever plan: row by row, a plan made for few rows takes minutes.
    row = query(
        "SELECT coalesce("
        "(SELECT sum(people) FROM transfer_counter WHERE scope = %s AND kind = %s AND year = ANY(%s)), 0)"
        " + (SELECT count(*) FROM (SELECT unnest(%b::bigint[]) EXCEPT SELECT s.subject_key FROM transfer_subject s"
        " WHERE s.scope = %s AND s.year = ANY(%s) AND s.kind = %s AND s.subject_key = ANY(%b::bigint[])) AS new)",
        [scope, kind.value, years, named, scope, years, kind.value, named],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _count(scope: str, year: int, kinds: Collection[Kind], keys: Collection[int]) -> None:
    query(
        "WITH fresh AS (INSERT INTO transfer_subject (scope, year, kind, subject_key)"
        " SELECT %s, %s, c, k FROM unnest(%s::text[]) AS c, unnest(%b::bigint[]) AS k ORDER BY c, k"
        " ON CONFLICT DO NOTHING RETURNING kind)"
        " INSERT INTO transfer_counter (scope, year, kind, people)"
        " SELECT %s, %s, kind, count(*) FROM fresh GROUP BY kind ORDER BY kind"
        " ON CONFLICT (scope, year, kind) DO UPDATE SET people = transfer_counter.people + excluded.people",
        [scope, year, sorted(kind.value for kind in kinds), sorted(keys), scope, year],
    )


def _note(
    destination: TransferDestination, verdict: Verdict, people: Mapping[str, Collection[int]], actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    facts = {
        "people": {place: len(set(keys)) for place, keys in sorted(people.items())},
        "reasons": [
            {"why": r.why.value, "rule": r.rule, "level": r.level, "people": r.people, "limit": r.limit}
            for r in verdict.reasons
        ],
    }  # fmt: skip
    history.note([Done(destination.id, f"transfer_{verdict.answer.value}", facts)], actor, at)

"""How good were the cases? Who was right, held against what was advised, ruled, and answered to banks.

A complaint of an abuser is *noticed* when the advice about complaints spoke for it; one of an honest buyer that is
spoken of is a *false accusation*, although advice refuses nothing. A ruling is *right* when it lets the one pay who did
wrong, and counts against a shop only what the shop did. A bank's dispute is classified exactly when the product says
that earlier payments answer it, if and only if they do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from safeconduct.demo.complaints import Channel, Complaint, EarlierPayments, Fault
from safeconduct.demo.decoys import customs_strike
from safeconduct.demo.orders import CURRENCY

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Advised:
    """What the advice said of an order's complaints: the rules that spoke, none where nothing was to be said."""

    order_id: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """How a case stands. ``paid_minor``: what its latest outcome gives the buyer, None without an outcome.
    ``by_seller``: the shop bears it; ``counts``: it counts against the shop; ``judged``: a person of
    the staff decided it. ``acted_s``, ``decided_s``: seconds from
    its opening to the first step of a person and to the first outcome. ``missed``: deadlines the shop let pass.
    ``paused``: a declared pause moved one of its clocks. ``turn``: whose turn it is, "" where it is over.
    """

    order_id: str
    kind: str
    paid_minor: int | None
    by_seller: bool
    counts: bool
    judged: bool
    acted_s: float | None
    decided_s: float | None
    missed: int
    paused: bool
    turn: str


@dataclass(frozen=True, slots=True)
class EarlierScore:
    """Disputes that earlier payments answer, those they nearly do, and how many of each the product told right."""

    answerable: int
    answerable_told: int
    nearly: int
    nearly_told: int
    unheard: int
    wrong: dict[str, int]

    @property
    def exact(self) -> bool:
        """Whether every dispute was told right."""
        return (self.answerable_told, self.nearly_told, self.unheard) == (self.answerable, self.nearly, 0)


@dataclass(frozen=True, slots=True)
class AbuseScore:
    """One kind of abuse. ``precision``: of all orders that the rules which noticed it spoke of, the part that was
    abuse; None where nothing was noticed. ``judged``: what staff decided. ``saved_minor``: what shops did not have to
    pay of the complaints that came to an end, ``lost_minor``: what they did.
    """

    cause: str
    complaints: int
    noticed: int
    recall: float
    precision: float | None
    incidents: int
    incidents_noticed: int
    judged: int
    judged_right: int
    saved_minor: int
    lost_minor: int


@dataclass(frozen=True, slots=True)
class StrikeScore:
    """Disputes about parcels that stood still: whose clocks were paused, and what fell on shops all the same."""

    disputes: int
    paused: int
    missed: int
    counted: int
    lost_minor: int


@dataclass(frozen=True, slots=True)
class CaseReport:
    """The score of cases. ``honest``: orders with an honest complaint that the advice looked at. Times are
    those of disputes. ``waiting``: open cases by whose turn it is. Money in minor units of ``currency``."""

    earlier: EarlierScore
    abuse: tuple[AbuseScore, ...]
    strike: StrikeScore
    honest: int
    honest_accused: int
    honest_judged: int
    honest_judged_right: int
    accused_by_decoy: dict[str, int]
    saved_minor: int
    lost_minor: int
    median_h_to_action: float | None
    median_h_to_decision: float | None
    waiting: dict[str, int]
    currency: str

    @property
    def false_accusation_rate(self) -> float:
        """The part of honest complaints that the advice spoke of."""
        return self.honest_accused / self.honest if self.honest else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for ``json.dumps``."""
        return asdict(self) | {
            "earlier": asdict(self.earlier) | {"exact": self.earlier.exact},
            "false_accusation_rate": self.false_accusation_rate,
        }


def score_cases(
    complaints: Iterable[Complaint], advice: Iterable[Advised], rulings: Iterable[Ruling], answers: Mapping[str, bool],
    decoys: Mapping[str, str],
) -> CaseReport:  # fmt: skip
    """Measure cases against the truth. ``answers``: order → whether the product says that earlier payments answer its
    bank's dispute; ``decoys``: order → the honest look-alikes it belongs to."""
    truth = list(complaints)
    spoken = _spoken(advice)
    ruled: dict[str, list[Ruling]] = defaultdict(list)
    for ruling in rulings:
        ruled[ruling.order_id].append(ruling)
    abuse = {row.order_id for row in truth if row.abuse}
    causes = sorted({row.cause for row in truth if row.abuse and row.channel is not Channel.BANK})
    scores = tuple(
        _abuse(cause, [row for row in truth if row.cause == cause], spoken, ruled, abuse) for cause in causes
    )
    honest = {order: rules for order, rules in spoken.items() if order not in abuse}
    accused = [order for order, rules in honest.items() if rules]
    judged = [(row, _last(row, ruled)) for row in truth if not row.abuse]
    decided = [(row, one) for row, one in judged if one is not None and one.judged]
    everything = [one for found in ruled.values() for one in found]
    disputes = [one for one in everything if one.kind == "dispute"]
    strike = _strike([row for row in truth if row.cause == customs_strike.NAME and row.opens], ruled)
    return CaseReport(
        earlier=_earlier(truth, answers), abuse=scores, strike=strike, honest=len(honest),
        honest_accused=len(accused), honest_judged=len(decided),
        honest_judged_right=sum(_right(row, one) for row, one in decided),
        accused_by_decoy=dict(sorted(Counter(decoys[order] for order in accused if order in decoys).items())),
        saved_minor=sum(one.saved_minor for one in scores),
        lost_minor=sum(one.lost_minor for one in scores) + strike.lost_minor,
        median_h_to_action=_median_h([one.acted_s for one in disputes]),
        median_h_to_decision=_median_h([one.decided_s for one in disputes]),
        waiting=dict(sorted(Counter(one.turn for one in everything if one.turn).items())), currency=CURRENCY,
    )  # fmt: skip


def _spoken(advice: Iterable[Advised]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in advice:
        found[one.order_id] = found.get(one.order_id, frozenset()) | frozenset(one.rules)
    return found


def _earlier(truth: Sequence[Complaint], answers: Mapping[str, bool]) -> EarlierScore:
    told: Counter[tuple[bool, bool]] = Counter()
    wrong: Counter[str] = Counter()
    unheard = 0
    for row in truth:
        if not row.earlier:
            continue
        expected = row.earlier == EarlierPayments.ANSWER
        if row.order_id not in answers:
            unheard += 1
            told[expected, not expected] += 1
            continue
        told[expected, answers[row.order_id]] += 1
        if answers[row.order_id] != expected:
            wrong[row.earlier] += 1
    return EarlierScore(
        answerable=told[True, True] + told[True, False], answerable_told=told[True, True],
        nearly=told[False, True] + told[False, False], nearly_told=told[False, False], unheard=unheard,
        wrong=dict(sorted(wrong.items())),
    )  # fmt: skip


def _abuse(
    cause: str, rows: Sequence[Complaint], spoken: Mapping[str, frozenset[str]], ruled: Mapping[str, Sequence[Ruling]],
    abuse: set[str],
) -> AbuseScore:  # fmt: skip
    noticed = [row for row in rows if spoken.get(row.order_id)]
    rules = frozenset[str]().union(*(spoken[row.order_id] for row in noticed))
    of_rules = [order for order, fired in spoken.items() if fired & rules]
    standing = [(row, _last(row, ruled)) for row in rows]
    ended = [(row, one) for row, one in standing if one is not None and one.paid_minor is not None]
    judged = [(row, one) for row, one in ended if one.judged]
    lost = sum(min(row.amount_minor, one.paid_minor or 0) for row, one in ended if one.by_seller)
    return AbuseScore(
        cause=cause, complaints=len(rows), noticed=len(noticed), recall=len(noticed) / len(rows) if rows else 0.0,
        precision=sum(order in abuse for order in of_rules) / len(of_rules) if of_rules else None,
        incidents=len({row.incident for row in rows}), incidents_noticed=len({row.incident for row in noticed}),
        judged=len(judged), judged_right=sum(_right(row, one) for row, one in judged),
        saved_minor=sum(row.amount_minor for row, _ in ended) - lost, lost_minor=lost,
    )  # fmt: skip


def _strike(rows: Sequence[Complaint], ruled: Mapping[str, Sequence[Ruling]]) -> StrikeScore:
    found = [one for row in rows for one in ruled.get(row.order_id, ()) if one.kind == "dispute"]
    return StrikeScore(
        disputes=len(found), paused=sum(one.paused for one in found), missed=sum(one.missed for one in found),
        counted=sum(one.counts for one in found),
        lost_minor=sum(one.paid_minor or 0 for one in found if one.by_seller),
    )  # fmt: skip


def _last(row: Complaint, ruled: Mapping[str, Sequence[Ruling]]) -> Ruling | None:
    """The case that came of a complaint, if one did."""
    kind = "return" if row.channel is Channel.RETURN else "dispute"
    return next((one for one in reversed(ruled.get(row.order_id, ())) if one.kind == kind), None)


def _right(row: Complaint, one: Ruling) -> bool:
    paid = one.paid_minor or 0
    match row.fault:
        case Fault.SELLER:
            return paid > 0 and one.by_seller
        case Fault.BUYER:  # who used it pays for the use, who sent something else gets nothing
            return paid < row.amount_minor if row.channel is Channel.RETURN else paid == 0
        case Fault.CARRIER:
            return not one.counts and not (paid and one.by_seller)


def _median_h(seconds: Iterable[float | None]) -> float | None:
    known = [one for one in seconds if one is not None]
    return median(known) / _HOUR_S if known else None

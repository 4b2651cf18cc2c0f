"""How good was the cover? What each order deserved, against what the product's rows say.

An order's cover is *wrongly void* where the seller kept every term and the order stands as void or denied for a term;
*wrongly covered* where a term was missed, or the shop is the thief, and it stands as covered. Orders that risk checks
stopped or still hold are counted apart: that mistake is scored with the decisions. A term that the marketplace's own
hold stretched was not missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from safeconduct.demo.cover import PROMISE, Cause, Cover, Deserves

_COVERED = frozenset({"active", "protected", "claimed", "paid"})
_REFUSED = frozenset({"void", "denied"})
_STOPPED, _HELD = "blocked", "under_review"
#: Reasons that are no term of the seller: money that had gone back, or none that is left.
_NO_TERM = frozenset({"refunded", "not_paid", "limit_reached", "cancelled", ""})
#: What two ways of rounding may differ by, in minor units.
_ROUNDING = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order's cover stands in the product. ``positions``: cause → (state, reason). ``held_s``: how long the
    marketplace held it, in seconds. ``pays_minor``: what the fund paid, in minor units of `Promise.currency`.
    """

    order_id: str
    positions: Mapping[str, tuple[str, str]]
    pays_minor: int
    held_s: int = 0


@dataclass(frozen=True, slots=True)
class CoverDecoy:
    """Honest look-alikes that deserve cover, and how many of them are refused it (for a term, or by a risk check)."""

    decoy: str
    deserving: int
    wrongly_void: int
    stopped: int


@dataclass(frozen=True, slots=True)
class CoverReport:
    """The score of cover. Counts are of orders; money in minor units of ``currency``.

    ``deserving``: honest orders with every term kept; ``wrongly_void`` of them by the product's judgement of terms,
    ``stopped`` and ``waiting`` by risk checks. ``undeserving``: a term missed or a shop that is the thief;
    ``wrongly_covered`` of them, ``of_thieves`` of those where only the shop's crime speaks against it. ``owed``:
    claims the fund ought to pay; ``paid_rightly`` of them in full. ``without_row``: orders the product knows no cover
    of.
    """

    orders: int
    without_row: int
    deserving: int
    wrongly_void: int
    stopped: int
    waiting: int
    undeserving: int
    wrongly_covered: int
    of_thieves: int
    owed: int
    paid_rightly: int
    paid_wrongly: int
    unpaid: int
    owed_minor: int
    paid_rightly_minor: int
    paid_wrongly_minor: int
    unpaid_minor: int
    void_for: dict[str, int]
    decoys: tuple[CoverDecoy, ...]
    currency: str

    @property
    def wrongly_void_rate(self) -> float:
        return self.wrongly_void / self.deserving if self.deserving else 0.0

    @property
    def wrongly_covered_rate(self) -> float:
        return self.wrongly_covered / self.undeserving if self.undeserving else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for ``json.dumps``."""
        return asdict(self) | {
            "wrongly_void_rate": self.wrongly_void_rate, "wrongly_covered_rate": self.wrongly_covered_rate,
        }  # fmt: skip


def score_cover(truth: Iterable[Cover], rows: Iterable[Standing]) -> CoverReport:
    """Measure the product's cover against what each order deserves. Rows of orders without truth (they came after the
    world's history) are left out.
    """
    standing = {row.order_id: row for row in rows}
    count: Counter[str] = Counter()
    void_for: Counter[str] = Counter()
    decoys: dict[str, Counter[str]] = {}
    for cover in truth:
        row = standing.get(cover.order_id)
        count["orders"] += 1
        if row is None:
            count["without_row"] += 1
            continue
        verdict = _verdict(cover, row)
        count[verdict] += 1
        count["deserving" if _deserves(cover, row) else "undeserving" if _undeserving(cover) else "over"] += 1
        if verdict == "wrongly_covered" and not cover.missed:
            count["of_thieves"] += 1
        if verdict == "wrongly_void":
            void_for[_refusal(row)] += 1
        if cover.decoy and _deserves(cover, row):
            of_decoy = decoys.setdefault(cover.decoy, Counter())
            of_decoy["deserving"] += 1
            of_decoy[verdict] += 1
        _money(cover, row, verdict, count)
    return CoverReport(
        orders=count["orders"], without_row=count["without_row"], deserving=count["deserving"],
        wrongly_void=count["wrongly_void"], stopped=count["stopped"], waiting=count["waiting"],
        undeserving=count["undeserving"], wrongly_covered=count["wrongly_covered"], of_thieves=count["of_thieves"],
        owed=count["owed"], paid_rightly=count["paid_rightly"], paid_wrongly=count["paid_wrongly"],
        unpaid=count["unpaid"], owed_minor=count["owed_minor"], paid_rightly_minor=count["paid_rightly_minor"],
        paid_wrongly_minor=count["paid_wrongly_minor"], unpaid_minor=count["unpaid_minor"],
        void_for=dict(sorted(void_for.items())),
        decoys=tuple(
            CoverDecoy(name, of["deserving"], of["wrongly_void"], of["stopped"]) for name, of in sorted(decoys.items())
        ),
        currency=PROMISE.currency,
    )  # fmt: skip


def _stretched(cover: Cover, row: Standing) -> bool:
    """Whether the marketplace's own hold gave the time that the seller took."""
    return 0 <= cover.missed_by_s < row.held_s


def _deserves(cover: Cover, row: Standing) -> bool:
    if cover.deserves is Deserves.NOTHING_LATE:
        return _stretched(cover, row)
    return cover.deserves is Deserves.COVER


def _undeserving(cover: Cover) -> bool:
    return cover.deserves in (Deserves.NOTHING_LATE, Deserves.NOTHING_CROOKED)


def _verdict(cover: Cover, row: Standing) -> str:
    """right, wrongly_void, wrongly_covered, or what risk checks did: stopped, waiting."""
    found = [row.positions[cause] for cause in Cause if cause in row.positions]
    if _deserves(cover, row):
        if any(reason == _STOPPED for _, reason in found):
            return "stopped"
        if any(reason == _HELD for _, reason in found):
            return "waiting"
        refused = [reason for state, reason in found if state in _REFUSED and reason not in _NO_TERM]
        return "wrongly_void" if refused else "right"
    if _undeserving(cover) and any(state in _COVERED for state, _ in found):
        return "wrongly_covered"
    return "right"


def _refusal(row: Standing) -> str:
    return next(reason for state, reason in row.positions.values() if state in _REFUSED and reason not in _NO_TERM)


def _money(cover: Cover, row: Standing, verdict: str, count: Counter[str]) -> None:
    owed = 0 if verdict in ("stopped", "waiting") else cover.pays_minor
    if owed:
        count["owed"] += 1
        count["owed_minor"] += owed
        if row.pays_minor >= owed - _ROUNDING:
            count["paid_rightly"] += 1
        else:
            count["unpaid"] += 1
            count["unpaid_minor"] += owed - row.pays_minor
    count["paid_rightly_minor"] += min(row.pays_minor, owed)
    if row.pays_minor > owed + _ROUNDING and not _stretched(cover, row):
        count["paid_wrongly"] += 1
        count["paid_wrongly_minor"] += row.pays_minor - owed

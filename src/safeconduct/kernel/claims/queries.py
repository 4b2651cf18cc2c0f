"""What is read of claims. In a seller's scope row-level security leaves only that seller's rows.

Lists are paged by cursor (`opened_at`, then `id`, both descending); nothing here asks a query for each row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest

from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.claims.models import Channel, Claim, Line, Part, Recovery, Refund, SharedEvidence, Step
from safeconduct.kernel.claims.reading import unaccounted
from safeconduct.kernel.claims.words import FREEZING, OF_A_BANK
from safeconduct.kernel.scope import query

#: What a page of one claim or order shows; a line in trouble has a handful.
_MOST: Final = 200
_STEP_COLUMNS: Final = ("id", "claim_id", "number", "verb", "facts", "role", "why", "at")
_SUMS: Final = ("amount", "sent", "running", "bank", "excess")


@dataclass(frozen=True, slots=True)
class Hold:
    """What the ledger holds for a claim: why, what would release it (codes of `ledger.rules`), until when."""

    amount_minor: int
    reason: str
    released_by: str
    release_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """A claim at a glance, in minor units of its currency.

    ``paid_minor``: what was captured for the line; ``sent_minor``, ``running_minor``: refunds; ``bank_minor``: what
    banks have of it; ``recovery_minor``: what the buyer got twice. Channels and refunds, the oldest first.
    """

    claim: Claim
    line: Line
    paid_minor: int
    sent_minor: int
    running_minor: int
    bank_minor: int
    recovery_minor: int
    channels: tuple[Channel, ...]
    refunds: tuple[Refund, ...]
    hold: Hold | None

    @property
    def live(self) -> tuple[Channel, ...]:
        """The channels that are open."""
        return tuple(channel for channel in self.channels if channel.ended_at is None)

    @property
    def freezing(self) -> tuple[Channel, ...]:
        """The channels because of which refunds stand still."""
        return tuple(channel for channel in self.live if channel.kind in FREEZING)

    @property
    def refundable_minor(self) -> int:
        """What a new refund could ask for."""
        return max(0, self.paid_minor - self.sent_minor - self.running_minor - max(0, self.bank_minor))


def claims(*, seller_key: int | None = None, active: bool | None = None) -> QuerySet[Claim]:
    """Claims in scope, of a seller, those that are active or not."""
    rows = Claim.objects.all()
    if seller_key is not None:
        rows = rows.filter(seller_key=seller_key)
    return rows if active is None else rows.filter(closed_at__isnull=active)


def of_order(order_key: int) -> list[Claim]:
    """All claims about an order, the oldest first."""
    return list(Claim.objects.filter(order_key=order_key).order_by("opened_at", "id")[:_MOST])


def of_matter(kind: str, about: str) -> list[Channel]:
    """The channels of a matter of another room, with their claims; a bank dispute has one on every line it hits."""
    rows = Channel.objects.filter(kind=kind, about=about).select_related("claim")
    return list(rows.order_by("opened_at", "round", "id")[:_MOST])


def joined_by(about: str) -> list[Claim]:
    """The claims that a matter of a bank has joined, the oldest first: also those of other orders of its payment."""
    rows = Claim.objects.filter(channels__about=about, channels__kind__in=OF_A_BANK).distinct()
    return list(rows.order_by("opened_at", "id")[:_MOST])


def refundable(line_ids: Collection[str]) -> Mapping[str, int]:
    """Line → what a new refund could ask for."""
    left = F("amount_minor") - F("running_minor") - F("sent_minor") - Greatest(F("bank_minor"), 0)
    rows = Part.objects.filter(line_id__in=list(line_ids)).values("line_id").annotate(left=Sum(left))
    return {row["line_id"]: max(0, row["left"]) for row in rows}


def askable(line_ids: Collection[str]) -> Mapping[str, int]:
    """Line → the most that one refund could ask for, with what banks have paid of it already (`RefundAsk.or_by_bank`):
    what is left of the payment with most left, as a refund goes back through one."""
    free = unaccounted(line_ids)
    left: dict[str, int] = dict.fromkeys(line_ids, 0)
    for part in Part.objects.filter(line_id__in=list(line_ids)):
        rest = part.amount_minor - part.running_minor - part.sent_minor - max(0, part.bank_minor)
        left[part.line_id] = max(left[part.line_id], max(0, rest) + free.get(part.id, 0))
    return left


def recoveries() -> QuerySet[Recovery]:
    """What is still to be got back, with part and line. Page them by `since`, then `part`."""
    return Recovery.objects.filter(settled_at=None).select_related("part__line").order_by("since", "part_id")


def steps(claim_id: str) -> list[Step]:
    """The history of a claim, the oldest first, without who of the staff acted."""
    return list(Step.objects.filter(claim_id=claim_id).only(*_STEP_COLUMNS).order_by("number")[:_MOST])


def evidence_of(claim_id: str) -> list[Evidence]:
    """The evidence of all channels of a claim, the oldest first; `cases.evidence` says who may open it."""
    ids = SharedEvidence.objects.filter(claim_id=claim_id).values("evidence_id")
    return list(Evidence.objects.filter(id__in=ids).order_by("captured_at", "id")[:_MOST])


def overview(found: Sequence[Claim]) -> list[Overview]:
    """Claims at a glance, in the order given; five queries whatever their number."""
    lines = Line.objects.in_bulk([one.line_id for one in found])
    ids = [one.id for one in found]
    sums = {
        line: tuple(amounts)
        for line, *amounts in Part.objects.filter(line_id__in=list(lines))
        .values("line_id")
        .annotate(**{name: Sum(f"{name}_minor") for name in _SUMS})
        .values_list("line_id", *_SUMS)
    }
    channels: dict[str, list[Channel]] = {}
    for channel in Channel.objects.filter(claim_id__in=ids).order_by("opened_at", "round", "id"):
        channels.setdefault(channel.claim_id, []).append(channel)
    refunds: dict[str, list[Refund]] = {}
    for refund in Refund.objects.filter(claim_id__in=ids).order_by("requested_at", "id"):
        refunds.setdefault(refund.claim_id, []).append(refund)
    holds = _holds([one.hold_key for one in found if one.hold_key])
    return [_overview(one, lines, sums, channels, refunds, holds) for one in found]


def _overview(
    one: Claim, lines: Mapping[str, Line], sums: Mapping[str, tuple[int, ...]],
    channels: Mapping[str, Sequence[Channel]], refunds: Mapping[str, Sequence[Refund]], holds: Mapping[str, Hold],
) -> Overview:  # fmt: skip
    paid, sent, running, bank, excess = sums.get(one.line_id, (0,) * len(_SUMS))
    return Overview(
        one, lines[one.line_id], paid, sent, running, bank, excess, tuple(channels.get(one.id, ())),
        tuple(refunds.get(one.id, ())), holds.get(one.hold_key),
    )  # fmt: skip


def _holds(keys: Sequence[str]) -> dict[str, Hold]:
    rows = query(
        "SELECT key, held_minor, reason, released_by, release_at FROM ledger_hold"
        " WHERE key = ANY(%s::text[]) AND ended_at IS NULL",
        [list(keys)],
    )
    return {key: Hold(*rest) for key, *rest in rows}

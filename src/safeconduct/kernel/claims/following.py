"""What follows from a claim's rows: a pure function of them, of the time and of what is left of its money.

It says what should be, whatever came in which order: a fact that comes late changes the answer, and the next settling
makes up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from safeconduct.kernel.claims.words import AGAIN, AGAINST_THE_SELLER, FREEZING, HOLDS, OF_A_BANK, Item, RefundState
from safeconduct.kernel.claims.words import ChannelKind as Kind


class PartRow(NamedTuple):
    """A part of the claim's line. ``bank_minor`` leaves out what comes back of disputes that were won."""

    id: str
    amount_minor: int
    running_minor: int
    sent_minor: int
    bank_minor: int

    @property
    def left_minor(self) -> int:
        """What has not gone back to the buyer in any way."""
        return max(0, self.amount_minor - self.sent_minor - max(0, self.bank_minor))


class BankPaid(NamedTuple):
    """What banks have paid of a part's refunds in all claims of its line and is still owed, less what of it was asked
    for again since; below zero where a later decision took off what had been asked for again.

    ``left_minor``: what of the part a refund could still ask for. ``matter``: the duty of law that the latest of them
    fulfils. ``again``: how often something was asked for again.
    """

    part_id: str
    minor: int
    left_minor: int
    matter: str
    again: int


class ChannelRow(NamedTuple):
    """A channel. ``taken_minor``: what its bank has taken of the line, None where no debit was told."""

    id: str
    kind: Kind
    about: str
    claimed_minor: int
    hold_until: datetime
    opened_at: datetime
    ended_at: datetime | None
    outcome: str
    taken_minor: int | None


@dataclass(slots=True)
class RefundRow:
    """A refund under way. ``key``: the caller's, which for what banks gave back begins with `AGAIN`."""

    id: str
    key: str
    part_id: str | None
    item: Item
    amount_minor: int
    by_bank_minor: int
    called_off_minor: int
    state: RefundState
    matter: str
    due_at: datetime | None
    requested_at: datetime

    @property
    def to_send_minor(self) -> int:
        """What is still to be sent of it."""
        return self.amount_minor - self.by_bank_minor - self.called_off_minor


@dataclass(slots=True)
class ClaimRow:
    """An active claim with everything that hangs on it. ``asked``: how many refunds it has had, ended ones too;
    ``by_bank_minor``: what banks have paid of them and is still owed; ``bank_paid``: the same of the line's refunds, of
    all its claims. ``untold_minor``: what banks that won have of the line though no debit was told."""

    id: str
    line_id: str
    seller_key: int
    order_key: int
    currency: str
    route: tuple[str, str, str]
    frozen_at: datetime | None
    hold_key: str
    holds: int
    asked: int = 0
    by_bank_minor: int = 0
    parts: list[PartRow] = field(default_factory=list)
    channels: list[ChannelRow] = field(default_factory=list)
    refunds: list[RefundRow] = field(default_factory=list)
    bank_paid: list[BankPaid] = field(default_factory=list)
    untold_minor: int = 0


class Exposure(NamedTuple):
    """What is to be held, before the commission: why, what releases it, and until when at most (None: no date)."""

    amount_minor: int = 0
    reason: str = ""
    released_by: str = ""
    until: datetime | None = None


def live(claim: ClaimRow) -> list[ChannelRow]:
    """The channels that have not ended."""
    return [channel for channel in claim.channels if channel.ended_at is None]


def frozen(claim: ClaimRow) -> bool:
    """Whether a bank decides about the same money."""
    return any(channel.kind in FREEZING for channel in live(claim))


def paid_by_bank(claim: ClaimRow) -> dict[str, int]:
    """Refund → what banks have paid of it beyond what it says, while nothing stands still.

    What a bank took in a channel that ended against the seller pays the refunds asked for before, the oldest first. A
    bank that only asks takes nothing, whatever it finds, unless its debit is stored.
    What pays a refund of another claim already pays none here.
    What is more than is left of a part is never sent either: there the newest refund goes without.
    """
    found: dict[str, int] = {}
    free = max(0, -_beyond_banks(claim))
    running = [refund for refund in claim.refunds if refund.item is Item.REFUND]
    running.sort(key=lambda refund: (refund.requested_at, refund.id))
    latest = {(channel.kind, channel.about): channel for channel in claim.channels}
    taken = [
        (channel.ended_at, _taken(channel))
        for channel in latest.values()
        if channel.kind in OF_A_BANK and channel.outcome in AGAINST_THE_SELLER and channel.ended_at is not None
    ]
    used = claim.by_bank_minor
    for refund in running:
        there = sum(minor for ended_at, minor in taken if ended_at >= refund.requested_at) - used
        paid = max(0, min(there, free, refund.to_send_minor))
        if paid:
            found[refund.id] = paid
            used += paid
            free -= paid
    for part in claim.parts:
        of_part = [refund for refund in running if refund.part_id == part.id]
        still = {refund.id: refund.to_send_minor - found.get(refund.id, 0) for refund in of_part}
        over = part.sent_minor + sum(still.values()) + part.bank_minor - part.amount_minor
        for refund in reversed(of_part):
            paid = max(0, min(over, still[refund.id]))
            if paid:
                found[refund.id] = found.get(refund.id, 0) + paid
                over -= paid
    return found


def due_again(claim: ClaimRow) -> dict[str, int]:
    """Part → what buyers were to get of it and banks had paid, and then gave back to the seller: it is to be sent after
    all, as far as anything is left of the part. Nothing while a bank still decides."""
    found: dict[str, int] = {}
    over = 0 if frozen(claim) else _beyond_banks(claim)
    for paid in claim.bank_paid:
        minor = min(over, paid.minor, paid.left_minor)
        if minor > 0:
            found[paid.part_id] = minor
            over -= minor
    return found


def owed_no_more(claim: ClaimRow) -> dict[str, int]:
    """Refund that is to be sent again → what of it is owed no longer, because a later decision took off what the bank
    had paid; the newest first."""
    found: dict[str, int] = {}
    for paid in claim.bank_paid:
        over = -paid.minor
        for refund in reversed(claim.refunds):
            minor = min(over, refund.to_send_minor)
            if minor > 0 and refund.part_id == paid.part_id and refund.key.startswith(AGAIN):
                found[refund.id] = minor
                over -= minor
    return found


def _beyond_banks(claim: ClaimRow) -> int:
    """How much more refunds say banks have paid than banks have; below zero, what they have that pays no refund."""
    have = max(0, sum(part.bank_minor for part in claim.parts) + claim.untold_minor)
    return sum(max(0, paid.minor) for paid in claim.bank_paid) - have


def _taken(channel: ChannelRow) -> int:
    if channel.taken_minor is not None:
        return channel.taken_minor
    return 0 if channel.kind is Kind.INQUIRY else channel.claimed_minor


def exposure(claim: ClaimRow, at: datetime) -> Exposure:
    """The largest of what the tracks claim, at most what is left of the line."""
    tracks: dict[str, list[ChannelRow]] = {}
    for channel in live(claim):
        if channel.hold_until > at:
            tracks.setdefault("bank" if channel.kind in OF_A_BANK else channel.kind, []).append(channel)
    known = any(part.amount_minor for part in claim.parts)  # a bank can be faster than news of the payment
    left = sum(part.left_minor for part in claim.parts) if known else None
    found = [_of_track(channels, left) for channels in tracks.values()]
    running = sum(refund.to_send_minor for refund in claim.refunds if refund.item is Item.REFUND)
    found.append(_limited(running, left, Kind.REFUND_REQUEST, None))
    return max(found, key=lambda one: (one.amount_minor, -_ORDER[one.reason]))


def ended(claim: ClaimRow) -> bool:
    """Whether nothing is left to wait for. A claim without channel and refund has only been opened."""
    return bool(claim.channels or claim.asked) and not live(claim) and not claim.refunds


def net_of_fee(gross_minor: int, fee_minor: int, kept_minor: int) -> int:
    """What the seller stands to lose of an amount: less the commission that would be given back with it.

    ``fee_minor`` is the commission on the ``kept_minor`` that the order still comes to; rounded half to even.
    """
    if kept_minor <= 0 or fee_minor <= 0:
        return gross_minor
    going = min(gross_minor, kept_minor)
    stays = round(Fraction(fee_minor * (kept_minor - going), kept_minor))
    return gross_minor - (fee_minor - stays)


_ORDER = {reason: place for place, (reason, _) in reversed(list(enumerate(HOLDS.values())))} | {"": len(HOLDS)}


def _of_track(channels: Sequence[ChannelRow], left: int | None) -> Exposure:
    leading = min(channels, key=lambda channel: _ORDER[HOLDS[channel.kind][0]])
    until = max(channel.hold_until for channel in channels)
    return _limited(sum(channel.claimed_minor for channel in channels), left, leading.kind, until)


def _limited(claimed: int, left: int | None, kind: Kind, until: datetime | None) -> Exposure:
    amount = claimed if left is None else min(claimed, left)
    return Exposure(amount, *HOLDS[kind], until) if amount else Exposure()

"""What a batch would do to the books: worked out in memory, entry after entry, before anything is written.

Each seller and currency has a purse as the database last had it, locked. Nothing here asks the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from safeconduct.foundation.policy.types import INT64_MAX
from safeconduct.kernel.ledger.accounts import SELLER_KINDS, Kind
from safeconduct.kernel.ledger.errors import EntryRefused, NotEnough
from safeconduct.kernel.ledger.rules import REST_OF_HOLD, Leg, Rule, Shortfall, reasons

#: In this order a hold gives up its money when something is paid from it: the seller's own first. What is left last is
#: what was advanced, so that the end of the hold pays it back.
PARTS: Final = (Kind.PENDING, Kind.AVAILABLE, Kind.RESERVE, Kind.SELLER_RECEIVABLE)

Part = tuple[Kind, int]


@dataclass(slots=True)
class Held:
    """An open hold. ``parts``: what it still holds, by where it came from."""

    id: str
    key: str
    seller_key: int
    order_key: int | None
    currency: str
    asked_minor: int
    taken_minor: int
    parts: dict[Kind, int]
    reason: str
    released_by: str
    at: datetime
    release_at: datetime | None
    ended_at: datetime | None = None
    new: bool = False
    changed: bool = False

    @property
    def held_minor(self) -> int:
        """What is held now."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a hold's history."""

    hold: Held
    verb: str
    at: datetime
    amount_minor: int
    actor: str
    why: str


@dataclass(slots=True)
class Purse:
    """A seller's accounts in one currency."""

    seller_key: int
    currency: str
    balances: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(SELLER_KINDS, 0))
    pending: dict[int | None, int] = field(default_factory=dict)
    available_at: dict[int | None, datetime | None] = field(default_factory=dict)
    holds: list[Held] = field(default_factory=list)

    def of_order(self, order_key: int | None) -> list[Held]:
        """The open holds of an order, oldest first. Holds of the whole seller belong to no order."""
        if order_key is None:
            return []
        return [hold for hold in self.holds if hold.order_key == order_key and hold.ended_at is None]


@dataclass(slots=True)
class Draft:
    """A transaction to be written. Moves are signed: what an account gives is below zero."""

    id: str
    key: str
    event: str
    at: datetime
    currency: str
    seller_key: int | None
    order_key: int | None
    amounts: Mapping[str, int]
    memo: str = ""
    provisional: bool = False
    reverses: str | None = None
    digest: str = ""
    moves: list[tuple[Kind, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """The purses a batch touches, and what it has decided to write."""

    purses: dict[tuple[int, str], Purse]
    accounts: dict[tuple[Kind, int | None, str], int]
    drafts: list[Draft] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    scheduled: dict[tuple[int, int | None, str], datetime] = field(default_factory=dict)

    def purse(self, seller_key: int, currency: str) -> Purse:
        """A seller's purse."""
        return self.purses[seller_key, currency]

    def changed_holds(self) -> list[Held]:
        """Holds that are new or no longer what the database has."""
        return [hold for purse in self.purses.values() for hold in purse.holds if hold.new or hold.changed]

    def plan(self, draft: Draft, rule: Rule, other_currency: str = "") -> None:
        """Works out the legs of an event; an exchange has legs in a second currency. Raises NotEnough, EntryRefused."""
        in_other = replace(draft, currency=other_currency, moves=draft.moves)
        for leg in rule.legs:
            amounts = dict(draft.amounts)
            if any(name == REST_OF_HOLD for name in leg.amount.names()):
                amounts[REST_OF_HOLD] = sum(hold.held_minor for hold in self._claimed(draft))
            amount = leg.amount.value(amounts)
            if amount < 0:
                raise EntryRefused(draft.key, "amounts", f"they make a leg of {draft.event} negative ({amount})")
            if amount > INT64_MAX:
                raise EntryRefused(draft.key, "amounts", "a leg would not fit 64 bits")
            if amount:
                self._leg(in_other if leg.other_currency else draft, leg, amount, rule.says)
        if not draft.moves:
            raise EntryRefused(draft.key, "amounts", "they come to nothing; there is nothing to post")
        self.drafts.append(draft)

    def take(self, draft: Draft, hold: Held, sources: Sequence[Kind], amount_minor: int) -> int:
        """Moves money into a hold as far as the sources have it; returns how much. The draft may stay empty."""
        drawn = self._draw(draft, sources, amount_minor, whole=False)
        total = sum(amount for _, amount in drawn)
        if total:
            self._put(draft, (Kind.ON_HOLD,), total)
            for kind, amount in drawn:
                hold.parts[kind] += amount
            hold.taken_minor += total
            hold.changed = True
            self.drafts.append(draft)
        return total

    def lift(self, draft: Draft, hold: Held) -> int:
        """Gives back what is held: debts first where the hold was advanced, then to where it came from."""
        amount = hold.held_minor
        if amount:
            self._give_back(draft, hold)
        hold.ended_at = draft.at
        hold.changed = True
        return amount

    def give_and_take(self, draft: Draft, kind: Kind, currency: str, amount: int) -> None:
        """One leg of a reversal. What a seller no longer has there comes from available, reserve, and is then owed;
        what would pay more debt than there is becomes available."""
        with_currency = replace(draft, currency=currency, moves=draft.moves)
        if kind not in SELLER_KINDS:
            self._move(with_currency, kind, amount)
        elif amount < 0:
            sources = dict.fromkeys((kind, Kind.AVAILABLE, Kind.RESERVE, Kind.SELLER_RECEIVABLE))
            self._draw(with_currency, tuple(sources), -amount, whole=True)
        else:
            self._put(with_currency, tuple(dict.fromkeys((kind, Kind.AVAILABLE))), amount)

    def _leg(self, draft: Draft, leg: Leg, amount: int, why: str) -> None:
        if not leg.into:
            for hold in self._claimed(draft):
                lifted = self.lift(draft, hold)
                self.steps.append(Step(hold, "released", draft.at, lifted, "ledger", why))
            return
        drawn = self._draw(draft, leg.out_of, amount, whole=True, why=why)
        self._put(draft, leg.into, sum(part for _, part in drawn))

    def _holds(self, draft: Draft) -> list[Held]:
        if draft.seller_key is None:
            return []
        return self.purse(draft.seller_key, draft.currency).of_order(draft.order_key)

    def _claimed(self, draft: Draft) -> list[Held]:
        """The order's holds for what a buyer or bank claims; a hold for a review or a doubt outlives a refund."""
        return [hold for hold in self._holds(draft) if reasons()[hold.reason].shortfall is Shortfall.OWE]

    def _draw(self, draft: Draft, sources: Sequence[Kind], amount: int, *, whole: bool, why: str = "") -> list[Part]:
        """Takes from the sources in order. `whole`: all of it or NotEnough."""
        left = amount
        drawn: list[Part] = []
        for kind in sources:
            part = min(left, self._there(draft, kind))
            if part <= 0:
                continue
            left -= part
            drawn.append((kind, part))
            if kind is Kind.ON_HOLD:
                self._use_holds(draft, part, why)
            self._move(draft, kind, -part)
        if left and whole:
            raise NotEnough(draft.key, ", ".join(sources), amount, amount - left, draft.currency)
        return drawn

    def _there(self, draft: Draft, kind: Kind) -> int:
        if kind not in SELLER_KINDS or kind is Kind.SELLER_RECEIVABLE:
            return INT64_MAX
        assert draft.seller_key is not None
        purse = self.purse(draft.seller_key, draft.currency)
        match kind:
            case Kind.PENDING:
                return purse.pending.get(draft.order_key, 0)
            case Kind.ON_HOLD:
                return sum(hold.held_minor for hold in self._holds(draft))
            case _:
                return purse.balances[kind]

    def _put(self, draft: Draft, targets: Sequence[Kind], amount: int) -> None:
        left = amount
        for kind in targets:
            part = left
            if kind is Kind.SELLER_RECEIVABLE:
                assert draft.seller_key is not None
                part = min(left, -self.purse(draft.seller_key, draft.currency).balances[kind])
            if part > 0:
                self._move(draft, kind, part)
                left -= part
        if left:
            raise NotEnough(draft.key, f"the debt in {', '.join(targets)}", amount, amount - left, draft.currency)

    def _move(self, draft: Draft, kind: Kind, amount: int) -> None:
        draft.moves.append((kind, draft.currency, amount))
        if kind in SELLER_KINDS:
            assert draft.seller_key is not None
            purse = self.purse(draft.seller_key, draft.currency)
            purse.balances[kind] += amount
            if abs(purse.balances[kind]) > INT64_MAX:
                raise EntryRefused(draft.key, "amounts", f"the balance of {kind} would not fit 64 bits")
            if kind is Kind.PENDING:
                purse.pending[draft.order_key] = purse.pending.get(draft.order_key, 0) + amount

    def _use_holds(self, draft: Draft, amount: int, why: str) -> None:
        left = amount
        for hold in self._holds(draft):
            used = 0
            for kind in PARTS:
                part = min(left, hold.parts[kind])
                hold.parts[kind] -= part
                left -= part
                used += part
            if used:
                hold.changed = True
                if hold.held_minor == 0:
                    hold.ended_at = draft.at
                self.steps.append(Step(hold, "used", draft.at, used, "ledger", why))

    def _give_back(self, draft: Draft, hold: Held) -> None:
        purse = self.purse(hold.seller_key, hold.currency)
        due = purse.available_at.get(hold.order_key)
        still_pending = hold.order_key in purse.available_at and (due is None or due > draft.at)
        for kind in reversed(PARTS):
            amount = hold.parts[kind]
            hold.parts[kind] = 0
            if not amount:
                continue
            self._move(draft, Kind.ON_HOLD, -amount)
            match kind:
                case Kind.SELLER_RECEIVABLE:
                    self._put(draft, (Kind.SELLER_RECEIVABLE, Kind.AVAILABLE), amount)
                case Kind.PENDING if not still_pending:
                    self._move(draft, Kind.AVAILABLE, amount)
                case _:
                    self._move(draft, kind, amount)

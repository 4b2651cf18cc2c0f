"""What an order's books lack: a total function of what was told and what was posted.

Every amount has a target that follows from the facts alone; an entry is the way from what is posted to the target. So
a fact that comes late changes the targets, and the next plan makes up for it, with new entries: nothing is edited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims.whole import FOR_NOW, NO_LONGER
from safeconduct.kernel.ledger.entries import Entry, HoldRequest
from safeconduct.presets.numbers import Numbers, Share
from safeconduct.protections.transactions.coverage.words import Action, Outcome
from safeconduct.protections.transactions.money.counted import PREFIX, Counted
from safeconduct.protections.transactions.money.told import Book, Dispute, OrderMoney, Told


class Disputed(NamedTuple):
    """What an open dispute claims, in its own currency."""

    minor: int
    until: datetime


@dataclass(slots=True)
class Plan:
    """What to do, in this order: post, release, hold; what the fund had paid for now (`NO_LONGER`) goes back last, out
    of what is no longer held. ``disputed``: what each open dispute still claims, and until when it is held at most;
    claims hold it. ``available_at``: when pending money is to be released, None where that does not change."""

    entries: list[Entry] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)
    holds: list[HoldRequest] = field(default_factory=list)
    disputed: dict[int, Disputed] = field(default_factory=dict)
    available_at: datetime | None = None


def plan(money: OrderMoney, book: Book, numbers: Numbers, at: datetime | None, review: timedelta) -> Plan:
    """What is missing. ``at``: the time to stamp with, None where each fact's own does. ``review``: how long the
    platform promises to take for a review.
    """
    order = _Order(money, book, numbers, at)
    order.captures()
    order.bank()
    order.given_back()
    order.given_twice()
    order.cover()
    order.hold(book, review)
    order.disputes()
    if order.captured and not any(entry.event == "capture" for entry in order.plan.entries):  # those set it themselves
        due = _available_at(money, numbers)
        if due != book.available_at:
            order.plan.available_at = due
    return order.plan


class _Order(Counted):
    """The order's books while they are planned: totals in the currency the buyer paid."""

    def __init__(self, money: OrderMoney, book: Book, numbers: Numbers, at: datetime | None) -> None:
        super().__init__(money.main, book.posted)
        self.money, self.numbers, self.at = money, numbers, at
        self.plan = Plan()

    # -- the steps ----------------------------------------------------------------------------------------------------

    def captures(self) -> None:
        """Payments, together at most the order's amount: a payment that two systems tell of was made once."""
        money = self.money
        if money.placed_us is None:
            return
        cap = money.minor if money.currency == self.main else None
        for paid in money.payments:
            if paid.currency not in ("", self.main):
                continue
            wanted = self._left_of("capture", paid, money.minor)
            sale = wanted if cap is None else min(wanted, cap - self.captured)
            if sale <= 0:
                continue
            self.captured += sale
            fee = self._charge(sale)
            protected = self._protection_fee() - self.protection_fee
            protection = max(0, min(protected, sale - fee))
            self.protection_fee += protection
            self._post(
                "capture", "capture", paid.moment, paid.at_us, sale=sale, fee=fee, protection_fee=protection
            )  # fmt: skip

    def bank(self) -> None:
        """What banks took and gave back; whatever was captured or refunded before, it is stored.

        The seller answers for what was captured, and no more: nobody ever credited the rest to them. It stands
        unexplained until the payment is told, the bank gives it back, or somebody writes it off.
        """
        room = self.captured
        for dispute in [*self.money.disputes, *self.gone(self.money.disputes, self.money.latest_us)]:
            took = dispute.outcome is Outcome.LOST and (dispute.prevented or not dispute.inquiry)
            whole = (self._disputed(dispute) or 0) if took else 0
            if self._is_main(dispute):
                wanted = min(whole, room)
                room -= wanted
            else:
                wanted = whole if self.captured else 0
            self._from_seller(dispute, wanted)
            self._from_nobody(dispute, whole - wanted)
            self._fee_of(dispute)

    def _from_seller(self, dispute: Dispute, wanted: int) -> None:
        more = wanted - self.taken.get(dispute.key, 0)
        if not more:
            return
        self.taken[dispute.key] = wanted
        main = self._is_main(dispute)
        if more > 0:
            self._bank_post("chargeback", dispute, more, self._give_back_fee(more) if main else 0)
            return
        fee = self._charge(-more) if main else 0
        repaid = -more - fee
        if main and not self.money.covered_minor and self.reimbursed == repaid > 0:
            self.reimbursed = 0
            self._bank_post("representment_won_after_reimbursement", dispute, -more, fee)
        else:
            self._bank_post("representment_won", dispute, -more, fee)

    def _from_nobody(self, dispute: Dispute, wanted: int) -> None:
        more = wanted - self.unexplained.get(dispute.key, 0)
        self.unexplained[dispute.key] = wanted
        if more > 0:
            self._bank_post("chargeback_unexplained", dispute, more, what="unexplained")
        elif more < 0:
            self._bank_post("chargeback_explained", dispute, -more, what="unexplained")

    def _fee_of(self, dispute: Dispute) -> None:
        """What the processor charges for a dispute is the marketplace's cost, however it ends."""
        more = dispute.fee_minor - self.fees.get(dispute.key, 0)
        if more:
            event = "dispute_fee" if more > 0 else "dispute_fee_returned"
            self._post(
                event, "fee", dispute.key, dispute.opened_us, dispute.fee_currency, of_seller=False, amount=abs(more)
            )  # fmt: skip

    def given_back(self) -> None:
        """Refunds, and what is owed to the buyer of a refused or cancelled order; the protection fee goes first."""
        first = len(self.plan.entries)
        for refund in self.money.refunds:  # what failed first: it makes room for what was sent instead
            self._failed(refund)
        for refund in self.money.refunds:
            self._refund(refund)
        more = self._owed_target() - self.owed
        at_us = self._called_off_us()
        if more > 0:
            self.owed += more
            self._post("refund_owed", "owed", 0, at_us, refund=more, fee=self._give_back_fee(more))
        elif more < 0:
            self.owed += more
            self._post("refund_no_longer_owed", "owed", 0, at_us, refund=-more, fee=self._charge(-more))
        change = self._protection_fee() - self.protection_fee
        self.protection_fee += change
        if change < 0:
            self._post("protection_fee_returned", "protection", 0, at_us, fee=-change)
            self.plan.entries.insert(first, self.plan.entries.pop())
        elif change > 0:
            self._post("protection_fee", "protection", 0, at_us, fee=change)

    def given_twice(self) -> None:
        """What disputes and returns gave the seller beyond what the order loses goes back to the fund: a bank gave the
        money back that it had been given for. What is still to be sent to the buyer is lost as well."""
        money = self.money
        if not self.captured:
            return
        decided = sum(refund.minor for refund in money.decided)
        losing = max(self._returned(), min(decided, self.captured))
        lost = losing - (self.numbers.commission.of(self.captured) - self._kept(losing - self._returned()))
        more = max(0, money.whole_minor - lost) - self.taken_back
        self.taken_back += more
        if more > 0:
            self._post("reimbursement_taken_back", "whole", 0, money.latest_us, amount=more)
        elif more < 0:
            self._post("protection_reimbursement", "whole", 0, money.latest_us, amount=-more)

    def cover(self) -> None:
        """What the fund pays: what coverage says, at most what the seller bore and no dispute or return made good. A
        refund that a bank paid is none of it: who bears that was decided."""
        money = self.money
        lost = self.refunded + self._taken() - (self.numbers.commission.of(self.captured) - self.fee)
        others = max(0, money.whole_minor - self.taken_back)
        self._pay_for_good(lost - others - self._net(self._paid_for_us()))
        self._pay_for_now(max(0, others - lost))

    def _pay_for_good(self, lost: int) -> None:
        money = self.money
        wanted = min(money.covered_minor, max(0, lost)) if money.covered_currency == self.main else 0
        more = wanted - self.reimbursed
        self.reimbursed = wanted
        if more > 0:
            self._post("protection_reimbursement", "cover", 0, money.latest_us, amount=more)
        elif more < 0:
            self._post("reimbursement_taken_back", "cover", 0, money.latest_us, amount=-more)

    def _pay_for_now(self, spare: int) -> None:
        """What the fund pays of what banks may take, until they have decided: at most what the seller would bear of it,
        less ``spare``, which others have given beyond what is lost. It never becomes final: it goes back when the bank
        has decided, and what is due then is paid for good."""
        wanted = max(0, min(self.money.advance_minor, self._may_lose() - spare))
        if self.money.covered_currency != self.main:
            wanted = 0
        if self.money.stands_back:
            wanted = min(wanted, self.for_now)
        more = wanted - self.for_now
        self.for_now = wanted
        if more:
            self._post(FOR_NOW if more > 0 else NO_LONGER, "advance", 0, self.money.latest_us, amount=abs(more))

    def _may_lose(self) -> int:
        """What open disputes can still cost the seller while their money is held. What is decided to go back to the
        buyer anyway is none of it: who bears that was decided."""
        now = self._time(self.money.latest_us)
        asked = sum(
            self._disputed(dispute) or 0
            for dispute in self.money.disputes
            if dispute.outcome is None and not dispute.inquiry and self._is_main(dispute) and self._until(dispute) > now
        )
        decided = sum(refund.minor for refund in self.money.decided)
        to_go = max(0, decided - self.refunded - self.owed - self._paid_for_us())
        return self._net(max(0, min(asked, self.captured - self._returned()) - to_go), going=True)

    def hold(self, book: Book, review: timedelta) -> None:
        """The hold for a review, where it is missing; and the end of holds that have nothing left to do."""
        kept = set()
        for request in self._review_hold(review):
            name = request.key.rpartition("/")[0]
            there = [hold.key for hold in book.holds if hold.key.rpartition("/")[0] == name]
            if there:
                kept.update(there)
            else:
                self.plan.holds.append(request)
        ours = f"{PREFIX}/{self.money.order}/"
        self.plan.releases = [h.key for h in book.holds if h.key.startswith(ours) and h.key not in kept]

    def disputes(self) -> None:
        """What open disputes claim of what has not gone back; of an order for which nothing was captured, nothing."""
        left = max(0, self.captured - self._returned())
        for dispute in self.money.disputes:
            if dispute.outcome is not None:
                continue
            amount = (self._disputed(dispute) or 0) if self.captured else 0
            if self._is_main(dispute):
                amount = min(amount, left)
                left -= amount
            self.plan.disputed[dispute.key] = Disputed(amount, self._until(dispute))

    # -- targets ------------------------------------------------------------------------------------------------------

    def _returned(self) -> int:
        return self.refunded + self.owed + self._taken()

    def _taken(self) -> int:
        return sum(self.taken.get(d.key, 0) for d in self.money.disputes if self._is_main(d))

    def _paid_for_us(self) -> int:
        """What of the banks' money is a refund that had been decided on when the bank took it."""
        lost = [d.closed_us for d in self.money.disputes if self.taken.get(d.key, 0) > 0 and self._is_main(d)]
        latest = max((at_us for at_us in lost if at_us is not None), default=None)
        if latest is None:
            return 0
        before = sum(refund.minor for refund in self.money.decided if refund.at <= at_micros(latest))
        return max(0, min(before - self.refunded - self.owed, self._taken()))

    def _net(self, minor: int, *, going: bool = False) -> int:
        """What of an amount that went back the seller bears: not the commission that came back with it. ``going``: the
        same of an amount that may go."""
        return minor - (self._kept() - self._kept(minor) if going else self._kept(-minor) - self._kept())

    def _until(self, dispute: Dispute) -> datetime:
        """How long what it claims is held at most."""
        return at_micros(dispute.opened_us) + self.numbers.holds.dispute

    def _kept(self, more: int = 0) -> int:
        """The commission on what stays sold, if so much more went back."""
        return _rest(self.numbers.commission, self.captured, self._returned() + more)

    def _protection_fee(self) -> int:
        """The protection fee on what was not refunded; a bank's claim does not lessen it: it is what the fee is for. A
        refund that the bank paid is a refund all the same."""
        refunded = self.refunded + self.owed + self._paid_for_us()
        return _rest(self.numbers.protection_fee, self.captured, refunded)

    def _owed_target(self) -> int:
        money = self.money
        if money.ruled is not None and money.ruled.action is Action.BLOCK:
            called_off = self.captured
        elif money.cancelled is not None:
            part = money.cancelled.minor if money.cancelled.currency == self.main else None
            called_off = self.captured if part is None else min(part, self.captured)
        else:
            return 0
        return max(0, min(called_off, self.captured - self._taken()) - self.refunded)

    def _called_off_us(self) -> int:
        return self.money.latest_us if self.money.cancelled is None else self.money.cancelled.at_us

    def _review_hold(self, review: timedelta) -> list[HoldRequest]:
        money = self.money
        if money.ruled is None or money.ruled.action is not Action.REVIEW or money.placed_us is None:
            return []
        amount = max(self.captured, money.minor or 0 if money.currency == self.main else 0) - self._returned()
        if not self.captured or amount <= 0:
            return []
        until = max(at_micros(money.placed_us) + self.numbers.review.longest, money.ruled.at + review)
        at = self._time(money.latest_us)
        key = f"{PREFIX}/{money.order}/review/{money.ruled.id}/0"
        if until <= max(at, self._time(money.latest_us)):
            return []  # its longest time is over
        return [
            HoldRequest(
                key, at, money.seller, money.order, self.main, amount, "order_under_review", until, "review_ends"
            )
        ]

    # -- small steps --------------------------------------------------------------------------------------------------

    def _refund(self, refund: Told) -> None:
        if refund.currency not in ("", self.main):
            amount = self._left_of("refund", refund, None)
            if amount > 0 and self.captured:
                self._post("refund", "refund", refund.moment, refund.at_us, refund.currency, refund=amount)
            return
        # The cap binds what we send: a refund that two systems tell of was made once.
        amount = min(self._left_of("refund", refund, self.captured), self.captured - self.refunded)
        if amount <= 0:
            return
        owed = min(amount, self.owed)
        if owed:
            self.owed -= owed
            self.refunded += owed
            self._post("refund_paid", "refund", refund.moment, refund.at_us, amount=owed)
        rest = amount - owed
        if rest:
            self.refunded += rest
            self._post(
                "refund", "refund", refund.moment, refund.at_us, refund=rest, fee=self._give_back_fee(rest)
            )  # fmt: skip

    def _failed(self, refund: Told) -> None:
        """What was posted of a refund that did not arrive, or that turned out to be another, comes back."""
        main = refund.currency in ("", self.main)
        more = -self._left_of("refund", refund, self.captured if main else None)
        if more <= 0:
            return
        fee = 0
        if main:
            self.refunded -= more
            fee = self._charge(more)
        at_us = refund.at_us if refund.failed_us is None else refund.failed_us
        currency = self.main if main else refund.currency
        self.of_event["refund", refund.moment] = self.of_event.get(("refund", refund.moment), 0) - more
        self._post("refund_failed", "refund", refund.moment, at_us, currency, refund=more, fee=fee)

    def _left_of(self, what: str, told: Told, whole: int | None) -> int:
        """What of an event's amount is not posted yet."""
        amount = whole if told.minor is None else told.minor
        return (amount or 0) - self.of_event.get((what, told.moment), 0)

    def _disputed(self, dispute: Dispute) -> int | None:
        return self.money.minor if dispute.minor is None else dispute.minor

    def _is_main(self, dispute: Dispute) -> bool:
        return dispute.currency in ("", self.main)

    def _charge(self, most: int) -> int:
        """Brings the commission up to its target, in an entry that can carry so much."""
        fee = max(0, min(self._kept() - self.fee, most))
        self.fee += fee
        return fee

    def _give_back_fee(self, most: int) -> int:
        """Brings the commission down to its target; what the entry gives back is counted already."""
        fee = max(0, min(self.fee - self._kept(), most))
        self.fee -= fee
        return fee

    def _bank_post(self, event: str, dispute: Dispute, amount: int, fee: int = 0, what: str = "dispute") -> None:
        at_us = dispute.opened_us if dispute.closed_us is None else dispute.closed_us
        self._post(event, what, dispute.key, at_us, dispute.currency or self.main, amount=amount, fee=fee)

    def _post(
        self, event: str, what: str, about: int, at_us: int, currency: str = "", *, of_seller: bool = True,
        **amounts: int,
    ) -> None:  # fmt: skip
        key = f"{PREFIX}/{self.money.order}/{what}/{about}/{self.count}"
        self.count += 1
        self.plan.entries.append(
            Entry(
                event, key, self._time(at_us), currency or self.main, self.money.seller if of_seller else None,
                self.money.order,
                {name: amount for name, amount in amounts.items() if amount},
                available_at=_available_at(self.money, self.numbers) if event == "capture" else None,
            )
        )  # fmt: skip

    def _time(self, at_us: int) -> datetime:
        return at_micros(at_us) if self.at is None else self.at


def _rest(share: Share, sold: int, returned: int) -> int:
    """A share of what was sold, less its part for what went back; rounded so that parts never lose a unit."""
    whole = share.of(sold)
    return whole - (round(Fraction(whole * min(returned, sold), sold)) if sold else 0)


def _available_at(money: OrderMoney, numbers: Numbers) -> datetime | None:
    """When the order's money is released: after its delivery, or after its payment where none is told."""
    release = numbers.release
    if money.delivered_us is not None:
        return at_micros(money.delivered_us) + release.after_delivery
    if not money.payments:
        return None
    paid = at_micros(max(told.at_us for told in money.payments))
    return paid + (release.after_delivery if money.digital else release.without_delivery)

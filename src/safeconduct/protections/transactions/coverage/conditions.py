"""Each kind of condition, judged: one function a kind.

A term is kept by what happens *before* its end; at the end itself it is missed. Without new facts a condition only
ever goes from waiting to missed; but for a review that nobody ends, which time ends for the seller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from safeconduct.foundation.moments import moment_micros
from safeconduct.protections.transactions.coverage import words
from safeconduct.protections.transactions.coverage.clocks import Review, deadline
from safeconduct.protections.transactions.coverage.facts import Claim, Hold, News, OrderFacts, Parcel
from safeconduct.protections.transactions.coverage.template import Condition, Template
from safeconduct.protections.transactions.coverage.words import Action, Kind, Parcels, Standing, Start


class Result(NamedTuple):
    """How a condition stands. ``at_us``: since when it is met or missed. ``moment``: the event that proves it, 0 where
    only time does. ``deadline_us``: until when it can still be met; None where there is no term, or it stands still.
    """

    standing: Standing
    at_us: int | None = None
    moment: int = 0
    deadline_us: int | None = None
    detail: str = ""


# Looking a member up in its class is slow in Python 3.11; these are asked for many times an order.
MET, PENDING, FAILED = Standing.MET, Standing.PENDING, Standing.FAILED
_ANY, _ALL = Parcels.ANY, Parcels.ALL
_PAID, _PLACED, _SHIPPED = Start.PAID, Start.PLACED, Start.SHIPPED
_ALLOW, _CHALLENGE, _REVIEW, _BLOCK = Action.ALLOW, Action.CHALLENGE, Action.REVIEW, Action.BLOCK


@dataclass(slots=True)
class Case:
    """An order at an instant, with what several conditions ask for."""

    template: Template
    facts: OrderFacts
    at_us: int
    holds: list[Hold]
    review: Review | None
    sent: list[News | None]
    paid: News | None
    shipped: News | None
    delivered: News | None

    @property
    def under_review(self) -> bool:
        """Whether a review runs at the instant."""
        return self.review is not None and self.review.begun_us <= self.at_us < self.review.over_us

    def start(self, after: Start) -> int | None:
        """When a term that counts from this event began, or None."""
        if after is _PLACED:
            return self.facts.placed.at_us
        news = self.paid if after is _PAID else self.shipped if after is _SHIPPED else self.delivered
        return None if news is None else news.at_us


when = itemgetter(0, 1)
"""A fact's place among others: its time, then its event's moment."""

_PENDING = Result(PENDING)
_IF_CLAIMED = Result(PENDING, detail="if_claimed")


def open_case(
    template: Template, facts: OrderFacts, at_us: int, holds: list[Hold], review: Review | None
) -> Case:  # fmt: skip
    """The order at an instant."""
    payments, parcels = facts.payments, facts.parcels
    paid = min(payments, key=when) if payments else None
    sent = [_handed_over(parcel) for parcel in parcels]
    return Case(
        template, facts, at_us, holds, review, sent, None if paid is None else News(paid.at_us, paid.moment),
        _together(sent, _ANY), _together([parcel.delivered for parcel in parcels], _ALL),
    )  # fmt: skip


def judge(condition: Condition, case: Case, claim: Claim | None) -> Result:
    """How the condition stands; ``claim``: the one that is asked about, None where there is none."""
    return _CHECKS[condition.kind](condition, case, claim)


def _accepted(condition: Condition, case: Case, claim: Claim | None) -> Result:
    rulings = case.facts.rulings
    if not rulings:
        return _PENDING if condition.strict else Result(MET, *case.facts.placed)
    ordered = sorted(rulings, key=when) if len(rulings) > 1 else rulings
    last = ordered[-1]
    if last.action is _BLOCK:
        return Result(FAILED, last.at_us, last.moment, detail=words.BLOCKED)
    if last.action is _REVIEW:
        if condition.strict or case.review is None or case.at_us < case.review.over_us:
            return Result(PENDING, detail=words.UNDER_REVIEW)
        return Result(MET, case.review.over_us, detail="review_over")
    if last.action is _CHALLENGE:
        return _PENDING if case.paid is None else Result(MET, *case.paid)
    if len(ordered) > 1:  # accepted since the first of the allowances that end the row
        for ruling in reversed(ordered):
            if ruling.action is not _ALLOW:
                break
            last = ruling
    if condition.strict:
        first = min((claim.opened for claim in case.facts.claims), default=None)
        if first is not None and first.at_us <= last.at_us:
            return Result(FAILED, *first, detail="accepted_after_claim")
    return Result(MET, last.at_us, last.moment)


def _physical(condition: Condition, case: Case, claim: Claim | None) -> Result:
    return Result(FAILED if case.facts.digital else MET, *case.facts.placed)


def _payment_method(condition: Condition, case: Case, claim: Claim | None) -> Result:
    return _among(case.facts.payment_method, condition, case)


def _seller_country(condition: Condition, case: Case, claim: Claim | None) -> Result:
    return _among(case.facts.seller_country, condition, case)


def _among(value: str | None, condition: Condition, case: Case) -> Result:
    if value is None:
        return Result(PENDING, detail="not_told")
    return Result(MET if value in condition.values else FAILED, *case.facts.placed)


def _shipped(condition: Condition, case: Case, claim: Claim | None) -> Result:
    facts = case.facts
    if facts.lines and condition.parcels is _ALL:
        wanted = [line.fulfilled for line in facts.lines if not line.refunded]
        return _in_time(condition, case, _together(wanted, _ALL), case.start(condition.after))
    return _in_time(condition, case, _together(case.sent, condition.parcels), case.start(condition.after))


def _tracked(condition: Condition, case: Case, claim: Claim | None) -> Result:
    carriers = condition.values
    told = [
        sent if parcel.tracked and (not carriers or parcel.carrier in carriers) else None
        for parcel, sent in zip(case.facts.parcels, case.sent, strict=True)
    ]
    return _in_time(condition, case, _together(told, condition.parcels), case.start(condition.after))


def _scanned(condition: Condition, case: Case, claim: Claim | None) -> Result:
    scans, seen = condition.values, []
    for parcel in case.facts.parcels:
        first = parcel.delivered
        for scan in parcel.scans:
            if scan.scan in scans and (first is None or (scan.at_us, scan.moment) < first):
                first = News(scan.at_us, scan.moment)
        seen.append(first)
    return _in_time(condition, case, _together(seen, condition.parcels), case.start(condition.after))


def _address(condition: Condition, case: Case, claim: Claim | None) -> Result:
    """Sent, and delivered, to the address of the order. ``strict``: a change before delivery is one too many."""
    facts, ordered = case.facts, case.facts.address
    wrong: list[News] = []
    other = [c for c in facts.changes if c.address is None or c.address != ordered]
    if condition.strict:
        wrong += [
            News(c.at_us, c.moment) for c in other if case.delivered is None or c.at_us < case.delivered.at_us
        ]  # fmt: skip
    for parcel, sent in zip(facts.parcels, case.sent, strict=True):
        if sent is None:
            continue
        if parcel.address is None:
            astray = any(change.at_us <= sent.at_us for change in other)
        else:
            astray = ordered is not None and parcel.address != ordered
        if astray:
            wrong.append(sent)
        left_at = parcel.delivered_to
        if parcel.delivered is not None and None not in (ordered, left_at) and left_at != ordered:
            wrong.append(parcel.delivered)
    if wrong:
        return Result(FAILED, *min(wrong))
    return _PENDING if case.shipped is None else Result(MET, *case.shipped)


def _delivered(condition: Condition, case: Case, claim: Claim | None) -> Result:
    news = case.delivered
    if condition.parcels is _ANY:
        news = _together([parcel.delivered for parcel in case.facts.parcels], _ANY)
    if claim is None or condition.within_us is None:
        return _PENDING if news is None else Result(MET, *news)
    return _in_time(condition, case, news, claim.opened.at_us)


def _signed(condition: Condition, case: Case, claim: Claim | None) -> Result:
    facts, above = case.facts, condition.from_amount
    if facts.amount_minor is None:
        return _PENDING
    if above is not None and facts.amount_minor < above.minor:
        return Result(MET, *facts.placed, detail="not_needed")
    unsigned = [p.delivered for p in facts.parcels if p.delivered is not None and p.signed is False]
    if unsigned:
        return Result(FAILED, *min(unsigned))
    signed = _together([p.delivered if p.signed else None for p in facts.parcels], _ALL)
    return _PENDING if signed is None else Result(MET, *signed)


def _shipped_before_claim(condition: Condition, case: Case, claim: Claim | None) -> Result:
    if claim is None:
        return _PENDING if case.shipped is None else Result(MET, *case.shipped)
    return _in_time(condition, case, case.shipped, claim.opened.at_us)


def _claim_filed(condition: Condition, case: Case, claim: Claim | None) -> Result:
    return _IF_CLAIMED if claim is None else _in_time(condition, case, claim.filed, claim.opened.at_us)


def _claim_answered(condition: Condition, case: Case, claim: Claim | None) -> Result:
    if claim is None:
        return _IF_CLAIMED
    if claim.asked is None:
        return Result(MET, *claim.opened, detail="not_asked")
    return _in_time(condition, case, claim.answered, claim.asked.at_us)


def _abuse_found(condition: Condition, case: Case, claim: Claim | None) -> Result:
    if claim is None:
        return _IF_CLAIMED
    return _PENDING if claim.abuse is None else Result(MET, *claim.abuse)


def _in_time(condition: Condition, case: Case, news: News | None, start_us: int | None) -> Result:
    """Whether something happened before the end of its term, and was told no later than late news may be."""
    if start_us is None or condition.within_us is None:
        return _PENDING if news is None else Result(MET, *news)
    holds = case.holds
    end = deadline(start_us, condition.within_us, holds) if holds else start_us + condition.within_us
    if news is not None:
        told_in_time = end is None or (
            news.at_us < end and moment_micros(news.moment) <= end + case.template.late_news_us
        )  # fmt: skip
        return Result(MET, *news, end) if told_in_time else Result(FAILED, end, news.moment, end)
    if end is None or (case.under_review and case.at_us < end):
        return Result(PENDING, detail="clock_stopped")
    return Result(FAILED if case.at_us >= end else PENDING, *_missed(end, case.at_us), end)


def _missed(end_us: int, at_us: int) -> tuple[int | None, int]:
    return (end_us, 0) if at_us >= end_us else (None, 0)


def _handed_over(parcel: Parcel) -> News | None:
    """When the parcel left the seller: told as shipped, or seen by the carrier."""
    first = parcel.shipped
    if parcel.delivered is not None and (first is None or parcel.delivered < first):
        first = parcel.delivered
    for scan in parcel.scans:
        if first is None or (scan.at_us, scan.moment) < first:
            first = News(scan.at_us, scan.moment)
    return first


def _together(found: list[News | None], how: Parcels) -> News | None:
    """The first (any) or the last (all, and None unless each has it) of what is asked of the parcels."""
    if len(found) == 1:
        return found[0]
    known = [news for news in found if news is not None]
    if not known or (how is _ALL and len(known) < len(found)):
        return None
    return min(known) if how is _ANY else max(known)


_CHECKS: dict[Kind, Callable[[Condition, Case, Claim | None], Result]] = {
    Kind.ACCEPTED: _accepted, Kind.PHYSICAL: _physical, Kind.PAYMENT_METHOD: _payment_method,
    Kind.SELLER_COUNTRY: _seller_country, Kind.SHIPPED: _shipped, Kind.TRACKED: _tracked, Kind.SCANNED: _scanned,
    Kind.ADDRESS: _address, Kind.DELIVERED: _delivered, Kind.SIGNED: _signed,
    Kind.SHIPPED_BEFORE_CLAIM: _shipped_before_claim, Kind.CLAIM_FILED: _claim_filed,
    Kind.CLAIM_ANSWERED: _claim_answered, Kind.ABUSE_FOUND: _abuse_found,
}  # fmt: skip

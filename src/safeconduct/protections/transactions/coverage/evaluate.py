"""An order's certificate: a total, deterministic function of template, facts and time. It reads nothing else."""

from __future__ import annotations

from itertools import chain

from safeconduct.protections.transactions.coverage import words
from safeconduct.protections.transactions.coverage.certificate import Certificate, Position, Reminder, overall
from safeconduct.protections.transactions.coverage.clocks import held, review_of
from safeconduct.protections.transactions.coverage.conditions import (
    FAILED,
    PENDING,
    Case,
    Result,
    judge,
    open_case,
    when,
)
from safeconduct.protections.transactions.coverage.facts import Claim, OrderFacts
from safeconduct.protections.transactions.coverage.template import Condition, Covered, Template
from safeconduct.protections.transactions.coverage.words import (
    BY_CLAIM,
    OF_A_CLAIM,
    OF_THE_SELLER,
    Action,
    Cause,
    Channel,
    Kind,
    Outcome,
    State,
)

# Looking a member up in its class is slow in Python 3.11; these are asked for many times an order.
_QUOTED, _ACTIVE, _PROTECTED, _VOID = State.QUOTED, State.ACTIVE, State.PROTECTED, State.VOID
_CLAIMED, _PAID, _DENIED, _ENDED = State.CLAIMED, State.PAID, State.DENIED, State.ENDED
_ACCEPTED, _REVIEW = Kind.ACCEPTED, Action.REVIEW
#: States that time alone can still change.
_MOVING = frozenset({State.QUOTED, State.ACTIVE, State.PROTECTED, State.CLAIMED})


def evaluate(template: Template, facts: OrderFacts, at_us: int) -> Certificate:
    """How the order is covered at an instant (microseconds since 2020), by the facts given.

    The template's amounts must be in the facts' currency (`template.in_currency`).
    """
    review = review_of(template, facts) if facts.rulings else None
    case = open_case(template, facts, at_us, held(facts, review), review)
    results: dict[str, Result] = {}
    of_claims: dict[str, dict[Cause, Result]] = {}
    for name, condition in template.conditions.items():
        results[name] = judge(condition, case, None)
    money = _Money(template, facts)
    period_end = _period_end(template, case)
    positions: dict[Cause, Position] = {}
    advanced: list[Claim] = []
    for covered in template.covered:
        claim = _claim_of(facts, covered.cause) if facts.claims else None
        if claim is None:
            positions[covered.cause] = _unclaimed(template, covered, case, results, money, period_end)
            continue
        own = _of_claim(template, covered, claim, case, results)
        for name in covered.conditions:
            if template.conditions[name].kind in BY_CLAIM:
                of_claims.setdefault(name, {})[covered.cause] = own[name]
        positions[covered.cause] = _claimed(covered, claim, case, own, money, period_end)
        at_bank = _at_a_bank(facts, covered.cause) if claim.outcome is None else None
        if at_bank is not None:
            own = own if at_bank is claim else _of_claim(template, covered, at_bank, case, results)
            if _would_be_paid(covered, own, _claimed(covered, at_bank, case, own, money, period_end)):
                advanced.append(at_bank)
    moving = any(position.state in _MOVING for position in positions.values())
    ends = _ends(results, of_claims, at_us) if moving or _told_ahead(results, of_claims, at_us) else []
    over = None if review is None else review.over_us
    ends += [end for end in (period_end, over) if moving and end is not None and end > at_us]
    reminders, warn_at = (
        _reminders(template, _that_matter(template, positions), results, of_claims, at_us) if ends else ((), None)
    )
    return Certificate(
        overall(positions), positions, results, of_claims, money.up_to(), period_end, min(ends, default=None),
        reminders, warn_at, _review_must_end_by(template, case, results), sum(money.take(claim) for claim in advanced),
    )  # fmt: skip


def _that_matter(template: Template, positions: dict[Cause, Position]) -> set[str]:
    """The conditions that still matter: those of causes whose state can change."""
    return {
        name for covered in template.covered if positions[covered.cause].state in _MOVING for name in covered.conditions
    }  # fmt: skip


class _Money:
    """What was paid, what went back, and what the fund may still pay. One limit for all causes of the order."""

    def __init__(self, template: Template, facts: OrderFacts) -> None:
        self.facts = facts
        self.amount = facts.amount_minor
        self.paid = 0
        if self.amount is not None:
            told = [self.amount if p.amount_minor is None else p.amount_minor for p in facts.payments]
            self.paid = min(sum(told), self.amount)
        limit = template.limits.order
        known = [minor for minor in (self.amount, None if limit is None else limit.minor) if minor is not None]
        self.cap = min(known, default=None)
        left = self.cap if not facts.payments or self.cap is None else min(self.cap, self.paid)
        if facts.limit_left_minor is not None and left is not None:
            left = min(left, max(0, facts.limit_left_minor))
        self.left = left or 0

    def returned(self, before_us: int | None = None) -> int:
        """What went back to the buyer, of all time or before an instant."""
        whole = self.amount or 0
        refunds = self.facts.refunds if before_us is None else [r for r in self.facts.refunds if r.at_us < before_us]
        return min(whole, sum(whole if r.amount_minor is None else r.amount_minor for r in refunds)) if refunds else 0

    def up_to(self) -> int | None:
        """The most the fund pays for this order as things stand."""
        if self.cap is None or self.amount is None:
            return None
        base = self.paid if self.facts.payments else self.amount
        first = min((c.opened.at_us for c in self.facts.claims), default=None)
        return max(0, min(self.cap, base - self.returned(first)))

    def take(self, claim: Claim) -> int:
        """What a lost claim gets of the limit that is left."""
        open_minor = max(0, self.paid - self.returned(claim.opened.at_us))
        loss = open_minor if claim.amount_minor is None else min(claim.amount_minor, open_minor)
        got = min(loss, self.left)
        self.left -= got
        return got


def _claim_of(facts: OrderFacts, cause: Cause) -> Claim | None:
    """The claim that decides: the first that was lost, else the first that is open; None where all were won."""
    found = [c for c in facts.claims if c.cause is cause and c.outcome in (None, Outcome.LOST)]
    return min(found, key=lambda c: (c.outcome is None, c.opened)) if found else None


def _at_a_bank(facts: OrderFacts, cause: Cause) -> Claim | None:
    """The first claim about which a bank decides."""
    found = [c for c in facts.claims if c.cause is cause and c.channel is Channel.BANK and c.outcome is None]
    return min(found, key=lambda c: c.opened, default=None)


def _of_claim(
    template: Template, covered: Covered, claim: Claim, case: Case, results: dict[str, Result]
) -> dict[str, Result]:  # fmt: skip
    """The conditions as they stand for a claim."""
    own = dict(results)
    for name in covered.conditions:
        if template.conditions[name].kind in BY_CLAIM:
            own[name] = judge(template.conditions[name], case, claim)
    return own


def _would_be_paid(covered: Covered, results: dict[str, Result], position: Position) -> bool:
    """Whether the fund would pay for an open claim if it were lost now: nothing that it asks for is missing or open."""
    return position.state is _CLAIMED and all(results[name].standing is not PENDING for name in covered.conditions)


def _period_end(template: Template, case: Case) -> int | None:
    start = case.start(template.period.after)
    return None if start is None else start + template.period.within_us


def _unclaimed(
    template: Template, covered: Covered, case: Case, results: dict[str, Result], money: _Money, period_end: int | None
) -> Position:
    facts = case.facts
    if facts.cancelled is not None:
        return Position(_ENDED, words.CANCELLED)
    if facts.refunds and money.paid and money.returned() >= money.paid:
        return Position(_ENDED, words.REFUNDED)
    missed = _missed(covered, results)
    if missed is not None:
        return Position(_VOID, missed)
    if period_end is not None and case.at_us >= period_end:
        return Position(_ENDED, words.PERIOD_OVER)
    if money.amount is None:
        return Position(_QUOTED, words.AMOUNT_UNKNOWN)
    waiting = ""
    for name in covered.conditions:
        if results[name].standing is PENDING:
            kind = template.conditions[name].kind
            if kind is _ACCEPTED:
                return Position(_QUOTED, words.UNDER_REVIEW)
            if kind not in OF_A_CLAIM:
                waiting = waiting or name
    if case.paid is None:
        return Position(_QUOTED, words.NOT_PAID)
    return Position(_ACTIVE, waiting) if waiting else Position(_PROTECTED)


def _claimed(
    covered: Covered, claim: Claim, case: Case, results: dict[str, Result], money: _Money, period_end: int | None
) -> Position:
    opened = claim.opened.at_us
    if case.paid is None:
        return Position(_DENIED, words.NOT_PAID)
    if money.paid and money.returned(opened) >= money.paid:
        return Position(_DENIED, words.REFUNDED)
    if case.facts.cancelled is not None and case.shipped is None:
        return Position(_DENIED, words.CANCELLED)  # the seller still has the goods
    if period_end is not None and opened >= period_end:
        return Position(_DENIED, words.CLAIM_TOO_LATE)
    missed = _missed(covered, results)
    if missed is not None:
        return Position(_DENIED, missed)
    if claim.outcome is None:
        return Position(_CLAIMED)
    waiting = [name for name in covered.conditions if results[name].standing is PENDING]
    if waiting:
        # A term that still runs may yet be kept, and what keeps it may prove the rest: a parcel also has an address.
        # Where none runs, what has no term was to be proved by now.
        running = next((name for name in waiting if _runs(results[name])), None)
        return Position(_DENIED, waiting[0]) if running is None else Position(_CLAIMED, running)
    pays = money.take(claim)
    return Position(_PAID, "", pays) if pays else Position(_DENIED, words.LIMIT_REACHED)


def _runs(result: Result) -> bool:
    return result.deadline_us is not None or result.detail in ("clock_stopped", words.UNDER_REVIEW)


def _missed(covered: Covered, results: dict[str, Result]) -> str | None:
    """What was missed first: the condition's name, or `blocked`."""
    name, first = None, None
    for candidate in covered.conditions:
        result = results[candidate]
        if result.standing is FAILED and (first is None or (result.at_us or 0) < (first.at_us or 0)):
            name, first = candidate, result
    return words.BLOCKED if first is not None and first.detail == words.BLOCKED else name


def _ends(results: dict[str, Result], of_claims: dict[str, dict[Cause, Result]], at_us: int) -> list[int]:
    every = [*results.values(), *(result for found in of_claims.values() for result in found.values())]
    return [
        r.deadline_us for r in every
        if r.standing is PENDING and r.deadline_us is not None and r.deadline_us > at_us
    ]  # fmt: skip


def _told_ahead(results: dict[str, Result], of_claims: dict[str, dict[Cause, Result]], at_us: int) -> bool:
    """Whether a condition fails by news dated later than now: a term that ends before it may yet be missed first."""
    every = chain(results.values(), *(found.values() for found in of_claims.values()))
    return any(r.standing is FAILED and r.at_us is not None and r.at_us > at_us for r in every)


def _reminders(
    template: Template, wanted: set[str], results: dict[str, Result], of_claims: dict[str, dict[Cause, Result]],
    at_us: int,
) -> tuple[tuple[Reminder, ...], int | None]:  # fmt: skip
    """The seller's terms that wait for something, with the warnings due by now, and when the next one is."""
    due: list[Reminder] = []
    later: list[int] = []
    for name, condition in template.conditions.items():
        if name not in wanted or condition.kind not in OF_THE_SELLER or condition.within_us is None:
            continue
        for result in (results[name], *of_claims.get(name, {}).values()):
            if result.standing is not PENDING or result.deadline_us is None:
                continue
            times = _warning_times(template, condition, result.deadline_us)
            step = sum(time <= at_us for time in times)
            if step:
                due.append(Reminder(name, step, result.deadline_us))
            later += [time for time in times if time > at_us]
    return tuple(due), min(later, default=None)


def _warning_times(template: Template, condition: Condition, deadline_us: int) -> list[int]:
    warning = template.warning
    assert condition.within_us is not None
    left_us = condition.within_us * (100 - warning.share_percent) // 100
    times = {deadline_us - left_us}
    if warning.before_us < left_us:
        times.add(deadline_us - warning.before_us)
    return sorted(times)


def _review_must_end_by(template: Template, case: Case, results: dict[str, Result]) -> int | None:
    facts = case.facts
    if case.paid is not None or not facts.rulings or max(facts.rulings, key=when).action is not _REVIEW:
        return None
    until = facts.authorised_until_us
    if until is None:
        until = facts.placed.at_us + template.review.authorisation_us
    return until - template.review.before_us

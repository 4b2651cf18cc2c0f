"""To refund now or to wait: what a warning or a bank's question costs on average, from the marketplace's own history.

Waiting costs the amount where the bank goes on and the answer is lost, and the answer where it goes on: chance of a
dispute × ((1 − chance to win) × amount + cost). A refund costs the amount where the goods are gone, and nothing where
they are still there. The chances are shrunk as in `worth`; their intervals make the advice, and n is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from django.conf import settings

from safeconduct.foundation.money import Money
from safeconduct.kernel.events.rates import exchanged_minor
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import queries
from safeconduct.protections.transactions.chargebacks.reason_codes import table
from safeconduct.protections.transactions.chargebacks.worth import Chance, Group, chance

#: The code by which a payment that was reported as fraud is disputed most often.
_FRAUD = "visa/10.4"


class Early(StrEnum):
    """What the numbers say; the seller decides."""

    REFUND = "refund"
    WAIT = "wait"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Matter:
    """What is weighed: a warning or an inquiry. ``sent``: whether the goods are gone. ``code_key``: of an inquiry."""

    id: str
    amount_minor: int | None
    currency: str
    sent: bool
    code_key: str = _FRAUD
    inquiry: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``chance``: that the bank goes on. Minor units: a refund now; waiting, expected and at both ends of its interval.
    ``advice``: unclear where the amount is not known, or nothing of the kind was ever seen here."""

    chance: Chance
    now_minor: int | None
    wait_minor: int | None
    low_minor: int | None
    high_minor: int | None
    advice: Early


def foreseen(matters: Sequence[Matter], at: datetime) -> dict[str, Foreseen]:
    """Matter → what it costs, from the marketplace's history. Three queries for all. In a scope of engine or staff."""
    if not matters:
        return {}
    fought = queries.history(at)
    of_warnings, of_inquiries = _warnings(at), _inquiries(at)
    return {
        one.id: _foreseen(
            one,
            chance([of_inquiries if one.inquiry else of_warnings]),
            chance(fought.of(one.code_key, complete=True)),
            at,
        )
        for one in matters
    }


def _foreseen(one: Matter, goes_on: Chance, won: Chance, at: datetime) -> Foreseen:
    if one.amount_minor is None or not one.currency:
        return Foreseen(goes_on, None, None, None, None, Early.UNCLEAR)
    given = Money(settings.BANK_ANSWER_COST_MINOR, settings.REPORTING_CURRENCY)
    cost = exchanged_minor(given, one.currency, int(at.timestamp() * 1_000_000)) or 0
    amount = one.amount_minor

    def waiting(bank: float, win: float) -> int:
        lost = Fraction(bank) * ((1 - Fraction(win)) * amount + cost)
        return round(lost)

    now = amount if one.sent else 0
    low, high = waiting(goes_on.interval.low, won.interval.high), waiting(goes_on.interval.high, won.interval.low)
    advice = Early.REFUND if low > now else Early.WAIT if high < now else Early.UNCLEAR
    if not goes_on.decided:
        advice = Early.UNCLEAR  # what never happened here is not foreseen
    return Foreseen(goes_on, now, waiting(goes_on.expected, won.expected), low, high, advice)


def _warnings(before: datetime) -> Group:
    """Warnings so old that no bank disputes them any more, and those that became a dispute. Where the seller paid the
    buyer back nothing was learnt."""
    ripe = before - timedelta(days=table(before.date()).codes[_FRAUD].issuer_days)
    row = query(
        "SELECT count(*), count(*) FILTER (WHERE dispute_id IS NOT NULL) FROM early_warning"
        " WHERE warned_at < %b AND state <> 'refund' AND order_key IS NOT NULL",
        [ripe],
    ).fetchone()
    assert row is not None
    return Group(row[0], row[1])


def _inquiries(before: datetime) -> Group:
    row = query(
        "SELECT count(*), count(*) FILTER (WHERE d.stage <> 'inquiry') FROM bank_dispute d"
        " WHERE d.opened_at < %b AND (d.stage <> 'inquiry' OR d.closed_at IS NOT NULL) AND EXISTS ("
        "  SELECT FROM bank_dispute_step s WHERE s.dispute_id = d.id AND s.stage = 'inquiry')",
        [before],
    ).fetchone()
    assert row is not None
    return Group(row[0], row[1])

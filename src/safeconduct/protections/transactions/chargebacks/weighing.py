"""What fighting a dispute is worth: the marketplace's history and its cost of an answer, in the bank's currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from safeconduct.foundation.money import Money
from safeconduct.kernel.events.rates import exchanged_minor
from safeconduct.protections.transactions.chargebacks import queries
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.worth import Advice, Chance, Worth, chance, worth


@dataclass(frozen=True, slots=True)
class Weighed:
    """The chance to win, and what an answer is worth: None where the amount or the cost is not known. ``cost_minor``:
    of an answer, in the dispute's currency.
    """

    chance: Chance
    worth: Worth | None
    cost_minor: int | None

    @property
    def advice(self) -> Advice:
        """What the numbers say; without a cost they say nothing."""
        return Advice.UNCLEAR if self.worth is None else self.worth.advice


def weighed(disputes: Sequence[tuple[BankDispute, bool]], at: datetime) -> dict[str, Weighed]:
    """Dispute → what fighting it is worth, given whether its answer is complete. One query for all, and the rates of
    the day. In a scope of engine or staff."""
    known = queries.history(at)
    return {one.id: _weighed(one, chance(known.of(one.code_key, complete=done)), at) for one, done in disputes}


def _weighed(dispute: BankDispute, found: Chance, at: datetime) -> Weighed:
    cost = settings.BANK_ANSWER_COST_MINOR
    if not cost or dispute.amount_minor is None or not dispute.currency:
        return Weighed(found, None, None)
    given = Money(cost, settings.REPORTING_CURRENCY)
    minor = exchanged_minor(given, dispute.currency, int(at.timestamp() * 1_000_000))
    return Weighed(found, None if minor is None else worth(found, dispute.amount_minor, minor), minor)

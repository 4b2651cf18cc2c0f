"""What of a bank's dispute falls on each of the orders that the payment paid at once.

The rule is that of claims (`claims.allocation`): first what is left of each order, in proportion to it, then what had
gone back of it before the bank decided. It follows from what was told alone, so that it makes no difference which of
the orders, refunds and disputes becomes known first; a fact that comes late changes the shares, and the books follow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from safeconduct.foundation.money import Money
from safeconduct.kernel.claims.allocation import Standing, debit_shares, in_another, spread
from safeconduct.kernel.events.rates import exchanged_minor
from safeconduct.protections.transactions.coverage.words import Outcome
from safeconduct.protections.transactions.money.told import Dispute, OrderMoney


def share_out(of_payment: Mapping[int, Collection[int]], moneys: Mapping[int, OrderMoney]) -> None:
    """Sets what each dispute comes to for each of its orders. ``of_payment``: dispute → the orders it is about."""
    told = {
        (dispute.key, order): dispute
        for order, money in moneys.items()
        for dispute in money.disputes
        if dispute.of_payment
    }
    taken: dict[int, int] = {}
    for key in sorted({key for key, _ in told}, key=lambda key: _opened(key, of_payment[key], told)):
        about = _in_one_currency({o: told[key, o] for o in of_payment[key] if (key, o) in told}, moneys)
        if len(about) < 2:
            continue
        first = next(iter(about.values()))
        shares = _shares(first, {order: moneys[order] for order in about}, taken)
        fees = spread(first.fee_minor, shares)
        for name, minor in shares.items():
            order = int(name)
            about[order].minor, about[order].fee_minor = minor, fees[name]
            if first.outcome is Outcome.LOST and first.currency in ("", moneys[order].main):
                taken[order] = taken.get(order, 0) + minor


def _opened(key: int, orders: Collection[int], told: Mapping[tuple[int, int], Dispute]) -> tuple[int, int]:
    return min(told[key, order].opened_us for order in orders if (key, order) in told), key


def _in_one_currency(about: Mapping[int, Dispute], moneys: Mapping[int, OrderMoney]) -> dict[int, Dispute]:
    """Those of the orders that were paid in the bank's currency; in another all the same, that of the lowest. A payment
    has one currency: what names it in another has been given the wrong payment."""
    if any(dispute.minor is None for dispute in about.values()):
        return {}  # the bank says no amount: it is about all of each
    currencies = {moneys[order].main for order in about}
    asked = next((dispute.currency for dispute in about.values()), "")
    wanted = asked if asked in currencies else min(currencies, default="")
    alone = {order: dispute for order, dispute in about.items() if moneys[order].main == wanted}
    for order, dispute in about.items():
        if order not in alone:
            dispute.minor, dispute.fee_minor = 0, 0
    return alone


def _shares(dispute: Dispute, moneys: Mapping[int, OrderMoney], taken: Mapping[int, int]) -> dict[str, int]:
    """Order → its share, in the bank's currency."""
    captured = {order: _captured(money) for order, money in moneys.items()}
    standings = {
        str(order): Standing(
            money.minor or captured[order],
            captured[order] - _given_back(money, dispute, captured[order]) - taken.get(order, 0), 0,
        )
        for order, money in moneys.items()
    }  # fmt: skip
    minor, currency = dispute.minor or 0, next(iter(moneys.values())).main
    if dispute.currency in ("", currency):
        return debit_shares(minor, standings)
    paid = exchanged_minor(Money(minor, dispute.currency), currency, dispute.opened_us)
    if paid is None:
        return spread(minor, {name: standing.amount_minor for name, standing in standings.items()})
    return in_another(minor, debit_shares(paid, standings))


def _captured(money: OrderMoney) -> int:
    told = sum(money.minor or 0 if paid.minor is None else paid.minor for paid in money.payments
               if paid.currency in ("", money.main))  # fmt: skip
    return told if money.minor is None or money.currency != money.main else min(told, money.minor)


def _given_back(money: OrderMoney, dispute: Dispute, captured: int) -> int:
    """What had gone back to the buyer when the bank decided."""
    return min(
        captured,
        sum(
            captured if refund.minor is None else refund.minor
            for refund in money.refunds
            if refund.currency in ("", money.main) and (dispute.closed_us is None or refund.at_us <= dispute.closed_us)
        ),
    )

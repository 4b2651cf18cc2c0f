"""Changing a seller's available money into another currency, at the dated rates the marketplace has stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.conf import settings

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.money import exponent
from safeconduct.foundation.policy.types import INT64_MAX
from safeconduct.kernel.ledger import store
from safeconduct.kernel.ledger.books import Draft
from safeconduct.kernel.ledger.checks import check_amount, check_currency, check_key, check_time, digest
from safeconduct.kernel.ledger.errors import EntryRefused, KeyReused
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.scope import query


@dataclass(frozen=True, slots=True)
class DatedRate:
    """Units of the reporting currency for one of ``currency``, on which day, from which source."""

    currency: str
    rate: Decimal
    day: date | None
    source: str


def exchange(
    key: str, at: datetime, seller_key: int, order_key: int | None, from_currency: str, to_currency: str,
    amount_minor: int,
) -> str:  # fmt: skip
    """Moves available money from one currency to another, and returns the transaction's id. Idempotent on ``key``.

    Both currencies balance by themselves: *fx gain and loss* takes the one and gives the other. The rate is that of the
    day of ``at`` or the last before it, both through the reporting currency; rate, day and source stand in the memo.
    The result is rounded half to even. Raises EntryRefused where a rate is missing, NotEnough, KeyReused.
    """
    check_key(key)
    check_time(key, "at", at)
    check_currency(key, from_currency)
    check_currency(key, to_currency)
    check_amount(key, "amount_minor", amount_minor)
    if from_currency == to_currency:
        raise EntryRefused(key, "to_currency", "is the same as from_currency; nothing is to be exchanged")
    content = digest(f"exchange to {to_currency}", from_currency, seller_key, order_key, {"amount": amount_minor})
    books = store.open_books([(seller_key, order_key, code) for code in (from_currency, to_currency)], ())
    found = store.known([key])
    if key in found:
        if found[key][1] != content:
            raise KeyReused(key)
        return found[key][0]
    sold, bought = _rate(key, from_currency, at.date()), _rate(key, to_currency, at.date())
    shift = exponent(to_currency) - exponent(from_currency)
    exact = (Decimal(amount_minor) * sold.rate / bought.rate).scaleb(shift)
    received = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
    if not 0 < received <= INT64_MAX:
        raise EntryRefused(key, "amount_minor", f"is {received} in {to_currency}; exchange another amount")
    draft = Draft(
        new_id("txn"), key, "exchange", at, from_currency, seller_key, order_key,
        {"amount": amount_minor, "received": received}, "; ".join(_told(rate) for rate in (sold, bought)),
        digest=content,
    )  # fmt: skip
    books.plan(draft, rules()["exchange"], to_currency)
    if store.write(books):
        raise KeyReused(key)  # for another seller, at this moment: the same seller's would have been waited for
    return draft.id


def _rate(key: str, currency: str, day: date) -> DatedRate:
    if currency == settings.REPORTING_CURRENCY:
        return DatedRate(currency, Decimal(1), None, "the reporting currency")
    row = query(
        "SELECT rate, day, source FROM rate WHERE currency = %s AND target = %s AND day <= %s"
        " ORDER BY day DESC LIMIT 1",
        [currency, settings.REPORTING_CURRENCY, day],
    ).fetchone()
    if row is None:
        raise EntryRefused(
            key, "currency", f"no rate of {currency} is stored for {day} or before; run `safeconduct rates import`"
        )
    return DatedRate(currency, *row)


def _told(rate: DatedRate) -> str:
    if rate.day is None:
        return f"{rate.currency} 1"
    return f"{rate.currency} {rate.rate.normalize():f} ({rate.day}, {rate.source})"

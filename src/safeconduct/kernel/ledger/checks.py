"""What is refused before the books are opened: amounts, currencies, names, times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from safeconduct.foundation.money import MoneyError, exponent
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN
from safeconduct.kernel.ledger.entries import Entry, HoldRequest
from safeconduct.kernel.ledger.errors import EntryRefused
from safeconduct.kernel.ledger.rules import Rule, reasons, releases, rules

#: Entries or holds in one call, and letters in a key (the column's width).
MOST_AT_ONCE: Final = 10_000
_KEY: Final = 200
_MEMO: Final = 500


def entry_rule(entry: Entry) -> Rule:
    """The rule an entry goes by. Raises EntryRefused, naming the field."""
    check_key(entry.key)
    check_time(entry.key, "at", entry.at)
    check_currency(entry.key, entry.currency)
    rule = rules().get(entry.event)
    if rule is None:
        raise EntryRefused(
            entry.key, "event", f"{entry.event!r} is not in postings.yaml; there are {', '.join(sorted(rules()))}"
        )
    if rule.by:
        raise EntryRefused(entry.key, "event", f"{entry.event} is posted by {rule.by}() and by nothing else")
    missing = rule.required - set(entry.amounts)
    unknown = set(entry.amounts) - rule.required - rule.optional
    if missing or unknown:
        named = ", ".join(sorted(rule.required) + [f"{name} (may be left out)" for name in sorted(rule.optional)])
        raise EntryRefused(entry.key, "amounts", f"{entry.event} takes {named}, not {', '.join(sorted(entry.amounts))}")
    for name, amount in entry.amounts.items():
        check_amount(entry.key, f"amounts.{name}", amount)
    if rule.needs_seller and entry.seller_key is None:
        raise EntryRefused(entry.key, "seller_key", f"{entry.event} moves a seller's money; say whose")
    for name, number in (("seller_key", entry.seller_key), ("order_key", entry.order_key)):
        check_number(entry.key, name, number)
    if rule.needs_memo and not entry.memo.strip():
        raise EntryRefused(entry.key, "memo", f"{entry.event} needs its reason and calculation in words")
    if len(entry.memo) > _MEMO:
        raise EntryRefused(entry.key, "memo", f"is longer than {_MEMO} letters")
    if entry.available_at is not None:
        check_time(entry.key, "available_at", entry.available_at)
    return rule


def check_hold(request: HoldRequest) -> None:
    """Raises EntryRefused where a hold is not one."""
    check_key(request.key)
    check_time(request.key, "at", request.at)
    check_currency(request.key, request.currency)
    check_amount(request.key, "amount_minor", request.amount_minor)
    check_number(request.key, "seller_key", request.seller_key)
    check_number(request.key, "order_key", request.order_key)
    if request.reason not in reasons():
        raise EntryRefused(
            request.key, "reason", f"{request.reason!r} is not in reasons.yaml; there are {', '.join(reasons())}"
        )
    if request.released_by not in releases():
        raise EntryRefused(request.key, "released_by", f"{request.released_by!r} is not one of {', '.join(releases())}")
    if request.release_at is not None:
        check_time(request.key, "release_at", request.release_at)
        if request.release_at <= request.at:
            raise EntryRefused(request.key, "release_at", "is not after `at`; a hold ends later than it begins")


def check_key(key: str) -> None:
    """A key is what makes something happen once."""
    if not key or len(key) > _KEY or "\0" in key:
        raise EntryRefused(key[:40] or "(empty)", "key", f"needs 1 to {_KEY} letters")


def check_amount(key: str, field: str, amount: object) -> None:
    """An amount is a positive whole number of minor units that fits 64 bits."""
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise EntryRefused(key, field, f"{amount!r} is not a whole number of minor units")
    if amount <= 0:
        raise EntryRefused(key, field, f"{amount} is not above zero; leave out what is zero, reverse what was wrong")
    if amount > INT64_MAX:
        raise EntryRefused(key, field, f"{amount} does not fit 64 bits")


def check_currency(key: str, currency: str) -> None:
    """A currency is a code of ISO 4217 in capitals."""
    try:
        exponent(currency)
    except MoneyError as problem:
        raise EntryRefused(key, "currency", str(problem)) from problem


def check_time(key: str, field: str, at: datetime) -> None:
    """Times have a zone."""
    if at.tzinfo is None:
        raise EntryRefused(key, field, "has no time zone; give an aware time in UTC")


def check_number(key: str, field: str, number: int | None) -> None:
    """Keys of sellers and orders are 64-bit; 0 stands for no order inside the ledger."""
    if number is not None and (not INT64_MIN <= number <= INT64_MAX or number == 0):
        raise EntryRefused(key, field, f"{number} is not a key of a seller or order")


def digest(event: str, currency: str, seller_key: int | None, order_key: int | None, amounts: Mapping[str, int]) -> str:
    """What must be the same in a retry: everything that moves money. Time and memo may differ."""
    content = [event, currency, seller_key, order_key, sorted(amounts.items())]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()

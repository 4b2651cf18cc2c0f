"""Builders with keyword defaults: a test names only what it is about."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from safeconduct.kernel.decisions import policies
from safeconduct.kernel.decisions.models import PolicyVersion
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import Actor, staff_scope

_numbers = itertools.count(1)
START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

_BUDGET = re.compile(r"^budget:.*\n", re.MULTILINE)
CARD_AT_MANY_SHOPS = """\
policy: order-risk
on: order.placed
in: USD
features:
  card_shops_1h: {distinct: seller, by: card, over: 1 hour}
  card_orders_1h: {count: order.placed, by: card, over: 1 hour}
  buyer_spent_1d: {sum: amount, by: buyer, over: 1 day}
rules:
  card_at_many_shops:
    when: card_shops_1h >= 3 AND amount > money('50 USD')
    then: review
    because:
      en: "Card used at {card_shops_1h} shops within an hour"
      zh: "同一张卡在一小时内用于 {card_shops_1h} 家店铺"
      es: "Tarjeta usada en {card_shops_1h} tiendas en una hora"
  huge:
    when: amount > money('5000 USD')
    then: block
    because:
      en: "Amount {amount} is above the limit"
      zh: "金额 {amount} 超过上限"
      es: "El importe {amount} supera el límite"
"""


def event(
    kind: str = "order.placed", *, at: datetime = START, id: str | None = None, source: str = "shop", **data: Any
) -> dict[str, Any]:
    """An envelope; for orders the required fields are filled in."""
    number = next(_numbers)
    if kind == "order.placed":
        data = {
            "order": f"ord-{number}", "seller": "sel-1", "buyer": "buy-1", "amount": usd(60),
            "card": "card-1", **data,
        }  # fmt: skip
    return {
        "specversion": "1.0", "id": id or f"e-{number}", "source": source, "type": kind,
        "time": at.isoformat().replace("+00:00", "Z"), "data": data,
    }  # fmt: skip


def usd(amount: int | float) -> dict[str, Any]:
    return {"minor": round(amount * 100), "currency": "USD"}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def person(role: StaffRole = StaffRole.LEAD, **fields: Any) -> User:
    """A member of staff."""
    fields = {"email": f"p{next(_numbers)}@example.org", "name": "Li Wei", **fields}
    with staff_scope():
        return User.objects.create_user(staff_role=role, **fields)


def with_budget(text: str, budget_ms: int = 10_000) -> str:
    """The policy's text with this time budget and no other."""
    return f"{_BUDGET.sub('', text).rstrip()}\nbudget: {budget_ms} ms\n"


def live_policy(text: str = CARD_AT_MANY_SHOPS, *, budget_ms: int = 10_000) -> PolicyVersion:
    """Puts a policy in force, as a shipped one; with more time than its own, since a test's machine may be busy."""
    with staff_scope():
        version = policies.install(with_budget(text, budget_ms), at=START, actor=Actor("test", "owner"))
    assert version is not None
    return version

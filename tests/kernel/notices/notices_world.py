"""People, a shop and notices for the tests of this room."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from tests.kernel.builders import START, person

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, Seller, StaffRole, User
from safeconduct.kernel.scope import engine_scope, staff_scope

SHOP = 501
_numbers = itertools.count(1)


def shop(key: int = SHOP, *, name: str = "Viña del Mar") -> Seller:
    with staff_scope():
        return Seller.objects.create(ref=f"sel-{key}", key=key, name=name, first_seen_at=START)


def member(role: MemberRole = MemberRole.OWNER, *, key: int = SHOP, **fields: Any) -> User:
    """Somebody who acts for a shop, brought in by the operator."""
    someone = person(StaffRole.NONE, **{"name": "Ana", "time_zone": "UTC", **fields})
    with staff_scope():
        members.add_member(someone, key, role, None, at=START)
    return someone


def payout_sent(*, at: datetime = START, payout: str = "", minor: int = 125000, **fields: Any) -> Notice:
    """A notice of urgency `soon`."""
    name = payout or f"po-{next(_numbers)}"
    values = {"amount": {"minor": minor, "currency": "USD"}, "payout": name}
    return Notice(
        **{"key": f"payout/{name}/sent", "code": "payout.sent", "values": values, "at": at, "seller_key": SHOP} | fields
    )


def money_held(*, at: datetime = START, **fields: Any) -> Notice:
    """A notice of urgency `now`."""
    values = {
        "amount": {"minor": 9900, "currency": "USD"}, "order": "ord-7",
        "reason": {"en": "The bank asks about this payment", "es": "El banco pregunta por este pago", "zh": "银行在查询此付款"},
    }  # fmt: skip
    key = f"hold/{next(_numbers)}/placed"
    return Notice(**{"key": key, "code": "money.held", "values": values, "at": at, "seller_key": SHOP} | fields)


def tell(*notices: Notice, mail: bool = True) -> int:
    with engine_scope():
        return notify(notices, mail=mail)

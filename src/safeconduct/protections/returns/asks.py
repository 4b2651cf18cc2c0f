"""What callers hand to returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from safeconduct.protections.returns.comparing import Seen
from safeconduct.protections.returns.words import Duties, NoTravel, Reason, Reception, Wish


@dataclass(frozen=True, slots=True)
class Ask:
    """A return that a buyer asks for. ``key``: the caller's, once for ever. ``lines``: name of an order line → what was
    paid for it; empty for the whole order. ``buyer_zone``: by whose days the law's time is counted."""

    key: str
    order_key: int
    at: datetime
    reason: Reason = Reason.NO_REASON
    wish: Wish = Wish.REFUND
    lines: Mapping[str, int] = field(default_factory=dict)
    buyer_zone: str = "UTC"
    duties: Duties | None = None
    no_travel: NoTravel | None = None
    announced: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """A parcel that came back. ``key``: the caller's, once for ever; it opens a return where nobody had asked for one.
    ``lines``: where single lines stand, if they are not simply here."""

    key: str
    order_key: int
    at: datetime
    seen: Seen = field(default_factory=Seen)
    lines: Mapping[str, Reception] = field(default_factory=dict)

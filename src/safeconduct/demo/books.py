"""What the ledger says of a run world, as plain figures to print. In minor units of one currency."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Books:
    """``captured``: what buyers paid. ``pending``, ``available``, ``held``, ``owed``: what sellers wait for, can be
    paid, have on hold, and owe. ``fund_paid``: what the protection fund paid sellers for good, for so many orders;
    ``fund_for_now``: what it pays until banks have decided.
    ``balanced``: whether every question of the ledger's own check has a good answer.
    """

    currency: str
    captured_minor: int
    payouts: int
    paid_out_minor: int
    payouts_last_month: int
    paid_out_last_month_minor: int
    pending_minor: int
    available_minor: int
    held_minor: int
    holds_open: int
    holds_ended: int
    owed_minor: int
    fund_claims: int
    fund_paid_minor: int
    fund_for_now_minor: int
    balanced: bool

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and words, for ``json.dumps``."""
        return asdict(self)

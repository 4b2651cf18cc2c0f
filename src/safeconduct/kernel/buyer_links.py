"""The signed links of buyers, who have no account: one for each order, the same for all protections.

A link holds the pseudonym of the order and no personal data, is good for `GOOD_FOR`, and is worth what a parcel's
tracking page is: the shop sends it to the buyer alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.signing import BadSignature

from safeconduct.kernel.vault.signed_text import TimedSigner

#: As long as buyers can complain anywhere we know of: PayPal's window is 180 days (read 2026-11-23).
GOOD_FOR: Final = timedelta(days=180)
_PURPOSE: Final = "signed/links of buyers"


def token_of(order_key: int) -> str:
    """The token of an order."""
    return TimedSigner(_PURPOSE).sign_object(order_key)


def order_of(token: str) -> int | None:
    """The order's key; None for a token that is not ours, was changed, or is too old."""
    try:
        key = TimedSigner(_PURPOSE).unsign_object(token, max_age=GOOD_FOR)
    except BadSignature:
        return None
    return key if isinstance(key, int) else None

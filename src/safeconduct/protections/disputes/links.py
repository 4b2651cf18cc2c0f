"""The link under which a buyer opens and follows the dispute of an order: the order's, as the kernel makes it."""

from __future__ import annotations

from safeconduct.kernel.buyer_pages import order_of, token_of

__all__ = ["order_of", "token_of"]

"""Papers that a seller and the marketplace keep for banks."""

from __future__ import annotations

from tests.protections.transactions.shop import Shop

from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks import documents
from safeconduct.protections.transactions.chargebacks.documents import Given

OWNER = Actor("usr_1", "owner")
RETURNS = b"Goods can be sent back within seven days of their delivery, at the buyer's cost."


def papers(shop: Shop, seller: str, listing: str = "lst-1") -> None:
    """The terms of the checkout, and the brand's authorisation for one offer."""
    with engine_scope():
        key = lookup("seller", seller)
        assert key is not None
        documents.keep(None, Given("policy_text", RETURNS, version="2026-01"), OWNER, shop.now)
        documents.keep(
            None,
            Given("cancellation_policy", b"A service can be cancelled at any time.", version="2026-01"),
            OWNER,
            shop.now,
        )
        documents.keep(
            key, Given("brand_authorisation", b"Andes Copper lets Orchards sell its kettles.", listing=listing), OWNER,
            shop.now,
        )  # fmt: skip

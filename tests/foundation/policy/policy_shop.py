"""A small shop's event catalogue, and builders of policies over it, for the tests of the policy language."""

from __future__ import annotations

import textwrap

from safeconduct.foundation.policy.catalogue import Catalogue, EventType, Field
from safeconduct.foundation.policy.reader import Reading, read_policy
from safeconduct.foundation.policy.types import Type

BUYER = Field("buyer", Type.KEY, "who buys", entity="buyer", personal=True)
SELLER = Field("seller", Type.KEY, "who sells", entity="seller")
CARD = Field("card", Type.KEY, "the card", entity="card", personal=True)
DEVICE = Field("device", Type.KEY, "the device", entity="device", personal=True)
ADDRESS = Field("address", Type.KEY, "where it goes", entity="address", personal=True)
BILLING_ADDRESS = Field("billing_address", Type.KEY, "where the bill goes", entity="address", personal=True)
AMOUNT = Field("amount", Type.MONEY, "what it costs")
ITEMS = Field("items", Type.INTEGER, "how many things")
SHIP_COUNTRY = Field("ship_country", Type.TEXT, "where to, ISO 3166-1")
FUNDING = Field("funding", Type.TEXT, "kind of card", choices=("credit", "debit", "prepaid"))
PROXY = Field("proxy", Type.BOOLEAN, "the address of a proxy")
CREATED_AT = Field("created_at", Type.TIMESTAMP, "when the buyer registered")
USER_AGENT = Field("user_agent", Type.TEXT, "the browser", indexed=False, personal=True)
NOTE = Field("note", Type.TEXT, "a note on the parcel", indexed=False)
IP_RISK = Field("ip_risk", Type.NUMBER, "an outside opinion, 0 to 1")
REASON = Field("reason", Type.TEXT, "why", choices=("not_received", "damaged", "fraud"))

SHOP = Catalogue(
    [
        EventType(
            "order.placed", 1, "a buyer orders",
            (BUYER, SELLER, CARD, DEVICE, ADDRESS, BILLING_ADDRESS, AMOUNT, ITEMS, SHIP_COUNTRY, FUNDING, PROXY,
             CREATED_AT, USER_AGENT, NOTE, IP_RISK),
            aliases=("order.created",),
        ),
        EventType("payment.attempted", 2, "a card is tried", (BUYER, SELLER, CARD, DEVICE, AMOUNT, FUNDING, PROXY)),
        EventType("refund.requested", 3, "a buyer wants money back", (BUYER, SELLER, AMOUNT, REASON)),
        EventType("session.started", 4, "somebody signs in", (SELLER, DEVICE, PROXY)),
    ]
)  # fmt: skip

FEATURES = """
  card_shops_1h: {distinct: seller, by: card, over: 1 hour}
  orders_90d: {count: order.placed, by: buyer, over: 90 days}
  refunds_90d: {count: refund.requested, by: buyer, over: 90 days}
  spent_90d: {sum: amount, by: buyer, over: 90 days}
  usual_amount: {avg: amount, by: buyer, over: 90 days}
  usual_items: {avg: items, by: buyer, over: 90 days}
  last_order: {last_seen: order.placed, by: buyer, over: 400 days}
  refund_share: {ratio: [refunds_90d, orders_90d]}
"""


def read(text: str, *, lists: tuple[str, ...] | None = None, currency: str | None = None) -> Reading:
    """The reading of a policy over the shop's catalogue."""
    return read_policy(textwrap.dedent(text).lstrip("\n"), SHOP, lists=lists, currency=currency)


def policy_text(when: str, *, currency: str | None = "USD", then: str = "review", because: str = "It looks odd") -> str:
    """A policy of one rule with this condition, over all of the shop's features."""
    quoted = when.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "policy: test\non: order.placed\n"
        + (f"in: {currency}\n" if currency else "")
        + (f"features:{FEATURES}" if currency else "")
        + "scores:\n  fraud: {model: order-fraud}\n"
        + f'rules:\n  odd:\n    when: "{quoted}"\n    then: {then}\n'
        + f'    because: {{en: "{because}", zh: "…", es: "…"}}\n'
    )


def errors(when: str, *, currency: str | None = "USD") -> list[str]:
    """The messages of the errors that a condition has."""
    return [d.message for d in read(policy_text(when, currency=currency)).errors]

"""Event types and their fields in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

Text = str | Promise

#: Event type → what happened, and the tone of its mark on a timeline.
EVENTS: Final[Mapping[str, tuple[Text, str]]] = {
    "seller.registered": (lazy("Seller opened a shop"), ""),
    "session.started": (lazy("Seller signed in"), ""),
    "session.failed": (lazy("Sign-in failed"), "warn"),
    "security.changed": (lazy("Credentials changed"), "warn"),
    "payout_account.changed": (lazy("Payout account changed"), "warn"),
    "payout.scheduled": (lazy("Payout is due"), ""),
    "payout.paid": (lazy("Payout sent"), "good"),
    "export.requested": (lazy("File of data asked for"), ""),
    "access.requested": (lazy("Sensitive step in the account"), ""),
    "listing.created": (lazy("Offer made"), ""),
    "listing.changed": (lazy("Offer changed"), ""),
    "price.changed": (lazy("Price changed"), ""),
    "promotion.joined": (lazy("Offer joined a promotion"), ""),
    "notice.received": (lazy("Rights owner complained"), "warn"),
    "inspection.completed": (lazy("Goods inspected"), ""),
    "payment.attempted": (lazy("Payment tried"), ""),
    "order.placed": (lazy("Order placed"), ""),
    "order.paid": (lazy("Order paid"), "good"),
    "order.cancelled": (lazy("Order cancelled"), "warn"),
    "order.changed": (lazy("Order changed"), "warn"),
    "order.held": (lazy("Order stopped by the marketplace"), "warn"),
    "order.resumed": (lazy("Order goes on"), ""),
    "shipment.shipped": (lazy("Parcel handed over"), ""),
    "shipment.tracked": (lazy("Parcel scanned"), ""),
    "shipment.delivered": (lazy("Parcel delivered"), "good"),
    "service.used": (lazy("Buyer used it"), ""),
    "review.posted": (lazy("Buyer wrote a review"), ""),
    "refund.requested": (lazy("Buyer asked for a refund"), "warn"),
    "refund.created": (lazy("Refund sent"), "warn"),
    "return.requested": (lazy("Buyer wants to return goods"), "warn"),
    "return.received": (lazy("Returned goods arrived"), ""),
    "dispute.opened": (lazy("Bank dispute opened"), "bad"),
    "dispute.updated": (lazy("Bank dispute changed"), "warn"),
    "dispute.closed": (lazy("Bank dispute closed"), ""),
    "fraud.warned": (lazy("Issuer reported fraud"), "bad"),
}

FIELDS: Final[Mapping[str, Text]] = {
    "amount": lazy("Amount"), "order": lazy("Order"), "seller": lazy("Seller"), "buyer": lazy("Buyer"),
    "card": lazy("Card"), "card_bin": lazy("Card number begins with"), "device": lazy("Device"),
    "ip": lazy("IP address"), "email": lazy("E-mail address"), "phone": lazy("Telephone"),
    "address": lazy("Delivery address"), "billing_address": lazy("Billing address"), "listing": lazy("Listing"),
    "ip_country": lazy("Country of the IP address"), "ship_country": lazy("Delivery country"),
    "bill_country": lazy("Billing country"), "card_country": lazy("Country of the card"),
    "card_funding": lazy("Kind of card"), "seller_country": lazy("Country of the seller"),
    "email_domain": lazy("E-mail domain"), "avs": lazy("Address check (AVS)"), "cvv": lazy("Security code (CVV)"),
    "three_ds": "3-D Secure", "liability_shift": lazy("Issuer is liable"), "payment_method": lazy("Payment method"),
    "category": lazy("Category"), "locale": lazy("Language of the buyer"), "items": lazy("Units"),
    "buyer_registered_at": lazy("Buyer registered"), "seller_registered_at": lazy("Shop opened"),
    "email_first_seen_at": lazy("E-mail address first seen"), "guest": lazy("Without an account"),
    "digital": lazy("Digital goods"), "freight_forwarder": lazy("Address of a forwarder"),
    "proxy": lazy("Proxy or VPN"), "gift_card": lazy("Stored value"),
    "name_matches_card": lazy("Recipient is card holder"),
    "shipping_speed": lazy("Delivery speed"), "promotion": lazy("Promotion"), "discount": lazy("Discount"),
    "outcome": lazy("Outcome"), "decline_code": lazy("Refusal code"), "member": lazy("Member"),
    "bank_account": lazy("Bank account"), "payment": lazy("Payment"), "shipping": lazy("Shipping"), "tax": lazy("Tax"),
    "factor": lazy("Strongest factor"), "new_device": lazy("New device"), "reason": lazy("Reason"),
    "session_age_s": lazy("Age of the session, seconds"), "change": lazy("What changed"),
    "account_country": lazy("Country of the bank account"), "rows": lazy("Rows or people read"),
    "act": lazy("What is done"), "member_role": lazy("Role of the member"), "new_network": lazy("New network"),
    "new_country": lazy("New country"), "impossible_travel": lazy("Travelled too fast"),
    "score_band": lazy("How unusual"), "password_breached": lazy("Password is known to thieves"),
    "network_changed": lazy("Network changed"), "browser_changed": lazy("Browser changed"),
    "device_proof_failed": lazy("Without the proof of its device"), "dormant_days": lazy("Days without a sign-in"),
    "deep_cuts_percent": lazy("Prices cut deeply, per cent"), "usual_rows": lazy("Rows as a rule"),
    "over_quota": lazy("Beyond the quota"), "canary": lazy("Touches a canary"),
    "asked_in_chat": lazy("Asked for in a conversation"), "impersonated": lazy("Staff look on"),
    "product": lazy("Product"), "price": lazy("Price"), "price_before": lazy("Price before"), "stars": lazy("Stars"),
    "rights_owner": lazy("Rights owner"), "right": lazy("Kind of right"),
    "address_changed": lazy("Delivery address changed"), "parcel": lazy("Parcel"), "carrier": lazy("Carrier"),
    "weight_g": lazy("Weight, grams"), "scan": lazy("Scan of the carrier"), "signed": lazy("Signed for"),
    "keeps_goods": lazy("Buyer wants to keep the goods"), "dispute": lazy("Bank dispute"),
    "network": lazy("Card scheme"), "due_at": lazy("Evidence until"), "units": lazy("Units"),
    "defects": lazy("Defective units"),
}  # fmt: skip


def field_name(name: str) -> str:
    """A field, or the name of a feature as words."""
    return str(FIELDS.get(name) or name.replace("_", " "))


def event_name(name: str) -> tuple[str, str]:
    """What happened, and the tone of its mark."""
    text, tone = EVENTS.get(name, (name.replace(".", " ").replace("_", " "), ""))
    return str(text), tone

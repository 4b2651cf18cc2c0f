"""The kernel's names in the reader's language: roles, events, fields, states, steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.parties.models import StaffRole

Text = str | Promise

ROLES: Final[Mapping[str, Text]] = {
    StaffRole.ANALYST: lazy("analyst"), StaffRole.LEAD: lazy("lead"), StaffRole.ADMINISTRATOR: lazy("administrator"),
}  # fmt: skip

#: Event type → what happened, and the tone of its mark on a timeline.
EVENTS: Final[Mapping[str, tuple[Text, str]]] = {
    "seller.registered": (lazy("Seller opened a shop"), ""),
    "session.started": (lazy("Seller signed in"), ""),
    "session.failed": (lazy("Sign-in failed"), "warn"),
    "security.changed": (lazy("Credentials changed"), "warn"),
    "payout_account.changed": (lazy("Payout account changed"), "warn"),
    "payment.attempted": (lazy("Payment tried"), ""),
    "order.placed": (lazy("Order placed"), ""),
    "order.paid": (lazy("Order paid"), "good"),
    "order.cancelled": (lazy("Order cancelled"), "warn"),
    "order.changed": (lazy("Order changed"), "warn"),
    "shipment.shipped": (lazy("Parcel handed over"), ""),
    "shipment.tracked": (lazy("Parcel scanned"), ""),
    "shipment.delivered": (lazy("Parcel delivered"), "good"),
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
    "proxy": lazy("Proxy or VPN"), "gift_card": lazy("Stored value"), "name_matches_card": lazy("Recipient is card holder"),
    "shipping_speed": lazy("Delivery speed"), "promotion": lazy("Promotion"), "discount": lazy("Discount"),
    "outcome": lazy("Outcome"), "decline_code": lazy("Refusal code"), "member": lazy("Member"),
    "bank_account": lazy("Bank account"),
}  # fmt: skip

#: State of a policy version → name, tone.
STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "draft": (pgettext_lazy("state", "Draft"), "warn"),
    "shadow": (pgettext_lazy("state", "In shadow"), "violet"),
    "challenger": (pgettext_lazy("state", "Challenger"), "info"),
    "live": (pgettext_lazy("state", "Live"), "good"),
    "retired": (pgettext_lazy("state", "Retired"), ""),
}

KINDS: Final[Mapping[str, Text]] = {
    "live": pgettext_lazy("decision", "Automatic"),
    "shadow": pgettext_lazy("decision", "In shadow"),
    "override": pgettext_lazy("decision", "By a person"),
}

LABELS: Final[Mapping[str, tuple[Text, str]]] = {
    "fraud": (lazy("Fraud"), "bad"), "abuse": (lazy("Abuse"), "warn"), "good": (lazy("Good order"), "good"),
}  # fmt: skip

LIST_KINDS: Final[Mapping[str, tuple[Text, str]]] = {
    "allow": (lazy("Allow list"), "good"), "deny": (lazy("Deny list"), "bad"), "custom": (lazy("Own list"), ""),
}  # fmt: skip

#: What was done with a policy version, as `policies` writes it.
VERBS: Final[Mapping[str, Text]] = {
    "saved": lazy("saved the draft"), "asked": lazy("asked for approval"), "shadowed": lazy("started it in shadow"),
    "published": lazy("approved and published it"), "retired": lazy("retired it"),
    "rolled back": lazy("rolled back from it"), "live again": lazy("put it back in force"),
}  # fmt: skip

ENTITIES: Final = ("buyer", "card", "device", "email", "address", "ip", "phone", "seller", "card_bin", "bank_account")


def role_name(role: str) -> str:
    """A role in the reader's language."""
    return str(ROLES.get(role, _("no staff")))


def field_name(name: str) -> str:
    """A field, or the name of a feature as words."""
    return str(FIELDS.get(name) or name.replace("_", " "))


def event_name(name: str) -> tuple[str, str]:
    """What happened, and the tone of its mark."""
    text, tone = EVENTS.get(name, (name.replace(".", " ").replace("_", " "), ""))
    return str(text), tone


def policy_language() -> str:
    """The reader's language as policies and statements of reasons name it: en, zh, es."""
    return (get_language() or "en").split("-")[0]


def spoken(sentences: Mapping[str, str]) -> str:
    """A sentence in the reader's language, else in English, else in whatever it was said."""
    language = policy_language()
    return sentences.get(language) or sentences.get("en") or next(iter(sentences.values()), "")


#: Kind of a webhook message → what it tells.
MESSAGE_KINDS: Final[Mapping[str, Text]] = {
    "decision.made": lazy("An order was not simply allowed"),
    "decision.changed": lazy("A decision was replaced by another"),
    "coverage.protected": lazy("An order is protected"),
    "coverage.at_risk": lazy("An order is about to lose its protection"),
    "coverage.void": lazy("An order lost its protection"),
    "hold.placed": lazy("Money is held"),
    "hold.released": lazy("Held money is released"),
    "payout.sent": lazy("A payout was sent"),
    "payout.returned": lazy("A payout came back"),
    "webhook.test": lazy("A test"),
}

#: State of a delivery → name, tone.
DELIVERY_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "waiting": (pgettext_lazy("delivery", "Waiting"), "info"),
    "delivered": (pgettext_lazy("delivery", "Delivered"), "good"),
    "given_up": (pgettext_lazy("delivery", "Given up"), "bad"),
}

#: Why an endpoint is off.
OFF_REASONS: Final[Mapping[str, Text]] = {
    "person": lazy("Switched off by a person"),
    "gone": lazy("The receiver answered that it is gone"),
    "failing": lazy("Nothing was accepted for days"),
}

#: What was done to an endpoint.
ENDPOINT_STEPS: Final[Mapping[str, Text]] = {
    "created": lazy("Made"), "changed": lazy("Changed"), "rotated": lazy("Secret changed"),
    "on": lazy("Switched on"), "off": lazy("Switched off"), "resent": lazy("Messages sent again"),
}  # fmt: skip

"""The catalogue of canonical events: the one place that says what an event may contain.

Types, entity keys, personal data and indexed fields are declared here once. The intake validates against it, the fact
table has one column for each indexed field, the policy checker knows names and types from it, and the reference page
is generated from it. Codes are stable: they are stored. A name may be added; one is never reused for another meaning.

Field names are shared: `seller` means the same in every event that has it, and so has one type everywhere.
"""

from __future__ import annotations

from safeconduct.foundation.policy.catalogue import Catalogue, EventType, Field, ListField
from safeconduct.foundation.policy.types import Type

T = Type


def _key(name: str, entity: str, meaning: str, *, personal: bool = False, example: str = "") -> Field:
    return Field(name, T.KEY, meaning, entity=entity, personal=personal, example=example)


def _text(
    name: str, meaning: str, *choices: str, indexed: bool = True, personal: bool = False, example: object = None
) -> Field:
    return Field(
        name, T.TEXT, meaning, indexed=indexed, personal=personal, choices=choices,
        example=example if example is not None else (choices[0] if choices else None),
    )  # fmt: skip


def _number(name: str, meaning: str, example: int = 1) -> Field:
    return Field(name, T.INTEGER, meaning, example=example)


def _flag(name: str, meaning: str) -> Field:
    return Field(name, T.BOOLEAN, meaning, example=True)


def _time(name: str, meaning: str) -> Field:
    return Field(name, T.TIMESTAMP, meaning, example="2026-06-01T08:00:00Z")


def _money(name: str, meaning: str) -> Field:
    return Field(name, T.MONEY, meaning, example={"minor": 129900, "currency": "CNY"})


def _required(field: Field) -> Field:
    return Field(
        field.name, field.type, field.meaning, required=True, indexed=field.indexed, personal=field.personal,
        entity=field.entity, choices=field.choices, example=field.example,
    )  # fmt: skip


# -- fields shared by several events ----------------------------------------------------------------------------------

SELLER = _key("seller", "seller", "the seller's id in the shop system", example="sel-1042")
MEMBER = _key("member", "member", "a person who acts for a seller", personal=True, example="mem-88")
BUYER = _key("buyer", "buyer", "the buyer's id in the shop system", personal=True, example="buy-20417")
ORDER = _key("order", "order", "the order's id in the shop system", example="ord-90112")
PARCEL = _key("parcel", "parcel", "carrier and tracking number", example="dhl:00340434292135100186")
LISTING = _key("listing", "listing", "the offer's id in the shop system", example="lst-5531")
PRODUCT = _key("product", "product", "the product behind listings (GTIN or the shop's id)", example="04006381333931")
DEVICE = _key("device", "device", "device fingerprint", personal=True, example="dev-3f9c")
IP = _key("ip", "ip", "IP address of the acting person", personal=True, example="203.0.113.7")
EMAIL = _key("email", "email", "e-mail address", personal=True, example="ana@example.org")
PHONE = _key("phone", "phone", "telephone number, E.164", personal=True, example="+56912345678")
ADDRESS = _key("address", "address", "delivery address", personal=True, example="Av. Providencia 1208, Santiago, CL")
BILLING_ADDRESS = _key("billing_address", "address", "billing address", personal=True, example="Av. Providencia 1208")
CARD = _key("card", "card", "the card as the processor's fingerprint, never a number", personal=True, example="fp_9aX")
CARD_BIN = _key("card_bin", "card_bin", "first six or eight digits of the card", example="424242")
BANK_ACCOUNT = _key("bank_account", "bank_account", "bank account", personal=True, example="CL93 0012 3456 7890")
PAYMENT = _key("payment", "payment", "the payment, the same for all orders that it paid at once", example="pi_3Nq")
DISPUTE = _key("dispute", "dispute", "the bank dispute's id at the processor", example="dp_1Pq")

AMOUNT = _money("amount", "the amount of this event, in the currency it happened in")
IP_COUNTRY = _text("ip_country", "country of the IP address, ISO 3166-1 alpha-2", example="CL")
SHIP_COUNTRY = _text("ship_country", "delivery country, ISO 3166-1 alpha-2", example="CL")
BILL_COUNTRY = _text("bill_country", "billing country, ISO 3166-1 alpha-2", example="CL")
CARD_COUNTRY = _text("card_country", "country of the card's issuer, ISO 3166-1 alpha-2", example="CL")
CARD_FUNDING = _text("card_funding", "kind of card", "credit", "debit", "prepaid", "unknown")
SELLER_COUNTRY = _text("seller_country", "country of the seller, ISO 3166-1 alpha-2", example="JP")
EMAIL_DOMAIN = _text("email_domain", "the part of the e-mail address after the @", example="example.org")
AVS = _text(
    "avs", "address verification: the issuer's answer, card schemes' letters", "Y", "A", "Z", "N", "U", "R", "S"
)
CVV = _text(
    "cvv", "card security code: M matched, N no match, P not processed, U issuer cannot check", "M", "N", "P", "S", "U"
)
THREE_DS = _text(
    "three_ds", "3-D Secure result", "authenticated", "attempted", "failed", "rejected", "unavailable", "none"
)
PROXY = _flag("proxy", "the IP address belongs to a proxy, VPN or hosting network")
LIABILITY_SHIFT = _flag("liability_shift", "3-D Secure moved the liability for fraud to the issuer")
PAYMENT_METHOD = _text(
    "payment_method", "how the buyer pays", "card", "wallet", "bank_transfer", "bnpl", "cash_on_delivery", "other"
)
CATEGORY = _text("category", "the marketplace's product category", example="cosmetics")
LOCALE = _text("locale", "language of the person, BCP 47", example="es-CL")
REASON = _text("reason", "reason as the source gives it, a code or word", example="not_received")
OUTCOME = _text("outcome", "how it ended", example="approved")
NETWORK_REASON = _text(
    "network_reason", "the card scheme's reason code, as the processor spells it", indexed=False, example="10.4"
)
DISPUTE_STAGE = _text(
    "stage", "how far the bank's dispute has come", "inquiry", "chargeback", "second_chargeback", "pre_arbitration",
    "arbitration", indexed=False,
)  # fmt: skip
EVIDENCE_OFFER = _text(
    "evidence_offer", "programmes under which the processor takes evidence, with commas between them", indexed=False,
    example="visa_compelling_evidence_3",
)  # fmt: skip
DISPUTE_FEE = Field(
    "fee", T.MONEY, "what the processor has charged for the dispute so far, in all; less where it gave some back",
    indexed=False, example={"minor": 1500, "currency": "USD"},
)  # fmt: skip
ANSWERED = Field(
    "answered",
    T.BOOLEAN,
    "whether the bank was given an answer, where the source tells it",
    indexed=False,
    example=True,
)
REFUND_ID = _text(
    "refund", "the refund's own id at the processor or shop; two events with one id tell of one refund", indexed=False,
    example="re_1Pq",
)  # fmt: skip
CHARGE_ID = _text(
    "charge", "the charge that the money goes back of, as the processor names it", indexed=False, example="ch_3Nq"
)
REFUNDED_SO_FAR = Field(
    "refunded", T.MONEY, "what the charge had given back by then, in all; with `charge`, of a source that tells sums",
    indexed=False, example={"minor": 129900, "currency": "CNY"},
)  # fmt: skip
REFUND_SENT_AT = Field(
    "sent_at", T.TIMESTAMP, "when the refund that failed had been sent", indexed=False, example="2026-06-01T08:00:00Z"
)
DUE_AT = _time("due_at", "until when the processor accepts evidence")
PRICE = _money("price", "the price asked")
USER_AGENT = _text(
    "user_agent", "browser or app as it names itself", indexed=False, personal=True, example="Mozilla/5.0"
)
UNITS_SENT = _number("items", "number of units in the parcel; left out where it is not known", 1)
UNITS_RETURNED = _number("items", "number of units that the refund is for; left out where it is not known", 1)
WEIGHT = _number("weight_g", "weight in grams", 1300)
SERIAL = _text("serial", "serial number on the goods, as the label says", indexed=False, example="SN-4021-77")
PHOTO_HASH = _text("photo_hash", "PDQ hash of a picture of the goods, 64 hex digits", indexed=False, example="f" * 64)
CARRIER = _text("carrier", "carrier", example="dhl")
PROMOTION = _text("promotion", "the promotion under which it was sold", example="11.11")
SELLER_REGISTERED_AT = _time("seller_registered_at", "when the seller's shop was opened")
SESSION_AGE = _number("session_age_s", "seconds since the session began", 240)
LISTING_TITLE = _text("listing_title", "the title shown to buyers", indexed=False, example="Cherries, 5 kg")

#: What Compelling Evidence 3.0 compares beside the fields that are indexed: kept for banks alone (`readings.defence`).
ANSWERS_BANKS = (
    _text(
        "device_id", "the device's own id in clear, 15 characters or more", indexed=False, personal=True,
        example="352099001761481",
    ),
    _text(
        "login", "what the buyer signs in with, as they know it", indexed=False, personal=True, example="ana.rojas"
    ),
    _text("ship_line1", "delivery address: street and number", indexed=False, personal=True, example="Main St 12"),
    _text("ship_line2", "delivery address: what comes beside", indexed=False, personal=True, example="Flat 3"),
    _text("ship_city", "delivery address: city", indexed=False, personal=True, example="Springfield"),
    _text("ship_postal_code", "delivery address: postal code", indexed=False, personal=True, example="62701"),
    _text("ship_state", "delivery address: state or region", indexed=False, personal=True, example="IL"),
)  # fmt: skip

#: So many that no order of a shop has to be sent in parts, and so few that its claims fit into one call.
MOST_LINES = 500
_LINE = _required(
    _text("line", "the line's name or id in the order, at most 60 letters", indexed=False, example="line-1")
)
LINES = ListField(
    "lines", "what the order is made of; with its shipping and tax it comes to the order's amount",
    (
        _LINE,
        _required(_money("price", "what the goods of the line cost, all units, after reductions")),
        _money("shipping", "shipping of this line"),
        _money("tax", "tax on this line, where the price is without it"),
        _number("quantity", "units ordered", 1),
        _text("listing", "the offer's id in the shop system", indexed=False, example="lst-5531"),
        _text("title", "the title shown to buyers", indexed=False, example="Cherries, 5 kg"),
    ),
    MOST_LINES,
)  # fmt: skip
NAMED_LINES = ListField(
    "lines", "the lines of the order that it is about, where it is not about all of it",
    (
        _LINE,
        _money("amount", "what of the event's amount is about this line; all of them say it, or none"),
        _number("quantity", "units", 1),
    ),
    MOST_LINES,
)  # fmt: skip
_SHIPPING = Field(
    "shipping", T.MONEY, "shipping of the whole order, beside what its lines say", indexed=False,
    example={"minor": 900, "currency": "CNY"},
)  # fmt: skip
_TAX = Field(
    "tax", T.MONEY, "tax on the whole order, beside what its lines say", indexed=False,
    example={"minor": 1200, "currency": "CNY"},
)  # fmt: skip

_ORDER_FIELDS = (
    _required(ORDER), _required(SELLER), _required(BUYER), _required(AMOUNT),
    CARD, CARD_BIN, DEVICE, IP, EMAIL, PHONE, ADDRESS, BILLING_ADDRESS, LISTING,
    IP_COUNTRY, SHIP_COUNTRY, BILL_COUNTRY, CARD_COUNTRY, CARD_FUNDING, SELLER_COUNTRY, EMAIL_DOMAIN,
    AVS, CVV, THREE_DS, LIABILITY_SHIFT, PAYMENT_METHOD, CATEGORY, LOCALE,
    _number("items", "number of units ordered", 2),
    _time("buyer_registered_at", "when the buyer's account was opened"),
    SELLER_REGISTERED_AT,
    _time("email_first_seen_at", "when the e-mail address was first seen by the shop"),
    _flag("guest", "bought without an account"),
    _flag("digital", "nothing is shipped"),
    _flag("freight_forwarder", "the address belongs to a forwarding company"),
    PROXY,
    _flag("gift_card", "the order contains stored value"),
    _flag("name_matches_card", "recipient and card holder have the same name"),
    _text("shipping_speed", "delivery speed chosen", "economy", "standard", "express"),
    PROMOTION,
    _money("discount", "reduction given, whoever funds it"),
    _text("recipient", "recipient's name", indexed=False, personal=True, example="Ana Rojas"),
    *ANSWERS_BANKS,
    _text(
        "merchant_of_record", "who sold to the cardholder by contract, where that differs from order to order",
        "platform", "seller", indexed=False,
    ),
    Field(
        "device_attributes", T.INTEGER, "of how many properties of the device the fingerprint is made", indexed=False,
        example=12,
    ),
    USER_AGENT, LISTING_TITLE,
    _text(
        "policies_accepted", "the terms shown and accepted at checkout, kind and version, with commas between them",
        indexed=False, example="returns 2026-03, cancellation 2026-03, terms 4",
    ),
    Field(
        "deliver_by", T.TIMESTAMP, "until when delivery was promised", indexed=False, example="2026-06-09T08:00:00Z"
    ),
    PAYMENT, _SHIPPING, _TAX,
)  # fmt: skip

CATALOGUE = Catalogue(
    [
        # -- sellers and their people ------------------------------------------------------------------------------
        EventType("seller.registered", 1, "a seller opened a shop", (
            _required(SELLER), SELLER_COUNTRY, LOCALE, EMAIL, PHONE, ADDRESS, BANK_ACCOUNT, DEVICE, IP, IP_COUNTRY,
            CATEGORY, SELLER_REGISTERED_AT,
            _text("seller_name", "the shop's public name", indexed=False, example="Andes Orchards"),
            _text("time_zone", "the seller's time zone, IANA", indexed=False, example="America/Santiago"),
        ), ("seller.created", "vendor.created")),
        EventType("session.started", 2, "a person of a seller signed in", (
            _required(SELLER), _required(MEMBER), DEVICE, IP, IP_COUNTRY,
            _text("factor", "strongest factor used", "password", "otp", "passkey", "recovery_code", "sso"),
            _flag("new_device", "the device was not seen for this person before"), PROXY,
            USER_AGENT,
        ), ("seller.login", "login.succeeded")),
        EventType("session.failed", 3, "a sign-in to a seller's account failed", (
            SELLER, MEMBER, EMAIL, DEVICE, IP, IP_COUNTRY, REASON,
        ), ("login.failed",)),
        EventType("security.changed", 4, "a credential, factor, contact or key of a seller changed", (
            _required(SELLER), MEMBER, DEVICE, IP, IP_COUNTRY, SESSION_AGE,
            _text(
                "change", "what changed", "password", "email", "phone", "factor_added", "factor_removed", "recovery",
                "api_key", "member_added", "member_removed",
            ),
        ), ("seller.security_changed",)),
        EventType("payout_account.changed", 5, "the account to which a seller is paid was changed", (
            _required(SELLER), MEMBER, DEVICE, IP, IP_COUNTRY, BANK_ACCOUNT, SESSION_AGE,
            _text("account_country", "country of the bank account, ISO 3166-1 alpha-2", example="CL"),
        ), ("account.external_account.updated",)),
        EventType("payout.scheduled", 6, "money of a seller is about to be paid out", (
            _required(SELLER), _required(AMOUNT), BANK_ACCOUNT,
        ), ("payout.created",)),
        EventType("payout.paid", 7, "money of a seller was paid out", (
            _required(SELLER), _required(AMOUNT), BANK_ACCOUNT, OUTCOME,
        )),
        EventType("export.requested", 8, "a person of a seller asked for a file of data", (
            _required(SELLER), MEMBER, DEVICE, IP, IP_COUNTRY,
            _number("rows", "rows in the file, or orders and people whose data was read", 500),
        )),
        EventType("access.requested", 9, "a person of a seller or of the staff does something sensitive", (
            SELLER, _required(MEMBER), DEVICE, IP, IP_COUNTRY, SESSION_AGE, PROXY, BANK_ACCOUNT,
            _required(_text(
                "act", "what they are about to do", "sign_in", "session_use", "recovery", "factor_change",
                "contact_change", "member_added", "key_created", "payout_change", "mass_edit", "mass_export",
                "mass_reading",
            )),
            _text(
                "member_role", "role of the person, or of the member who is added", "owner", "finance", "fulfilment",
                "listing", "support", "read_only",
            ),
            _text("factor", "strongest factor used", "password", "otp", "passkey", "recovery_code", "sso"),
            _flag("new_device", "the device was not seen for this person before"),
            Field("ip_asn", T.INTEGER, "network of the IP address, by its number (ASN)", indexed=False, example=64496),
            _text("ip_pack", "version of the data about IP addresses", indexed=False, example="3f0c1b9d27aa"),
            _flag("new_network", "the network (ASN) was not seen for this person before"),
            _flag("new_country", "the country was not seen for this person before"),
            _flag("impossible_travel", "too far from the last sign-ins for the time between"),
            _number("score_band", "how unusual: 0 usual, 1 above the first limit, 2 above the second", 0),
            _flag("password_breached", "the password stands in a set of breached ones"),
            _flag("network_changed", "the session's network changed since it began"),
            _flag("browser_changed", "the session's browser changed since it began"),
            _flag("device_proof_failed", "the session is used without what its device alone has"),
            _number("dormant_days", "days since the person signed in last", 3),
            _number("deep_cuts_percent", "share of the catalogue whose prices fall by more than 70 per cent", 0),
            _number("rows", "rows in the file, or orders and people whose data was read", 500),
            _number("usual_rows", "95th percentile of files or days of reading in the last 30 days, in rows", 400),
            _flag("over_quota", "more buyers' data than the quota allows"),
            _flag("canary", "it touches an order or buyer that exists only to be touched by a thief"),
            _flag("asked_in_chat", "it was asked for in a conversation, by telephone or chat"),
            _flag("impersonated", "a member of staff looks through the seller's eyes"),
        )),
        # -- listings and promotion ----------------------------------------------------------------------------------
        EventType("listing.created", 20, "a seller offered something", (
            _required(SELLER), _required(LISTING), PRODUCT, CATEGORY, PRICE,
            LISTING_TITLE,
        ), ("product.created",)),
        EventType("listing.changed", 21, "a seller changed an offer", (
            _required(SELLER), _required(LISTING), MEMBER, PRODUCT, CATEGORY, PRICE,
            _text("change", "what changed", "title", "price", "images", "category", "stock", "description"),
            LISTING_TITLE,
        ), ("product.updated",)),
        EventType("price.changed", 22, "the price of an offer changed", (
            _required(SELLER), _required(LISTING), _required(PRICE),
            _money("price_before", "the price asked until then"),
        )),
        EventType("promotion.joined", 23, "an offer entered a promotion", (
            _required(SELLER), LISTING, PROMOTION,
            PRICE,
        )),
        EventType("review.posted", 24, "a buyer reviewed an order", (
            _required(SELLER), BUYER, ORDER, LISTING, DEVICE, IP, LOCALE,
            _number("stars", "1 to 5", 5),
            _text("review_text", "what the buyer wrote", indexed=False, personal=True, example="Arrived fresh"),
        ), ("review.created",)),
        EventType("notice.received", 25, "a rights owner complained about an offer", (
            _required(SELLER), LISTING, _key("rights_owner", "rights_owner", "who claims the right", example="own-7"),
            _text("right", "kind of right", "trademark", "copyright", "patent", "design", "other"), REASON,
        ), ("ip_notice.received",)),
        # -- orders and payments -------------------------------------------------------------------------------------
        EventType("payment.attempted", 40, "a payment was tried, whatever came of it", (
            _required(AMOUNT), _required(OUTCOME), SELLER, BUYER, ORDER, CARD, CARD_BIN,
            DEVICE, IP, EMAIL, IP_COUNTRY, CARD_COUNTRY, CARD_FUNDING, AVS, CVV, THREE_DS, LIABILITY_SHIFT,
            PAYMENT_METHOD, PROXY,
            _text("decline_code", "the issuer's reason for a refusal", example="do_not_honor"),
            _text(
                "card_entry", "how the card was read", "online", "chip", "contactless", "magnetic_stripe",
                "keyed", indexed=False,
            ),
            _text(
                "cardholder_check", "how the cardholder was checked at the till", "none", "pin", "signature", "device",
                indexed=False,
            ),
            PAYMENT,
        ), ("charge.succeeded", "charge.failed", "payment.authorized")),
        EventType("order.placed", 41, "a buyer placed an order", _ORDER_FIELDS, ("order.created", "orders/create"), (
            LINES,
        )),
        EventType("order.paid", 42, "an order was paid in full", (
            _required(ORDER), SELLER, BUYER, AMOUNT, CARD, PAYMENT_METHOD, PAYMENT,
        ), ("orders/paid", "payment.captured")),
        EventType("order.cancelled", 43, "an order was cancelled", (
            _required(ORDER), SELLER, BUYER, AMOUNT, REASON,
        ), ("orders/cancelled",)),
        EventType("order.changed", 44, "an order was changed after it was placed", (
            _required(ORDER), SELLER, BUYER, ADDRESS, SHIP_COUNTRY,
            _flag("address_changed", "the delivery address is another one now"),
        ), ("order.updated", "orders/updated", "order.address_changed")),
        EventType("order.held", 45, "the marketplace stopped an order: nothing is to be sent meanwhile", (
            _required(ORDER), SELLER, BUYER, REASON,
        ), ("order.on_hold",)),
        EventType("order.resumed", 46, "an order that was stopped goes on", (
            _required(ORDER), SELLER, BUYER, REASON,
        ), ("order.hold_released",)),
        # -- delivery ------------------------------------------------------------------------------------------------
        EventType("shipment.shipped", 50, "a parcel was handed to the carrier", (
            _required(ORDER), SELLER, BUYER, PARCEL, ADDRESS, SHIP_COUNTRY,
            CARRIER, WEIGHT, SERIAL, PHOTO_HASH, UNITS_SENT,
        ), ("fulfillments/create", "shipment.created")),
        EventType("shipment.tracked", 51, "the carrier scanned a parcel", (
            ORDER, SELLER, PARCEL, CARRIER,
            _text(
                "scan", "what the carrier reports", "accepted", "in_transit", "customs", "out_for_delivery",
                "exception", "returned",
            ),
        ), ("shipment.tracking", "fulfillments/update")),
        EventType("shipment.delivered", 52, "the carrier delivered a parcel", (
            _required(ORDER), SELLER, BUYER, PARCEL, ADDRESS, _flag("signed", "someone signed for it"),
            CARRIER,
        )),
        EventType("service.used", 53, "a buyer used digital goods or a service", (
            _required(ORDER), SELLER, BUYER, DEVICE, IP, IP_COUNTRY,
            _text(
                "activity", "what was done with it", "download", "sign_in", "stream", "redeem", "appointment", "other",
                indexed=False,
            ),
        )),
        # -- what goes wrong -----------------------------------------------------------------------------------------
        EventType("refund.requested", 60, "a buyer asked for money back", (
            _required(ORDER), SELLER, BUYER, AMOUNT, DEVICE, ADDRESS, REASON,
            _flag("keeps_goods", "the buyer asks to keep the goods"),
        ), lists=(NAMED_LINES,)),
        EventType("refund.created", 61, "money was sent back to a buyer", (
            ORDER, SELLER, BUYER, AMOUNT, CARD, REASON, UNITS_RETURNED, REFUND_ID, CHARGE_ID, REFUNDED_SO_FAR,
        ), ("charge.refunded", "refunds/create", "order.refunded"), (NAMED_LINES,)),
        EventType("refund.failed", 69, "money that was sent back to a buyer did not arrive, and came back", (
            _required(REFUND_ID), ORDER, SELLER, BUYER, AMOUNT, REASON, CHARGE_ID, REFUND_SENT_AT,
        )),
        EventType("return.requested", 62, "a buyer asked to send goods back", (
            _required(ORDER), SELLER, BUYER, REASON, CATEGORY,
        ), ("return_authorization.created", "order.return_requested", "returns/request"), (NAMED_LINES,)),
        EventType("return.received", 63, "returned goods arrived", (
            _required(ORDER), SELLER, BUYER, PARCEL, WEIGHT, SERIAL, PHOTO_HASH,
        )),
        EventType("dispute.opened", 64, "a bank took a payment back for now", (
            _required(DISPUTE), ORDER, SELLER, BUYER, AMOUNT, CARD, REASON,
            _text("network", "card scheme", example="visa"),
            DUE_AT, NETWORK_REASON, DISPUTE_STAGE, EVIDENCE_OFFER, DISPUTE_FEE, PAYMENT,
        ), ("charge.dispute.created", "disputes/create"), (NAMED_LINES,)),
        EventType("dispute.updated", 65, "a bank dispute changed", (
            _required(DISPUTE), ORDER, SELLER, AMOUNT, REASON, OUTCOME, DUE_AT, NETWORK_REASON, DISPUTE_STAGE,
            EVIDENCE_OFFER, DISPUTE_FEE, ANSWERED, PAYMENT,
        ), (
            "charge.dispute.updated", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
            "disputes/update",
        )),
        EventType("dispute.closed", 66, "a bank dispute ended", (
            _required(DISPUTE), ORDER, SELLER, AMOUNT, REASON, OUTCOME, DISPUTE_STAGE, DISPUTE_FEE, ANSWERED, PAYMENT,
        ), ("charge.dispute.closed",)),
        EventType("fraud.warned", 67, "a card issuer reported a payment as fraud before a dispute", (
            ORDER, SELLER, CARD, AMOUNT, REASON,
        ), ("radar.early_fraud_warning.created",)),
        EventType("inspection.completed", 68, "a lot or unit was inspected", (
            _required(SELLER), PRODUCT, LISTING, OUTCOME, _number("units", "units inspected", 80),
            _number("defects", "defective units found", 2),
        )),
    ]
)  # fmt: skip

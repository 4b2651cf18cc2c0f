"""The kinds of evidence in words, for people of every side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.evidence_kinds import EvidenceKind as Kind

KINDS: Final[Mapping[Kind, str | Promise]] = {
    Kind.LISTING_SNAPSHOT: lazy("The offer as it was"), Kind.POLICY_ACCEPTED: lazy("Terms that were accepted"),
    Kind.POLICY_TEXT: lazy("Text of the terms"), Kind.ORDER_DETAILS: lazy("The order"),
    Kind.PAYMENT_CHECKS: lazy("Checks of the payment"), Kind.IP_ADDRESS: lazy("IP address"),
    Kind.DEVICE: lazy("Device"), Kind.BILLING_ADDRESS: lazy("Billing address"),
    Kind.DELIVERY_ADDRESS: lazy("Delivery address"), Kind.CUSTOMER_IDENTITY: lazy("Who the buyer is"),
    Kind.ACTIVITY_LOG: lazy("Record of use"), Kind.OUTBOUND_WEIGHT: lazy("Weight when it left"),
    Kind.OUTBOUND_SERIAL: lazy("Serial number that left"), Kind.OUTBOUND_PHOTO: lazy("Photo before sending"),
    Kind.PROOF_OF_SHIPMENT: lazy("Proof of sending"), Kind.TRACKING: lazy("Carrier's scans"),
    Kind.PROOF_OF_DELIVERY: lazy("Proof of delivery"), Kind.DELIVERY_SIGNATURE: lazy("Signature at delivery"),
    Kind.SHIPPING_INSURANCE: lazy("Insurance of the parcel"), Kind.CUSTOMS_DOCUMENT: lazy("Customs document"),
    Kind.CARRIER_STATEMENT: lazy("Carrier's statement"), Kind.SERVICE_DELIVERED: lazy("Proof of the service"),
    Kind.PHOTO_OF_DAMAGE: lazy("Photo of the damage"), Kind.PROOF_OF_DIFFERENCE: lazy("Proof that it differs"),
    Kind.MISSING_OR_EMPTY: lazy("Missing goods or an empty parcel"), Kind.NOT_RECEIVED: lazy("Not received"),
    Kind.EXPERT_REPORT: lazy("Expert's report"), Kind.AUTHORITY_REPORT: lazy("Report of an authority"),
    Kind.PROOF_OF_RETURN: lazy("Proof of sending back"), Kind.RETURN_TRACKING: lazy("Scans of the way back"),
    Kind.INBOUND_WEIGHT: lazy("Weight when it came back"), Kind.INBOUND_SERIAL: lazy("Serial number that came back"),
    Kind.INBOUND_PHOTO: lazy("Photo of what came back"), Kind.INSPECTION_REPORT: lazy("Report of the inspection"),
    Kind.RETURN_ADDRESS: lazy("Where to send it back"), Kind.RECEIPT: lazy("Receipt"),
    Kind.PROOF_OF_REFUND: lazy("Proof of the refund"), Kind.CREDIT_DUE: lazy("Why a credit is due"),
    Kind.PAID_OTHERWISE: lazy("Other payment"), Kind.DUPLICATE_CHARGE: lazy("Charged twice"),
    Kind.PRICE_EXPLANATION: lazy("The price explained"), Kind.EARLIER_PAYMENTS: lazy("Earlier payments"),
    Kind.CONTRACT: lazy("Contract"), Kind.CONVERSATION: lazy("Conversation"),
    Kind.SELLER_STATEMENT: lazy("Seller's statement"), Kind.BUYER_STATEMENT: lazy("Buyer's statement"),
    Kind.REFUSAL_EXPLAINED: lazy("Why it was refused"), Kind.RESOLUTION: lazy("How it was put right"),
    Kind.DECLARATION: lazy("Declaration"), Kind.RIGHTS_DOCUMENT: lazy("Document of a right"),
    Kind.AUTHORISATION: lazy("Authorisation"), Kind.SUPPLY_CHAIN: lazy("Supply chain"), Kind.OTHER: lazy("Other piece"),
}  # fmt: skip

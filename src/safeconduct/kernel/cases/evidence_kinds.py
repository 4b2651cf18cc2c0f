"""Kinds of evidence: our own, and what Stripe's 27 fields and PayPal's 71 types are among them.

The foreign names are those of Stripe's ``dispute.evidence`` (stripe/openapi f6c2a48) and of PayPal's dispute API
(``evidence_type``, paypal-rest-api-specifications ec4d8f3), both read in November 2026; a test holds the maps to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EvidenceKind(StrEnum):
    """What a piece of evidence shows."""

    # collected when the sale happens
    LISTING_SNAPSHOT = "listing_snapshot"
    POLICY_ACCEPTED = "policy_accepted"
    POLICY_TEXT = "policy_text"
    ORDER_DETAILS = "order_details"
    PAYMENT_CHECKS = "payment_checks"
    IP_ADDRESS = "ip_address"
    DEVICE = "device"
    BILLING_ADDRESS = "billing_address"
    DELIVERY_ADDRESS = "delivery_address"
    CUSTOMER_IDENTITY = "customer_identity"
    ACTIVITY_LOG = "activity_log"
    OUTBOUND_WEIGHT = "outbound_weight"
    OUTBOUND_SERIAL = "outbound_serial"
    OUTBOUND_PHOTO = "outbound_photo"
    # on the way
    PROOF_OF_SHIPMENT = "proof_of_shipment"
    TRACKING = "tracking"
    PROOF_OF_DELIVERY = "proof_of_delivery"
    DELIVERY_SIGNATURE = "delivery_signature"
    SHIPPING_INSURANCE = "shipping_insurance"
    CUSTOMS_DOCUMENT = "customs_document"
    CARRIER_STATEMENT = "carrier_statement"
    SERVICE_DELIVERED = "service_delivered"
    # what is wrong with it
    PHOTO_OF_DAMAGE = "photo_of_damage"
    PROOF_OF_DIFFERENCE = "proof_of_difference"
    MISSING_OR_EMPTY = "missing_or_empty"
    NOT_RECEIVED = "not_received"
    EXPERT_REPORT = "expert_report"
    AUTHORITY_REPORT = "authority_report"
    # the way back
    PROOF_OF_RETURN = "proof_of_return"
    RETURN_TRACKING = "return_tracking"
    INBOUND_WEIGHT = "inbound_weight"
    INBOUND_SERIAL = "inbound_serial"
    INBOUND_PHOTO = "inbound_photo"
    INSPECTION_REPORT = "inspection_report"
    RETURN_ADDRESS = "return_address"
    # money
    RECEIPT = "receipt"
    PROOF_OF_REFUND = "proof_of_refund"
    CREDIT_DUE = "credit_due"
    PAID_OTHERWISE = "paid_otherwise"
    DUPLICATE_CHARGE = "duplicate_charge"
    PRICE_EXPLANATION = "price_explanation"
    EARLIER_PAYMENTS = "earlier_payments"
    CONTRACT = "contract"
    # what was said
    CONVERSATION = "conversation"
    SELLER_STATEMENT = "seller_statement"
    BUYER_STATEMENT = "buyer_statement"
    REFUSAL_EXPLAINED = "refusal_explained"
    RESOLUTION = "resolution"
    DECLARATION = "declaration"
    # rights
    RIGHTS_DOCUMENT = "rights_document"
    AUTHORISATION = "authorisation"
    SUPPLY_CHAIN = "supply_chain"
    OTHER = "other"


K = EvidenceKind

STRIPE: Final[Mapping[str, EvidenceKind]] = {
    "access_activity_log": K.ACTIVITY_LOG, "billing_address": K.BILLING_ADDRESS,
    "cancellation_policy": K.POLICY_TEXT, "cancellation_policy_disclosure": K.POLICY_ACCEPTED,
    "cancellation_rebuttal": K.REFUSAL_EXPLAINED, "customer_communication": K.CONVERSATION,
    "customer_email_address": K.CUSTOMER_IDENTITY, "customer_name": K.CUSTOMER_IDENTITY,
    "customer_purchase_ip": K.IP_ADDRESS, "customer_signature": K.DELIVERY_SIGNATURE,
    "duplicate_charge_documentation": K.DUPLICATE_CHARGE, "duplicate_charge_explanation": K.DUPLICATE_CHARGE,
    "duplicate_charge_id": K.DUPLICATE_CHARGE, "enhanced_evidence": K.EARLIER_PAYMENTS,
    "product_description": K.LISTING_SNAPSHOT, "receipt": K.RECEIPT, "refund_policy": K.POLICY_TEXT,
    "refund_policy_disclosure": K.POLICY_ACCEPTED, "refund_refusal_explanation": K.REFUSAL_EXPLAINED,
    "service_date": K.SERVICE_DELIVERED, "service_documentation": K.SERVICE_DELIVERED,
    "shipping_address": K.DELIVERY_ADDRESS, "shipping_carrier": K.PROOF_OF_SHIPMENT,
    "shipping_date": K.PROOF_OF_SHIPMENT, "shipping_documentation": K.PROOF_OF_DELIVERY,
    "shipping_tracking_number": K.TRACKING, "uncategorized_file": K.OTHER, "uncategorized_text": K.SELLER_STATEMENT,
}  # fmt: skip

PAYPAL: Final[Mapping[str, EvidenceKind]] = {
    "ACCOUNT_CHANGE_INFORMATION": K.ACTIVITY_LOG, "ADDITIONAL_INFORMATION_OF_ITEM": K.LISTING_SNAPSHOT,
    "ADDITIONAL_PROOF_OF_RETURN": K.PROOF_OF_RETURN, "ADDITIONAL_PROOF_OF_SHIPMENT": K.PROOF_OF_SHIPMENT,
    "ADDITIONAL_TRACKING_INFORMATION": K.TRACKING, "AFFIDAVIT": K.DECLARATION, "APPEAL_AFFIDAVIT": K.DECLARATION,
    "BANK_STATEMENT": K.PAID_OTHERWISE, "BILLING_AGREEMENT": K.CONTRACT, "BUYER_RESPONSE": K.BUYER_STATEMENT,
    "CHANGE_REASON": K.PRICE_EXPLANATION, "CONFIRMATION_OF_RESOLUTION": K.RESOLUTION, "COPY_OF_CONTRACT": K.CONTRACT,
    "COPY_OF_DRIVERS_LICENSE": K.CUSTOMER_IDENTITY, "COPY_OF_LAW_ENFORCEMENT_AGENCY_REPORT": K.AUTHORITY_REPORT,
    "COPY_OF_SHIPPING_MANIFEST": K.PROOF_OF_SHIPMENT, "COPY_OF_THE_EPARCEL_MANIFEST": K.PROOF_OF_SHIPMENT,
    "CREATE": K.OTHER, "CREDIT_DUE_REASON": K.CREDIT_DUE, "CUSTOMS_DOCUMENT": K.CUSTOMS_DOCUMENT,
    "CUSTOMS_FEE_RECEIPT": K.CUSTOMS_DOCUMENT, "DECLARATION": K.DECLARATION, "DELIVERY_ADDRESS": K.DELIVERY_ADDRESS,
    "DELIVERY_RECEIPT": K.PROOF_OF_DELIVERY, "DETAILS_OF_PURCHASE": K.ORDER_DETAILS,
    "INFORMATION_ON_RESOLUTION": K.RESOLUTION, "ITEM_DESCRIPTION": K.LISTING_SNAPSHOT,
    "LAST_VALID_TRANSACTION_DETAILS": K.EARLIER_PAYMENTS, "LEGIBLE_SUPPORTING_DOCUMENT": K.OTHER,
    "LISTING_URL": K.LISTING_SNAPSHOT, "LOST_CARD_DETAILS": K.BUYER_STATEMENT, "MERCHANT_RESPONSE": K.SELLER_STATEMENT,
    "ONLINE_TRACKING_INFORMATION": K.TRACKING, "ORDER_DETAILS": K.ORDER_DETAILS, "OTHER": K.OTHER,
    "PAID_WITH_OTHER_METHOD": K.PAID_OTHERWISE, "PERMISSION_DESCRIPTION": K.AUTHORISATION,
    "PHOTOS_OF_SHIPPED_ITEM": K.OUTBOUND_PHOTO, "POLICE_REPORT": K.AUTHORITY_REPORT,
    "PRICE_DIFFERENCE_REASON": K.PRICE_EXPLANATION, "PROOF_FOR_SOFTWARE_OR_SERVICE_DELIVERED": K.SERVICE_DELIVERED,
    "PROOF_OF_CONFISCATION": K.AUTHORITY_REPORT, "PROOF_OF_DAMAGE": K.PHOTO_OF_DAMAGE,
    "PROOF_OF_DELIVERY_SIGNATURE": K.DELIVERY_SIGNATURE, "PROOF_OF_DENIAL_BY_CARRIER": K.CARRIER_STATEMENT,
    "PROOF_OF_EMPTY_PACKAGE_OR_DIFFERENT_ITEM": K.MISSING_OR_EMPTY, "PROOF_OF_FULFILLMENT": K.PROOF_OF_SHIPMENT,
    "PROOF_OF_INSTORE_RECEIPT": K.PROOF_OF_DELIVERY, "PROOF_OF_INSTORE_REFUND": K.PROOF_OF_REFUND,
    "PROOF_OF_ITEM_NOT_RECEIVED": K.NOT_RECEIVED, "PROOF_OF_MISSING_ITEMS": K.MISSING_OR_EMPTY,
    "PROOF_OF_RECEIPT_COPY": K.RECEIPT, "PROOF_OF_REFUND": K.PROOF_OF_REFUND,
    "PROOF_OF_REFUND_OUTSIDE_PAYPAL": K.PROOF_OF_REFUND, "PROOF_OF_RESHIPMENT": K.PROOF_OF_SHIPMENT,
    "PROOF_OF_RETURN": K.PROOF_OF_RETURN, "PROOF_OF_SHIPMENT_POSTAGE": K.PROOF_OF_SHIPMENT,
    "PROOF_OF_SIGNIFICANT_DIFFERENCE": K.PROOF_OF_DIFFERENCE,
    "PROOF_OF_SOFTWARE_OR_SERVICE_NOT_AS_DESCRIBED": K.PROOF_OF_DIFFERENCE,
    "RECEIPT_OF_MERCHANDISE": K.PROOF_OF_DELIVERY,
    "RECEIPT_OF_REPLACEMENT": K.RESOLUTION, "REQUEST_CREDIT_RECEIPT": K.CREDIT_DUE,
    "RETURN_ADDRESS_FOR_SHIPPING": K.RETURN_ADDRESS, "RETURN_POLICY": K.POLICY_TEXT,
    "RETURN_TRACKING_INFORMATION": K.RETURN_TRACKING, "SHIPPING_INSURANCE": K.SHIPPING_INSURANCE,
    "SOURCE_CONVERSION_RATE": K.PRICE_EXPLANATION, "STATUS_OF_MERCHANDISE": K.INSPECTION_REPORT,
    "TERMINAL_ATM_RECEIPT": K.RECEIPT, "THIRDPARTY_PROOF_FOR_DAMAGE_OR_SIGNIFICANT_DIFFERENCE": K.EXPERT_REPORT,
    "VALID_SUPPORTING_DOCUMENT": K.OTHER,
}  # fmt: skip

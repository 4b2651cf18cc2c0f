"""The words of retention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.retention.schedule import Begins, By, Then

LINES: Final[Mapping[str, Text]] = {
    "order_data": _("buyers' data in orders"),
    "month_events": _("what belongs to no order: listings, reviews, payouts"),
    "raw_deliveries": _("messages of shop systems as they came"),
    "payment_defence": _("what payments are defended with at banks"),
    "dispute_evidence": _("evidence in cases"),
    "bank_answers": _("answers to banks, with the files that were given for them"),
    "sign_in_origins": _("where sign-ins came from"),
    "request_archives": _("archives people asked for"),
    "request_words": _("what people wrote with their requests"),
    "buyer_contact_shown": _("buyers' contact shown to sellers"),
    "reading_log": _("who read what"),
    "messages": _("messages in cases"),
    "payout_documents": _("documents for payouts"),
    "second_factors": _("second factors and recovery codes"),
    "risk_history": _("history for risk"),
    "security_logs": _("security logs"),
    "backups": _("backups"),
    "canary_hits": _("touches of canary rows"),
    "ownership_claims": _("words and papers of claims to shops"),
    "invitations": _("addresses of people who were invited"),
    "record_entries": _("lines of the record"),
}
BEGINS: Final[Mapping[str, Text]] = {
    Begins.LAST_EVENT: _("after the last event of the order"),
    Begins.RECEIPT: _("after receipt"),
    Begins.PAYMENT: _("after the payment"),
    Begins.CASE_CLOSED: _("after the case was closed"),
    Begins.SIGN_IN: _("after the sign-in"),
    Begins.MADE: _("after it was made"),
    Begins.ORDER_CLOSED: _("after the order was closed"),
    Begins.READING: _("after the reading"),
    Begins.RELATION_ENDED: _("after the relation ended"),
    Begins.UNTIL_REMOVED: _("until it is removed"),
    Begins.EVENT: _("after the event"),
    Begins.DECIDED_FOR_GOOD: _("after it was decided for good"),
    Begins.ANSWERED: _("after the answer"),
    Begins.INVITATION_ENDED: _("after the invitation was taken up or lapsed"),
    Begins.FOR_EVER: _("for ever"),
}
THEN: Final[Mapping[str, Text]] = {
    Then.DELETE: _("deleted"),
    Then.SHRED: _("shredded"),
    Then.MASK: _("masked"),
    Then.AGGREGATE: _("only counts stay"),
    Then.EXPIRE: _("expires"),
    Then.KEEP: _("stays"),
}
BY: Final[Mapping[str, Text]] = {
    By.LEASES: _("leases of buyers' data"),
    By.ACCOUNTS: _("account security"),
    By.RECORD: _("the record"),
    By.OPERATOR: _("the operator, outside this program"),
}
SCOPES: Final[Mapping[str, Text]] = {
    "seller": _("a seller, by your id"), "order": _("an order, by your id"), "case": _("a case, by its id"),
}  # fmt: skip

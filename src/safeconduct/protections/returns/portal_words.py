"""Returns in words. Spanish says *devolución del producto* for the goods and *reembolso* for the money, never both in
one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing, Status
from safeconduct.protections.returns.comparing import Because, Finding, What
from safeconduct.protections.returns.words import (
    Acceptance,
    Claimed,
    Cost,
    Grade,
    NoTravel,
    Payer,
    Reason,
    Reception,
    Wish,
)

Text = str | Promise

STATUSES: Final[Mapping[Status, tuple[str, Text]]] = {
    Status.DRAFT: ("", lazy("Draft")),
    Status.OPEN: ("warn", lazy("Open")),
    Status.UNDER_REVIEW: ("info", lazy("A person looks at it")),
    Status.DECIDED: ("", lazy("Decided; can be appealed")),
    Status.APPEALED: ("info", lazy("Appealed")),
    Status.CLOSED: ("", lazy("Closed")),
}
REASONS: Final[Mapping[Reason, Text]] = {
    Reason.NO_REASON: lazy("No reason given"),
    Reason.NOT_AS_DESCRIBED: lazy("Not as described"),
    Reason.WRONG_ITEM: lazy("Wrong item"),
    Reason.DEFECTIVE: lazy("Defective"),
    Reason.DAMAGED_IN_TRANSIT: lazy("Damaged on the way"),
    Reason.CUSTOMS_REFUSED: lazy("Refused or abandoned at customs"),
}
WISHES: Final[Mapping[Wish, Text]] = {Wish.REFUND: lazy("The money"), Wish.EXCHANGE: lazy("Another one")}
RECEPTIONS: Final[Mapping[Reception, Text]] = {
    Reception.AWAITING: lazy("Awaited"),
    Reception.IN_TRANSIT: lazy("On its way"),
    Reception.RECEIVED: lazy("Received"),
    Reception.LOST_IN_TRANSIT: lazy("Lost on the way"),
    Reception.SHORT_SHIPPED: lazy("Only a part of it came"),
    Reception.WRONG_ITEM: lazy("Something else came"),
    Reception.EMPTY_PACKAGE: lazy("The parcel was empty"),
    Reception.NOT_SENT: lazy("Not sent back"),
}
ACCEPTANCES: Final[Mapping[Acceptance, tuple[str, Text]]] = {
    Acceptance.PENDING: ("", lazy("Not looked at yet")),
    Acceptance.ACCEPTED: ("good", lazy("Accepted")),
    Acceptance.REJECTED: ("bad", lazy("Not accepted")),
    Acceptance.MANUAL_REVIEW: ("info", lazy("A person looks at it")),
}
GRADES: Final[Mapping[Grade, Text]] = {
    Grade.SELLABLE_AS_NEW: lazy("A: can be sold as new"),
    Grade.OPENED_COMPLETE: lazy("B: opened and tried, complete"),
    Grade.USED_OR_DAMAGED_BY_BUYER: lazy("C: used or damaged by the buyer"),
    Grade.PARTS_MISSING: lazy("D: parts are missing"),
    Grade.DIFFERENT_OR_EMPTY: lazy("E: something else, or nothing"),
    Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT: lazy("F: defective, or damaged on the way"),
}
PAYERS: Final[Mapping[Payer, Text]] = {
    Payer.BUYER: lazy("the buyer"),
    Payer.SELLER: lazy("the seller"),
    Payer.CARRIER: lazy("the carrier; the seller advances it"),
    Payer.PLATFORM: lazy("the marketplace"),
}
#: Who pays for the work of a local address.
HUB_PAYERS: Final[Mapping[Payer, Text]] = {payer: PAYERS[payer] for payer in (Payer.PLATFORM, Payer.SELLER)}
#: Who paid something out.
COST_PAYERS: Final[Mapping[Payer, Text]] = {**PAYERS, Payer.CARRIER: lazy("the carrier")}
COSTS: Final[Mapping[Cost, Text]] = {
    Cost.RETURN_FREIGHT: lazy("Freight of the way back"),
    Cost.FIRST_LEG: lazy("Freight of the way out"),
    Cost.DUTY: lazy("Duty that customs give back"),
    Cost.QUOTA: lazy("Yearly import quota of the buyer"),
}
COST_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "open": ("", lazy("Decided with the return")),
    "stays": ("", lazy("Stays with who paid it")),
    "moved": ("good", lazy("Posted")),
    "debt": ("warn", lazy("The buyer owes it")),
    "carrier": ("warn", lazy("The carrier owes it")),
    "customs": ("warn", lazy("Not given back yet")),
    "owed": ("warn", lazy("Owed to the buyer")),
    "sent": ("good", lazy("The buyer has it")),
    "back": ("good", lazy("Given back")),
}
NO_TRAVEL: Final[Mapping[NoTravel, Text]] = {
    NoTravel.COUNTERFEIT: lazy("It is counterfeit: it must not be sent, and is destroyed with proof."),
    NoTravel.RECALLED: lazy("It is recalled: it must not be sent, and is destroyed with proof."),
    NoTravel.DANGEROUS: lazy("It is dangerous: it must not be sent, and is destroyed with proof."),
}
CLAIMED: Final[Mapping[Claimed, Text]] = {
    Claimed.ABUSE: lazy("Something else or nothing came back, and the buyer was paid"),
    Claimed.DAMAGE: lazy("The buyer wore or damaged it"),
    Claimed.PAID_OVER_MY_HEAD: lazy("The buyer was paid without my decision"),
    Claimed.NEVER_RETURNED: lazy("Nothing came back, and the buyer was paid"),
}
REMEDIES: Final[Mapping[Remedy, Text]] = {
    Remedy.NOTHING: lazy("nothing"),
    Remedy.REFUND: lazy("the whole amount"),
    Remedy.PARTIAL_REFUND: lazy("a part of the amount"),
    Remedy.REPLACEMENT: lazy("another one"),
    Remedy.REIMBURSE: lazy("does not concern the buyer"),
}
LIABILITIES: Final[Mapping[Liability, Text]] = {
    Liability.NOBODY: lazy("nobody"),
    Liability.SELLER: lazy("the seller"),
    Liability.BUYER: lazy("the buyer"),
    Liability.PLATFORM: lazy("the marketplace"),
    Liability.FUND: lazy("the protection fund"),
    Liability.CARRIER: lazy("the carrier"),
    Liability.SHARED: lazy("several, as shown"),
}
STANDINGS: Final[Mapping[Standing, Text]] = {
    Standing.COUNTS: lazy("It counts in your figures."),
    Standing.DOES_NOT_COUNT: lazy("It does not count in your figures."),
}
ROLES: Final[Mapping[Role, Text]] = {
    Role.BUYER: lazy("Buyer"), Role.SELLER: lazy("Seller"), Role.ENGINE: lazy("automatic"),
    **dict.fromkeys(
        (Role.OPERATOR, Role.MEDIATOR, Role.ARBITER, Role.REVIEWER, Role.APPROVER, Role.BLIND_REVIEWER),
        lazy("Platform"),
    ),
}  # fmt: skip
DONE_BY_BUYER: Final[Mapping[str, Text]] = {
    "refer": lazy("Noted. Now file the case with the body yourself."),
    "sent": lazy("Noted. It is followed until it arrives."),
    "withdraw": lazy("The return is withdrawn."),
    "to_platform": lazy("A person of the marketplace looks at it."),
    "appeal": lazy("Another person looks at it anew. You are told of the decision here, with its reasons."),
    "evidence": lazy("Added. Both sides see it."),
    "say": lazy("Sent. The shop is told that there is a message."),
    "contest_advice": lazy("A person who did not decide looks at it again, with your words."),
}
WHATS: Final[Mapping[What, Text]] = {
    What.WEIGHT: lazy("Weight"),
    What.SERIAL: lazy("Serial number"),
    What.PHOTO: lazy("Picture (its PDQ hash)"),
}
FINDINGS: Final[Mapping[Finding, tuple[str, str, Text]]] = {
    Finding.SAME: ("good", "check", lazy("The same")),
    Finding.DIFFERENT: ("bad", "alert", lazy("Different")),
    Finding.UNKNOWN: ("", "question", lazy("Cannot be said")),
}
BECAUSE: Final[Mapping[Because, Text]] = {
    Because.WITHIN: lazy("%(off_g)s g apart; up to %(allowed_g)s g are packaging and scales."),
    Because.LIGHTER: lazy("%(off_g)s g lighter; up to %(allowed_g)s g would be packaging and scales."),
    Because.HEAVIER: lazy("%(off_g)s g heavier; up to %(allowed_g)s g would be packaging and scales."),
    Because.PART_ONLY: lazy("Only a part was to come back, so the weight of the whole says nothing."),
    Because.SAME_SERIAL: lazy("The number on the label is the one that left."),
    Because.OTHER_SERIAL: lazy("Another unit: its number is not the one that left."),
    Because.COPY: lazy("A copy of the picture taken before sending (%(bits)s of 256 bits differ): not a new one."),
    Because.OTHER_PICTURE: lazy("Two pictures; whether they show the same goods is for eyes."),
    Because.NOT_TOLD_OUT: lazy("Nobody noted it when the goods left. Note it next time, and it can be compared."),
    Because.NOT_TOLD_BACK: lazy("Not noted yet for what came back."),
}

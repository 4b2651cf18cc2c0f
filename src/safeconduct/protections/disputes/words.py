"""Disputes in the reader's words. *Won* is never said alone: what the buyer gets, who pays, whether it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.words import Liability, OfferState, Remedy, Role, Source, Standing, Turn

Text = str | Promise

ROLES: Final[Mapping[Role, Text]] = {
    Role.BUYER: lazy("Buyer"), Role.SELLER: lazy("Seller"), Role.OPERATOR: lazy("Platform"),
    Role.MEDIATOR: lazy("Mediator"), Role.ARBITER: lazy("Platform"), Role.REVIEWER: lazy("Platform"),
    Role.APPROVER: lazy("Second person"), Role.BLIND_REVIEWER: lazy("Blind reviewer"), Role.ENGINE: lazy("automatic"),
}  # fmt: skip
SEAT_NAMES: Final[Mapping[Role, Text]] = {
    Role.MEDIATOR: lazy("mediator"), Role.ARBITER: lazy("arbiter"), Role.REVIEWER: lazy("reviewer of the appeal"),
}  # fmt: skip
#: Turn → tone and word, for the one who reads it.
TURNS: Final[Mapping[Turn, tuple[str, Text]]] = {
    Turn.MINE: ("warn", lazy("Your turn")),
    Turn.THEIRS: ("info", lazy("The other side's turn")),
    Turn.UNDER_REVIEW: ("info", lazy("The platform's turn")),
    Turn.CAN_APPEAL: ("warn", lazy("Decided; can be appealed")),
    Turn.CLOSED: ("", lazy("Closed")),
}
REMEDIES: Final[Mapping[Remedy, Text]] = {
    Remedy.NOTHING: lazy("nothing"), Remedy.REFUND: lazy("a full refund"),
    Remedy.PARTIAL_REFUND: lazy("a partial refund"),
    Remedy.REFUND_ON_RETURN: lazy("a refund when the goods are back"), Remedy.REPLACEMENT: lazy("a replacement"),
}  # fmt: skip
LIABILITIES: Final[Mapping[Liability, Text]] = {
    Liability.NOBODY: lazy("nobody"), Liability.SELLER: lazy("the seller"), Liability.CARRIER: lazy("the carrier"),
    Liability.PLATFORM: lazy("the marketplace"), Liability.FUND: lazy("the protection fund"),
    Liability.BUYER: lazy("the buyer"), Liability.SHARED: lazy("several, in shares"),
}  # fmt: skip
STANDINGS: Final[Mapping[Standing, Text]] = {
    Standing.COUNTS: lazy("It counts in the seller's figures"),
    Standing.DOES_NOT_COUNT: lazy("It does not count in the seller's figures"),
}
SOURCES: Final[Mapping[Source, tuple[str, Text]]] = {
    Source.BUYER: ("", lazy("Buyer")), Source.SELLER: ("", lazy("Seller")),
    Source.PLATFORM: ("info", lazy("Records")), Source.CARRIER: ("info", lazy("Carrier")),
    Source.PAYMENT_PROCESSOR: ("info", lazy("Processor")), Source.LABORATORY: ("info", lazy("Laboratory")),
    Source.AUTHORITY: ("info", lazy("Authority")), Source.BANK: ("info", lazy("Bank")),
    Source.RIGHTS_OWNER: ("", lazy("Rights owner")),
}  # fmt: skip
OFFERS: Final[Mapping[OfferState, tuple[str, Text]]] = {
    OfferState.OPEN: ("warn", lazy("open")), OfferState.ACCEPTED: ("good", lazy("accepted")),
    OfferState.DECLINED: ("", lazy("declined")), OfferState.WITHDRAWN: ("", lazy("taken back")),
}  # fmt: skip
#: What stands above the page after a verb was done.
DONE: Final[Mapping[str, Text]] = {
    "answer": lazy("Your answer is with the other side."), "offer": lazy("Your offer is with the other side."),
    "accept": lazy("Agreed. The dispute is settled."), "decline": lazy("The offer is declined."),
    "take_back": lazy("Your offer is taken back."), "say": lazy("Your message is sent."),
    "evidence": lazy("The piece is in the dispute; both sides see it."),
    "done": lazy("Noted: you have brought everything."), "escalate": lazy("The platform takes it up."),
    "appeal": lazy("Your appeal is filed. Another person decides it."),
    "agree": lazy("You accepted the proposal."), "reject": lazy("You declined the proposal; somebody decides."),
    "withdraw": lazy("The dispute is withdrawn."), "extend": lazy("You have more time."),
}  # fmt: skip

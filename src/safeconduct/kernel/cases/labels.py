"""Outcomes in the words of the staff, whatever kind of case they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.words import Liability, Remedy, Role, Source, Standing

Text = str | Promise

REMEDIES: Final[Mapping[Remedy, Text]] = {
    Remedy.NOTHING: lazy("nothing"), Remedy.REFUND: lazy("a full refund"),
    Remedy.PARTIAL_REFUND: lazy("a partial refund"),
    Remedy.REFUND_ON_RETURN: lazy("a refund when the goods are back"), Remedy.REPLACEMENT: lazy("a replacement"),
    Remedy.REIMBURSE: lazy("a reimbursement"), Remedy.RELEASE: lazy("the held money"),
    Remedy.TAKE_DOWN: lazy("the listing is taken down"),
    Remedy.RESTORE: lazy("the listing is no longer blocked by this notice"),
    Remedy.RESTRICT: lazy("a restriction"), Remedy.REINSTATE: lazy("the restriction is lifted"),
}  # fmt: skip
LIABILITIES: Final[Mapping[Liability, Text]] = {
    Liability.NOBODY: lazy("nobody"), Liability.SELLER: lazy("the seller"), Liability.CARRIER: lazy("the carrier"),
    Liability.PLATFORM: lazy("the marketplace"), Liability.FUND: lazy("the protection fund"),
    Liability.BUYER: lazy("the buyer"), Liability.RIGHTS_OWNER: lazy("the rights owner"),
    Liability.SHARED: lazy("several, in shares"),
}  # fmt: skip
STANDINGS: Final[Mapping[Standing, Text]] = {
    Standing.DOES_NOT_COUNT: lazy("It does not count in the seller's figures"),
    Standing.COUNTS: lazy("It counts in the seller's figures"),
}
PARTY: Final[Mapping[Role, Text]] = {
    Role.BUYER: lazy("Buyer"), Role.SELLER: lazy("Seller"), Role.RIGHTS_OWNER: lazy("Rights owner"),
    Role.BANK: lazy("Bank"),
}  # fmt: skip
SOURCES: Final[Mapping[Source, Text]] = {
    Source.BUYER: lazy("Buyer"), Source.SELLER: lazy("Seller"), Source.RIGHTS_OWNER: lazy("Rights owner"),
    Source.PLATFORM: lazy("Records"), Source.CARRIER: lazy("Carrier"), Source.PAYMENT_PROCESSOR: lazy("Processor"),
    Source.BANK: lazy("Bank"), Source.LABORATORY: lazy("Laboratory"), Source.AUTHORITY: lazy("Authority"),
}  # fmt: skip
SEATS: Final[Mapping[Role, Text]] = {
    Role.MEDIATOR: lazy("mediator"), Role.ARBITER: lazy("arbiter"), Role.REVIEWER: lazy("reviewer of the appeal"),
    Role.APPROVER: lazy("second person"), Role.BLIND_REVIEWER: lazy("blind reviewer"),
}  # fmt: skip

"""The words of claims, and what each kind of channel does to the others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ChannelKind(StrEnum):
    """The ways in which a buyer can ask for the money of an order line."""

    PLATFORM_DISPUTE = "platform_dispute"
    #: A bank asks, and has taken nothing: a refund is still the answer that ends it.
    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    #: A refund by which a card scheme or an alert service settles a dispute before there is one (RDR, Ethoca).
    PRE_DISPUTE = "pre_dispute"
    RETURN = "return"
    REFUND_REQUEST = "refund_request"


class ChannelOutcome(StrEnum):
    """How a channel ended, as the seller reads it. Moved: it goes on as another channel."""

    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"
    MOVED = "moved"


class RefundState(StrEnum):
    """Where a refund stands. Sent, failed and paid by the bank are ends; what was sent can turn out to have failed."""

    REQUESTED = "requested"
    FROZEN = "frozen"
    SENT = "sent"
    FAILED = "failed"
    PAID_BY_BANK = "paid_by_bank"


class Item(StrEnum):
    """What a payment to a buyer is for. Only a refund counts against what was captured."""

    REFUND = "refund"
    #: Multiples of the price that a law gives, such as three or ten times in China.
    STATUTORY_DAMAGES = "statutory_damages"
    RETURN_FREIGHT = "return_freight"


class Defence(StrEnum):
    """What the platform answers the bank that took too much."""

    CREDIT_ALREADY_ISSUED = "credit_already_issued"
    #: Several debits together are more than was ever captured.
    MORE_THAN_CAPTURED = "more_than_captured"


#: While one of these is open nothing is sent to the buyer: the bank decides about the same money.
FREEZING: Final = frozenset({ChannelKind.CHARGEBACK})
#: Channels through which a bank takes money. Two of them take twice, so that what they claim adds up.
OF_A_BANK: Final = frozenset({ChannelKind.INQUIRY, ChannelKind.CHARGEBACK, ChannelKind.PRE_DISPUTE})
#: Outcomes after which what the bank has taken stays with the buyer.
AGAINST_THE_SELLER: Final = frozenset({ChannelOutcome.LOST, ChannelOutcome.ACCEPTED})
#: How the keys of refunds begin that a bank had paid and gave back; what follows is the part, and how many there were.
AGAIN: Final = "again/"
#: What follows in the key of a refund that did not arrive and is sent once more, before how often.
RESENT: Final = "/resent/"
#: Kind of channel → why the ledger holds, and what would release it (`ledger/reasons.yaml`). The first in this order is
#: named where several claim the same amount.
HOLDS: Final[Mapping[ChannelKind, tuple[str, str]]] = {
    ChannelKind.CHARGEBACK: ("chargeback_open", "chargeback_decided"),
    ChannelKind.PRE_DISPUTE: ("chargeback_open", "chargeback_decided"),
    ChannelKind.INQUIRY: ("chargeback_open", "chargeback_decided"),
    ChannelKind.PLATFORM_DISPUTE: ("dispute_open", "dispute_decided"),
    ChannelKind.RETURN: ("return_open", "return_settled"),
    ChannelKind.REFUND_REQUEST: ("refund_running", "refund_ended"),
}

"""The closed words of coverage. Their values are stored; none is reused for another meaning."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What a buyer, or the buyer's bank, says went wrong."""

    UNAUTHORISED = "unauthorised_payment"
    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    REFUND_ABUSE = "refund_abuse"


class State(StrEnum):
    """How an order stands against one cause.

    ``quoted``: known, but not yet paid, valued or accepted. ``active``: protected if the open conditions are met.
    ``protected``: all conditions are met. ``void``: a condition was missed. ``claimed``: somebody claims, and it is not
    yet decided. ``paid``, ``denied``: how a claim ended for the seller. ``paid``: a lost claim is covered, up to a sum;
    the ledger says what the fund has paid: less, where a dispute, a return or a bank has made the seller whole
    (`money.plan`). ``ended``: nothing is left to protect.
    ``partly`` is said of a whole order: void against one cause, and not against another.
    """

    QUOTED = "quoted"
    ACTIVE = "active"
    PROTECTED = "protected"
    PARTLY = "partly"
    VOID = "void"
    CLAIMED = "claimed"
    PAID = "paid"
    DENIED = "denied"
    ENDED = "ended"


class Standing(StrEnum):
    """A condition: met, waiting, or missed."""

    MET = "met"
    PENDING = "pending"
    FAILED = "failed"


class Kind(StrEnum):
    """What a condition asks for. One function in `conditions` belongs to each."""

    ACCEPTED = "accepted"
    PHYSICAL = "physical"
    PAYMENT_METHOD = "payment_method"
    SELLER_COUNTRY = "seller_country"
    SHIPPED = "shipped"
    TRACKED = "tracked"
    SCANNED = "scanned"
    ADDRESS = "address"
    DELIVERED = "delivered"
    SIGNED = "signed"
    SHIPPED_BEFORE_CLAIM = "shipped_before_claim"
    CLAIM_FILED = "claim_filed"
    CLAIM_ANSWERED = "claim_answered"
    ABUSE_FOUND = "abuse_found"


#: Conditions about a claim: nobody has to do anything about them before there is one.
OF_A_CLAIM = frozenset({Kind.CLAIM_FILED, Kind.CLAIM_ANSWERED, Kind.ABUSE_FOUND})
#: Conditions whose answer depends on which claim is asked about.
BY_CLAIM = OF_A_CLAIM | {Kind.DELIVERED, Kind.SHIPPED_BEFORE_CLAIM}
#: Conditions the seller can still do something about: those are worth a warning.
OF_THE_SELLER = frozenset({
    Kind.SHIPPED, Kind.TRACKED, Kind.SCANNED, Kind.SHIPPED_BEFORE_CLAIM, Kind.CLAIM_ANSWERED, Kind.CLAIM_FILED,
})  # fmt: skip


class Start(StrEnum):
    """From when a term counts."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class Parcels(StrEnum):
    """Whether one parcel of a split order is enough, or all of them must do."""

    ANY = "any"
    ALL = "all"


class Sure(StrEnum):
    """How sure a figure is: read on the publisher's page, repeated by another, from memory, or the operator's own."""

    PUBLISHED = "published"
    REPORTED = "reported"
    MEMORY = "memory"
    OURS = "ours"


class Channel(StrEnum):
    """Where a claim was made."""

    PLATFORM = "platform"
    BANK = "bank"


class Outcome(StrEnum):
    """How a claim ended: the money went to the buyer, stayed with the seller, or the claim was taken back."""

    LOST = "lost"
    WON = "won"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """The risk decision about an order, as policies give it."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    REVIEW = "review"
    BLOCK = "block"


#: Of several decisions about one order the strictest holds.
STRICTNESS = {action: rank for rank, action in enumerate(Action)}

#: Why a state came about where no condition is to blame. Conditions give their own name.
BLOCKED = "blocked"
CANCELLED = "cancelled"
REFUNDED = "refunded"
PERIOD_OVER = "period_over"
CLAIM_TOO_LATE = "claim_too_late"
LIMIT_REACHED = "limit_reached"
NOT_PAID = "not_paid"
AMOUNT_UNKNOWN = "amount_unknown"
UNDER_REVIEW = "under_review"

"""The closed vocabularies of cases. What is stored and what the API says are these words."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who acts in a case. The engine acts for the clock and for facts that come from outside."""

    BUYER = "buyer"
    SELLER = "seller"
    RIGHTS_OWNER = "rights_owner"
    BANK = "bank"
    OPERATOR = "operator"
    MEDIATOR = "mediator"
    ARBITER = "arbiter"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    BLIND_REVIEWER = "blind_reviewer"
    ENGINE = "engine"


#: The purpose for which open cases are read; grounds that keep data for them name it as a reader (`vault.erasure`).
OPEN_CASE: Final = "case"
#: Who can be a party: everyone else is the platform.
PARTIES: Final = frozenset({Role.BUYER, Role.SELLER, Role.RIGHTS_OWNER, Role.BANK})
#: The marketplace's own people: their clocks bind as well.
PLATFORM: Final = frozenset({Role.OPERATOR, Role.MEDIATOR, Role.ARBITER, Role.REVIEWER, Role.APPROVER})
#: Seats that different people take: whoever has had one in a case never has another in it. The approver is the second
#: person whom an outcome above an amount needs; the blind reviewer decides the case once more, to no effect.
SEATS: Final = frozenset({Role.MEDIATOR, Role.ARBITER, Role.REVIEWER, Role.APPROVER, Role.BLIND_REVIEWER})
#: Whose steps may decide. What a bank has decided is told by the engine.
DECIDERS: Final = frozenset({Role.ARBITER, Role.REVIEWER, Role.ENGINE})


class Status(StrEnum):
    """Where a case stands, for everyone: the states of all workflows are sorted into these."""

    DRAFT = "draft"
    OPEN = "open"
    UNDER_REVIEW = "under_review"
    DECIDED = "decided"
    APPEALED = "appealed"
    CLOSED = "closed"


class Turn(StrEnum):
    """Where a case stands for one party."""

    MINE = "my_turn"
    THEIRS = "their_turn"
    UNDER_REVIEW = "under_review"
    CAN_APPEAL = "can_appeal"
    CLOSED = "closed"


class Remedy(StrEnum):
    """First part of an outcome: what the side that complains gets."""

    NOTHING = "nothing"
    REFUND = "refund"
    PARTIAL_REFUND = "partial_refund"
    REFUND_ON_RETURN = "refund_on_return"
    REPLACEMENT = "replacement"
    REIMBURSE = "reimburse"
    RELEASE = "release"
    TAKE_DOWN = "take_down"
    RESTORE = "restore"
    RESTRICT = "restrict"
    REINSTATE = "reinstate"


class Liability(StrEnum):
    """Second part of an outcome: who pays."""

    NOBODY = "nobody"
    SELLER = "seller"
    BUYER = "buyer"
    PLATFORM = "platform"
    FUND = "fund"
    CARRIER = "carrier"
    RIGHTS_OWNER = "rights_owner"
    SHARED = "shared"


class Standing(StrEnum):
    """Third part of an outcome: whether it counts against the seller."""

    COUNTS = "counts"
    DOES_NOT_COUNT = "does_not_count"


class Disclosure(StrEnum):
    """How much of the reasons the parties are told. Withheld needs a legal basis and a date of review."""

    FULL = "full"
    CATEGORY = "category"
    WITHHELD = "withheld"


class Visibility(StrEnum):
    """Who sees a piece of evidence itself; everybody else in the case sees its gist. No outcome rests on the third
    class alone."""

    BOTH = "both"
    GIST = "gist"
    ADJUDICATOR = "adjudicator"


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    BUYER = "buyer"
    SELLER = "seller"
    RIGHTS_OWNER = "rights_owner"
    PLATFORM = "platform"
    CARRIER = "carrier"
    PAYMENT_PROCESSOR = "payment_processor"
    BANK = "bank"
    LABORATORY = "laboratory"
    AUTHORITY = "authority"


class ClockState(StrEnum):
    """A deadline waits for its event, runs, was met, was missed, or fell away with its state."""

    WAITING = "waiting"
    RUNNING = "running"
    MET = "met"
    MISSED = "missed"
    LAPSED = "lapsed"


class MessageKind(StrEnum):
    """What is written in a case. Offers and proposals stay hidden from arbiter and reviewer until these have decided;
    notes are for staff."""

    WORDS = "words"
    OFFER = "offer"
    PROPOSAL = "proposal"
    NOTE = "note"


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What an appeal does to the outcome before it."""

    UPHELD = "upheld"
    AMENDED = "amended"
    OVERTURNED = "overturned"


class ProposalState(StrEnum):
    """What became of a decision that one person has proposed: it waits for a second person, was confirmed, came back
    to its author, gave way to another proposal, or fell away because the case went on without it."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    REPLACED = "replaced"
    LAPSED = "lapsed"


class MacroPurpose(StrEnum):
    """What a text that is ready to be adapted is for: a message to the parties, or the reasons of an outcome."""

    MESSAGE = "message"
    REASON = "reason"


class PauseScope(StrEnum):
    """Whose clocks a pause stops: everyone's, those of parties in a country, of parcels with a carrier, of a case."""

    EVERYONE = "everyone"
    COUNTRY = "country"
    CARRIER = "carrier"
    CASE = "case"


class BodyWay(StrEnum):
    """What kind of outside body: certified by an authority (DSA, article 21), a mediator named under Regulation (EU)
    2019/1150, one for consumers under Directive 2013/11/EU, or one that the marketplace has named of its own accord."""

    CERTIFIED = "certified"
    MEDIATOR = "mediator"
    CONSUMER = "consumer"
    NAMED = "named"


class ReferralState(StrEnum):
    """Where a case stands with an outside body. Answered: the body has said what it found. Ended: it will not."""

    REFERRED = "referred"
    ANSWERED = "answered"
    ENDED = "ended"


class Finding(StrEnum):
    """What an outside body found."""

    FOR_SELLER = "for_seller"
    PARTLY = "partly"
    AGAINST_SELLER = "against_seller"


class Followed(StrEnum):
    """What the marketplace made of a finding: a new decision, or none, with its reasons."""

    FOLLOWED = "followed"
    NOT_FOLLOWED = "not_followed"

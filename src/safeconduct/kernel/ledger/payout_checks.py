"""Who may change where a seller is paid: an owner who has just shown who they are, or two of the staff with reasons.

The five minutes and the age of a factor are proposals of our own (see `payout_accounts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from safeconduct.kernel.ledger.errors import LedgerError
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import Actor

#: How long ago a person must have confirmed who they are, and how old the factor they did it with must be.
CONFIRMED_WITHIN: Final = timedelta(minutes=5)
FACTOR_AGE: Final = timedelta(hours=72)
_FACTORS: Final = frozenset({"passkey", "security_key"})


class Because(StrEnum):
    """Why something may not be done with a payout account; pages say each of them in the reader's language."""

    NOT_OWNER = "not_owner"
    NO_PASSKEY = "no_passkey"
    TOO_LONG_AGO = "too_long_ago"
    FACTOR_TOO_NEW = "factor_too_new"
    NUMBER = "number"
    HOLDER = "holder"
    UNDER_WAY = "under_way"
    STATE = "state"
    NO_REASONS = "no_reasons"
    RECOVERED = "recovered"
    STOPPED = "stopped"
    NEVER_CONFIRMED = "never_confirmed"
    SECOND_PERSON = "second_person"


class PayoutAccountRefused(LedgerError):
    """What may not be done with a payout account, and what to do instead."""

    code = "payout_account_refused"
    status = 409

    def __init__(self, key: str, because: Because, field: str, problem: str) -> None:
        super().__init__(key, field, problem)
        self.because = because


@dataclass(frozen=True, slots=True)
class Proof:
    """How a person showed just now who they are: with what, since when they have it, when they did, and in which
    session; "" outside of one."""

    factor: str
    factor_since: datetime
    confirmed_at: datetime
    session: str = ""


def check_owner(actor: Actor, proof: Proof, at: datetime) -> None:
    """An owner, who showed just now who they are with a factor that is not new. Raises PayoutAccountRefused."""
    if actor.role != MemberRole.OWNER:
        raise PayoutAccountRefused(actor.id, Because.NOT_OWNER, "role", "only an owner changes where the money goes")
    if proof.factor not in _FACTORS:
        raise PayoutAccountRefused(
            actor.id, Because.NO_PASSKEY, "factor", "confirm with a passkey; codes can be passed on"
        )
    if not at - CONFIRMED_WITHIN <= proof.confirmed_at <= at:
        raise PayoutAccountRefused(
            actor.id, Because.TOO_LONG_AGO, "confirmed_at", "confirm again who you are; it was too long ago"
        )
    if proof.factor_since > at - FACTOR_AGE:
        raise PayoutAccountRefused(
            actor.id,
            Because.FACTOR_TOO_NEW,
            "factor",
            "is newer than 72 hours; use an older passkey, or wait until then",
        )


def check_two(key: str, staff: Actor, approved_by: str) -> None:
    """Two different people of the staff, with reasons. Raises PayoutAccountRefused."""
    if not staff.why.strip() or not approved_by or approved_by == staff.id:
        raise PayoutAccountRefused(
            key, Because.SECOND_PERSON, "approved_by", "a second person has to agree, and reasons are needed"
        )

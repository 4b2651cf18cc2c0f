"""What the staff do about payout accounts: confirm the holder, judge a doubt; by two people, give back and let go on.

A staff scope is open around each of these. ``staff.why``: the reasons, which the seller reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.payout_accounts import AccountState
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import Membership, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.scope import Actor
from safeconduct.protections.accounts.payout.errors import NothingThere, PayoutRefused, said
from safeconduct.protections.accounts.payout.models import PayoutContest, PayoutProposal, Proposed


@said
def confirm_holder(account_id: str, staff: Actor, *, matches: bool, at: datetime) -> AccountState:
    """The bank's answer about whose account it is, as a person of the staff got it. It then waits, or goes to a person.

    Raises PayoutRefused, NothingThere.
    """
    _needs_reasons(staff)
    _not_their_own(payout_reading.account(account_id).seller_key, staff)
    return payout_accounts.verified(account_id, staff, name_matches=matches, at=at)


@said
def judge(account_id: str, staff: Actor, *, allow: bool, at: datetime) -> AccountState:
    """Rules on a doubtful account; an objection of the seller is answered by the same reasons.

    Raises PayoutRefused, NothingThere.
    """
    _not_their_own(payout_reading.account(account_id).seller_key, staff)
    state = payout_accounts.rule(account_id, staff, allow=allow, at=at)
    PayoutContest.objects.filter(account_id=account_id, answered_at=None).update(
        answered_at=at, answered_by=staff.id, answer=staff.why
    )
    return state


@dataclass(frozen=True, slots=True)
class Number:
    """The whole number of an account and its holder, to be compared with what the bank says."""

    number: str
    holder: str


@said
def read_number(account_id: str, staff: Actor, *, at: datetime) -> Number:
    """Opens an account's number for a person of the staff. The seller sees that it was read. Raises NothingThere."""
    one = payout_reading.account(account_id)
    facts = {"account": one.id, "last4": one.last4}
    security_events.note([Happened("payout_number_read", Level.NOTICE, None, one.seller_key, facts)], staff, at)
    return Number(*payout_reading.number_of(account_id))


@said
def propose(kind: Proposed, target: str, staff: Actor, *, at: datetime) -> str:
    """The first of two people: what should be done, and why. Returns the proposal's id; one that is open stays.

    Raises PayoutRefused, NothingThere.
    """
    _needs_reasons(staff)
    if kind is Proposed.END_STOP:
        stop = payout_reading.stop(target)
        if target not in {one.id for one in payout_reading.stops_of(stop.seller_key, at)}:
            raise PayoutRefused(_("This stop has ended already. Load the page again."))
        seller_key = stop.seller_key
    else:
        one = payout_reading.account(target)
        if one.state is not AccountState.FROZEN:
            raise PayoutRefused(_("This account is not out of use. Load the page again."))
        seller_key = one.seller_key
    _not_their_own(seller_key, staff)
    made = PayoutProposal(
        id=new_id("pps"), kind=kind, target=target, seller_key=seller_key, proposed_by=staff.id, why=staff.why.strip(),
        at=at,
    )  # fmt: skip
    PayoutProposal.objects.bulk_create([made], ignore_conflicts=True)
    return PayoutProposal.objects.get(target=target, closed_at=None).id


@said
def agree(proposal_id: str, staff: Actor, *, at: datetime) -> Proposed:
    """The second person: does what was proposed, under both names. Raises PayoutRefused, NothingThere."""
    proposal = _open(proposal_id)
    if proposal.proposed_by == staff.id:
        raise PayoutRefused(_("A second person has to agree: whoever proposed it cannot."))
    _not_their_own(proposal.seller_key, staff)
    proposer = User.objects.filter(id=proposal.proposed_by).first()
    if proposer is None or not proposer.may(StaffRole.LEAD):
        raise PayoutRefused(_("Whoever proposed this may not do it any more. Withdraw it, and propose it anew."))
    first = Actor(proposer.id, proposer.staff_role, proposal.why)
    if proposal.kind == Proposed.END_STOP:
        payout_accounts.end_stop(proposal.target, first, staff.id, at=at)
    else:
        payout_accounts.thaw(proposal.target, first, staff.id, at=at)
    _close(proposal, staff, at, agreed=True)
    return Proposed(proposal.kind)


def withdraw(proposal_id: str, staff: Actor, *, at: datetime) -> None:
    """Nothing is done; anybody who could agree, or who proposed it, may. Raises NothingThere."""
    _close(_open(proposal_id), staff, at, agreed=False)


def _open(proposal_id: str) -> PayoutProposal:
    found = PayoutProposal.objects.select_for_update().filter(id=proposal_id, closed_at=None).first()
    if found is None:
        raise NothingThere(_("There is nothing here. Somebody may have been faster: load the list again."))
    return found


def _close(proposal: PayoutProposal, staff: Actor, at: datetime, *, agreed: bool) -> None:
    proposal.closed_at, proposal.closed_by, proposal.agreed = at, staff.id, agreed
    proposal.save(update_fields=["closed_at", "closed_by", "agreed"])


def _not_their_own(seller_key: int, staff: Actor) -> None:
    """Nobody judges where a shop is paid for which they act themselves, or did."""
    if Membership.objects.filter(person_id=staff.id, seller_key=seller_key).exists():
        raise PayoutRefused(_("You act for this shop yourself, or did. Ask a colleague who never has."))


def _needs_reasons(staff: Actor) -> None:
    if not staff.why.strip():
        raise PayoutRefused(_("Say the reasons: the seller reads them."))

"""A seller's claim on the fund for a return: who may file it, for how much, who decides; the money is in `money`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel import locks
from safeconduct.kernel.cases import machine, opening, seats
from safeconduct.kernel.cases.evidence import exhibit, of_case
from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.opening import PartyIn
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor
from safeconduct.protections.returns.actions import find, terms_of
from safeconduct.protections.returns.errors import ReimbursementRefused
from safeconduct.protections.returns.models import Reimbursement, Return, ReturnLine
from safeconduct.protections.returns.words import Claimed, Reception

KIND: Final = "return-reimbursement"
_REFUNDS: Final = (Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN)
_BASIS: Final = 10_000


def file(return_id: str, ground: Claimed, actor: Actor, *, at: datetime) -> Reimbursement:
    """Opens the seller's claim; the same again is the claim that is there. ``actor.why``: the seller's words.

    Raises ReimbursementRefused where nothing was paid back at the seller's cost, it is too late, or a carrier owes it.
    """
    returned = find(return_id)
    locks.orders_in_trouble([returned.order_key])  # of two windows that file at once, the second finds what is there
    there = Reimbursement.objects.filter(returned_id=returned.id).first()
    if there is not None:
        return there
    most = most_of(returned, ground, at)
    about = new_id("rmb")
    (case_id,) = opening.open_cases(
        [
            opening.Opening(
                f"{KIND}/{returned.id}", KIND, returned.seller_key, (PartyIn(Role.SELLER, returned.seller_key),), actor,
                Role.SELLER, about=about, order_key=returned.order_key, amount_minor=most, currency=returned.currency,
                facts={"ground": ground.value, "return": returned.id},
            )
        ],
        at=at,
    )  # fmt: skip
    exhibit(case_id, [piece.id for piece in of_case(returned.case_id)], actor, at=at)
    return Reimbursement.objects.create(
        id=about, returned=returned, case_id=case_id, seller_key=returned.seller_key, ground=ground, most_minor=most,
        currency=returned.currency, filed_at=at,
    )  # fmt: skip


def most_of(returned: Return, ground: Claimed, at: datetime) -> int:
    """What the terms allow for a ground, in minor units. Raises ReimbursementRefused where nothing."""
    terms = terms_of(returned)
    paid = StoredOutcome.objects.filter(remedy__in=_REFUNDS, liability=Liability.SELLER)
    standing = Case.objects.filter(id=returned.case_id).values("outcome_id")
    last = paid.filter(id__in=standing).only("amount_minor", "at").first()
    if last is None or not last.amount_minor:
        raise ReimbursementRefused(_("Nothing of this return was paid back at your cost; there is nothing to claim."))
    if at > last.at + timedelta(days=terms.file_within_days + 1):
        raise ReimbursementRefused(
            _("A claim is filed within %(n)s days of the refund; this one is over.") % {"n": terms.file_within_days}
        )
    lines = list(ReturnLine.objects.filter(returned_id=returned.id))
    if any(line.reception == Reception.LOST_IN_TRANSIT for line in lines):
        raise ReimbursementRefused(_("The carrier lost it: the carrier owes it, and its claim is the one to make."))
    most = min(last.amount_minor, terms.fund_most.get(returned.currency, 0))
    if ground is Claimed.DAMAGE:
        most = most * terms.damage_most_bp // _BASIS
    if not most:
        raise ReimbursementRefused(
            _("The fund has no limit for %(currency)s yet; ask the marketplace.") % {"currency": returned.currency}
        )
    return most


def decide(
    claim: Reimbursement, person: User, role: Role, amount_minor: int, says: Sentence, *, at: datetime,
    considered: tuple[str, ...] = (), seen_step: int | None = None, instead_of: str | None = None,
) -> Moved:  # fmt: skip
    """A named person decides the claim; the fund pays with the step. ``amount_minor``: zero refuses, with reasons.
    ``instead_of``: whom the person saw in the seat (as `seats.take`)."""
    seats.take(claim.case_id, person, role, at=at, instead_of=instead_of)
    paid = amount_minor > 0
    outcome = Outcome(
        Remedy.REIMBURSE if paid else Remedy.NOTHING, Liability.FUND if paid else Liability.NOBODY,
        Standing.DOES_NOT_COUNT, f"return-reimbursement/{claim.ground}", claim.returned.terms, says,
        amount_minor=amount_minor if paid else None, currency=claim.currency if paid else "", considered=considered,
    )  # fmt: skip
    name = "rule" if role is Role.REVIEWER else "decide"
    move = Move(claim.case_id, name, Actor(person.id, role.value), role, outcome, seen_step)
    (moved,) = machine.transition([move], at=at)
    return moved

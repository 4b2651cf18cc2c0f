"""Conditions of a dispute's steps, and what is kept beside a case when it takes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.models import CaseMessage
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import Liability, MessageKind, OfferState, Remedy, Role
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Dispute

#: Types of claim in which no goods are with the buyer to be sent back, or none are at issue.
_NOTHING_TO_RETURN: Final = frozenset({ClaimType.NOT_RECEIVED, ClaimType.REFUND_NOT_PAID})
#: What somebody can decide about a dispute, in the order of the panel.
DECIDED: Final = (
    Remedy.NOTHING, Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT,
)  # fmt: skip


def amount_in_dispute(moved: Sequence[Moved], at: datetime) -> Mapping[str, str]:
    """Refuses outcomes that a dispute cannot have: another currency, more than is in dispute, a refund by nobody."""
    found = {}
    for one in moved:
        problem = _problem(one)
        if problem:
            found[one.case_id] = problem
    return found


def _problem(one: Moved) -> str:
    given = one.move.outcome
    assert given is not None
    if given.remedy not in DECIDED:
        return _("a dispute ends with one of %(names)s") % {"names": ", ".join(sorted(DECIDED))}
    if given.amount_minor is None:
        return ""
    if given.currency != one.case["currency"]:
        return _("this dispute is in %(currency)s") % {"currency": one.case["currency"]}
    if given.amount_minor > one.case["amount_minor"]:
        return _("at most %(n)s minor units are in dispute") % {"n": one.case["amount_minor"]}
    if given.amount_minor and given.liability in (Liability.NOBODY, Liability.BUYER, Liability.RIGHTS_OWNER):
        return _("somebody pays a refund: the seller, the carrier, the platform, the fund, or several")
    return ""


def proposal_made(moved: Sequence[Moved], at: datetime) -> Mapping[str, str]:
    """Refuses to ask both sides for their answer to a proposal that nobody has made."""
    made = set(
        CaseMessage.objects.filter(
            case_id__in=[one.case_id for one in moved], kind=MessageKind.PROPOSAL, offer_state=OfferState.OPEN
        ).values_list("case_id", flat=True)
    )
    told = _("there is no proposal yet: say what both would settle for")
    return {one.case_id: told for one in moved if one.case_id not in made}


def within_law(moved: Sequence[Moved], at: datetime) -> Mapping[str, str]:
    """Refuses a refund at the seller's cost without a return where law forbids the platform to force one, whether a
    person decides it or a preset for the seller's silence. Where nothing was received, or a refund was promised
    already, there is nothing to send back."""
    costly = {one.case_id: one for one in moved if _forced(one)}
    kinds = dict(Dispute.objects.filter(case_id__in=costly).values_list("case_id", "type"))
    found = {}
    for case_id, one in costly.items():
        countries = {party["role"]: party["country"] for party in one.parties}
        route = Route(countries.get(Role.BUYER, ""), countries.get(Role.SELLER, ""), one.case["route"])
        law = floors.of_matter("refund_without_return", route, at.date())
        if law and kinds.get(case_id) not in _NOTHING_TO_RETURN:
            found[case_id] = _(
                "the platform may not force a refund without a return here (%(law)s); decide a refund when the"
                " goods are back, or who else bears it"
            ) % {"law": law[0].source}
    return found


def _forced(one: Moved) -> bool:
    given = one.move.outcome or one.step.ending
    return given is not None and given.remedy is Remedy.REFUND and given.liability is Liability.SELLER


def keep_up(moved: Sequence[Moved], at: datetime) -> None:
    """Notes the end of disputes whose cases are closed."""
    over = [one.case_id for one in moved if one.changed and one.target.ends]
    if over:
        Dispute.objects.filter(case_id__in=over, ended_at=None).update(ended_at=at)

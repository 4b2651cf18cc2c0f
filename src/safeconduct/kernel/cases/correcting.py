"""The new decision after an outside body has found for who turned to it: beside the earlier one, never an edit.

What the buyer has got stays with the buyer. After a finding for a seller it changes who bears it and whether it counts;
of a claim on the fund, how much is paid. After a finding for a buyer it changes how much the buyer gets; the
marketplace bears what is more, because the seller's part is decided and its own ways to appeal are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import machine, writing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchReferral, ReferralOver
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.models import Referral
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, ReferralState, Remedy, Role, Standing, Status
from safeconduct.kernel.cases.workflow import OUTSIDE, Sentence
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import Actor

#: Outcomes that move money to the buyer; of others only the seller's figures can be put right.
_TO_THE_BUYER: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN})


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the marketplace decides now. ``seller_minor``: of a refund, what the seller still bears; of a claim on the
    fund, what the seller gets. ``buyer_minor``: what the buyer gets in all, where the buyer had turned outside.
    ``facts``: why, for both sides to read."""

    seller_minor: int
    standing: Standing
    facts: Sentence
    buyer_minor: int = 0


def decide(referral_id: str, given: Corrected, person: User, *, at: datetime) -> Moved:
    """Decides anew, in the reviewer's seat that the person has. Above the workflow's amount a second person confirms.

    Raises NoSuchReferral, ReferralOver, CaseMalformed, SeatTaken, and what `machine.transition` does.
    """
    case_id = Referral.objects.filter(id=referral_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NoSuchReferral(referral_id)
    case, made = machine.locked([case_id])[case_id], Referral.objects.select_related("body").get(id=referral_id)
    if made.state != ReferralState.ANSWERED or made.nothing_follows or made.followed:
        raise ReferralOver(_("No finding waits here for what the marketplace makes of it."))
    if case["status"] != Status.CLOSED:
        raise ReferralOver(_("The case still runs its own way; decide anew when it is closed."))
    before = writing.outcomes_of([case["outcome_id"]])[case["outcome_id"]]
    outcome = outcome_after(before, given, case, made)
    actor = Actor(person.id, Role.REVIEWER.value)
    (moved,) = machine.transition([Move(case_id, OUTSIDE, actor, Role.REVIEWER, outcome)], at=at)
    return moved


def outcome_after(before: Mapping[str, Any], given: Corrected, case: Mapping[str, Any], made: Referral) -> Outcome:
    """The outcome that replaces one. Raises CaseMalformed where it would cost the seller more, or changes nothing."""
    if given.standing is Standing.COUNTS and before["standing"] != Standing.COUNTS:
        raise CaseMalformed("standing", _("did not count before, and does not count now"))
    remedy, amount, bears = Remedy(before["remedy"]), before["amount_minor"], _bearing(before)
    if made.referred_role == Role.BUYER:
        remedy, amount, bears = _for_the_buyer(before, given.buyer_minor, case)
    elif Remedy.REIMBURSE in kind_of(case["kind"]).remedies:
        if given.seller_minor <= (amount or 0):
            raise CaseMalformed("seller_minor", _("is more than what was paid before"))
        remedy, amount, bears = Remedy.REIMBURSE, given.seller_minor, {Liability.FUND.value: given.seller_minor}
    elif remedy in _TO_THE_BUYER:
        bore = bears.get(Liability.SELLER, 0)
        if not 0 <= given.seller_minor <= bore:
            raise CaseMalformed("seller_minor", _("is between nothing and what the seller bore before"))
        platform = bears.get(Liability.PLATFORM, 0) + bore - given.seller_minor
        bears = {**bears, Liability.SELLER.value: given.seller_minor, Liability.PLATFORM.value: platform}
    bears = {who: minor for who, minor in bears.items() if minor} or bears
    now = (remedy, amount, bears, given.standing)
    if now == (before["remedy"], before["amount_minor"], _bearing(before), before["standing"]):
        raise CaseMalformed("seller_minor", _("is as it was; say instead why the finding is not followed"))
    alone = len(bears) == 1
    return Outcome(
        remedy, Liability(next(iter(bears))) if alone else Liability.SHARED, given.standing, f"outside/{made.body.way}",
        made.body_id, given.facts, amount_minor=amount,
        currency="" if amount is None else before["currency"] or case["currency"], shares={} if alone else bears,
    )  # fmt: skip


def _for_the_buyer(
    before: Mapping[str, Any], buyer_minor: int, case: Mapping[str, Any]
) -> tuple[Remedy, int, dict[str, int]]:  # fmt: skip
    """More for the buyer, which the marketplace bears. Raises CaseMalformed where it is no more, or more than all."""
    got = Remedy(before["remedy"]) in _TO_THE_BUYER
    had, most = (before["amount_minor"] or 0) if got else 0, case["amount_minor"] or 0
    if not had < buyer_minor <= most:
        raise CaseMalformed("buyer_minor", _("is more than what the buyer got before, and at most what is at stake"))
    bears = _bearing(before) if got else {}
    bears[Liability.PLATFORM.value] = bears.get(Liability.PLATFORM, 0) + buyer_minor - had
    return Remedy.REFUND if buyer_minor == most else Remedy.PARTIAL_REFUND, buyer_minor, bears


def _bearing(outcome: Mapping[str, Any]) -> dict[str, int]:
    """Who bears how much by an outcome, in minor units."""
    return dict(outcome["shares"]) or {str(outcome["liability"]): int(outcome["amount_minor"] or 0)}

"""Conditions of a dispute's steps, and what is kept beside a case when it takes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from safeconduct.kernel.cases.machine import Moved
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.protections.disputes.models import Dispute

#: What somebody can decide about a dispute.
DECIDED: Final = frozenset(
    {Remedy.NOTHING, Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT}
)


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
        return f"a dispute ends with one of {', '.join(sorted(DECIDED))}"
    if given.amount_minor is None:
        return ""
    if given.currency != one.case["currency"]:
        return f"this dispute is in {one.case['currency']}"
    if given.amount_minor > one.case["amount_minor"]:
        return f"at most {one.case['amount_minor']} minor units are in dispute"
    if given.amount_minor and given.liability in (Liability.NOBODY, Liability.BUYER, Liability.RIGHTS_OWNER):
        return "somebody pays a refund: the seller, the carrier, the platform, the fund, or several"
    return ""


def keep_up(moved: Sequence[Moved], at: datetime) -> None:
    """Notes the end of disputes whose cases are closed."""
    over = [one.case_id for one in moved if one.changed and one.target.ends]
    if over:
        Dispute.objects.filter(case_id__in=over, ended_at=None).update(ended_at=at)

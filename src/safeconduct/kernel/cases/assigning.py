"""Who looks after a case. It is no seat: who looks after a case decides nothing by that. In a staff scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.errors import NoSuchCase, NotAssigned
from safeconduct.kernel.cases.machine import locked
from safeconduct.kernel.cases.models import CaseAssignment
from safeconduct.kernel.cases.words import Status
from safeconduct.kernel.parties.models import Membership, StaffRole, User


def assign(case_id: str, person: User, by: User, *, at: datetime) -> CaseAssignment:
    """Gives a case to a person; who had it has it no more. The same once more changes nothing.

    Everybody of the staff can give a case to themselves, a lead to others. Raises NoSuchCase, NotAssigned.
    """
    case = locked([case_id]).get(case_id)
    if case is None:
        raise NoSuchCase(case_id)
    if case["status"] == Status.CLOSED:
        raise NotAssigned(closed())
    refused = refusal(person, by)
    if refused:
        raise NotAssigned(refused)
    if Membership.objects.filter(person=person, seller_key=case["seller_key"]).exists():
        raise NotAssigned(acts_for_the_seller(person))
    held = CaseAssignment.objects.filter(case_id=case_id, ended_at=None).first()
    if held is not None and held.person_id == person.id:
        return held
    CaseAssignment.objects.filter(case_id=case_id, ended_at=None).update(ended_at=at)
    return CaseAssignment.objects.create(id=new_id("cag"), case_id=case_id, person=person, assigned_by=by, at=at)


def release(person: User, *, at: datetime) -> int:
    """Takes all cases from a person who leaves the marketplace; returns how many. Others can have them now."""
    return CaseAssignment.objects.filter(person=person, ended_at=None).update(ended_at=at)


def refusal(person: User, by: User) -> str:
    """Why this person cannot give cases to that one; "" where they can."""
    if not person.may(StaffRole.ANALYST):
        return _("%(who)s is not of the staff any more.") % {"who": person}
    if person.id != by.id and not by.may(StaffRole.LEAD):
        return _("Only a lead gives cases to somebody else.")
    return ""


def closed() -> str:
    """What is said of a case that nobody looks after any more."""
    return _("The case is closed.")


def acts_for_the_seller(person: User) -> str:
    """What is said of a person who acts, or has acted, for a case's seller."""
    return _("%(who)s acts or has acted for this seller.") % {"who": person}


def of_cases(case_ids: Sequence[str]) -> Mapping[str, CaseAssignment]:
    """Case → who looks after it, for those that somebody looks after. One query."""
    rows = CaseAssignment.objects.filter(case_id__in=list(case_ids), ended_at=None).select_related("person")
    return {row.case_id: row for row in rows}

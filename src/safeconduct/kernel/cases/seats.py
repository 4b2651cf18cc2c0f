"""Who mediates, decides, reviews, confirms, reviews blind: each another person, none of a party. In a staff scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchCase, SeatHeld, SeatTaken
from safeconduct.kernel.cases.machine import locked
from safeconduct.kernel.cases.models import Referral, Seat
from safeconduct.kernel.cases.words import SEATS, ReferralState, Role, Status
from safeconduct.kernel.parties.models import Membership, StaffRole, User


def take(case_id: str, person: User, role: Role, *, at: datetime, instead_of: str | None = None) -> Seat:
    """Gives a person a seat in a case; whoever had it leaves it, and never gets another in this case.

    ``instead_of``: whom the person saw in the seat, "" for nobody; None where whoever has it is to leave it. Raises
    NoSuchCase, CaseMalformed (no such seat, or the case is closed), SeatHeld where somebody has it who was not seen in
    it, SeatTaken where the person is no staff, has another seat in it, or acts for its seller. The table's key refuses
    the second seat as well.
    """
    if role not in SEATS:
        raise CaseMalformed("role", f"there is no seat {role}; there are {', '.join(sorted(SEATS))}")
    case = locked([case_id]).get(case_id)
    if case is None:
        raise NoSuchCase(case_id)
    if case["status"] == Status.CLOSED and role is not Role.BLIND_REVIEWER and not _answered_outside(case_id):
        raise CaseMalformed("case", _("is closed; nobody decides anything in it any more"))
    if not person.may(StaffRole.ANALYST):
        raise SeatTaken(_("only staff of the marketplace mediates, decides or reviews"))
    if Membership.objects.filter(person=person, seller_key=case["seller_key"]).exists():
        raise SeatTaken(_("who acts or has acted for this seller cannot judge its cases; assign somebody else"))
    held = Seat.objects.filter(case_id=case_id, person=person).first()
    if held is not None:
        if held.role == role and held.left_at is None:
            return held
        raise SeatTaken(
            _("this person has been %(role)s in this case; assign somebody who has not") % {"role": held.role}
        )
    holder = Seat.objects.filter(case_id=case_id, role=role, left_at__isnull=True).select_related("person").first()
    if holder is not None:
        if instead_of is not None and holder.person_id != instead_of:
            raise SeatHeld(str(holder.person), holder.at)
        Seat.objects.filter(case_id=case_id, person=holder.person_id).update(left_at=at)
    return Seat.objects.create(case_id=case_id, person=person, role=role.value, at=at)


def _answered_outside(case_id: str) -> bool:
    """Whether an outside body has answered, and the marketplace has not said yet what it makes of that."""
    return Referral.objects.filter(case_id=case_id, state=ReferralState.ANSWERED, followed="").exists()


def holders(case_ids: Sequence[str]) -> Mapping[tuple[str, Role], User]:
    """(case, seat) → who has it now. One query."""
    rows = Seat.objects.filter(case_id__in=list(case_ids), left_at__isnull=True).select_related("person")
    return {(seat.case_id, Role(seat.role)): seat.person for seat in rows}


def leave(case_id: str, person: User, *, at: datetime) -> None:
    """Gives a seat back; the person does not get another in this case. Raises SeatTaken where they have none."""
    if not Seat.objects.filter(case_id=case_id, person=person, left_at__isnull=True).update(left_at=at):
        raise SeatTaken(_("this person has no seat in this case"))


def release(person: User, *, at: datetime) -> int:
    """Gives back the seats of a person who leaves the marketplace; returns how many. A blind review that they have not
    given stays theirs until somebody else takes it."""
    held = Seat.objects.filter(person=person, left_at__isnull=True).exclude(role=Role.BLIND_REVIEWER)
    return held.update(left_at=at)

"""Looking as a seller: a member of staff sees a seller's pages as the seller does, and changes nothing.

Signal S26 (a proposal of ours, 2026-11-23): read only, a banner, half an hour, a written reason, and the seller
is told. Who looks is a member of staff all the time: nothing is done in the name of the seller. Every verb needs a
scope of staff.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.parties.errors import LookRefused
from safeconduct.kernel.parties.models import Seller, StaffLook, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor

#: How long one look lasts at most.
LASTS: Final = timedelta(minutes=30)
SHORTEST_WHY, LONGEST_WHY = 10, 300
#: Where a session keeps which look it is in.
SESSION_KEY: Final = "staff_look"


def begin(person: User, seller_key: int, why: str, *, at: datetime) -> StaffLook:
    """Lets a lead or an administrator look at a seller's pages; an earlier look of theirs ends. The caller tells the
    seller (notice `staff.looked`); the seller's security log says it at once. Raises LookRefused.
    """
    why = " ".join(why.split())
    if not person.may(StaffRole.LEAD):
        raise LookRefused("only leads and administrators look as a seller; ask one of them")
    if not SHORTEST_WHY <= len(why) <= LONGEST_WHY:
        raise LookRefused(
            f"write why, in {SHORTEST_WHY} to {LONGEST_WHY} letters: the seller reads it, and so do those who check"
        )
    if not Seller.objects.filter(key=seller_key).exists():
        raise LookRefused("there is no such seller")
    # Who opens two at the same instant waits for the other, and ends it.
    User.objects.select_for_update().get(id=person.id)
    StaffLook.objects.filter(person=person, ended_at__isnull=True).update(ended_at=at)
    look = StaffLook.objects.create(person=person, seller_key=seller_key, why=why, started_at=at, ends_at=at + LASTS)
    facts = {"look": look.id, "until": look.ends_at.isoformat()}
    note([Happened("staff_looking", Level.NOTICE, seller_key=seller_key, facts=facts)], _actor(look, person), at)
    return look


def current(look_id: str, person: User, *, at: datetime) -> StaffLook | None:
    """The look, as long as it lasts and the person may look."""
    look = StaffLook.objects.filter(id=look_id, person=person, ended_at__isnull=True, ends_at__gt=at).first()
    return look if look is not None and person.may(StaffRole.LEAD) else None


def read(look: StaffLook, person: User, page: str, *, at: datetime) -> None:
    """Writes down that a page was opened; ``page``: the name of its address, which holds no id."""
    facts = {"look": look.id, "page": page}
    note([Happened("staff_read", seller_key=look.seller_key, facts=facts)], _actor(look, person), at)


def end(look_id: str, person: User, *, at: datetime) -> StaffLook | None:
    """Ends a look before its time; None where there is none that lasts."""
    look = StaffLook.objects.select_for_update().filter(id=look_id, person=person, ended_at__isnull=True).first()
    if look is None:
        return None
    look.ended_at = min(at, look.ends_at)
    look.save(update_fields=["ended_at"])
    note([Happened("staff_look_ended", seller_key=look.seller_key, facts={"look": look.id})], _actor(look, person), at)
    return look


def _actor(look: StaffLook, person: User) -> Actor:
    return Actor(person.id, person.staff_role, look.why)

"""Investigations: for their time a seller is not shown what the staff reads about them, and afterwards is, with why.

An embargo has a basis and an end, is never put off, and can be ended early. It hides readings made while it runs, none
from before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import Seller, StaffRole, User
from safeconduct.kernel.readings.errors import EmbargoEnded, EmbargoMalformed, LeadNeeded, NoSuchSellerHere
from safeconduct.kernel.readings.models import Embargo
from safeconduct.kernel.scope import query

_BATCH: Final = 1000


def begin(seller_key: int, basis: str, why: str, until: datetime, lead: User, at: datetime) -> Embargo:
    """Hides from a seller, until a time, what the staff reads about them from now on.

    ``basis``: the law or rule that allows it, which the seller reads afterwards; ``why``: for the staff. Raises
    LeadNeeded, NoSuchSellerHere, EmbargoMalformed. In a scope of the staff.
    """
    if not lead.may(StaffRole.LEAD):
        raise LeadNeeded
    basis, why = basis.strip(), why.strip()
    if not 0 < len(basis) <= 200:
        raise EmbargoMalformed("basis", _("Name the law or rule that allows it, in at most 200 letters."))
    if not 0 < len(why) <= 2000:
        raise EmbargoMalformed("why", _("Say what is investigated, in at most 2000 letters."))
    if until <= at:
        raise EmbargoMalformed("until", _("The end lies in the past; give a day that is still to come."))
    if not Seller.objects.filter(key=seller_key).exists():
        raise NoSuchSellerHere
    return Embargo.objects.create(
        id=new_id("emb"), seller_key=seller_key, basis=basis, why=why, begun_at=at, until=until, set_by=lead.id,
        ended_by="",
    )  # fmt: skip


def end(embargo_id: str, lead: User, at: datetime) -> Embargo:
    """Ends one early. Raises LeadNeeded, EmbargoEnded. In a scope of the staff."""
    if not lead.may(StaffRole.LEAD):
        raise LeadNeeded
    found = Embargo.objects.select_for_update().filter(id=embargo_id).first()
    if found is None or found.ended_at is not None or found.until <= at:
        raise EmbargoEnded
    found.ended_at, found.ended_by = at, lead.id
    found.save(update_fields=["ended_at", "ended_by"])
    return found


def lift(now: datetime) -> int:
    """Shows their sellers the readings whose embargo has ended; how many, at most a batch. In a scope of the engine."""
    return query(
        "UPDATE reading SET seller_key = concerns WHERE id IN (SELECT r.id FROM reading r"
        " JOIN reading_embargo e ON e.id = r.embargo_id WHERE r.seller_key IS NULL AND r.embargo_id IS NOT NULL"
        " AND coalesce(e.ended_at, e.until) <= %s ORDER BY r.id LIMIT %s)",
        [now, _BATCH],
    ).rowcount


def running(at: datetime, *, limit: int = 100) -> list[Embargo]:
    """The embargoes that run, those that end first before the others. In a scope of the staff."""
    return list(Embargo.objects.filter(until__gt=at, ended_at=None).order_by("until", "id")[:limit])

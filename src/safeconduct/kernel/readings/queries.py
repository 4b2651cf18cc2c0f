"""Who looked, in pages: what a seller sees of it, and what the staff may search. Lists are cut by cursor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.readings.log import Side
from safeconduct.kernel.readings.models import Reading

_NEWEST: Final = Order("id", descending=True)
#: What the login of sellers may read of a row.
_SHOWN: Final = (
    "id", "seller_key", "concerns", "subject_key", "order_key", "fields", "scene", "why", "batch", "side", "role",
    "alias", "embargo_basis", "at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sought:
    """Which readings. Everything left out is not asked for. ``seller_key``: whose data; ``actor``: an id of a person
    or machine; ``since`` and ``until``: from then on, before then."""

    seller_key: int | None = None
    actor: str = ""
    order_key: int | None = None
    subject_key: int | None = None
    scene: str = ""
    side: str = ""
    since: datetime | None = None
    until: datetime | None = None


def of_seller(
    seller_key: int, side: str = "", *, after: str = "", before: str = "", size: int = PAGE
) -> Slice[Reading]:  # fmt: skip
    """A page of what was read of a seller's data, the latest first. ``side``: "seller" for their own people, "staff"
    for everybody else. In the scope of the seller."""
    rows = Reading.objects.filter(seller_key=seller_key).only(*_SHOWN)
    if side == Side.SELLER:
        rows = rows.filter(side=side)
    elif side:
        rows = rows.exclude(side=Side.SELLER)
    return page(rows, _NEWEST, after=after, before=before, size=size)


def search(
    sought: Sought, *, embargoed: bool, after: str = "", before: str = "", size: int = PAGE
) -> Slice[Reading]:  # fmt: skip
    """A page of all readings, the latest first. ``embargoed``: also those that an investigation hides from sellers. In
    a scope of the staff."""
    rows = _fitting(sought)
    if not embargoed:
        rows = rows.filter(Q(seller_key__isnull=False) | Q(concerns__isnull=True))
    return page(rows, _NEWEST, after=after, before=before, size=size)


def orders_read(sought: Sought, *, limit: int) -> set[int]:
    """The orders of which something was read, also what an investigation hides; at most so many. In a scope of the
    staff."""
    rows = _fitting(sought).exclude(order_key=None).order_by("order_key").values_list("order_key", flat=True)
    return {key for key in rows.distinct()[:limit] if key is not None}


def _fitting(sought: Sought) -> QuerySet[Reading]:
    rows = Reading.objects.all()
    for name, value in (
        ("concerns", sought.seller_key), ("actor", sought.actor), ("order_key", sought.order_key),
        ("subject_key", sought.subject_key), ("scene", sought.scene), ("side", sought.side),
        ("at__gte", sought.since), ("at__lt", sought.until),
    ):  # fmt: skip
        if value not in (None, ""):
            rows = rows.filter(**{name: value})
    return rows

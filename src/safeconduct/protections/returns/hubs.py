"""Where a parcel goes: to a local address of the marketplace, by the rule written here, or to an address of the seller.

The rule (docs/protections/returns.md says it to people): of the addresses that are in force when the return begins
here, that take parcels from the buyer's country and goods of this category, the first one

1. that stands in the buyer's own country, before one abroad;
2. that names this category, before one that takes all goods;
3. that serves fewer countries, before one that serves more;
4. by its code.

Goods of which no category was told go only where all goods are taken. The later word holds: where the seller has named
an address of their own after a local one was offered, returns go there, until the seller chooses the local one again.
Goods that must not travel go nowhere, and what customs refused comes back by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Min, Q, QuerySet

from safeconduct.kernel.cases.words import Status
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.protections.returns.models import Hub, Return
from safeconduct.protections.returns.words import Reason

#: How many can be in force at a time, so that a choice reads few rows.
MOST_HUBS: Final = 500
#: States in which a parcel has not set out yet.
NOT_SENT: Final = ("requested", "authorised")


def in_force(at: datetime) -> list[Hub]:
    """The local addresses in force at a time, by code. One query."""
    return list(_at(at).order_by("code"))


def serving(hubs: Sequence[Hub], returned: Return) -> list[Hub]:
    """Those that take the goods of a return, in the order of the rule: the first is chosen."""

    def takes(hub: Hub) -> bool:
        return returned.buyer_country in hub.serves and (not hub.goods or returned.category in hub.goods)

    def rank(hub: Hub) -> tuple[bool, bool, int, str]:
        return hub.country != returned.buyer_country, not hub.goods, len(hub.serves), hub.code

    return sorted(filter(takes, hubs), key=rank)


def send(fresh: Collection[Return], at: datetime) -> None:
    """Says of new returns where they go: by the rule, or as their sellers have said. Four queries, however many."""
    travelling = [one for one in fresh if not one.no_travel]
    if not travelling:
        return
    hubs, opened = in_force(at), _opened()
    said, own = _said(travelling), _own(travelling)
    for one in travelling:
        shop = (one.seller_key, one.buyer_country)
        word = said[shop] if shop in said and said[shop].own else None
        chosen = None if one.reason == Reason.CUSTOMS_REFUSED else next(iter(serving(hubs, one)), None)
        if chosen is not None and (word is None or word.at < opened[chosen.code]):
            one.send_to, one.hub, one.at_hub = chosen.address, chosen.name, chosen
        elif word is not None:
            one.send_to, one.hub = word.send_to, word.name
        else:
            one.send_to, one.hub = own.get(shop, ("", ""))


def choices(returned: Return, at: datetime) -> list[Hub]:
    """The local addresses to which the seller can have this return sent, in the order of the rule."""
    return [] if returned.no_travel else serving(in_force(at), returned)


def listed(*, ended: bool, at: datetime, after: str = "", before: str = "", size: int = 50) -> Slice[Hub]:
    """Local addresses that are in force or begin later, or those that have ended; the newest first."""
    over = Q(until_at__lte=at)
    rows = Hub.objects.filter(over if ended else ~over).select_related("named_by", "ended_by")
    return page(rows, Order("since", descending=True), after=after, before=before, size=size)


def still_to_come(hub_ids: Collection[str]) -> dict[str, int]:
    """Local address → how many returns are told to go there and have not been sent yet."""
    rows = query(
        "SELECT r.at_hub_id, count(*) FROM return_file r JOIN case_file c ON c.id = r.case_id"
        " WHERE r.at_hub_id = ANY(%b::text[]) AND c.state = ANY(%s::text[]) AND c.status <> %s GROUP BY 1",
        [sorted(hub_ids), list(NOT_SENT), Status.CLOSED.value],
    )
    return dict(rows.fetchall())


@dataclass(frozen=True, slots=True)
class _Word:
    """What a seller said last of returns from a country: an address of their own, or a local one."""

    send_to: str
    name: str
    own: bool
    at: datetime


def _at(at: datetime) -> QuerySet[Hub]:
    return Hub.objects.filter(Q(until_at=None) | Q(until_at__gt=at), since__lte=at)


def _opened() -> dict[str, datetime]:
    """Code → since when a local address of this code has been offered first, whatever has changed of it since."""
    return dict(Hub.objects.values("code").annotate(first=Min("since")).values_list("code", "first"))


def _said(returns: Collection[Return]) -> dict[tuple[int, str], _Word]:
    rows = query(
        "SELECT w.seller, w.country, r.send_to, r.hub, r.at_hub_id IS NULL, r.directed_at"
        " FROM unnest(%b::bigint[], %s::text[]) AS w(seller, country)"
        " CROSS JOIN LATERAL (SELECT send_to, hub, at_hub_id, directed_at FROM return_file"
        "  WHERE seller_key = w.seller AND buyer_country = w.country AND directed_at IS NOT NULL"
        "  ORDER BY directed_at DESC LIMIT 1) r",
        _shops(returns),
    )
    return {(seller, country): _Word(*said) for seller, country, *said in rows}


def _own(returns: Collection[Return]) -> dict[tuple[int, str], tuple[str, str]]:
    """The seller's own address of the last return from the same country, by shop and country."""
    rows = query(
        "SELECT w.seller, w.country, r.send_to, r.hub FROM unnest(%b::bigint[], %s::text[]) AS w(seller, country)"
        " CROSS JOIN LATERAL (SELECT send_to, hub FROM return_file WHERE seller_key = w.seller"
        "  AND buyer_country = w.country AND send_to <> '' AND at_hub_id IS NULL"
        "  ORDER BY requested_at DESC, id DESC LIMIT 1) r",
        _shops(returns),
    )
    return {(seller, country): (send_to, hub) for seller, country, send_to, hub in rows}


def _shops(returns: Collection[Return]) -> list[list[object]]:
    shops = sorted({(one.seller_key, one.buyer_country) for one in returns})
    return [[seller for seller, _ in shops], [country for _, country in shops]]

"""Legal holds: placed by a named person with a basis and an end; they win over the schedule and over erasure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere, OutOfOrder
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.retention.models import LegalHold

#: A part of a WHERE that is true where no hold is in force; `{seller}` and `{order}` are columns, one parameter: now.
UNHELD: Final = """NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.ended_at IS NULL AND h.until > %s
    AND (h.seller_key = {seller} OR h.order_key = {order}))"""


def place(scope: str, ref: str, basis: str, until: datetime, actor: Actor, *, at: datetime) -> str:
    """Places a hold on a seller or an order (by the shop's id), or a case (by its id). Returns the hold's id."""
    if not basis.strip():
        raise DataSecurityError(_("Name the basis: a court's order, an investigation, a claim."), "basis")
    if until <= at:
        raise DataSecurityError(_("A hold ends in the future; place another one if it has to last longer."), "until")
    hold = LegalHold(
        id=new_id("hld"), scope=scope, ref=ref.strip(), basis=basis.strip(), until=until, placed_by=actor.id,
        placed_at=at,
    )  # fmt: skip
    _find(hold)
    hold.save(force_insert=True)
    history.note([Done(hold.id, "hold_placed", {"scope": scope, "until": until.isoformat()})], actor, at)
    return hold.id


def end(hold_id: str, actor: Actor, *, at: datetime) -> None:
    """Ends a hold before its day, with the reason (`actor.why`); erasures that waited for one are looked at again."""
    hold = LegalHold.objects.select_for_update().filter(id=hold_id).first()
    if hold is None:
        raise NotThere
    if hold.ended_at is not None:
        raise OutOfOrder(_("This hold has ended already."))
    if not actor.why.strip():
        raise DataSecurityError(_("Say why the hold ends."), "why")
    hold.ended_at, hold.ended_by = at, actor.id
    hold.save(update_fields=["ended_at", "ended_by"])
    query(
        "UPDATE data_request SET rest_at = %s WHERE rest_at > %s AND statement @> %s::jsonb",
        [at, at, json.dumps({"kept": [{"why": "legal_hold"}]})],
    )
    history.note([Done(hold.id, "hold_ended")], actor, at)


def in_force(now: datetime) -> list[LegalHold]:
    """The holds that keep something now, the latest first."""
    return list(LegalHold.objects.filter(ended_at=None, until__gt=now).order_by("-placed_at", "-id")[:200])


def latest_of_buyer(buyer_key: int, now: datetime) -> datetime | None:
    """Until when a hold keeps something of a buyer's orders; None where none does."""
    row = query(
        "SELECT max(h.until) FROM legal_hold h JOIN (SELECT DISTINCT e.order_key, e.seller_key FROM fact f"
        " JOIN event e ON e.moment = f.moment WHERE f.buyer = %s) AS o"
        " ON h.seller_key = o.seller_key OR h.order_key = o.order_key WHERE h.ended_at IS NULL AND h.until > %s",
        [buyer_key, now],
    ).fetchone()
    return None if row is None else row[0]


def _find(hold: LegalHold) -> None:
    match hold.scope:
        case "seller":
            hold.seller_key = Seller.objects.filter(ref=hold.ref).values_list("key", flat=True).first()
            found = hold.seller_key is not None
        case "order":
            hold.order_key = lookup("order", hold.ref)
            found = hold.order_key is not None
        case "case":
            case = Case.objects.filter(id=hold.ref).only("id", "order_key").first()
            found = case is not None
            if case is not None:
                hold.case_id, hold.order_key = case.id, case.order_key
        case _:
            found = False
    if not found:
        raise DataSecurityError(_("There is no %(scope)s %(ref)s; write its id as it stands on its page.")
                                % {"scope": hold.scope, "ref": hold.ref or "–"}, "ref")  # fmt: skip

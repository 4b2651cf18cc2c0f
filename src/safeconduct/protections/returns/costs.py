"""Freight and duty of a return: noted by a person or a machine with a paper, and booked by who bears them.

Who bears them follows from the outcome that stands, so the books follow every decision: what was posted for an earlier
one is reversed, never edited, and what is right is posted beside it, each at most once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import machine
from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import query
from safeconduct.protections.returns.bearing import PAID_BY, Borne, Place, bearer, comes_back, events, goes_to_buyer
from safeconduct.protections.returns.errors import CostRefused, NoSuchReturn, ReturnsError
from safeconduct.protections.returns.models import Return, ReturnCost
from safeconduct.protections.returns.words import Cost, Duties, Payer, Reason

_LONGEST_SOURCE: Final = 120
#: More than this, in minor units, is a slip of the hand and not what a parcel costs.
_MOST_MINOR: Final = 10**11
_FREIGHT: Final = frozenset({Cost.RETURN_FREIGHT, Cost.FIRST_LEG})


class _Posted(NamedTuple):
    """What stands at a place of a cost, or stood there: how often something was posted there decides the next key."""

    times: int
    transaction_id: str = ""
    key: str = ""
    event: str = ""
    amount_minor: int = 0


def note(
    return_id: str, by: User | str, kind: Cost, amount_minor: int, paid_by: Payer, source: str, *, at: datetime
) -> ReturnCost:  # fmt: skip
    """Notes what a return cost beside the goods, and who paid it out; the books follow once the return is decided.

    ``by``: a person, or the id of a machine's key. ``source``: the paper that says so, by its name or number. The same
    again changes nothing; another amount or payer takes the place of the first, and what was posted is reversed. Zero
    takes it back. In a staff or engine scope. Raises NoSuchReturn, CostRefused, ReturnsError.
    """
    returned = _held(return_id)
    if not 0 <= amount_minor <= _MOST_MINOR:
        raise CostRefused(_("Write what it cost, as the paper says it; zero takes it back."), "amount")
    if not source.strip() or len(source.strip()) > _LONGEST_SOURCE:
        raise CostRefused(
            _("Name the paper that says so, in at most %(n)s letters: an invoice, a receipt.") % {"n": _LONGEST_SOURCE},
            "source",
        )
    if paid_by not in PAID_BY[kind]:
        raise CostRefused(_("This cost cannot have been paid by them; choose who really paid it."), "paid_by")
    there = ReturnCost.objects.filter(returned_id=returned.id, kind=kind).first()
    given = {"amount_minor": amount_minor, "paid_by": paid_by, "source": source.strip()}
    if there is not None and all(getattr(there, name) == value for name, value in given.items()):
        return there
    if there is not None and (there.recovered_at or there.sent_at):
        raise ReturnsError(_("This has been paid already; what was paid cannot be changed any more."), "amount")
    if there is None and not amount_minor:
        raise CostRefused(_("Write what it cost, as the paper says it; zero takes it back."), "amount")
    by_key = isinstance(by, str)
    noted = {
        **given, "noted_by": None if by_key else by, "noted_key": by if by_key else "", "noted_at": at,
    }  # fmt: skip
    if there is None:
        ReturnCost.objects.create(returned=returned, kind=kind, seller_key=returned.seller_key, **noted)
    else:
        ReturnCost.objects.filter(returned_id=returned.id, kind=kind).update(**noted)
    settle([returned], at)
    return ReturnCost.objects.get(returned_id=returned.id, kind=kind)


def paid(return_id: str, kind: Cost, place: Place, *, at: datetime) -> None:
    """Notes that carrier or customs paid (`Place.BACK`), or that the buyer got what is owed (`Place.SENT`); once, the
    same again changes nothing. In a staff or engine scope. Raises NoSuchReturn, ReturnsError where nobody owes that."""
    returned = _held(return_id)
    cost = ReturnCost.objects.filter(returned_id=returned.id, kind=kind).first()
    looked_at = None if cost is None or not cost.amount_minor else borne(cost, returned, decided=_decided(returned))
    owed = {Place.BACK: comes_back, Place.SENT: goes_to_buyer}.get(place)
    if looked_at is None or owed is None or not owed(looked_at):
        raise ReturnsError(_("Nobody owes this: look at who bears it, and whether the return is decided."), "kind")
    name = "recovered_at" if place is Place.BACK else "sent_at"
    ReturnCost.objects.filter(returned_id=returned.id, kind=kind, **{name: None}).update(**{name: at})
    settle([returned], at)


def settle(returns: Collection[Return], at: datetime) -> None:
    """Brings the books to what these returns' outcomes say about their costs. Called again it posts nothing more."""
    found = {one.id: one for one in returns}
    costs = list(ReturnCost.objects.filter(returned_id__in=found).order_by("returned_id", "kind"))
    if not costs:
        return
    rows = Case.objects.filter(id__in=[one.case_id for one in found.values()], outcome_id__isnull=False)
    decided = set(rows.values_list("id", flat=True))
    ledger.stand_by({(cost.seller_key, found[cost.returned_id].currency) for cost in costs})
    posted = _posted({found[cost.returned_id].order_key for cost in costs})
    entries = []
    for cost in costs:
        returned = found[cost.returned_id]
        wanted = events(borne(cost, returned, decided=returned.case_id in decided)) if cost.amount_minor else {}
        for place in Place:
            start = f"return/{returned.id}/{cost.kind}/{place.value}"
            there, event = posted.get(start, _Posted(0)), wanted.get(place, "")
            amount = cost.amount_minor if event else 0
            if (there.event, there.amount_minor) == (event, amount):
                continue
            if there.event:  # one at a time: a decision is seldom overturned
                ledger.reverse(there.transaction_id, f"{there.key}/reversed", at, f"return {returned.id}")
            if event:
                entries.append(
                    Entry(
                        event, f"{start}/{there.times + 1}", at, returned.currency, returned.seller_key,
                        returned.order_key, {"amount": amount}, f"return {returned.id}",
                    )
                )  # fmt: skip
    ledger.post(entries)


def borne(cost: ReturnCost, returned: Return, *, decided: bool) -> Borne:
    """A cost with who bears it: nobody yet before the return is decided, and the carrier once the carrier has paid."""
    kind = Cost(cost.kind)
    duties = Duties(returned.duties) if returned.duties else None
    bears = bearer(kind, Reason(returned.reason), Payer(returned.freight), duties) if decided else None
    if kind in _FREIGHT and cost.recovered_at:
        bears = Payer.CARRIER
    return Borne(kind, Payer(cost.paid_by), bears, cost.recovered_at is not None, cost.sent_at is not None)


def _decided(returned: Return) -> bool:
    return returned.case.outcome_id is not None


def _held(return_id: str) -> Return:
    """A return with its case, which is locked first (`kernel.locks`)."""
    case_id = Return.objects.filter(id=return_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NoSuchReturn
    machine.locked([case_id])
    return Return.objects.select_related("case").get(id=return_id)


def _posted(order_keys: Collection[int]) -> dict[str, _Posted]:
    """Place of a cost (`return/…/…/…`) → what stands there, and how often something was posted there."""
    found: dict[str, _Posted] = {}
    for key, identity, event, amount, reversed_later in query(
        "SELECT t.key, t.id, t.event, (t.amounts->>'amount')::bigint,"
        " EXISTS (SELECT 1 FROM ledger_transaction r WHERE r.reverses = t.id)"
        " FROM ledger_transaction t WHERE t.order_key = ANY(%b::bigint[]) AND t.key LIKE 'return/%%'"
        " AND t.reverses IS NULL",
        [sorted(order_keys)],
    ):
        start = key.rpartition("/")[0]
        before = found.get(start, _Posted(0))
        # At most one stands, and ids of one millisecond have no order: what is reversed only counts.
        now = before if reversed_later else _Posted(0, identity, key, event, amount)
        found[start] = now._replace(times=before.times + 1)
    return found

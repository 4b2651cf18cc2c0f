"""The demo's freight and duty: what a tenth of the returns cost beside the goods, noted by the staff from its papers.

Which returns, how much and who paid follows from the order's number, so that the same world has the same costs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safeconduct.cli.demo_known import Desk, Known
    from safeconduct.protections.returns.models import Return
    from safeconduct.protections.returns.words import Cost, Payer

#: Of so many returns one has its freight noted, and of so many duty as well.
_FREIGHT_OF: Final = 10
_DUTY_OF: Final = 20
#: What it costs, as a percentage of the goods, and by how much that differs.
_FREIGHT_PERCENT: Final = 5
_DUTY_PERCENT: Final = 12
_SPREAD: Final = 4
#: The bank sends what a buyer is owed, and customs pays, so long after it was noted.
_PAID_AFTER: Final = timedelta(days=9)
_AT_ONCE: Final = 50


def note(desk: Desk, case: Known, at: datetime) -> None:
    """A parcel is opened: the label's invoice, and where goods crossed a border the customs' receipt, are noted."""
    from safeconduct.protections.returns.models import Return
    from safeconduct.protections.returns.words import Cost, Payer

    number = int(case.order.rpartition("-")[2])
    if case.return_id is None or number % _FREIGHT_OF:
        return
    returned = Return.objects.get(id=case.return_id)
    payer = (Payer.BUYER, Payer.PLATFORM, Payer.SELLER)[number // _FREIGHT_OF % 3]
    _note(desk, case, returned, Cost.RETURN_FREIGHT, payer, f"Label invoice {number}-R", at, _FREIGHT_PERCENT)
    if number % _DUTY_OF == 0 and _crossed_a_border(returned):
        _note(desk, case, returned, Cost.DUTY, Payer.BUYER, f"Customs receipt {number}-D", at, _DUTY_PERCENT)


def paid(until: datetime) -> None:
    """Banks send what buyers are owed, customs gives duty back: both are noted some days after the cost was."""
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.returns import costs
    from safeconduct.protections.returns.bearing import Place, comes_back, goes_to_buyer
    from safeconduct.protections.returns.models import ReturnCost
    from safeconduct.protections.returns.words import Cost

    with staff_scope():
        rows = ReturnCost.objects.filter(noted_at__lt=until - _PAID_AFTER, amount_minor__gt=0, sent_at=None)
        open_ones = rows.select_related("returned__case").order_by("noted_at", "returned_id", "kind")
        for cost in list(open_ones.exclude(returned__case__outcome_id=None)[:_AT_ONCE]):
            at = cost.noted_at + _PAID_AFTER
            for place, owed in ((Place.BACK, comes_back), (Place.SENT, goes_to_buyer)):
                now = costs.borne(ReturnCost.objects.get(pk=cost.pk), cost.returned, decided=True)
                if owed(now) and not (now.recovered if place is Place.BACK else now.sent):
                    costs.paid(cost.returned_id, Cost(cost.kind), place, at=max(at, cost.returned.case.since))


def _note(
    desk: Desk, case: Known, returned: Return, kind: Cost, payer: Payer, paper: str, at: datetime, percent: int
) -> None:  # fmt: skip
    from safeconduct.protections.returns import costs

    number = int(case.order.rpartition("-")[2])
    minor = returned.amount_minor * (percent + number % _SPREAD) // 100
    if minor:
        costs.note(returned.id, desk.person(case, 0), kind, minor, payer, paper, at=at)


def _crossed_a_border(returned: Return) -> bool:
    from safeconduct.kernel.parties.models import Seller

    home = Seller.objects.filter(key=returned.seller_key).values_list("country", flat=True).first()
    return bool(home and returned.buyer_country and home != returned.buyer_country)

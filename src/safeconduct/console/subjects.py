"""What decisions are about, as the console names it: an order, or what happened where there is none."""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.console.case import Names
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.events.words import event_name


def subjects(found: Sequence[Decision], names: Names) -> dict[str, str]:
    """Decision → the name of its order; where there is none, what happened in words, or its own number where that is
    erased. At most one query. `names` has the names of the orders."""
    others = [one.moment for one in found if one.order_key is None]
    types = dict(Event.objects.filter(moment__in=others).values_list("moment", "type")) if others else {}
    return {
        one.id: names.of(one.order_key) if one.order_key is not None else _happened(types.get(one.moment), one)
        for one in found
    }


def _happened(kind: str | None, made: Decision) -> str:
    return event_name(kind)[0] if kind else made.id

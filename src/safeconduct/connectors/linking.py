"""Which order a payment's later news are about, where they name only the payment: Stripe's disputes and early fraud
warnings name a charge, Adyen's the payment they come from.

An earlier event of the same source told of that charge or payment, and of its order. What no earlier event told stays
without an order; the next news of the same matter are looked up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from safeconduct.connectors.results import Reading
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import alone

#: A source's own ids of a payment (`refs` of a mapping), the narrowest first.
_REFERENCES: Final = ("charge", "payment")
#: Events that are known by the payment's own id, and tell of its order.
_TELLERS: Final = ("payment.attempted", "order.paid")
#: What the later news lack and the earlier told. The seller too: news of a platform's own account name none.
_TAKEN: Final = ("order", "seller")

Data = Mapping[str, object]


def link(reading: Reading) -> None:
    """Fills in the order, and the seller where none is named, of events that name only a payment. One statement."""
    wanted: list[tuple[dict[str, object], str, list[str]]] = []
    for event in reading.events:
        data, kind = event["data"], CATALOGUE[str(event["type"])]
        if isinstance(data, dict) and "order" not in data and kind.field("order") is not None:
            tellers = _tellers(reading.references.get(str(event["id"]), {}))
            if tellers:
                wanted.append((data, str(event["source"]), tellers))
    if not wanted:
        return
    known = _of_this_body(reading) | _of_the_log(wanted)
    for data, source, tellers in wanted:
        found = next((known[source, one] for one in tellers if "order" in known.get((source, one), {})), None)
        for name in _TAKEN:
            if found is not None and found.get(name):
                data.setdefault(name, found[name])


def _tellers(references: Mapping[str, str]) -> list[str]:
    """The ids under which an event may lie that tells of the payment, in the order in which they are believed."""
    return [f"{references[name]}:{kind}" for name in _REFERENCES if name in references for kind in _TELLERS]


def _of_this_body(reading: Reading) -> dict[tuple[str, str], Data]:
    return {
        (str(event["source"]), str(event["id"])): event["data"]
        for event in reading.events
        if event["type"] in _TELLERS and isinstance(event["data"], Mapping)
    }


def _of_the_log(wanted: list[tuple[dict[str, object], str, list[str]]]) -> dict[tuple[str, str], Data]:
    pairs = sorted({(source, one) for _data, source, tellers in wanted for one in tellers})
    rows = alone(
        "SELECT e.source, e.source_id, e.data FROM unnest(%s::text[], %s::text[]) AS w(source, source_id)"
        " JOIN event e ON e.source = w.source AND e.source_id = w.source_id",
        [[source for source, _ in pairs], [one for _, one in pairs]],
    ).fetchall()
    return {(source, one): {name: data[name] for name in _TAKEN if data.get(name)} for source, one, data in rows}

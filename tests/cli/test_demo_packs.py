"""A bank disputes any delivered order of the made-up world: how complete the answer is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median

from safeconduct.cli import demo_desk
from safeconduct.demo import Parameters, generate
from safeconduct.kernel.events import log
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.models import BankDispute

LATER = datetime(2027, 1, 1, tzinfo=UTC)
NAMED = ("fraudulent", "10.4"), ("product_not_received", "13.1"), ("product_unacceptable", "13.3")


def test_the_answer_about_a_typical_order_is_four_fifths_complete() -> None:
    world = generate(Parameters(seed=5, orders=600))
    events = iter(world.events)
    while part := list(islice(events, 500)):
        assert not log.receive(part, known=log.Known.WHEN_IT_HAPPENED, imported=True).refused
    demo_desk.keep_terms(LATER)
    with engine_scope():
        orders = query(
            'SELECT p."order", p.seller FROM fact p WHERE p.type = %s AND p.card IS NOT NULL AND EXISTS (SELECT FROM fact d'
            ' WHERE d."order" = p."order" AND d.type = %s) ORDER BY p.moment LIMIT 200',
            [CATALOGUE["order.placed"].code, CATALOGUE["shipment.delivered"].code],
        ).fetchall()
        found = {}
        for reason, code in NAMED:
            disputes = [
                BankDispute(
                    id=f"{code}-{order}", ref=f"dp-{order}", order_key=order, seller_key=seller, network="visa",
                    network_code=code, code_key=f"visa/{code}", reason=reason, opened_at=LATER, stage="chargeback",
                    status="needs_response", currency="CNY", due_at=LATER + timedelta(days=9),
                )
                for order, seller in orders
            ]  # fmt: skip
            found[code] = [one.score.percent for one in dossiers(disputes, LATER).values()]
    print({code: (median(all_), sum(p >= 80 for p in all_), len(all_)) for code, all_ in found.items()})
    assert median(found["10.4"]) >= 80 and median(found["13.1"]) >= 80
    assert median(found["13.3"]) >= 76, "the made-up shops take no photos, inspect nothing, and few buyers write"

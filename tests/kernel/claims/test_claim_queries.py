"""What sellers and staff read of claims, and that it costs the same whatever their number."""

from __future__ import annotations

from django.db import connections
from django.test.utils import CaptureQueriesContext
from tests.kernel.claims.claims_world import ask, days, debit, join, opened, paid, rows, send, told

from safeconduct.kernel.claims import queries
from safeconduct.kernel.claims.words import ChannelKind
from safeconduct.kernel.scope import ENGINE, engine_scope, seller_scope


def test_a_seller_sees_which_channel_is_live_why_refunds_stand_still_and_what_is_held() -> None:
    line = paid()
    claim = opened()
    join(claim, ChannelKind.RETURN, amount=50)
    send(ask(claim, 20))
    ask(claim, 30, matter="refund_after_withdrawal")
    join(claim, at=3)
    with seller_scope(7):
        [found] = queries.overview(queries.of_order(70))
        history = [step.verb for step in queries.steps(claim)]
        left = queries.refundable([line])
    assert [channel.kind for channel in found.live] == ["return", "chargeback"]
    assert [channel.about for channel in found.freezing] == ["chargeback-1"]
    assert (found.paid_minor, found.sent_minor, found.running_minor, found.refundable_minor) == (
        10_000, 2_000, 3_000, 5_000,
    )  # fmt: skip
    assert left == {line: 5_000}
    assert [refund.state for refund in found.refunds] == ["sent", "frozen"]
    assert found.hold is not None
    assert (found.hold.amount_minor, found.hold.reason, found.hold.release_at) == (7_360, "chargeback_open", days(120))
    assert history[0] == "opened" and "frozen" in history


def test_the_overview_costs_the_same_for_one_and_for_many() -> None:
    def cost(orders: range) -> int:
        for number in orders:
            paid(payment=f"p-{number}", order=number)
            join(opened(order=number), about=f"dp-{number}")
        with engine_scope(), CaptureQueriesContext(connections[ENGINE]) as captured:
            assert len(queries.overview(list(queries.claims(active=True)))) == orders.stop - 1
        return len(captured)

    assert cost(range(1, 2)) == cost(range(2, 8))


def test_staff_find_what_is_to_be_recovered() -> None:
    paid()
    claim = opened()
    told(claim)
    debit(30)
    with engine_scope():
        [recovery] = queries.recoveries()
        assert (recovery.due_minor, recovery.part.line.order_key) == (3_000, 70)


def test_the_matter_of_a_bank_is_found_on_every_line_it_hits() -> None:
    for line in ("a", "b"):
        paid(50, line=line)
        join(opened(line=line), amount=50, about="dp_1")
    with engine_scope():
        assert [one.claim.order_key for one in queries.of_matter("chargeback", "dp_1")] == [70, 70]
    assert len(rows("SELECT 1 FROM claim WHERE frozen_at IS NOT NULL")) == 2

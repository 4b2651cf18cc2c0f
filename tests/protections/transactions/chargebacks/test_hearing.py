"""A bank's dispute through the front door: what is stored, seen and recorded of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.kernel.builders import event, usd
from tests.protections.transactions.shop import Shop, envelope, key_of

from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks.models import BankDispute, DisputeStep

pytestmark = pytest.mark.usefixtures("empty_database")

VISA: dict[str, Any] = {"network": "visa", "network_reason": "10.4", "stage": "chargeback"}


def mirrored(ref: str = "dp-o-1") -> BankDispute:
    with staff_scope():
        return BankDispute.objects.get(ref=ref)


def steps() -> list[tuple[str, str, str]]:
    with staff_scope():
        return list(DisputeStep.objects.order_by("id").values_list("what", "stage", "status"))


def test_a_dispute_is_mirrored_with_the_processors_last_day() -> None:
    shop = Shop()
    shop.sold("o-1")
    shop.disputed("o-1", day=20, due_at="2026-06-28T23:59:59Z", **VISA)
    found = mirrored()
    assert (found.code_key, found.stage, found.status) == ("visa/10.4", "chargeback", "needs_response")
    assert (found.amount_minor, found.currency, found.order_key) == (10000, "USD", key_of("o-1"))
    assert found.due_at is not None and found.due_at.isoformat() == "2026-06-28T23:59:59+00:00"
    assert not found.due_of_table and found.closed_at is None


def test_its_life_is_history_with_a_leaf_for_each_change() -> None:
    shop = Shop()
    shop.sold("o-1")
    shop.disputed("o-1", day=20, outcome="won", **VISA)
    shop.tell("dispute.updated", "o-1", day=40, dispute="dp-o-1", stage="second_chargeback")
    assert steps() == [
        ("opened", "chargeback", "needs_response"),
        ("closed", "chargeback", "won"),
        ("moved", "second_chargeback", "needs_response"),
    ]
    with engine_scope():
        leaves = query("SELECT count(*) FROM leaf WHERE kind = 'bank_dispute'").fetchone()
    assert leaves == (3,) and mirrored().reopened == 1


def test_news_in_any_order_and_twice_make_the_same_mirror() -> None:
    made = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        shop = Shop()
        name = "o-" + "".join(map(str, order))
        shop.sold(name)
        told = [
            ("dispute.opened", 20.0, {**VISA, "reason": "fraudulent", "amount": usd(100)}),
            ("dispute.updated", 21.0, {"outcome": "under_review"}),
            ("dispute.closed", 25.0, {"outcome": "lost"}),
        ]
        for n in (*order, *order):
            kind, at, data = told[n]
            shop.tell(kind, name, day=30, at=at, dispute=f"dp-{name}", **data)
        found = mirrored(f"dp-{name}")
        made.append((found.stage, found.status, found.code_key, found.opened_at, found.closed_at))
    assert made[0] == made[1] == made[2] and made[0][1] == "lost"


def test_a_dispute_without_an_order_waits_with_the_staff_until_its_order_is_told() -> None:
    shop = Shop()
    shop.sold("o-1")
    shop.day = 20
    shop.send([event("dispute.opened", at=shop.now, dispute="dp-9", reason="fraudulent", amount=usd(100))])
    assert mirrored("dp-9").seller_key is None
    shop.tell("dispute.updated", "o-1", day=21, dispute="dp-9", seller=None)
    found = mirrored("dp-9")
    with engine_scope():
        assert found.seller_key == lookup("seller", "sel-1")


def test_a_batch_of_disputes_is_heard_at_once() -> None:
    shop = Shop()
    for n in range(6):
        shop.sold(f"o-{n}", day=n / 10)
    shop.day = 20
    shop.send([
        envelope("dispute.opened", f"o-{n}", at=shop.now + timedelta(seconds=n), dispute=f"dp-{n}",
                 reason="fraudulent", amount=usd(100))
        for n in range(6)
    ])  # fmt: skip
    with staff_scope():
        assert BankDispute.objects.count() == 6


def test_a_seller_sees_only_their_own_disputes_and_history_is_never_changed() -> None:
    shop = Shop()
    shop.sold("o-1")
    shop.sold("o-2", seller="sel-2")
    shop.disputed("o-1", day=20)
    shop.disputed("o-2", day=20, seller="sel-2")
    with engine_scope():
        own = lookup("seller", "sel-1")
    assert own is not None
    with seller_scope(own):
        assert [found.ref for found in BankDispute.objects.all()] == ["dp-o-1"]
    with pytest.raises(psycopg.Error), engine_scope():
        query("UPDATE bank_dispute_step SET status = 'won'")

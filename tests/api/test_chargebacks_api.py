"""Banks' disputes over the API: read, answered once, given up knowingly, and only with the right key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.api.api_world import Machine, good, key, problem
from tests.kernel.builders import person, usd
from tests.protections.transactions.shop import START, Shop

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")


ANA: dict[str, Any] = {"buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "three_ds": "authenticated"}


def disputed(shop: Shop, order: str, seller: str = "sel-1", day: float = 1) -> str:
    shop.tell("order.placed", order, day=day, seller=seller, amount=usd(100), address="12 Main St", **ANA)
    shop.tell("order.paid", order, day=day + 0.01, seller=seller, amount=usd(100))
    due_at = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    code = {"network": "visa", "network_reason": "10.4", "stage": "chargeback"}
    shop.disputed(order, day=day + 20, seller=seller, due_at=due_at, **code)
    with staff_scope():
        return BankDispute.objects.get(ref=f"dp-{order}").id


def lead() -> str:
    return person(StaffRole.LEAD).email


def test_an_answer_is_put_together_looked_at_and_sent_once() -> None:
    chargeback, shop = disputed(Shop(), "o-1"), Machine()
    address = f"/v1/chargebacks/{chargeback}"
    found = good(shop.get(address, {"Accept-Language": "es"}))
    assert found["may_answer"] and found["answer"] is None and found["seller"] == "sel-1"
    assert found["reason_says"] == "Fraude sin la tarjeta presente"
    staged = good(shop.post(f"{address}/answer", {"language": "en"}))
    assert staged["answer"]["complete"] and "three_ds" in staged["answer"]["exhibits"]
    assert {
        one["profile"]: one["required_actions"][0] for one in staged["answer"]["earlier_payments"]
    } == dict.fromkeys(("visa", "stripe"), "missing_prior_undisputed_transactions")
    assert (
        "another one by now"
        in problem(shop.post(f"{address}/submit", {"sha256": "0" * 64, "person": lead()}), 409, "conflict")["detail"]
    )
    looked_at = {"sha256": staged["answer"]["sha256"], "person": lead()}
    sent = good(shop.post(f"{address}/submit", looked_at))
    assert sent["answer"]["state"] == "queued" and not sent["may_answer"]
    problem(shop.post(f"{address}/submit", looked_at), 409, "conflict")
    problem(shop.post(f"{address}/answer", {}), 409, "conflict")


def test_how_many_orders_could_be_defended_is_counted_for_one_seller_or_all() -> None:
    world, shop = Shop(), Machine()
    days = (datetime.now(UTC) - START).days
    for n, ago in enumerate((200, 190, 20)):
        world.sold(f"r-{n}", day=days - ago, **ANA)
    found = good(shop.get("/v1/chargebacks/readiness", seller="sel-1"))
    assert (found["orders"], found["could_qualify"]) == (1, 1) and found["profile"] == "stripe"
    assert found["lacking"]["device"]["orders"] == 1
    assert good(shop.get("/v1/chargebacks/readiness"))["orders"] == 1
    problem(shop.get("/v1/chargebacks/readiness", seller="nobody"), 404, "not-found")


def test_a_dispute_is_given_up_knowingly() -> None:
    chargeback, shop = disputed(Shop(), "o-1"), Machine()
    who = lead()
    problem(shop.post(f"/v1/chargebacks/{chargeback}/accept", {"confirm": False, "person": who}), 422, "invalid")
    problem(shop.post(f"/v1/chargebacks/{chargeback}/accept", {"confirm": True}), 422, "invalid")
    given_up = good(shop.post(f"/v1/chargebacks/{chargeback}/accept", {"confirm": True, "person": who}))
    assert (given_up["answer"]["kind"], given_up["answer"]["state"]) == ("accept", "queued")


def test_lists_go_by_seller_page_by_page() -> None:
    world = Shop()
    first, second = disputed(world, "o-1"), disputed(world, "o-2", day=2)
    disputed(world, "o-3", "sel-2", day=3)
    shop = Machine()
    page = good(shop.get("/v1/chargebacks", seller="sel-1", limit=1))
    rest = good(shop.get("/v1/chargebacks", seller="sel-1", limit=1, cursor=page["next"]))
    assert {one["id"] for one in (*page["items"], *rest["items"])} == {first, second}
    assert len(good(shop.get("/v1/chargebacks"))["items"]) == 3
    assert good(shop.get("/v1/chargebacks", seller="nobody"))["items"] == []


def test_a_key_reads_and_answers_only_as_its_scopes_say() -> None:
    chargeback = disputed(Shop(), "o-1")
    reader, other = Machine(key(Scope.DISPUTES_READ)), Machine(key(Scope.MONEY_READ))
    good(reader.get(f"/v1/chargebacks/{chargeback}"))
    for answer in (
        reader.post(f"/v1/chargebacks/{chargeback}/answer", {}),
        reader.post(f"/v1/chargebacks/{chargeback}/accept", {"confirm": True, "person": "mei@example.org"}),
        other.get("/v1/chargebacks"),
        other.get(f"/v1/chargebacks/{chargeback}"),
    ):
        problem(answer, 403, "scope-missing")
    with staff_scope():
        assert not BankAnswer.objects.exists()


def test_what_is_not_there_is_said() -> None:
    shop = Machine()
    for wrong in ("pdp_0", "nonsense", "pdp_01jy2d8m4kq5v6w7x8y9zabcde"):
        problem(shop.get(f"/v1/chargebacks/{wrong}"), 404, "not-found")

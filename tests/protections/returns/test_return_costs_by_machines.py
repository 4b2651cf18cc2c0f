"""Freight and duty of a return, noted by the marketplace's systems through the API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.api_world import Machine, good, key, problem
from tests.protections.returns.market import returned
from tests.protections.returns.test_return_costs import accepted, asked, freight_posted
from tests.protections.returns.test_return_stories import seller_money
from tests.protections.transactions.shop import balances

from safeconduct.kernel.operations.calls import Scope
from safeconduct.protections.returns.words import Reason

pytestmark = pytest.mark.usefixtures("empty_database")
FREIGHT: dict[str, Any] = {"kind": "return_freight", "amount": 1200, "paid_by": "buyer", "source": "DHL invoice 7"}


def costs() -> str:
    return f"/v1/returns/{returned().id}/costs"


def test_a_warehouse_notes_the_freight_and_the_bank_that_the_buyer_got_it_once_however_often_they_say_so() -> None:
    accepted()
    before, warehouse = seller_money(), Machine()
    for retry in ("one", "one", "two"):
        (found,) = good(warehouse.post(costs(), FREIGHT, idempotency=retry))["items"]
    assert (found["bears"], found["state"]) == ("seller", "owed")
    assert seller_money() == before - 12 and balances()["buyer_refund_payable"] == 12
    for retry in ("three", "four"):
        (found,) = good(warehouse.post(f"{costs()}/return_freight/paid", {"place": "sent"}, idempotency=retry))["items"]
    assert found["state"] == "sent" and found["sent_at"]
    assert freight_posted() == ["return_freight_owed", "return_costs_sent"]
    assert good(warehouse.get(costs()))["items"] == [found]


def test_what_was_noted_before_the_decision_is_open_and_zero_takes_it_back() -> None:
    asked(Reason.WRONG_ITEM)
    broker = Machine()
    (found,) = good(broker.post(costs(), FREIGHT))["items"]
    assert (found["bears"], found["state"], freight_posted()) == (None, "open", [])
    assert good(broker.post(costs(), {**FREIGHT, "amount": 0}))["items"] == []


def test_what_cannot_be_so_is_refused_and_the_field_is_named() -> None:
    accepted()
    machine = Machine()
    for changes, field in (
        ({"amount": -1}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": 10**12}, "amount"),
        ({"paid_by": "carrier"}, "paid_by"),
        ({"kind": "first_leg"}, "paid_by"),
        ({"kind": "bribe"}, "kind"),
        ({"source": " "}, "source"),
        ({"source": "x" * 121}, "source"),
    ):
        told = problem(machine.post(costs(), {**FREIGHT, **changes}), 422, "invalid")
        assert [one["field"] for one in told["errors"]] == [field], changes
    problem(machine.post(f"{costs()}/return_freight/paid", {"place": "sent"}), 409, "conflict")
    problem(machine.post(f"{costs()}/bribe/paid", {"place": "sent"}), 422, "invalid")
    problem(machine.post("/v1/returns/ret_01jy2d8m5nf9abt3k7r6x1q0wz/costs", FREIGHT), 404, "not-found")
    problem(machine.get("/v1/returns/ret_01jy2d8m5nf9abt3k7r6x1q0wz/costs"), 404, "not-found")
    assert freight_posted() == []


def test_a_key_that_only_reads_returns_notes_nothing() -> None:
    accepted()
    reader = Machine(key(Scope.RETURNS_READ))
    assert good(reader.get(costs()))["items"] == []
    problem(reader.post(costs(), FREIGHT), 403, "scope-missing")

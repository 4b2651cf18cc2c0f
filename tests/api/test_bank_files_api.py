"""Files of answers to banks over the API: brought, shown, and handed in by people whom a machine names."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from tests.api.api_world import Machine, good, key, problem
from tests.api.test_chargebacks_api import disputed
from tests.kernel.builders import event, person
from tests.portal import shops
from tests.protections.transactions.shop import Shop

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.parties.models import MemberRole, StaffRole
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.scope import engine_scope, query, staff_scope

pytestmark = pytest.mark.usefixtures("empty_database")
RECEIPT = {
    "document": "signed_receipt",
    "title": "Signed at the door",
    "file": base64.b64encode(b"Signed: Ana").decode(),
}
TERMS: dict[str, Any] = {
    "document": "policy_text", "title": "Returns", "version": "2026-03", "since": "2026-03-01",
    "file": base64.b64encode(b"Goods can be returned within 14 days.").decode(),
}  # fmt: skip


def pdf_of(answer: Any) -> bytes:
    found = base64.b64decode(answer["file"])
    assert found.startswith(b"%PDF")
    return found


def looked_at(machine: Machine, address: str) -> dict[str, str]:
    """The answer is put together; what a person sends when they have looked at it."""
    staged = good(machine.post(f"{address}/answer", {}))["answer"]
    return {"sha256": staged["sha256"], "person": person().email}


def test_a_paper_is_brought_the_pack_is_read_and_a_lead_hands_it_in() -> None:
    chargeback, machine = disputed(Shop(), "o-1"), Machine()
    address = f"/v1/chargebacks/{chargeback}"
    problem(machine.get(f"{address}/answer/copy"), 404, "not-found")
    (brought,) = good(machine.post(f"{address}/files", RECEIPT), 201)["items"]
    assert good(machine.post(f"{address}/files", RECEIPT), 201)["items"] == [brought]
    assert (brought["document"], brought["media_type"], brought["added_by_role"]) == (
        "signed_receipt", "text/plain", "machine",
    )  # fmt: skip
    submits = looked_at(machine, address)
    copy = pdf_of(good(machine.get(f"{address}/answer/copy")))
    lead = {"person": submits["person"]}
    problem(machine.post(f"{address}/hand-in", lead), 409, "conflict")  # nobody has said that it goes
    assert good(machine.post(f"{address}/submit", submits))["answer"]["state"] == "queued"
    for _ in range(2):  # a retry takes it again, and nobody keeps it in between
        taken = good(machine.post(f"{address}/hand-in", lead, idempotency="once"))
    assert hashlib.sha256(pdf_of(taken)).hexdigest() == taken["sha256"] == submits["sha256"]
    assert pdf_of(taken) != copy
    assert good(machine.get(address))["answer"]["state"] == "sent"
    with staff_scope():
        assert [one.role for one in Reading.objects.filter(scene="bank_copy")] == ["lead", "lead"]
    with engine_scope():
        assert query("SELECT count(*) FROM idempotent_answer").fetchone() == (0,)


def test_no_machine_sends_or_gives_up_by_itself_and_nobody_for_another_shop() -> None:
    chargeback, machine = disputed(Shop(), "o-1"), Machine()
    shops.happen(event("seller.registered", at=shops.ago(24), seller="sel-2", seller_name="Kyoto Teas"))
    address = f"/v1/chargebacks/{chargeback}"
    submits = looked_at(machine, address)
    sha256 = submits["sha256"]
    assert problem(machine.post(f"{address}/submit", {"sha256": sha256}), 422, "invalid")["errors"]
    told = problem(machine.post(f"{address}/submit", {**submits, "person": "nobody@example.org"}), 422, "invalid")
    assert told["errors"][0]["field"] == "person"
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    others = shops.member("sel-2")
    analyst = person(StaffRole.ANALYST)
    for who in (analyst, others):
        problem(machine.post(f"{address}/submit", {"sha256": sha256, "person": who.email}), 403, "forbidden")
    gives_up = {"confirm": True, "person": support.email}
    problem(machine.post(f"{address}/accept", gives_up), 403, "forbidden")
    assert (
        good(machine.post(f"{address}/submit", {"sha256": sha256, "person": support.id}))["answer"]["state"] == "queued"
    )
    for verb in ("hand-in", "send-again"):
        problem(machine.post(f"{address}/{verb}", {"person": support.email}), 403, "forbidden")
    problem(machine.post(f"{address}/send-again", {"person": submits["person"]}), 409, "conflict")


def test_terms_are_kept_for_a_seller_or_in_a_leads_name_for_the_marketplace_and_removed() -> None:
    disputed(Shop(), "o-1")
    machine, lead = Machine(), person().email
    (mine,) = good(machine.post("/v1/bank-files", {**TERMS, "seller": "sel-1"}), 201)["items"]
    assert (mine["version"], mine["since"]) == ("2026-03", "2026-03-01")
    assert problem(machine.post("/v1/bank-files", TERMS), 422, "invalid")["errors"][0]["field"] == "person"
    analyst = person(StaffRole.ANALYST).email
    problem(machine.post("/v1/bank-files", {**TERMS, "person": analyst}), 403, "forbidden")
    (ours,) = good(machine.post("/v1/bank-files", {**TERMS, "person": lead}), 201)["items"]
    assert ours["added_by_role"] == "lead"
    assert good(machine.get("/v1/bank-files", seller="sel-1"))["items"] == [mine]
    problem(machine.get("/v1/bank-files", seller="nobody"), 404, "not-found")
    problem(machine.post(f"/v1/bank-files/{ours['id']}/remove", {}), 422, "invalid")
    good(machine.post(f"/v1/bank-files/{ours['id']}/remove", {"person": lead}))
    good(machine.post(f"/v1/bank-files/{mine['id']}/remove", {}))
    problem(machine.post(f"/v1/bank-files/{mine['id']}/remove", {}), 404, "not-found")
    assert good(machine.get("/v1/bank-files"))["items"] == []


def test_what_cannot_be_shown_to_a_bank_is_refused_and_the_field_is_named() -> None:
    address, machine = f"/v1/chargebacks/{disputed(Shop(), 'o-1')}/files", Machine()
    for changes, field in (
        ({"document": "three_ds"}, "document"),
        ({"document": "bribe"}, "document"),
        ({"file": "%%%"}, "file"),
        ({"file": base64.b64encode(b"x" * 2_000_001).decode()}, "file"),
        ({"title": "x" * 121}, "title"),
    ):
        told = problem(machine.post(address, {**RECEIPT, **changes}), 422, "invalid")
        assert [one["field"] for one in told["errors"]] == [field], changes
    reader = Machine(key(Scope.DISPUTES_READ))
    problem(reader.post(address, RECEIPT), 403, "scope-missing")
    assert good(reader.get(address))["items"] == []

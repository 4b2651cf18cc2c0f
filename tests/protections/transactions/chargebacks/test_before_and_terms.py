"""What the staff and machines do before a chargeback; the marketplace's own terms; what records answer to a complaint."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import usd
from tests.protections.disputes.test_dispute_console import read, staff
from tests.protections.transactions.chargebacks.test_early import INQUIRY, refunds, warned
from tests.protections.transactions.chargebacks.test_typical_orders import TOLD
from tests.protections.transactions.shop import Shop

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.protections.transactions.chargebacks import before, documents
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.documents import DocumentRefused, Given
from safeconduct.protections.transactions.chargebacks.dossier import Dossier
from safeconduct.protections.transactions.chargebacks.models import BankDispute, BankDocument

pytestmark = pytest.mark.usefixtures("empty_database")
BEFORE = "/console/transactions/chargebacks/before/"
TERMS = "/console/transactions/terms/"
OWNER = Actor("usr_1", "staff")


def test_warnings_are_listed_in_pages_and_a_lead_refunds_in_the_sellers_place() -> None:
    shop = Shop()
    for n in range(3):
        shop.sold(f"o-{n}", deliver=True)
        warned(shop, f"o-{n}", day=5 + n)
    with engine_scope():
        first = before.warnings_page(None, open_only=True, size=2)
        rest = before.warnings_page(None, open_only=True, after=first.next, size=2)
    assert [len(first.items), len(rest.items)] == [2, 1]
    lead, analyst = staff("Lead", role=StaffRole.LEAD), staff()
    text = read(analyst, BEFORE)
    assert "o-2" in text
    assert "Refund the buyer" not in text
    newest = first.items[0].id
    assert analyst.post(f"/console/transactions/warnings/{newest}/refund/", {}).status_code == 403
    lead.post(f"/console/transactions/warnings/{newest}/refund/", {})
    lead.post(f"/console/transactions/warnings/{first.items[1].id}/wait/", {})
    assert refunds() == [(10_000, "requested")]
    text = read(lead, BEFORE)
    assert "o-0" in text
    assert "o-2" not in text
    assert "o-2" in read(lead, f"{BEFORE}?view=all-warnings")
    assert lead.post(f"/console/transactions/warnings/{newest}/refund/", {}).status_code == 409


def test_inquiries_stand_in_their_own_view_and_are_answered_with_a_refund() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.tell("dispute.opened", "o-1", day=5, amount=usd(100), dispute="dp-1", reason="fraudulent", **INQUIRY)
    lead = staff("Lead", role=StaffRole.LEAD)
    assert "dp-1" not in read(lead, BEFORE)
    assert "dp-1" in read(lead, f"{BEFORE}?view=inquiries")
    machine = Machine()
    (found,) = good(machine.get("/v1/chargebacks", stage="inquiry"))["items"]
    assert good(machine.get("/v1/chargebacks", stage="chargeback"))["items"] == []
    assert len(good(machine.post(f"/v1/chargebacks/{found['id']}/refund", {}, idempotency="r-1"), 201)["refunds"]) == 1
    problem(machine.post(f"/v1/chargebacks/{found['id']}/refund", {}, idempotency="r-2"), 409, "conflict")


def test_the_api_lists_warnings_by_cursor_and_acts_on_one_once() -> None:
    shop = Shop()
    for n in range(2):
        shop.sold(f"o-{n}", deliver=True)
        warned(shop, f"o-{n}", day=5 + n)
    machine = Machine()
    page = good(machine.get("/v1/fraud-warnings", limit=1))
    (one,) = page["items"]
    assert (one["order"], one["state"], one["amount"]) == ("o-1", "open", {"minor": 10_000, "currency": "USD"})
    assert (one["cost"]["advice"], one["cost"]["n"]) == ("wait", 2), "no bank has gone on after either"
    (other,) = good(machine.get("/v1/fraud-warnings", limit=1, cursor=page["next"]))["items"]
    assert other["order"] == "o-0"
    good(machine.post(f"/v1/fraud-warnings/{one['id']}/refund", {}, idempotency="a"), 201)
    problem(machine.post(f"/v1/fraud-warnings/{one['id']}/wait", {}, idempotency="b"), 409, "conflict")
    assert good(machine.post(f"/v1/fraud-warnings/{other['id']}/wait", {}, idempotency="c"))["state"] == "wait"
    assert good(machine.get("/v1/fraud-warnings"))["items"] == []
    assert len(good(machine.get("/v1/fraud-warnings", open="false"))["items"]) == 2
    problem(machine.post("/v1/fraud-warnings/efw_none/wait", {}, idempotency="d"), 404, "not-found")


def upload(version: str, since: str, text: str = "You can send it back for 30 days.") -> dict[str, Any]:
    file = SimpleUploadedFile("terms.txt", text.encode())
    return {"document": "policy_text", "version": version, "since": since, "title": "Returns", "file": file}


def test_a_lead_keeps_versions_of_the_terms_and_everybody_sees_which_is_in_force_since_when() -> None:
    lead, analyst = staff("Lead", role=StaffRole.LEAD), staff()
    assert analyst.post(TERMS, upload("2026-01", "2026-01-01")).status_code == 403
    lead.post(TERMS, upload("2026-01", "2026-01-01"))
    lead.post(TERMS, upload("2026-05", "2026-05-01", "You can send it back for 14 days."))
    text = read(analyst, TERMS)
    assert text.index("2026-05") < text.index('until <span class="nowrap">1 May 2026')
    assert text.count("in force</") == 1
    refused = lead.post(TERMS, upload("2026-05", "2026-05-01", "Another text."))
    assert refused.status_code == 422
    assert "another text already" in refused.content.decode()
    late = lead.post(TERMS, upload("2030-01", "2030-01-01", "Not yet."))
    assert "a day that has come" in late.content.decode()
    with engine_scope():
        kept = BankDocument.objects.get(version="2026-01")
    assert analyst.get(f"{TERMS}{kept.id}/file/").content == b"You can send it back for 30 days."
    assert analyst.post(f"{TERMS}{kept.id}/remove/", {}).status_code == 403
    lead.post(f"{TERMS}{kept.id}/remove/", {})
    assert "2026-01-01" not in read(lead, TERMS)


def test_a_version_is_in_force_until_the_next_ones_first_day() -> None:
    with engine_scope():
        for version, since in (("3", date(2026, 5, 1)), ("2", None), ("4", date(2026, 8, 1))):
            given = Given("terms", f"Text {version}".encode(), version=version, since=since)
            documents.keep(None, given, OWNER, Shop().now + timedelta(days=900))
        found = documents.in_force("terms", date(2026, 6, 1))
        assert query("SELECT body ->> 'version' FROM leaf WHERE kind = 'terms' ORDER BY id").fetchall() == [
            ("3",), ("2",), ("4",),
        ]  # fmt: skip
    assert [(one.document.version, one.until, one.now) for one in found] == [
        ("4", None, False), ("3", date(2026, 8, 1), True), ("2", date(2026, 5, 1), False),
    ]  # fmt: skip
    with engine_scope(), pytest.raises(DocumentRefused):
        documents.keep(None, Given("terms", b"x", version="9", since=date(2040, 1, 1)), OWNER, Shop().now)


def not_as_described(shop: Shop) -> Dossier:
    with engine_scope():
        order = BankDispute(
            id="pdp_1", ref="dp-1", order_key=_key(), seller_key=None, network="visa", network_code="13.3",
            code_key="visa/13.3", reason="product_unacceptable", opened_at=shop.now, stage="chargeback",
            status="needs_response", currency="USD", due_at=shop.now + timedelta(days=9),
        )  # fmt: skip
        return dossiers([order], shop.now, records_only=True)["pdp_1"]


def _key() -> int:
    from safeconduct.kernel.vault.pseudonyms import lookup

    found = lookup("order", "o-1")
    assert found is not None
    return found


def sent(shop: Shop, **shipped: Any) -> None:
    told = {**TOLD, "ship_country": "DE"}
    shop.tell("order.placed", "o-1", day=0, amount=usd(100), address="12 Main St", **told)
    shop.tell("order.paid", "o-1", day=0.1, amount=usd(100))
    shop.tell("shipment.shipped", "o-1", day=1, parcel="dhl:1", carrier="dhl", **shipped)
    shop.tell("shipment.delivered", "o-1", day=4, parcel="dhl:1", address="12 Main St", signed=True)
    shop.day = 6


def test_records_answer_each_point_of_a_complaint_that_goods_are_not_as_described() -> None:
    shop = Shop()
    sent(shop, weight_g=1300, serial="SN-4021-77")
    made = not_as_described(shop)
    (answer,) = [one for one in made.exhibits if one.document == "rebuttal"]
    values = " ".join(row.value for row in answer.rows)
    for words in ("Copper kettle", "1300 g", "SN-4021-77", "signed", "2026-01"):
        assert words in values
    assert not answer.brought
    (kept,) = [one for one in made.exhibits if one.document == "not_returned"]
    assert "Directive 2011/83/EU" in " ".join(row.value for row in kept.rows), "it could have been sent back"
    assert made.score.percent >= 69, "without the marketplace's terms, photos, an inspection and a word of the buyer"


def test_a_point_that_the_records_leave_open_or_lose_makes_no_answer() -> None:
    shop = Shop()
    sent(shop)
    assert not [one for one in not_as_described(shop).exhibits if one.document in ("rebuttal", "outbound_record")]
    shop.tell("return.requested", "o-1", day=6.5, reason="not_as_described")
    shop.day = 7
    assert not [one for one in not_as_described(shop).exhibits if one.document == "rebuttal"]

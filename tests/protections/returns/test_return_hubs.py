"""Local addresses of the marketplace: a parcel goes to the nearest that takes it, and the seller has the last word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.api.api_world import Machine, good, key, problem
from tests.kernel.builders import event, person
from tests.portal import shops
from tests.portal.shops import ago
from tests.portal.test_looking import staff
from tests.protections.returns.market import Market, returned
from tests.protections.returns.test_return_links import asked, bought, door, read, the_return

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import query, staff_scope
from safeconduct.protections.returns import actions, hub_csv, hubs, naming_hubs
from safeconduct.protections.returns.errors import HubRefused, NoSuchHub
from safeconduct.protections.returns.models import Hub, Return
from safeconduct.protections.returns.naming_hubs import Draft
from safeconduct.protections.returns.words import NoTravel, Payer, Reason

pytestmark = pytest.mark.usefixtures("empty_database")
DESK = "/console/returns/hubs/"
OWN = "Lindenstr. 4\n10115 Berlin"


def draft(code: str = "de-leipzig", **changes: Any) -> Draft:
    given = {
        "name": f"Returns {code}", "country": "DE", "address": f"Hafenweg 7\n04103 {code}", "paid_by": Payer.PLATFORM,
    }  # fmt: skip
    return Draft(code, **{**given, **changes})


def named(at: datetime, code: str = "de-leipzig", **changes: Any) -> Hub:
    who = person(StaffRole.LEAD)
    with staff_scope():
        return naming_hubs.name(draft(code, **changes), who, at=at).hub


def goes_back(market: Market, order: str, *, day: float, category: str = "phones", country: str = "DE") -> Return:
    market.sold(order, day=day - 4, ship_country=country, category=category)
    market.ship(order, day=day - 3.5)
    market.tell("shipment.delivered", order, day=day - 1, parcel=f"dhl:{order}", address="12 Main St")
    return market.wants_back(order, day=day)


def sent_to(market: Market, order: str, *, day: float, **about: Any) -> str:
    """What the place is called to which a new return goes."""
    return goes_back(market, order, day=day, **about).hub


def test_a_parcel_goes_to_the_nearest_local_address_that_takes_its_goods() -> None:
    market = Market()
    market.day = 1
    for code, about in {
        "pl-all": {"country": "PL", "serves": ("EU",)},
        "de-all": {"serves": ("DE", "AT")},
        "de-few": {"serves": ("DE",)},
        "de-phones": {"serves": ("DE", "AT", "CH"), "goods": ("phones",)},
        "de-shoes": {"goods": ("shoes",)},
    }.items():
        named(market.now, code, **about)
    assert sent_to(market, "o1", day=6) == "Returns de-phones"
    assert sent_to(market, "o2", day=6.1, category="lamps") == "Returns de-few"
    assert sent_to(market, "o3", day=6.2, category="") == "Returns de-few"
    assert sent_to(market, "o4", day=6.3, country="AT", category="lamps") == "Returns de-all"
    assert sent_to(market, "o5", day=6.4, country="FR") == "Returns pl-all"
    found = goes_back(market, "o6", day=6.5, country="US")
    assert (found.send_to, found.hub, found.at_hub_id) == ("", "", None)


def test_goods_that_must_not_travel_and_what_customs_refused_go_to_no_local_address() -> None:
    market = Market()
    market.day = 1
    named(market.now)
    for order, about in (("o1", {"no_travel": NoTravel.DANGEROUS}), ("o2", {"reason": Reason.CUSTOMS_REFUSED})):
        market.sent(order)
        assert market.asks(order, **about).at_hub_id is None
    market.sent("o3")
    assert market.asks("o3").at_hub_id is not None


def test_the_later_word_holds_between_the_marketplace_and_the_seller() -> None:
    market = Market()
    first = goes_back(market, "o1", day=5)
    directs(market, first, OWN)
    assert goes_back(market, "o2", day=6).send_to == OWN
    hub = named(market.now)  # opened after the seller's word: it takes over
    third = goes_back(market, "o3", day=7)
    assert (third.at_hub_id, third.send_to) == (hub.id, hub.address)
    directs(market, third, "Seestr. 1\n13353 Berlin")  # and the seller's word after it stays,
    named(market.now, address="Hafenweg 8\n04103 Leipzig")  # whatever changes of the hub
    assert goes_back(market, "o4", day=8).send_to.startswith("Seestr. 1")
    directs(market, returned("o4"), hub_id=the_hub().id)
    assert goes_back(market, "o5", day=9).send_to.startswith("Hafenweg 8")


def directs(market: Market, found: Return, send_to: str = "", **about: Any) -> None:
    with staff_scope():
        actions.direct(found.id, send_to, at=market.now, **about)


def the_hub() -> Hub:
    with staff_scope():
        return Hub.objects.get(until_at=None)


def test_what_has_ended_takes_nothing_new_and_what_was_told_stays_told() -> None:
    market = Market()
    directs(market, goes_back(market, "o0", day=5), OWN)
    market.day = 5.5
    hub = named(market.now)
    assert goes_back(market, "o1", day=6).at_hub_id == hub.id
    who = person(StaffRole.LEAD)
    with staff_scope():
        assert hubs.still_to_come([hub.id]) == {hub.id: 1}
        naming_hubs.end(hub.id, who, at=market.now)
        with pytest.raises(NoSuchHub):
            naming_hubs.end(hub.id, who, at=market.now + timedelta(seconds=1))
    assert goes_back(market, "o2", day=7).send_to == OWN
    assert returned("o1").send_to == hub.address
    with pytest.raises(NoSuchHub):
        directs(market, returned("o2"), hub_id=hub.id)


def test_an_address_that_begins_on_a_day_to_come_and_ends_on_another_is_in_force_in_between() -> None:
    market = Market()
    market.day = 1
    today = market.now.date()
    named(market.now, since=today + timedelta(days=9), until=today + timedelta(days=12))
    assert [sent_to(market, f"o{day}", day=day) for day in (5, 11, 15)] == ["", "Returns de-leipzig", ""]


def test_a_change_is_another_version_and_the_past_can_be_asked() -> None:
    at, who = datetime(2026, 6, 1, 9, tzinfo=UTC), person(StaffRole.LEAD)
    with staff_scope():
        first = naming_hubs.name(draft(), who, at=at)
        again = naming_hubs.name(draft(), who, at=at + timedelta(hours=1))
        later = naming_hubs.name(draft(name="Returns East"), "key_1", at=at + timedelta(days=1))
        assert [one.change for one in (first, again, later)] == ["new", "", "changed"]
        assert [one.name for one in hubs.in_force(at)] == ["Returns de-leipzig"]
        assert [one.name for one in hubs.in_force(at + timedelta(days=2))] == ["Returns East"]
        assert query("SELECT count(*) FROM leaf WHERE kind = 'return_hub'").fetchone() == (3,)
    sequencer.keep_up(at + timedelta(days=2))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "DE Leipzig"}, "code"),
        ({"name": " "}, "name"),
        ({"address": "x" * 501}, "address"),
        ({"country": "UK"}, "country"),
        ({"country": "EU"}, "country"),
        ({"serves": ("DE", "Austria")}, "serves"),
        ({"paid_by": Payer.BUYER}, "paid_by"),
        ({"goods": ("x" * 81,)}, "goods"),
        ({"since": date(2026, 5, 31)}, "since"),
        ({"until": date(2026, 5, 31)}, "until"),
        ({"since": date(2026, 6, 9), "until": date(2026, 6, 8)}, "until"),
    ],
)
def test_what_cannot_be_so_is_refused_and_the_field_is_named(changes: dict[str, Any], field: str) -> None:
    who = person(StaffRole.LEAD)
    with staff_scope(), pytest.raises(HubRefused) as refused:
        naming_hubs.name(draft(**changes), who, at=datetime(2026, 6, 1, 9, tzinfo=UTC))
    assert refused.value.field == field


def test_buyer_and_seller_read_the_local_address_and_the_seller_can_choose_another() -> None:
    shops.open_for_business()
    named(ago(300), goods=("phones",))
    sold = bought(category="phones")
    Client().post(f"{door(sold)}open/", asked())
    page = read(Client(), door(sold))
    assert "Hafenweg 7" in page and "A local address of the marketplace, for this shop." in page
    seller, here = shops.signed_in(), f"/portal/returns/{the_return().id}/"
    page = read(seller, here)
    assert "Hafenweg 7" in page and "local address of the marketplace" in page
    assert "Its work is paid by: the marketplace" in page and "phones" in page
    assert seller.post(f"{here}address/", {"place": "hub_nothing"}).status_code == 303
    assert "There is no such local address" in read(seller, here)
    seller.post(f"{here}address/", {"send_to": OWN})
    assert the_return().at_hub_id is None and "Lindenstr. 4" in read(Client(), door(sold))
    page = read(seller, here)
    assert "Have it sent there" in page
    seller.post(f"{here}address/", {"place": the_hub().id})
    assert the_return().at_hub_id == the_hub().id
    label = SimpleUploadedFile("label.txt", b"Label 7")
    seller.post(f"{here}address/", {"place": the_hub().id, "label": label})
    assert "Open the label" in read(Client(), door(sold))


def test_a_lead_names_and_ends_local_addresses_and_an_analyst_reads_them() -> None:
    shops.open_for_business()
    lead, _ = staff(StaffRole.LEAD)
    analyst, _ = staff(StaffRole.ANALYST)
    fields = {
        "code": "de-leipzig", "name": "Returns Leipzig", "country": "de", "address": "Hafenweg 7\n04103 Leipzig",
        "serves": "de, at", "goods": "phones; lamps", "paid_by": "platform",
    }  # fmt: skip
    assert analyst.post(DESK, fields).status_code == 403
    assert "No local address yet" in read(analyst, DESK)
    wrong = lead.post(DESK, {**fields, "country": "UK"})
    assert wrong.status_code == 422 and b"04103 Leipzig" in wrong.content
    assert lead.post(DESK, fields).status_code == 303
    hub = the_hub()
    assert (hub.serves, hub.goods, hub.country) == (["AT", "DE"], ["lamps", "phones"], "DE")
    assert "Returns Leipzig" in read(analyst, DESK) and "Name a local address" not in read(analyst, DESK)
    assert analyst.post(f"{DESK}{hub.id}/end/").status_code == 403
    lead.post(f"{DESK}{hub.id}/end/")
    assert "Returns Leipzig" in read(lead, f"{DESK}?show=ended")


def test_the_file_that_the_page_gives_out_it_takes_back_and_a_bad_row_changes_nothing() -> None:
    shops.open_for_business()
    lead, _ = staff(StaffRole.LEAD)
    named(ago(30), serves=("DE", "AT"), goods=("phones", "lamps"), address="=Hafenweg 7\n04103 Leipzig")
    exported = b"".join(lead.get(f"{DESK}?format=csv").streaming_content).decode()  # type: ignore[attr-defined]

    def brings(text: str) -> str:
        answer = lead.post(f"{DESK}file/", {"file": SimpleUploadedFile("hubs.csv", text.encode())}, follow=True)
        return str(answer.content.decode())

    assert "0 local addresses are new or changed" in brings(exported)
    row = 'pl-lodz,Returns Łódź,PL,EU,,seller,"Portowa 1, 90-001 Łódź",,\n'
    told = brings(exported + row + "cz-brno,Brno,CZE,,,seller,Nádražní 1,,\n")
    assert "Row 4, country:" in told
    with staff_scope():
        assert Hub.objects.count() == 1
    assert "1 local address is new or changed" in brings(exported + row)
    assert "The first line names the columns" in brings("code,address\nx,y\n")
    assert "Row 2, since:" in brings(",".join(hub_csv.HEAD) + "\na,b,DE,,,seller,c,1.12.2026,\n")
    assert "not text in UTF-8" in lead.post(
        f"{DESK}file/", {"file": SimpleUploadedFile("hubs.csv", b"\xff\xfe\x00")}, follow=True
    ).content.decode()  # fmt: skip


def test_a_machine_names_changes_and_ends_local_addresses_and_a_retry_changes_nothing() -> None:
    shops.open_for_business()
    sent = {
        "code": "mx-monterrey", "name": "Devoluciones Monterrey", "country": "MX", "address": "Av. Puerto 7\nMonterrey",
        "paid_by": "seller",
    }  # fmt: skip
    machine, reader = Machine(key(Scope.RETURN_HUBS_WRITE, Scope.RETURNS_READ)), Machine(key(Scope.RETURNS_WRITE))
    problem(reader.post("/v1/return-hubs", sent), 403, "scope-missing")
    first = good(machine.post("/v1/return-hubs", sent), 201)
    assert good(machine.post("/v1/return-hubs", sent), 201) == first
    assert first["serves"] == ["MX"]
    changed = good(machine.post("/v1/return-hubs", {**sent, "address": "Av. Puerto 9\nMonterrey"}), 201)
    assert [one["id"] for one in good(machine.get("/v1/return-hubs"))["items"]] == [changed["id"]]
    assert [one["id"] for one in good(machine.get("/v1/return-hubs", ended=True))["items"]] == [first["id"]]
    told = problem(machine.post("/v1/return-hubs", {**sent, "since": "2020-01-01", "name": "X"}), 422, "invalid")
    assert told["errors"][0]["field"] == "since"
    problem(machine.post("/v1/return-hubs", {**sent, "country": "Mexico"}), 422, "invalid")
    assert good(machine.post(f"/v1/return-hubs/{changed['id']}/end", {}))["until"]
    problem(machine.post(f"/v1/return-hubs/{changed['id']}/end", {}), 404, "not-found")


def test_an_event_that_asks_for_a_return_is_told_where_it_goes_through_the_api() -> None:
    shops.open_for_business()
    hub = named(ago(300))
    sold = bought()
    shops.happen(event("return.requested", at=ago(100), order=sold.ref, seller="sel-1", buyer="buy-9"))
    found = good(Machine().get(f"/v1/returns/{the_return().id}"))
    assert (found["hub_id"], found["hub"], found["send_to"]) == (hub.id, hub.name, hub.address)

"""Buyers' data in a shop's hands: masks by default, one look for one purpose, a quota, and who looked."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client, override_settings

from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.importing import Given
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.parties.models import MemberRole, SecurityEvent, Seller
from safeconduct.kernel.readings.contacts import recipient_id
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope
from safeconduct.protections.accounts import risk
from safeconduct.protections.data_security.errors import OverQuota
from safeconduct.protections.data_security.leases import actions, canaries, touches
from safeconduct.protections.data_security.leases.models import BuyerLease, Canary, CanaryTouch, ContactExport
from tests.django_world import thread_of
from tests.foundation.ip_pack.ip_files import table
from tests.kernel.builders import event, live_policy
from tests.portal import shops
from tests.portal.shops import NOW, ago, happen, read

PAGE = "/portal/data_security/"
ANA: dict[str, Any] = {
    "recipient": "Ana Rojas", "address": "Av. Providencia 1208, Santiago, CL", "phone": "+56912345678",
    "email": "ana@example.org",
}  # fmt: skip


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def reveals(client: Client, sold: shops.Sold, scene: str = "manual_ship", *, status: int = 303) -> Any:
    answer = client.post(f"{PAGE}orders/{sold.key}/reveal/", {"scene": scene})
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:2000])
    return answer


def looks(client: Client, sold: shops.Sold, scene: str = "manual_ship") -> str:
    return read(client, reveals(client, sold, scene).headers["Location"])


def account_risk() -> None:
    """The policy that judges sensitive acts is in force from now on."""
    live_policy(risk.shipped_policies()[0])


def readings(**wanted: Any) -> list[Reading]:
    with staff_scope():
        return list(Reading.objects.filter(**wanted).order_by("id"))


def shift(table: str, back: timedelta) -> None:
    """As if it had happened earlier; only a test's hand can do that, the table refuses it to everybody."""
    from safeconduct.kernel.scope import owner_scope

    with owner_scope():
        query(f"ALTER TABLE {table} DISABLE TRIGGER stays")
        query(f"UPDATE {table} SET at = at - %s, expires_at = expires_at - %s", [back, back])
        query(f"ALTER TABLE {table} ENABLE TRIGGER stays")


def test_the_order_page_shows_masks_and_no_role_finds_a_clear_value_in_it() -> None:
    sold = shops.order(**ANA)
    for role in MemberRole.values:
        page = read(shops.signed_in("sel-1", role=MemberRole(role)), f"/portal/transactions/orders/{sold.key}/")
        assert "A… R…" in page and "569****8" in page and "…, CL" in page
        assert "Rojas" not in page and "Providencia" not in page and "5691234" not in page and "ana@" not in page
    assert readings() == []


def test_a_label_is_written_by_hand_and_the_look_is_on_the_list_before_it_is_shown() -> None:
    sold = shops.order(**ANA)
    client = shops.signed_in("sel-1", role=MemberRole.FULFILMENT)
    page = looks(client, sold)
    assert "Ana Rojas" in page and "Av. Providencia 1208, Santiago, CL" in page and "+56912345678" in page
    (one,) = readings()
    assert (one.scene, one.side, one.role, one.order_key) == ("manual_ship", "seller", "fulfilment", sold.key)
    assert one.fields == ["name", "address", "phone", "email"] and one.seller_key == sold.seller_key
    assert "Camila Soto" in read(client, PAGE + "?side=seller") and "Label written by hand" in read(
        client, PAGE + "?side=seller"
    )
    csv_file = b"".join(client.get(PAGE + "?side=seller&format=csv")).decode()  # type: ignore[arg-type]
    assert "manual_ship" in csv_file and "Rojas" not in csv_file


def test_each_look_during_the_lease_is_one_more_line_and_after_ten_minutes_there_is_none() -> None:
    sold = shops.order(**ANA)
    client = shops.signed_in("sel-1")
    address = reveals(client, sold).headers["Location"]
    assert reveals(client, sold).headers["Location"] == address  # asked twice, one lease
    read(client, address), read(client, address)
    assert len(readings()) == 2
    shift("buyer_lease", timedelta(minutes=11))
    assert "The time for looking is over" in read(client, address, 410)
    assert len(readings()) == 2


def test_a_lease_is_of_one_person_and_opens_nothing_for_a_colleague_or_another_shop() -> None:
    sold = shops.order(**ANA)
    mine, colleague, stranger = shops.signed_in("sel-1"), shops.signed_in("sel-1"), shops.signed_in("sel-2")
    address = reveals(mine, sold).headers["Location"]
    read(colleague, address, 410), read(stranger, address, 410)
    reveals(stranger, sold, status=404)
    read(stranger, f"{PAGE}orders/{sold.key}/", 404)
    assert readings() == []


def test_before_it_is_paid_after_it_left_and_a_month_after_its_close_nothing_is_shown() -> None:
    unpaid = shops.order(paid=False, **ANA)
    client = shops.signed_in("sel-1")
    assert "Nothing is shipped before it is paid" in reveals(client, unpaid, status=409).content.decode()
    sent = shops.order(at=ago(24 * 40), **ANA)
    shops.ship(sent, at=ago(24 * 39))
    assert "The order has been shipped" in reveals(client, sent, status=409).content.decode()
    shops.order(at=ago(24))  # a paid order of the last 30 days, so that there is a tenth
    looks(client, sent, "after_sale")
    happen(event("shipment.delivered", at=ago(24 * 31), order=sent.ref, seller="sel-1"))
    shift("buyer_lease", timedelta(minutes=11))
    assert "closed more than 30 days ago" in reveals(client, sent, "care", status=409).content.decode()
    reveals(client, unpaid, "everything", status=422)


def test_the_second_label_of_an_order_comes_out_of_the_tenth_and_the_tenth_ends() -> None:
    sold = [shops.order(**ANA) for _ in range(3)]
    account_risk()
    client = shops.signed_in("sel-1")
    looks(client, sold[0])
    shift("buyer_lease", timedelta(minutes=11))
    looks(client, sold[0])  # three paid orders: a tenth is one, rounded up
    looks(client, sold[1])  # each order's own reveal stays
    shift("buyer_lease", timedelta(minutes=11))
    refused = reveals(client, sold[1], "care", status=429).content.decode()
    assert "There are 0 left" in refused and "The next one is free on" in refused
    with staff_scope():
        assert sorted(BuyerLease.objects.values_list("paid", flat=True)) == ["order", "order", "tenth"]
        (judged,) = Decision.objects.filter(policy="account-risk")
        assert judged.reasons["statement"][0]["rule"] == "unusual_export"


def test_of_two_who_ask_at_once_for_the_last_of_the_tenth_one_is_refused() -> None:
    sent = [shops.order(**ANA) for _ in range(2)]
    for one in sent:
        shops.ship(one, at=ago(2))
    person = Actor(shops.member("sel-1").id, "owner")
    with staff_scope():
        seller = Seller.objects.get(ref="sel-1")
    both, ended = threading.Barrier(2), []

    def asks(sold: shops.Sold) -> None:
        both.wait(20)
        try:
            actions.reveal(seller, sold.key, Scene.CARE, person, NOW)
            ended.append("shown")
        except OverQuota:
            ended.append("refused")

    threads = [thread_of(asks, one) for one in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["refused", "shown"]


def test_only_owners_and_fulfilment_are_shown_a_recipient() -> None:
    sold = shops.order(**ANA)
    for role in (MemberRole.SUPPORT, MemberRole.FINANCE, MemberRole.LISTING, MemberRole.READ_ONLY):
        reveals(shops.signed_in("sel-1", role=role), sold, status=403)


def test_the_latest_address_counts_and_an_erased_person_shows_nothing() -> None:
    sold = shops.order(**ANA)
    happen(event("order.changed", at=ago(3), order=sold.ref, seller="sel-1", address="Calle Nueva 5, Lima, PE"))
    client = shops.signed_in("sel-1")
    page = looks(client, sold)
    assert "Calle Nueva 5, Lima, PE" in page and "Providencia" not in page
    with engine_scope():
        query("DELETE FROM pseudonym WHERE entity IN ('address', 'phone', 'email')")
    assert "Calle Nueva" not in read(client, reveals(client, sold).headers["Location"])


def test_a_recipient_has_one_opaque_id_in_a_shop_and_week_and_another_in_the_next() -> None:
    values = {"name": "Ana Rojas", "address": ANA["address"], "phone": ANA["phone"]}
    first = recipient_id(1, values, NOW)
    assert recipient_id(1, {**values, "phone": "56 9 1234 5678", "name": "ANA ROJAS "}, NOW) == first
    assert recipient_id(2, values, NOW) != first != recipient_id(1, values, NOW + timedelta(days=7))
    assert recipient_id(1, {**values, "name": "Eva Rojas"}, NOW) != first and len(first) == 14
    assert recipient_id(1, {}, NOW) == ""


def test_far_more_than_the_shops_usual_day_asks_the_person_to_prove_that_it_is_them() -> None:
    sold = [shops.order(**ANA) for _ in range(6)]
    account_risk()
    client = shops.signed_in("sel-1")
    looks(client, sold[0])
    shift("buyer_lease", timedelta(days=2))  # a usual day is one
    for one in sold[1:5]:
        looks(client, one)
    answer = reveals(client, sold[5], status=302)
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    with staff_scope():
        assert BuyerLease.objects.count() == 5
    proved = client.post(answer.headers["Location"], {"password": shops.PASSWORD})
    assert proved.status_code == 303 and "Ana Rojas" in read(client, proved.headers["Location"])


# -- files with contacts ----------------------------------------------------------------------------------------------


def asks_for_file(client: Client, status: int = 200, **given: Any) -> str:
    today = NOW.date()
    form = {"first": str(today - timedelta(days=3)), "last": str(today), "scene": "manual_ship", **given}
    answer = client.post(f"{PAGE}exports/make/", form)
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:2000])
    return str(answer.content.decode())


def rows_of(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.lstrip("\ufeff"))))


def test_a_file_holds_the_orders_that_may_be_shown_and_one_row_that_belongs_to_nobody() -> None:
    sold = [shops.order(**{**ANA, "recipient": f"Person {n}"}) for n in range(3)]
    sent = shops.order(**ANA)
    shops.ship(sent, at=ago(2))
    shops.order(paid=False, **ANA)
    client = shops.signed_in("sel-1")
    rows = rows_of(asks_for_file(client, field=["phone"]))
    assert list(rows[0]) == ["order", "name", "address", "phone"] and len(rows) == 4
    own = {one.ref for one in sold}
    assert {row["order"] for row in rows} > own and sent.ref not in {row["order"] for row in rows}
    (canary,) = [row for row in rows if row["order"] not in own]
    assert canary["name"] and canary["address"] and canary["phone"]
    assert len(readings(scene="manual_ship")) == 3
    for page in (PAGE + "exports/", "/portal/money/statement/", "/portal/transactions/orders/?format=csv"):
        answer = client.get(page)
        text = b"".join(answer) if answer.streaming else answer.content
        assert canary["order"] not in text.decode() and canary["name"] not in text.decode()
    again = rows_of(asks_for_file(client, field=["phone"]))
    assert {row["address"] for row in again} & {canary["address"]} == set()  # unique to each file
    with staff_scope():
        assert BuyerLease.objects.count() == 3  # the download was repeated, the quota was not


def test_a_stolen_row_that_comes_in_again_is_judged_and_names_the_file() -> None:
    own = shops.order(**ANA).ref
    client = shops.signed_in("sel-1")
    (canary,) = [row for row in rows_of(asks_for_file(client)) if row["order"] != own]
    shops.order(seller="sel-2", at=NOW, recipient="Somebody", address=canary["address"].upper())
    account_risk()
    assert touches.judge(NOW) == 1 and touches.judge(NOW) == 0
    with engine_scope():
        (touch,) = CanaryTouch.objects.select_related("canary__export")
        made = Decision.objects.get(id=touch.decision_id)
        assert made.action == "block" and made.reasons["statement"][0]["rule"] == "canary_touched"
        assert made.seller_key == shops.seller_key("sel-1") == touch.canary.export.seller_key
        (told,) = SecurityEvent.objects.filter(kind="canary_touched")
        assert told.level == "alert" and told.facts == {"export": touch.canary.export_id}
        (stopped,) = query("SELECT count(*) FROM payout_stop WHERE seller_key = %s", [made.seller_key])
        assert stopped == (1,)
    assert "Something came in with a recipient" in read(client, "/portal/accounts/")


def test_who_may_make_files_is_an_owners_to_say_and_to_take_back() -> None:
    shops.order(**ANA)
    owner, helper = shops.signed_in("sel-1"), shops.member("sel-1", role=MemberRole.SUPPORT)
    client = Client()
    client.force_login(helper)
    assert "Ask an owner for it" in asks_for_file(client, 409)
    assert owner.post(f"{PAGE}exports/rights/", {"person": helper.id, "days": "500"}).status_code == 422
    assert owner.post(f"{PAGE}exports/rights/", {"person": "usr_nobody", "days": "5"}).status_code == 422
    assert owner.post(f"{PAGE}exports/rights/", {"person": helper.id, "days": "5"}).status_code == 303
    assert len(rows_of(asks_for_file(client))) == 2
    page = read(owner, f"{PAGE}exports/")
    (right,) = [part.split("/end/")[0] for part in page.split("/exports/rights/")[1:] if "/end/" in part[:60]]
    assert owner.post(f"{PAGE}exports/rights/{right}/end/").status_code == 303
    assert owner.post(f"{PAGE}exports/rights/{right}/end/").status_code == 404
    asks_for_file(client, 409)


def test_a_file_beyond_the_tenth_or_of_no_days_is_refused_with_the_way_out() -> None:
    sold = [shops.order(**ANA) for _ in range(3)]
    for one in sold:
        shops.ship(one, at=ago(2))
    client = shops.signed_in("sel-1")
    refused = asks_for_file(client, 429, scene="after_sale")
    assert "You need 3 of these" in refused and "There is 1 left" in refused
    assert "No order of these days" in asks_for_file(client, 422)
    assert "Give two days" in asks_for_file(client, 422, first="yesterday")
    assert "Give two days" in asks_for_file(client, 422, first="9999-12-31", last="9999-12-31")
    assert "Say what you need it for" in asks_for_file(client, 422, scene="")
    with staff_scope():
        assert not ContactExport.objects.exists() and not BuyerLease.objects.exists()


def test_an_unusual_file_is_not_made() -> None:
    first = shops.order(**ANA)
    client = shops.signed_in("sel-1")
    looks(client, first)
    shift("buyer_lease", timedelta(days=2))
    for _ in range(5):
        shops.order(**ANA)
    account_risk()
    assert "the file was not made" in asks_for_file(client, 409)
    with staff_scope():
        assert not ContactExport.objects.exists()


def test_a_file_asked_for_from_elsewhere_is_made_once_the_person_has_shown_anew_who_they_are(tmp_path: Path) -> None:
    shops.order(**ANA)
    account_risk()
    networks = table(tmp_path, "network,country", "5.6.0.0/16,FR", "101.80.0.0/12,CN")
    importing.add(tmp_path / "ip", Given(networks), at=datetime(2026, 6, 10, tzinfo=UTC))
    elsewhere = {"REMOTE_ADDR": "101.80.0.1"}
    with override_settings(IP_PACK=str(tmp_path / "ip")):
        client = shops.signed_in("sel-1")
        assert client.get(PAGE, REMOTE_ADDR="5.6.7.8").status_code == 200
        form = {"scene": "manual_ship", "first": ago(48).date().isoformat(), "last": NOW.date().isoformat()}
        answer = client.post(f"{PAGE}exports/make/", form, **elsewhere)
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
        with staff_scope():
            assert not ContactExport.objects.exists()
        client.post("/accounts/reauthenticate/", {"password": shops.PASSWORD}, **elsewhere)
        made = client.post(f"{PAGE}exports/make/", form, **elsewhere)
        assert made.status_code == 200 and "Ana Rojas" in made.content.decode()
    with engine_scope():
        asked = query("SELECT data -> 'ip_country', data -> 'new_country', data -> 'ip' FROM event WHERE type = %s", ["access.requested"])  # fmt: skip
        assert {row[:2] for row in asked} == {("CN", True)}


def test_a_large_file_carries_one_canary_in_five_hundred_rows() -> None:
    assert [canaries.how_many(rows) for rows in (1, 500, 501, 2000)] == [1, 1, 2, 4]


def test_sellers_have_no_right_to_canaries_and_nobody_changes_what_was_shown() -> None:
    sold = shops.order(**ANA)
    client = shops.signed_in("sel-1")
    asks_for_file(client)
    for statement in ("SELECT 1 FROM canary", "SELECT canaries FROM contact_export", "SELECT actor FROM reading"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(sold.seller_key):
            query(statement)
    with seller_scope(shops.seller_key("sel-2")):
        assert not Reading.objects.exists() and not BuyerLease.objects.exists()
    for statement in ("UPDATE reading SET why = 'x'", "DELETE FROM buyer_lease"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
            query(statement)
    with pytest.raises(psycopg.errors.IntegrityError), engine_scope():
        query("UPDATE reading SET seller_key = NULL")
    with staff_scope():
        assert Canary.objects.only("id", "export_id").count() == 1


def test_every_reading_has_its_line_in_the_record() -> None:
    sold = shops.order(**ANA)
    looks(shops.signed_in("sel-1"), sold)
    (one,) = readings()
    sequencer.keep_up(NOW)
    with engine_scope():
        written = [bytes(data).decode() for (data,) in query("SELECT data FROM record_entry WHERE kind = 'reading'")]
        file = proof_of("reading", one.id)
    assert len(written) == 1 and one.id in written[0] and "manual_ship" in written[0]
    assert str(sold.key) not in written[0] and one.actor not in str(file) and str(sold.key) not in str(file)

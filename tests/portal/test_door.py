"""Who comes in by which door, and what nobody sees of another's shop."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, StaffRole, User
from safeconduct.kernel.scope import staff_scope
from tests.kernel.builders import person
from tests.portal import shops
from tests.portal.shops import PASSWORD, read

MAX_QUERIES = 24
MAX_BYTES = 100_000
PAGES = [
    "/portal/", "/portal/transactions/orders/", "/portal/money/", "/portal/money/statement/", "/portal/decisions/",
    "/portal/notices/", "/portal/people/", "/portal/settings/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


# -- doors ------------------------------------------------------------------------------------------------------------


def test_the_front_door_leads_sellers_to_the_portal_staff_to_the_console_and_strangers_to_the_sign_in() -> None:
    staff = Client()
    staff.force_login(person(StaffRole.LEAD))
    assert staff.get("/").headers["Location"] == "/console/"
    assert shops.signed_in().get("/").headers["Location"] == "/portal/"
    assert Client().get("/").headers["Location"] == "/accounts/login/"
    assert Client().get("/portal/money/").headers["Location"] == "/accounts/login/?next=/portal/money/"


def test_a_seller_signs_in_with_address_and_password_and_stands_in_their_shop() -> None:
    user, client = shops.member("sel-1"), Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/portal/"
    assert "Viña del Mar Fruits" in answer.content.decode()
    wrong = Client().post("/accounts/login/", {"login": user.email, "password": "something else entirely"})
    assert wrong.status_code == 200


def test_who_acts_for_no_shop_is_told_so_and_staff_who_stray_in_are_led_back() -> None:
    nobody, staff = Client(), Client()
    nobody.force_login(person(StaffRole.NONE))
    staff.force_login(person(StaffRole.ANALYST))
    assert "acts for no seller" in read(nobody, "/portal/", status=403)
    assert staff.get("/portal/").headers["Location"] == "/console/"
    assert shops.signed_in().get("/console/").status_code == 403


def test_access_ends_with_the_membership_at_once() -> None:
    user = shops.member("sel-1", role=MemberRole.SUPPORT)
    client = Client()
    client.force_login(user)
    read(client, "/portal/")
    with staff_scope():
        (membership,) = members.sellers_of(user, at=shops.NOW)
        members.end_membership(membership.id, None, at=shops.NOW)
    assert client.get("/portal/").headers["Location"].startswith("/accounts/login/")


def test_a_person_of_two_shops_sees_one_at_a_time_and_chooses_which() -> None:
    mine, theirs = shops.order(seller="sel-1"), shops.order(seller="sel-2")
    client = shops.signed_in("sel-1", "sel-2")
    orders = "/portal/transactions/orders/"
    assert mine.ref in read(client, orders)
    assert theirs.ref not in read(client, orders)
    client.post("/portal/settings/seller/", {"seller": str(shops.seller_key("sel-2"))})
    assert theirs.ref in read(client, orders)
    assert mine.ref not in read(client, orders)
    client.post("/portal/settings/seller/", {"seller": "123456"})  # nobody's: nothing changes
    assert theirs.ref in read(client, orders)


# -- isolation --------------------------------------------------------------------------------------------------------


def test_another_shops_decision_proof_and_movements_are_not_there() -> None:
    theirs = shops.order(seller="sel-2", amount=9000)
    shops.order(seller="sel-2")
    shops.until_now()
    client = shops.signed_in("sel-1")
    read(client, f"/portal/decisions/{theirs.decision}/", status=404)
    read(client, f"/portal/decisions/{theirs.decision}/proof/", status=404)
    asked = client.post(f"/portal/decisions/{theirs.decision}/second-look/", {"reason": "It was not mine at all"})
    assert asked.status_code == 404
    assert "No money has moved yet" in read(client, "/portal/money/")
    assert len(csv_of(client, "/portal/money/?format=csv")) == 1
    assert len(csv_of(client, "/portal/decisions/?format=csv&action=all")) == 1
    read(client, f"/portal/money/statement/?format=csv&currency=USD&month={shops.NOW:%Y-%m}", status=404)


def test_a_seller_reads_who_holds_the_money_and_what_the_fund_is_in_law() -> None:
    client = shops.signed_in()
    assert "Who holds your money" not in read(client, "/portal/money/")
    said = {
        "FUNDS_HELD_BY": "Example Payments, Hong Kong",
        "FUND_LEGAL_FORM": "a promise of Haihang Ltd., no insurance",
    }
    with override_settings(**said):
        page = read(client, "/portal/money/")
    assert f"Who holds your money until it is paid to you: {said['FUNDS_HELD_BY']}." in page
    assert f"What the protection fund is in law: {said['FUND_LEGAL_FORM']}." in page


def csv_of(client: Client, address: str) -> list[list[str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[call-overload]
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


# -- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
@pytest.mark.parametrize("full", [True, False], ids=["with data", "empty"])
def test_every_page_is_small_asks_little_and_loads_nothing_inline(language: str, full: bool) -> None:
    user = shops.member(language=language)
    client = Client()
    client.force_login(user)
    addresses = list(PAGES)
    if full:
        covered, held = shops.order(at=shops.ago(100)), shops.suspicious()
        shops.ship(covered, at=shops.ago(90))
        for _ in range(3):
            shops.order()
        shops.until_now()
        addresses += [f"/portal/transactions/orders/{o.key}/" for o in (covered, held)]
        addresses += [f"/portal/decisions/{held.decision}/", notice_of(client)]
    read(client, "/portal/")  # what a process reads once is read
    for address in addresses:
        with (
            CaptureQueriesContext(connections["default"]) as asked,
            CaptureQueriesContext(connections["engine"]) as more,
        ):
            answer = client.get(address)
        page = answer.content.decode()
        assert answer.status_code == 200, address
        assert len(answer.content) < MAX_BYTES, address
        assert len(asked) + len(more) <= MAX_QUERIES, (address, [q["sql"][:80] for q in (*asked, *more)])
        assert "style=" not in page
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert f'lang="{language}"' in page.lower()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def notice_of(client: Client) -> str:
    found = re.search(r'href="(/portal/notices/ntc_[^"]+)"', read(client, "/portal/notices/"))
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/portal/", "Nothing needs you now"), ("/portal/transactions/orders/", "No orders yet"),
        ("/portal/transactions/orders/?state=paid", "No order like this"), ("/portal/money/", "Nothing is held"),
        ("/portal/money/statement/", "No money has moved yet"), ("/portal/decisions/", "Nothing was held against you"),
        ("/portal/decisions/?action=block", "No decision of this kind"), ("/portal/notices/", "No notices yet"),
        ("/portal/notices/?show=unread", "All read"),
    ],
)  # fmt: skip
def test_an_empty_page_says_what_will_stand_there(address: str, said: str) -> None:
    assert said in unescape(read(shops.signed_in(), address))


# -- decisions --------------------------------------------------------------------------------------------------------


def test_a_refused_order_has_its_reasons_a_way_to_object_and_a_proof() -> None:
    refused = shops.order(amount=9000, paid=False)
    shops.until_now()
    client = shops.signed_in()
    page = unescape(read(client, f"/portal/decisions/{refused.decision}/"))
    assert "It was refused. Do not ship anything for it." in page
    assert "By version 1 of the policy order-risk" in page
    assert "Exact figures and limits are withheld" in page
    assert "5,000" not in page  # the threshold of the rule
    proof = json.loads(read(client, f"/portal/decisions/{refused.decision}/proof/"))
    assert proof["content"]["shown"]
    said = {"reason": "She has bought from us for ten years"}
    assert client.post(f"/portal/decisions/{refused.decision}/second-look/", said).status_code == 303
    assert "She has bought from us for ten years" in unescape(read(client, f"/portal/decisions/{refused.decision}/"))
    assert "Ask for a second look" not in read(client, f"/portal/decisions/{refused.decision}/")
    again = client.post(f"/portal/decisions/{refused.decision}/second-look/", said)
    assert again.status_code == 409
    assert "You have asked already" in again.content.decode()


def test_who_only_reads_cannot_ask_for_a_second_look() -> None:
    refused = shops.order(amount=9000, paid=False)
    client = shops.signed_in(role=MemberRole.READ_ONLY)
    assert "Ask for a second look" not in read(client, f"/portal/decisions/{refused.decision}/")
    address = f"/portal/decisions/{refused.decision}/second-look/"
    assert client.post(address, {"reason": "Please look again"}).status_code == 403


# -- money ------------------------------------------------------------------------------------------------------------


def test_money_shows_what_is_pending_what_is_held_and_every_movement_to_the_cent() -> None:
    shops.order()
    held = shops.suspicious()
    client = shops.signed_in()
    page = unescape(read(client, "/portal/money/"))
    assert "The money of this order is held while the order is reviewed" in page
    assert "It is released when the review finds nothing wrong" in page
    assert held.ref in page
    rows = csv_of(client, "/portal/money/?format=csv")
    head, lines = rows[0], [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert head[0] == "at"
    sums: dict[str, int] = {}
    for line in lines:
        sums[line["account"]] = sums.get(line["account"], 0) + int(line["amount_minor"])
    # 120.00, and 75.00 that are held, each less 8 % and 0.3 %.
    assert sums == {"pending": 12_000 - 960 - 36, "on_hold": 7_500 - 600 - 22}
    assert {line["order"] for line in lines} == {held.ref, *(line["order"] for line in lines)}


def test_a_statement_begins_with_what_there_was_and_ends_with_what_there_is() -> None:
    sold = shops.order(at=shops.ago(2))
    client = shops.signed_in(zone="UTC")
    month = f"{shops.ago(2):%Y-%m}"
    listed = read(client, "/portal/money/statement/")
    assert f"month={month}" in listed, "the month of the first sale is there"
    assert f"month={shops.ago(24 * 40):%Y-%m}" not in listed, "and none before any money had moved"
    address = f"/portal/money/statement/?currency=USD&month={month}&format="
    table = csv_of(client, address + "csv")
    assert {len(row) for row in table} == {11}, "each line has all columns, so that any program reads it"
    rows = [row for row in table if row[2] == "Pending"]
    assert (rows[0][1], rows[0][3]) == ("Opening balance", "0.00")
    assert (rows[-1][1], rows[-1][3]) == ("Closing balance", "110.04")
    assert {row[5] for row in rows[1:-1]} == {sold.ref}
    paper = client.get(address + "pdf")
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["Content-Disposition"] == f'attachment; filename="statement-{month}-USD.pdf"'
    seen = read(client, f"/portal/money/statement/?currency=USD&month={month}")
    assert sold.ref in seen and "$110.04" in seen and "&amp;month=" in seen, "and as a page, with its files"
    read(client, "/portal/money/statement/?format=csv&currency=USD&month=1999-01", status=404)
    read(client, "/portal/money/statement/?currency=USD&month=1999-01", status=404)
    read(client, f"/portal/money/statement/?format=csv&currency=EUR&month={month}", status=404)


def test_a_statements_page_shows_the_first_of_many_movements_and_the_balances_of_all() -> None:
    for _ in range(40):
        shops.order(at=shops.ago(2))
    client = shops.signed_in(zone="UTC")
    seen = read(client, f"/portal/money/statement/?currency=USD&month={shops.ago(2):%Y-%m}")
    assert "the first 100; the files have all" in seen and "$4,401.60" in seen
    assert len(seen.encode()) < MAX_BYTES


# -- notices ----------------------------------------------------------------------------------------------------------


def test_opening_a_notice_reads_it_and_all_can_be_read_at_once() -> None:
    user, client = shops.member(), Client()
    client.force_login(user)
    shops.order(amount=9000, paid=False)
    shops.suspicious()
    before = read(client, "/portal/notices/?show=unread").count("/portal/notices/ntc_")
    assert before >= 2
    page = read(client, notice_of(client))
    assert "/portal/transactions/orders/" in page
    assert read(client, "/portal/notices/?show=unread").count("/portal/notices/ntc_") == before - 1
    client.post("/portal/notices/read/")
    assert "All read" in read(client, "/portal/notices/?show=unread")


def test_a_colleagues_notice_is_not_mine() -> None:
    user, client = shops.member("sel-1"), Client()
    client.force_login(user)
    shops.order(amount=9000, paid=False)
    read(shops.signed_in("sel-2"), notice_of(client), status=404)


# -- settings ---------------------------------------------------------------------------------------------------------


def test_a_person_settles_language_zone_and_mail_and_the_next_page_follows() -> None:
    user, client = shops.member(), Client()
    client.force_login(user)
    given = {
        "name": "Camila Soto", "language": "es", "time_zone": "Asia/Tokyo", "digest": "daily", "daily_hour": "7",
        "quiet_from_hour": "22", "quiet_until_hour": "6",
    }  # fmt: skip
    assert client.post("/portal/settings/", given).status_code == 303
    page = read(client, "/portal/settings/")
    assert 'lang="es"' in page
    assert 'value="Asia/Tokyo"' in page
    assert "Asia/Tokyo" in read(client, "/portal/")
    for field, value in (("time_zone", "Nowhere/City"), ("quiet_until_hour", ""), ("quiet_until_hour", "22")):
        assert client.post("/portal/settings/", given | {field: value}).status_code == 422


# -- people -----------------------------------------------------------------------------------------------------------


def invited(client: Client, email: str, role: str = "finance") -> str:
    shown = client.post("/portal/people/invite/", {"email": email, "role": role})
    link = re.search(r"/portal/welcome/[A-Za-z0-9_-]+/", shown.content.decode())
    assert link is not None
    return link[0]


def test_an_owner_invites_somebody_new_who_makes_an_account_and_finds_what_was_told_before() -> None:
    owner = shops.signed_in()
    shops.order(amount=9000, paid=False)
    link = invited(owner, "Ana@example.org")
    stranger = Client()
    assert "ana@example.org" in read(stranger, link)
    weak = stranger.post(link, {"name": "Ana", "password": "short"})
    assert weak.status_code == 422
    assert stranger.post(link, {"name": "Ana Rojas", "password": PASSWORD}).status_code == 302
    assert stranger.post(link, {"name": "Ana Rojas", "password": PASSWORD}).status_code == 404
    answer = stranger.post("/accounts/login/", {"login": "ana@example.org", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/portal/"
    with staff_scope():
        ana = User.objects.get(email="ana@example.org")
    assert [m.role for m in members.sellers_of(ana, at=shops.NOW + shops.timedelta(hours=1))] == ["finance"]


def test_somebody_with_an_account_signs_in_and_joins_the_second_shop() -> None:
    user = shops.member("sel-2")
    link = invited(shops.signed_in("sel-1"), user.email, "support")
    client = Client()
    assert re.search("/accounts/login/[?]next=/portal/welcome/o-[0-9a-f]{16}/", read(client, link))
    client.force_login(user)
    assert client.post(link).status_code == 303
    assert "Viña del Mar Fruits" in read(client, "/portal/")
    other = shops.signed_in("sel-2")
    another = invited(shops.signed_in("sel-1"), "somebody@example.org")
    assert other.post(another).status_code == 403


def test_a_link_to_the_staff_opens_no_shop() -> None:
    from safeconduct.kernel.parties import invitations

    with staff_scope():
        _invitation, token = invitations.invite(
            "li@example.org", StaffRole.LEAD, person(StaffRole.ADMINISTRATOR), at=shops.NOW
        )  # fmt: skip
    read(Client(), f"/portal/welcome/{token}/", status=404)


def test_only_an_owner_manages_people_and_the_last_owner_stays() -> None:
    owner, helper = shops.member(), shops.member(role=MemberRole.FULFILMENT)
    now = shops.NOW + shops.timedelta(hours=1)
    (own,), (helps,) = members.sellers_of(owner, at=now), members.sellers_of(helper, at=now)
    as_owner, as_helper = Client(), Client()
    as_owner.force_login(owner)
    as_helper.force_login(helper)
    assert "Invite somebody" not in read(as_helper, "/portal/people/")
    assert as_helper.post("/portal/people/invite/", {"email": "x@example.org", "role": "owner"}).status_code == 403
    assert as_helper.post(f"/portal/people/{own.id}/end/").status_code == 403
    assert as_helper.post(f"/portal/people/{helps.id}/role/", {"role": "owner"}).status_code == 403
    assert as_owner.post(f"/portal/people/{own.id}/end/").status_code == 409
    assert as_owner.post(f"/portal/people/{helps.id}/role/", {"role": "finance"}).status_code == 303
    assert [m.role for m in members.sellers_of(helper, at=now)] == ["finance"]
    assert as_helper.post(f"/portal/people/{helps.id}/end/").status_code == 303
    read(as_helper, "/portal/", status=302)


def test_an_owner_of_two_shops_changes_only_the_people_of_the_one_on_the_screen() -> None:
    owner, other = shops.member("sel-1", "sel-2"), shops.member("sel-2", role=MemberRole.SUPPORT)
    client = Client()
    client.force_login(owner)
    (membership,) = members.sellers_of(other, at=shops.NOW)
    assert client.post(f"/portal/people/{membership.id}/end/").status_code == 404
    client.post("/portal/settings/seller/", {"seller": str(shops.seller_key("sel-2"))})
    assert client.post(f"/portal/people/{membership.id}/end/").status_code == 303


def test_a_withdrawn_invitation_opens_nothing() -> None:
    client = shops.signed_in()
    link = invited(client, "ana@example.org")
    found = re.search(r"/portal/people/invitations/inv_[a-z0-9]+/withdraw/", read(client, "/portal/people/"))
    assert found is not None
    assert client.post(found[0]).status_code == 303
    read(Client(), link, status=404)


def test_a_shops_first_owner_comes_in_by_a_link_that_the_operator_makes(capsys: pytest.CaptureFixture[str]) -> None:
    from safeconduct.cli.people import invite_member

    assert invite_member("camila@example.org", "sel-1", "owner") == 0
    found = re.search(r"/portal/welcome/\S+/", capsys.readouterr().out)
    assert found is not None
    assert Client().post(found[0], {"name": "Camila Soto", "password": PASSWORD}).status_code == 302
    for email, seller, role in (
        ("x@example.org", "nobody", "owner"),
        ("x", "sel-1", "owner"),
        ("x@y.org", "sel-1", "king"),
    ):
        with pytest.raises(SystemExit):
            invite_member(email, seller, role)
    assert "king" in capsys.readouterr().err

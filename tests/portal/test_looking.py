"""A member of staff looks as a seller: reading only, half an hour, with a reason, and the seller is told."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import IntegrityError
from django.test import Client

from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, Membership, SecurityEvent, Seller, StaffLook, StaffRole, User
from safeconduct.kernel.scope import WRITE_REFUSED, engine_scope, looking_only, query, seller_scope, staff_scope
from tests.kernel.builders import person
from tests.portal import shops
from tests.portal.shops import read
from tests.portal.test_role_matrix import DOORLESS, addresses

WHY = "They wrote that the money page is empty"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def staff(role: StaffRole = StaffRole.LEAD) -> tuple[Client, User]:
    user = person(role)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client, user


def seller_page(ref: str = "sel-1") -> str:
    with staff_scope():
        return f"/console/sellers/{Seller.objects.get(ref=ref).id}/"


def looking(ref: str = "sel-1") -> Client:
    client, _user = staff()
    assert client.post(seller_page(ref) + "look/", {"reason": WHY}).status_code == 303
    return client


def test_a_lead_sees_the_shops_pages_under_a_banner_and_the_shop_reads_why_and_what() -> None:
    owner = shops.signed_in("sel-1")
    client, user = staff()
    assert "Look as the seller" in read(client, seller_page())
    assert client.post(seller_page() + "look/", {"reason": WHY}).headers["Location"] == "/portal/"
    for address in ("/portal/", "/portal/money/", "/portal/people/"):
        text = read(client, address)
        assert "You look as Viña del Mar Fruits." in text and "Stop looking" in text
    log = read(owner, "/portal/accounts/")
    assert WHY in log and log.count("opened one of your pages") == 3 and user.email not in log
    with staff_scope():
        assert NoticeCopy.objects.filter(notice__code="staff.looked").count() == 1
        row = SecurityEvent.objects.filter(kind="staff_read").order_by("id")[1]
        assert (row.actor, row.role, row.why, row.facts["page"]) == (user.id, "lead", WHY, "portal:money")
    assert client.post("/console/looks/end/").headers["Location"] == seller_page()
    assert client.get("/portal/").headers["Location"] == "/console/"
    assert "does not look at your pages any more" in read(owner, "/portal/accounts/")


def test_no_address_takes_anything_but_reading_from_who_looks_and_none_breaks() -> None:
    client = looking()
    with staff_scope():
        before = query("SELECT count(*), max(ended_at) FROM membership").fetchone()
    for name, address in addresses().items():
        if name in DOORLESS:
            continue
        for method in (client.post, client.put, client.delete):
            answer = method(address)
            assert answer.status_code == 403 and "can change nothing" in answer.content.decode(), name
        assert client.get(address).status_code in (200, 302, 303, 403, 404, 405, 409, 410), name
    with staff_scope():
        assert query("SELECT count(*), max(ended_at) FROM membership").fetchone() == before


def test_what_a_page_would_write_while_it_is_read_the_database_refuses_for_every_login() -> None:
    key = shops.seller_key()
    for scope in (lambda: seller_scope(key), engine_scope, staff_scope):
        with pytest.raises(WRITE_REFUSED), looking_only(), scope():
            query("UPDATE seller SET name = 'x'")
        with pytest.raises((*WRITE_REFUSED, psycopg.errors.InsufficientPrivilege)), looking_only(), scope():
            Membership.objects.update(role="owner")
    with staff_scope():
        assert Seller.objects.get(key=key).name == "Viña del Mar Fruits"


def test_a_page_that_would_write_while_it_is_read_is_refused_although_the_copy_is_their_own() -> None:
    client, user = staff()
    with staff_scope():
        members.add_member(user, shops.seller_key(), MemberRole.OWNER, None, at=shops.ago(9))
    for _again in range(2):
        assert client.post(seller_page() + "look/", {"reason": WHY}).status_code == 303
    with staff_scope():
        notice = NoticeCopy.objects.filter(person=user).order_by("notice_id")[0].notice_id
    answer = client.get(f"/portal/notices/{notice}/")
    assert answer.status_code == 403 and "can change nothing" in answer.content.decode()
    client.post("/console/looks/end/")
    assert client.get(f"/portal/notices/{notice}/").status_code == 200
    with staff_scope():
        assert NoticeCopy.objects.get(person=user, notice_id=notice).read_at is not None


def test_it_ends_by_itself_after_half_an_hour_and_with_the_role() -> None:
    client = looking()
    with staff_scope():
        StaffLook.objects.update(
            started_at=shops.NOW - timedelta(hours=1), ends_at=shops.NOW - timedelta(minutes=31)
        )  # fmt: skip
    assert client.get("/portal/").headers["Location"] == "/console/"
    other = looking()
    read(other, "/portal/")
    with staff_scope():
        User.objects.filter(staff_role=StaffRole.LEAD).update(staff_role=StaffRole.ANALYST)
    assert other.get("/portal/").headers["Location"] == "/console/"
    with pytest.raises(IntegrityError), staff_scope():
        StaffLook.objects.update(ends_at=shops.NOW + timedelta(hours=9))


def test_no_reason_no_look_and_no_analyst() -> None:
    client, _user = staff()
    assert client.post(seller_page() + "look/", {"reason": "because"}).status_code == 409
    analyst, _other = staff(StaffRole.ANALYST)
    assert analyst.post(seller_page() + "look/", {"reason": WHY}).status_code == 403
    assert "Look as the seller" not in read(analyst, seller_page())
    with staff_scope():
        assert not StaffLook.objects.exists()


def test_who_looks_at_one_shop_sees_nothing_of_another_and_a_strangers_session_opens_none() -> None:
    client = looking("sel-1")
    assert "Kyoto Teas" not in read(client, "/portal/")
    with staff_scope():
        look = StaffLook.objects.get().id
    member = shops.signed_in("sel-2")
    session = member.session
    session["staff_look"] = look
    session.save()
    assert "Viña del Mar" not in read(member, "/portal/")

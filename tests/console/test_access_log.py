"""Who looked, for the staff: each reading of the marketplace's people, search, and investigations that hide some."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from tests.kernel.builders import person
from tests.portal import shops
from tests.portal.shops import NOW, read

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.readings import embargoes
from safeconduct.kernel.readings.log import Read, note
from safeconduct.kernel.readings.models import Embargo, Reading
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.protections.data_security.protection import lift_embargoes

LOG = "/console/data_security/readings/"
MINE = "/portal/data_security/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def staff(role: StaffRole, **fields: Any) -> tuple[Client, User]:
    user = person(role, **fields)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client, user


def looks(user: User, ref: str = "sel-1", *, why: str = "", hours: float = 0) -> None:
    with staff_scope():
        one = Read("evidence", ("file",), shops.seller_key(ref), None, batch="cas_1")
        note([one], Actor(user.id, user.staff_role, why), NOW - timedelta(hours=hours))


def hides(client: Client, *, days: int = 10, ref: str = "sel-1", status: int = 303, **given: str) -> str:
    form = {
        "seller": ref, "basis": "GDPR art. 23(1)(d), national law", "reason": "Suspected fraud ring",
        "until": str((NOW + timedelta(days=days)).date()), **given,
    }  # fmt: skip
    answer = client.post("/console/data_security/embargoes/", form)
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:1500])
    return str(answer.content.decode())


def test_a_shop_sees_who_of_the_staff_looked_by_role_and_a_name_that_is_theirs_towards_it_only() -> None:
    _, analyst = staff(StaffRole.ANALYST, name="Petra Novak")
    looks(analyst, why="Appeal 17"), looks(analyst, "sel-2"), looks(analyst)
    page = read(shops.signed_in("sel-1"), MINE)
    assert "Analyst" in page and "Evidence of a case" in page and "Appeal 17" in page
    assert "Petra" not in page and analyst.id not in page
    with staff_scope():
        names = dict.fromkeys(Reading.objects.order_by("id").values_list("concerns", "alias"))
    assert len(names) == 2 and len({alias for _seller, alias in names}) == 2  # one name for each shop
    assert shops.signed_in("sel-2").get(MINE).content.decode().count("data-row") == 1


def test_an_investigation_hides_what_is_read_until_it_ends_and_then_its_basis_is_shown() -> None:
    lead, boss = staff(StaffRole.LEAD)
    officer, dpo = staff(StaffRole.ADMINISTRATOR)
    looks(boss, hours=1)
    hides(lead)
    with staff_scope():
        note([Read("evidence", ("file",), shops.seller_key())], Actor(boss.id, "lead"), NOW + timedelta(hours=1))
        told = StoredNotice.objects.get(code="readings.hidden")
        assert (told.person_id, told.values["person"], told.values["seller"]) == (dpo.id, boss.id, "sel-1")
    seller = shops.signed_in("sel-1")
    assert read(seller, MINE).count("data-row") == 1
    assert "GDPR" not in b"".join(seller.get(MINE + "?format=csv")).decode()  # type: ignore[arg-type]
    assert "hidden from the seller" in read(officer, LOG + "?scene=evidence")
    assert read(lead, LOG + "?scene=evidence").count("data-row") == 1
    lift_embargoes(NOW + timedelta(days=9))
    assert read(seller, MINE).count("data-row") == 1
    lift_embargoes(NOW + timedelta(days=12))
    page = read(seller, MINE)
    assert page.count("data-row") == 2 and "GDPR art. 23(1)(d)" in page and "fraud ring" not in page


def test_an_embargo_can_be_ended_early_but_never_put_off_or_be_without_basis_and_end() -> None:
    lead, boss = staff(StaffRole.LEAD)
    assert "Name the law" in hides(lead, status=422, basis=" ")
    assert "Say what is investigated" in hides(lead, status=422, reason="")
    assert "lies in the past" in hides(lead, status=422, until="2020-01-01")
    hides(lead, status=422, until="soon"), hides(lead, status=404, ref="sel-unknown")
    hides(lead)
    with staff_scope():
        (one,) = Embargo.objects.all()
    for statement in (
        "UPDATE reading_embargo SET until = until + interval '1 day'",
        "UPDATE reading_embargo SET why = ''",
    ):
        with pytest.raises(psycopg.errors.IntegrityError), staff_scope():
            query(statement)
    assert lead.post(f"/console/data_security/embargoes/{one.id}/end/").status_code == 303
    assert lead.post(f"/console/data_security/embargoes/{one.id}/end/").status_code == 409
    looks(boss)
    analyst, _ = staff(StaffRole.ANALYST)
    hides(analyst, status=403)
    page = read(analyst, LOG)
    assert page.count("data-row") == 1 and "Hide an investigation" not in page  # what they read themselves: this page


def test_what_the_shops_own_people_read_is_not_hidden_by_an_investigation() -> None:
    lead, _ = staff(StaffRole.LEAD)
    hides(lead)
    sold = shops.order(recipient="Ana Rojas")
    client = shops.signed_in("sel-1")
    client.post(f"{MINE}orders/{sold.key}/reveal/", {"scene": "manual_ship"}, follow=True)
    assert read(client, MINE + "?side=seller").count("data-row") == 1


def test_the_log_is_searched_by_shop_person_order_purpose_and_day_and_says_that_somebody_searched() -> None:
    officer, me = staff(StaffRole.ADMINISTRATOR, email="dpo@example.org")
    _, analyst = staff(StaffRole.ANALYST, email="petra@example.org", name="Petra Novak")
    looks(analyst), looks(analyst, "sel-2", hours=72)
    for search, rows in (
        ("seller=sel-1&actor=petra@example.org", 1), ("actor=PETRA@example.org", 2), ("seller=nobody", 0),
        ("actor=ghost@example.org", 0), ("order=ORD-unknown", 0), ("scene=care", 0), ("scene=evidence", 2),
        (f"scene=evidence&since={NOW.date()}", 1), (f"scene=evidence&until={(NOW - timedelta(days=2)).date()}", 1),
        ("scene=evidence&side=machine", 0), ("seller=&since=never", 3),
    ):  # fmt: skip
        page = read(officer, f"{LOG}?{search}")
        if rows != 3:
            assert page.count("data-row") == rows, search
    with staff_scope():
        own = Reading.objects.filter(actor=me.id)
        assert own.count() == 11 and set(own.values_list("scene", flat=True)) == {"access_log"}
        assert own.filter(concerns=shops.seller_key()).count() == 1
    file = b"".join(officer.get(LOG + "?format=csv&scene=evidence")).decode()  # type: ignore[arg-type]
    assert file.count("evidence") == 2 and analyst.id in file


def test_a_long_log_is_read_page_by_page_without_losing_a_line() -> None:
    officer, _ = staff(StaffRole.ADMINISTRATOR)
    _, analyst = staff(StaffRole.ANALYST)
    with staff_scope():
        one = Read("evidence", ("file",), shops.seller_key())
        note([one] * 120, Actor(analyst.id, "analyst"), NOW)
    seller, seen, address = shops.signed_in("sel-1"), 0, MINE
    for _ in range(3):
        page = read(seller, address)
        assert len(page) < 100_000
        seen += page.count("data-row")
        link = re.search(r'href="([^"]+)" rel="next"', page)
        address = MINE + html.unescape(link[1]) if link else ""
    assert not address
    assert seen == 120
    assert len(read(officer, LOG)) < 100_000


def test_lifting_takes_one_batch_after_the_other() -> None:
    _, boss = staff(StaffRole.LEAD)
    with staff_scope():
        embargoes.begin(shops.seller_key(), "basis", "why", NOW + timedelta(days=1), boss, NOW)
        note([Read("evidence", ("file",), shops.seller_key())] * 1500, Actor(boss.id, "lead"), NOW)
    lift_embargoes(NOW + timedelta(days=2))
    with engine_scope():
        assert query("SELECT count(*) FROM reading WHERE seller_key IS NULL").fetchone() == (0,)

"""An administrator ends somebody's sessions, or everybody's: with a reason, noted, told, and nothing else is lost."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.console.test_console import signed_in
from tests.console.test_key_pages import who_signed_in_again
from tests.portal import shops

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import ending_sessions, security_events
from safeconduct.kernel.parties.errors import AdministratorNeeded, EndingWithoutReason
from safeconduct.kernel.parties.models import SecurityEvent, StaffRole, User
from safeconduct.kernel.scope import query, staff_scope
from safeconduct.protections.accounts.words import sentence_of

WHY = "A laptop with open sessions was stolen"
PAGE = "/console/people/sessions/"


def at_work(user: User, page: str) -> Client:
    client = Client()
    client.force_login(user)
    assert client.get(page).status_code == 200
    return client


def event_of(user: User) -> SecurityEvent:
    with staff_scope():
        (found,) = (
            e for e in security_events.of_person(user.id, since=shops.ago(1)) if e.kind == "sessions_ended"
        )  # fmt: skip
    return found


def test_a_persons_sessions_end_with_a_reason_and_nothing_else_of_theirs() -> None:
    shops.open_for_business()
    boss, me = who_signed_in_again()
    user, other = shops.member("sel-1"), shops.member("sel-1")
    clients = [at_work(user, "/portal/"), at_work(user, "/portal/")]
    bystander = at_work(other, "/portal/")
    assert "sessions of" in shops.read(boss, PAGE)
    assert boss.post(PAGE, {"email": user.email.upper(), "why": WHY}).status_code == 303
    assert [client.get("/portal/").status_code for client in clients] == [302, 302]
    assert bystander.get("/portal/").status_code == 200 and boss.get("/console/").status_code == 200
    at_work(user, "/portal/")
    event = event_of(user)
    assert (event.actor, event.role, event.why, event.facts) == (me.id, "administrator", WHY, {"ended": 2})
    assert event.seller_key == shops.seller_key() and WHY in sentence_of(event)
    with staff_scope():
        (notice,) = StoredNotice.objects.filter(values__what="sessions_ended")
        assert notice.person_id == user.id
        assert query("SELECT count(*) FROM leaf WHERE subject = %s", [event.id]).fetchone() == (1,)


def test_everybodys_sessions_end_but_the_administrators_own() -> None:
    shops.open_for_business()
    boss, me = who_signed_in_again()
    mine_elsewhere = at_work(me, "/console/")
    people = [shops.member("sel-1"), shops.member("sel-1", "sel-2")]
    clients = [at_work(user, "/portal/") for user in people]
    assert boss.post(PAGE, {"email": "", "why": WHY}).status_code == 422, "an empty field alone is not everybody"
    assert boss.post(PAGE, {"email": people[0].email, "why": WHY, "everybody": "on"}).status_code == 422
    assert [client.get("/portal/").status_code for client in clients] == [200, 200]
    assert boss.post(PAGE, {"email": "", "why": WHY, "everybody": "on"}).status_code == 303
    assert [client.get("/portal/").status_code for client in clients] == [302, 302]
    assert mine_elsewhere.get("/console/").status_code == 302
    assert boss.get("/console/").status_code == 200
    with staff_scope():
        told = StoredNotice.objects.filter(values__what="sessions_ended").values_list("person_id", flat=True)
        assert set(told) == {me.id, *(user.id for user in people)} and len(told) == 3
        assert SecurityEvent.objects.filter(kind="sessions_ended").count() == 4, "each shop of a person sees it"


def test_only_an_administrator_who_has_just_shown_who_they_are_and_says_why_ends_any() -> None:
    shops.open_for_business()
    user = shops.member("sel-1")
    client = at_work(user, "/portal/")
    lead, _ = signed_in(StaffRole.LEAD)
    stale, boss = signed_in(StaffRole.ADMINISTRATOR)
    given = {"email": user.email, "why": WHY}
    assert lead.post(PAGE, given).status_code in (302, 403)
    assert "/reauthenticate/" in stale.post(PAGE, given).headers["Location"]
    fresh, _ = who_signed_in_again()
    assert fresh.post(PAGE, {"email": user.email, "why": "theft"}).status_code == 422
    assert fresh.post(PAGE, {"email": "nobody@example.org", "why": WHY}).status_code == 422
    assert client.get("/portal/").status_code == 200
    with staff_scope():
        with pytest.raises(AdministratorNeeded):
            ending_sessions.end_for_person(user, user, WHY, shops.NOW)
        with pytest.raises(EndingWithoutReason):
            ending_sessions.end_for_everybody(boss, "   theft   ", shops.NOW)


def test_whoever_was_signed_in_nowhere_is_told_nothing() -> None:
    shops.open_for_business()
    boss, _ = who_signed_in_again()
    user = shops.member("sel-1")
    assert boss.post(PAGE, {"email": user.email, "why": WHY}).status_code == 303
    with staff_scope():
        assert not SecurityEvent.objects.filter(kind="sessions_ended").exists()
        assert not StoredNotice.objects.filter(values__what="sessions_ended").exists()

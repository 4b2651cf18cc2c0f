"""Letting somebody in to a shop is judged: a thief who has just come in brings nobody else, an owner at home does."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.importing import Given
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge
from tests.foundation.ip_pack.ip_files import table
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)


def invites(client: Client, role: str, email: str = "new@example.org") -> int:
    return client.post("/portal/people/invite/", {"email": email, "role": role}).status_code


def invited() -> list[str]:
    with staff_scope():
        return sorted(Invitation.objects.filter(seller_key__isnull=False).values_list("member_role", flat=True))


def test_an_owner_at_home_lets_people_in_and_that_is_written_down() -> None:
    client = shops.signed_in("sel-1")
    assert invites(client, "finance") == 200
    assert invited() == ["finance"]
    with engine_scope():
        asked = query("SELECT data ->> 'act' FROM event WHERE type = 'access.requested'").fetchall()
    assert asked == [("member_added",)]


def test_after_a_doubtful_sign_in_nobody_near_the_money_is_let_in_and_payouts_wait() -> None:
    user, client = shops.member("sel-1"), Client()
    client.force_login(user)
    judge(Act(ActKind.SIGN_IN, user.id, datetime.now(UTC), "sel-1", {"new_country": True}))
    answer = client.post("/portal/people/invite/", {"email": "a@example.org", "role": "finance"}, follow=True)
    assert "Nobody can be let in or given more rights now" in answer.content.decode() and invited() == []
    with engine_scope():
        key = shops.seller_key()
        assert payout_accounts.stops([key], datetime.now(UTC)) == {key: "account_risk"}
    assert invites(client, "support") == 200, "whoever cannot move money is let in"


def test_a_session_that_goes_on_in_another_country_shows_anew_who_it_is(tmp_path: Path) -> None:
    networks = table(tmp_path, "network,country", "5.6.0.0/16,FR", "101.80.0.0/12,CN")
    importing.add(tmp_path / "ip", Given(networks), at=datetime(2026, 6, 10, tzinfo=UTC))
    with override_settings(IP_PACK=str(tmp_path / "ip")):
        client = shops.signed_in("sel-1")
        assert client.get("/portal/people/", REMOTE_ADDR="5.6.7.8").status_code == 200
        asked = {"email": "new@example.org", "role": "support"}
        answer = client.post("/portal/people/invite/", asked, REMOTE_ADDR="101.80.0.1")
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/") and invited() == []
        client.post("/accounts/reauthenticate/", {"password": PASSWORD}, REMOTE_ADDR="101.80.0.1")
        assert client.post("/portal/people/invite/", asked, REMOTE_ADDR="101.80.0.1").status_code == 200


def test_a_role_near_the_money_is_given_no_easier_than_an_invitation() -> None:
    owner, helper = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.SUPPORT)
    client = Client()
    client.force_login(owner)
    judge(Act(ActKind.SIGN_IN, owner.id, datetime.now(UTC), "sel-1", {"new_country": True}))
    with staff_scope():
        membership = Membership.objects.get(person=helper)
    given = {"role": "finance"}
    page = client.post(f"/portal/people/{membership.id}/role/", given, follow=True).content.decode()
    assert "Nobody can be let in or given more rights now" in page
    with staff_scope():
        assert Membership.objects.get(person=helper, ended_at__isnull=True).role == MemberRole.SUPPORT

"""A seller's app: let in by an owner who has seen what it can do, reads that seller's data and nothing else, and ends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client

from safeconduct.api.application import _declared
from safeconduct.kernel.notices.key_reminders import remind
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import app_grants, keys, members
from safeconduct.kernel.parties.errors import OwnerNeeded
from safeconduct.kernel.parties.keys import KeyRefused
from safeconduct.kernel.parties.models import ApiKey, MemberRole, SecurityEvent, User
from safeconduct.kernel.scope import Actor, staff_scope
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import event, usd
from tests.portal import shops

EVERY = [scope.value for scope in app_grants.SCOPES]
GIVEN = {"name": "Stock ERP of Andes Systems", "scopes": ["money:read", "coverage:read"], "networks": "", "days": "30"}
#: What apps may ask, each in the scope of their seller.
FOR_APPS = {
    "list_coverage", "get_coverage", "get_balances", "list_holds", "list_claims", "list_chargebacks", "get_chargeback",
    "list_disputes", "get_dispute", "list_returns", "get_return", "list_return_costs",
}  # fmt: skip
CONNECT = "/portal/accounts/apps/new/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def owner(*refs: str) -> tuple[Client, User]:
    """Who has just shown anew who they are."""
    user, client = shops.member(*refs), Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": shops.PASSWORD})
    return client, user


def app(user: User, scopes: list[str] = EVERY, seller: str = "sel-1") -> tuple[str, Machine]:
    with staff_scope():
        made, secret = app_grants.grant("ERP", scopes, shops.seller_key(seller), user, at=shops.NOW, days=30)
    return made.id, Machine(secret)


def test_an_owner_sees_what_an_app_can_do_agrees_and_gets_its_key_once() -> None:
    client, user = owner("sel-1")
    asked = client.post(CONNECT, GIVEN).content.decode()
    assert "read balances and what is held of your money" in asked and "change anything" in asked
    assert "sck_" not in asked
    assert client.post(CONNECT, {**GIVEN, "networks": "rubbish"}).status_code == 422, "nobody agrees to what cannot be"
    with staff_scope():
        assert not ApiKey.objects.filter(seller_key__isnull=False).exists(), "nothing is given before they agree"
    answer = client.post(CONNECT, {**GIVEN, "agreed": "yes"})
    found = re.search(r"sck_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", answer.content.decode())
    assert found is not None and "no-store" in answer["Cache-Control"]
    assert found[0] not in shops.read(client, "/portal/accounts/apps/")
    good(Machine(found[0]).get("/v1/balances", seller="sel-1"))
    page = shops.read(client, "/portal/accounts/apps/")
    assert GIVEN["name"] in page and str(user) in page and "never" not in page
    assert "Let an app read data of the shop" in shops.read(client, "/portal/accounts/")


def test_it_is_not_let_in_by_an_open_session_alone_nor_with_what_writes() -> None:
    user, client = shops.member("sel-1"), Client()
    client.force_login(user)
    assert "reauthenticate" in client.post(CONNECT, {**GIVEN, "agreed": "yes"}).headers["Location"]
    fresh, _ = owner("sel-1")
    for wrong in ({"scopes": ["lists:write"]}, {"scopes": []}, {"days": "181"}, {"name": ""}, {"networks": "x"}):
        assert fresh.post(CONNECT, {**GIVEN, **wrong, "agreed": "yes"}).status_code == 422, wrong
    with staff_scope():
        assert not ApiKey.objects.filter(seller_key__isnull=False).exists()
        with pytest.raises(KeyRefused):
            app_grants.grant("ERP", ["lists:write"], shops.seller_key(), user, at=shops.NOW, days=30)
    with pytest.raises(IntegrityError), staff_scope():
        keys.create_key("ERP", ["lists:write"], Actor(user.id, "owner"), at=shops.NOW, seller_key=shops.seller_key())


def test_an_app_reads_its_seller_and_nothing_of_another() -> None:
    user = shops.member("sel-1", "sel-2")
    own, other = shops.order(at=shops.ago(3)), shops.order(at=shops.ago(3), seller="sel-2")
    _, machine = app(user)
    for path in ("/v1/balances", "/v1/coverage"):
        mine, theirs = (good(machine.get(path, seller=ref))["items"] for ref in ("sel-1", "sel-2"))
        assert mine and not theirs, path
    assert good(machine.get("/v1/holds", seller="sel-2"))["items"] == []
    assert good(machine.get(f"/v1/coverage/{own.ref}"))["seller"] == "sel-1"
    problem(machine.get(f"/v1/coverage/{other.ref}"), 404, "not-found")
    for sold, ref in ((own, "sel-1"), (other, "sel-2")):
        told = {"dispute": f"dp-{ref}", "order": sold.ref, "seller": ref, "amount": usd(120)}
        shops.happen(event("dispute.opened", at=shops.ago(2), reason="product_not_received", **told))
    assert [one["order"] for one in good(machine.get("/v1/chargebacks"))["items"]] == [own.ref]
    for path in ("/v1/disputes", "/v1/returns"):
        assert good(machine.get(path))["items"] == []
    problem(machine.get("/v1/disputes/cas_01m8k4s0000000000000000000"), 404, "not-found")


def test_every_operation_but_those_for_apps_is_refused_to_one() -> None:
    _, machine = app(shops.member("sel-1"))
    named = {}
    for operations in _declared():
        for one in operations.declared:
            path = "/v1" + re.sub(r"\{[^}]*\}", "x", one.path)
            answer = machine.get(path) if one.method == "GET" else machine.client.generic(
                one.method, path, b"{}", content_type="application/json", headers=machine._headers(None)
            )  # fmt: skip
            if one.for_apps:
                named[one.handler.__name__] = one.method
                assert answer.status_code != 403, path
            else:
                problem(answer, 403, "scope-missing")
    assert set(named.values()) == {"GET"}
    assert named.keys() == FOR_APPS, "whoever offers one more to apps has looked that it reads in the app's own scope"


def test_it_has_no_more_than_it_was_given_and_ends_in_one_step() -> None:
    client, user = owner("sel-1")
    key, machine = app(user, ["money:read"])
    good(machine.get("/v1/balances", seller="sel-1"))
    problem(machine.get("/v1/coverage", seller="sel-1"), 403, "scope-missing")
    assert client.post(f"/portal/accounts/apps/{key}/end/").status_code == 303
    problem(machine.get("/v1/balances", seller="sel-1"), 401, "key-revoked")
    assert client.post(f"/portal/accounts/apps/{key}/end/").status_code == 303, "twice is as good as once"
    with staff_scope():
        kinds = list(SecurityEvent.objects.filter(seller_key=shops.seller_key(), kind__startswith="app_").values_list("kind", flat=True))  # fmt: skip
    assert sorted(kinds) == ["app_connected", "app_ended"]


def test_nobody_ends_or_lets_in_an_app_of_another_shop() -> None:
    user, stranger = shops.member("sel-1"), owner("sel-2")[0]
    key, machine = app(user)
    assert stranger.post(f"/portal/accounts/apps/{key}/end/").status_code == 404
    good(machine.get("/v1/balances", seller="sel-1"))
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    with staff_scope(), pytest.raises(OwnerNeeded):
        app_grants.grant("ERP", EVERY, shops.seller_key(), support, at=shops.NOW, days=30)


def test_it_is_out_as_soon_as_whoever_let_it_in_does_not_own_the_shop_any_more() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-1")
    _, machine = app(user)
    good(machine.get("/v1/balances", seller="sel-1"))
    with staff_scope():
        (membership,) = (m for m in members.members_of(shops.seller_key(), at=shops.NOW) if m.person_id == user.id)
        members.change_member_role(membership.id, MemberRole.FINANCE, other, at=shops.NOW)
    problem(machine.get("/v1/balances", seller="sel-1"), 401, "key-revoked")


def test_an_app_that_a_thief_let_in_ends_with_not_me_and_one_of_before_goes_on() -> None:
    user = shops.member("sel-1")
    _, before = app(user)
    with staff_scope():
        since = ApiKey.objects.get().created_at
        _, secret = app_grants.grant("thief", EVERY, shops.seller_key(), user, at=shops.NOW.replace(year=2099), days=1)
        ended = keys.demote_keys_since(user.id, since.replace(year=2098), Actor("mailbox", "mailbox"), at=shops.NOW)
    assert len(ended) == 1
    problem(Machine(secret).get("/v1/balances", seller="sel-1"), 401, "key-revoked")
    good(before.get("/v1/balances", seller="sel-1"))


def test_an_app_gets_a_new_key_beside_which_the_old_one_goes_on_for_a_week_and_ends_by_itself() -> None:
    client, user = owner("sel-1")
    other = shops.member("sel-1")
    key, old = app(user, ["money:read"])
    answer = client.post(f"/portal/accounts/apps/{key}/renew/")
    found = re.search(r"sck_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", answer.content.decode())
    assert answer.status_code == 200 and found is not None and "no-store" in answer["Cache-Control"]
    new = Machine(found[0])
    for machine in (old, new):
        good(machine.get("/v1/balances", seller="sel-1"))
        problem(machine.get("/v1/coverage", seller="sel-1"), 403, "scope-missing")
    page = shops.read(client, "/portal/accounts/apps/")
    assert "Reads until its new key is in use" in page and page.count("/renew/") == 1 and found[0] not in page
    again = client.post(f"/portal/accounts/apps/{key}/renew/")
    assert again.status_code == 409 and "successor already" in again.content.decode()
    with staff_scope():
        first, second = ApiKey.objects.filter(seller_key=shops.seller_key()).order_by("created_at")
        assert timedelta(days=6) < first.expires_at - second.created_at <= keys.OVERLAP
        assert second.expires_at - second.created_at == timedelta(days=30), "as long as the one before was given"
        told = NoticeCopy.objects.filter(notice__code="app.key", notice__values__step="renewed")
        assert {one.person_id for one in told} == {user.id, other.id}, "every owner"
        ApiKey.objects.filter(id=first.id).update(expires_at=shops.NOW - timedelta(seconds=1))
    problem(old.get("/v1/balances", seller="sel-1"), 401, "key-expired")
    good(new.get("/v1/balances", seller="sel-1"))


def test_ending_an_app_ends_both_of_its_keys() -> None:
    client, user = owner("sel-1")
    key, old = app(user, ["money:read"])
    with staff_scope():
        made, secret = app_grants.renew(key, shops.seller_key(), user, at=shops.NOW)
    assert client.post(f"/portal/accounts/apps/{made.id}/end/").status_code == 303
    for machine in (old, Machine(secret)):
        problem(machine.get("/v1/balances", seller="sel-1"), 401, "key-revoked")
    assert client.post(f"/portal/accounts/apps/{key}/renew/").status_code == 409


def test_nobody_but_an_owner_of_the_shop_who_has_shown_who_they_are_renews_an_app() -> None:
    user, stranger = shops.member("sel-1"), owner("sel-2")[0]
    key, _ = app(user)
    assert stranger.post(f"/portal/accounts/apps/{key}/renew/").status_code == 409
    open_one = Client()
    open_one.force_login(user)
    assert "reauthenticate" in open_one.post(f"/portal/accounts/apps/{key}/renew/").headers["Location"]
    with staff_scope():
        finance = shops.member("sel-1", role=MemberRole.FINANCE)
        with pytest.raises(OwnerNeeded):
            app_grants.renew(key, shops.seller_key(), finance, at=shops.NOW)
        with pytest.raises(KeyRefused):
            keys.rotate_key(key, Actor("usr_admin", "administrator"), at=shops.NOW)
        assert ApiKey.objects.filter(seller_key__isnull=False).count() == 1


def test_owners_are_told_before_the_key_of_an_app_in_use_ends_and_administrators_are_not() -> None:
    user = shops.member("sel-1")
    app(user)
    with staff_scope():
        ApiKey.objects.filter(seller_key__isnull=False).update(last_used_on=shops.NOW.date())
    assert [remind(shops.NOW + timedelta(days=day)) for day in (5, 10, 12, 28, 29)] == [0, 1, 0, 1, 0]
    with staff_scope():
        copies = NoticeCopy.objects.filter(notice__values__step="ending")
        assert {(one.person_id, one.notice.code) for one in copies.select_related("notice")} == {(user.id, "app.key")}

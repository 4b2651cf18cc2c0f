"""The seller's page about security: what guards the shop, and what happened, for that shop only."""

from __future__ import annotations

from importlib.resources import files

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.parties import app_grants, members
from safeconduct.kernel.parties.models import MemberRole, SignInDevice
from safeconduct.kernel.scope import engine_scope, visitor_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD, read

PAGE = "/portal/accounts/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def enters(*refs: str, **fields: object) -> Client:
    user, client = shops.member(*refs, **fields), Client()  # type: ignore[arg-type]
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def test_a_sign_in_from_a_new_browser_stands_on_the_page_of_that_shop_and_of_no_other() -> None:
    mine, other = enters("sel-1"), shops.signed_in("sel-2")
    text = read(mine, PAGE)
    assert "Signed in from a browser that was not known before" in text
    assert "0 of 4 guards" in text and "Everyone near the money has a second step" in text
    assert "Signed in" not in read(other, PAGE)


def test_a_second_owner_raises_the_score() -> None:
    mine = enters("sel-1")
    shops.member("sel-1")
    assert "1 of 4 guards" in read(mine, PAGE)


def test_an_owner_sees_who_is_signed_in_and_which_apps_have_a_key_and_others_do_not() -> None:
    owner, support = enters("sel-1"), enters("sel-1", role=MemberRole.SUPPORT)
    assert read(owner, PAGE).count("1 open session") == 2 and "No app has a key" in read(owner, PAGE)
    with engine_scope():
        by = members.members_of(shops.seller_key(), at=shops.NOW)[0].person
        app_grants.grant("Bookkeeper", ["money:read"], shops.seller_key(), by, at=shops.NOW, days=30)
    assert "Bookkeeper" in read(owner, PAGE) and "never used" in read(owner, PAGE)
    told = read(support, PAGE)
    assert "open session" not in told and "Bookkeeper" not in told and "Keys of apps" not in told


def test_who_only_reads_may_still_make_their_own_browsers_unknown_and_that_is_told() -> None:
    reader, colleague = enters("sel-1", role=MemberRole.READ_ONLY), enters("sel-1")
    answer = reader.post(PAGE + "browsers/forget/")
    assert answer.status_code == 303
    with visitor_scope():
        assert SignInDevice.objects.count() == 1  # the colleague's
    assert "Made all browsers unknown again" in read(colleague, PAGE)
    assert reader.get(PAGE + "browsers/forget/").status_code == 405


def test_a_new_role_and_the_end_of_somebodys_access_are_told_to_the_shop() -> None:
    owner, colleague = shops.signed_in("sel-1"), shops.member("sel-1", role=MemberRole.SUPPORT)
    (membership,) = members.sellers_of(colleague, at=shops.NOW)
    assert owner.post(f"/portal/people/{membership.id}/role/", {"role": "finance"}).status_code == 303
    assert "Has another role now" in read(owner, PAGE)
    assert owner.post(f"/portal/people/{membership.id}/end/").status_code == 303
    assert "Does not act for the shop any more" in read(owner, PAGE)


def test_what_a_decision_about_an_act_means_is_said_of_the_account_and_not_of_a_buyer() -> None:
    live_policy((files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8"))
    mine = shops.signed_in("sel-1")
    made = judge(Act(ActKind.SIGN_IN, "usr_1", shops.NOW, "sel-1", {"new_country": True}))
    text = read(mine, f"/portal/decisions/{made.decision_id}/")
    assert "had to confirm with a passkey first" in text and "buyer" not in text

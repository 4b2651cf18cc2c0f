"""Two changes that together take an account over: what its lock ends, for whom, and how often."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import keys
from safeconduct.kernel.parties.models import AccountCase, StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge
from tests.console.test_console import signed_in as staff_signed_in
from tests.kernel.builders import event, live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD, read

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)


def takes_over(user: User, key: str = "pca_1") -> None:
    """Recovered by the mailbox an hour ago, and now the money is to go elsewhere (S18)."""
    lanes.accept(
        [event("security.changed", at=shops.ago(1), seller="sel-1", member=user.id, change="recovery")],
        known=Known.WHEN_IT_HAPPENED,
    )
    assert judge(Act(ActKind.PAYOUT_CHANGE, user.id, lanes.utc_now(), "sel-1", key=key)).refused


def enters(user: User, client: Client | None = None) -> Client:
    """Somebody signs in, with a browser that is new or has been used before."""
    client = client or Client()
    cache.clear()
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    assert client.get("/portal/").status_code == 200
    return client


def test_sessions_end_newer_keys_only_read_payouts_stop_and_a_person_looks_at_it() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-1")
    thief, colleague = enters(user), enters(other)
    by = Actor(user.id, "owner")
    with staff_scope():
        old, _ = keys.create_key("ERP", ["disputes:write"], by, at=shops.ago(24 * 30))
        new, _ = keys.create_key("Thief", ["disputes:write"], by, at=shops.ago(1))
    takes_over(user)
    assert thief.get("/portal/").status_code == 302 and colleague.get("/portal/").status_code == 200
    with staff_scope():
        old.refresh_from_db()
        new.refresh_from_db()
        (case,) = AccountCase.objects.all()
        notice = StoredNotice.objects.get(person=user, values__what="account_locked")
    assert (old.demoted_at is None, new.demoted_at is None) == (True, False)
    assert (case.person_id, case.frozen["sessions"], case.frozen["keys"]) == (user.id, 1, [new.id])
    with engine_scope():
        assert payout_accounts.stops([shops.seller_key()], lanes.utc_now() + timedelta(days=365))
    staff, _lead = staff_signed_in(StaffRole.ANALYST)
    page = read(staff, f"/console/accounts/cases/{case.id}/")
    assert "looks like a takeover" in page and "Locked by account risk" in page
    assert notice.url.startswith("/accounts/not-me/")


def test_the_same_act_tried_again_locks_once_and_signing_in_again_is_possible() -> None:
    user = shops.member("sel-1")
    enters(user)
    takes_over(user)
    again = enters(user)
    assert judge(Act(ActKind.PAYOUT_CHANGE, user.id, lanes.utc_now(), "sel-1", key="pca_1")).refused
    assert again.get("/portal/").status_code == 200
    assert judge(Act(ActKind.PAYOUT_CHANGE, user.id, lanes.utc_now(), "sel-1", key="pca_2")).refused
    assert again.get("/portal/").status_code == 302, "another act ends sessions again"
    with staff_scope():
        assert AccountCase.objects.count() == 1
        assert StoredNotice.objects.filter(values__what="account_locked").count() == 1
    with engine_scope():
        assert len(payout_reading.stops_of(shops.seller_key(), lanes.utc_now())) == 1, "two people end it once"


def test_whose_changes_are_seen_in_every_sign_in_of_the_day_comes_in_each_time() -> None:
    user = shops.member("sel-1")
    own = enters(user)
    takes_over(user)
    lanes.accept(
        [event("security.changed", at=shops.ago(1), seller="sel-1", member=user.id, change="email")],
        known=Known.WHEN_IT_HAPPENED,
    )
    for _ in range(2):
        enters(user, own).post("/accounts/logout/")
    assert enters(user, own).get("/portal/").status_code == 200


def test_not_me_about_a_lock_stops_what_came_after_it_too() -> None:
    user = shops.member("sel-1")
    enters(user)
    takes_over(user)
    thief = enters(user)
    with staff_scope():
        link = StoredNotice.objects.get(person=user, values__what="account_locked").url
    mailbox = Client()
    assert "Was this not you?" in mailbox.get(link, follow=True).content.decode()
    assert "It is stopped" in mailbox.post(link).content.decode()
    assert thief.get("/portal/").status_code == 302
    with staff_scope():
        (case,) = AccountCase.objects.all()
    assert case.frozen["sessions"] == 2 and "by_risk" not in case.frozen

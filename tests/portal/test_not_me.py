"""*This was not me*: two taps freeze everything that came after, and nothing ever comes back by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.payout_accounts import AccountState, Proof
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import keys, members
from safeconduct.kernel.parties.models import AccountCase, MemberRole, SecurityEvent, StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.protections.accounts.sign_in import not_me
from tests.console.test_console import signed_in as staff_signed_in
from tests.portal import shops
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD

BANK = Actor("bank", "bank")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def signs_in(user: User) -> Client:
    client = Client()
    cache.clear()
    answer = client.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD}, headers={"user-agent": "Firefox/128"}
    )
    assert answer.status_code == 302
    return client


def link_of(user: User, what: str = "signed_in") -> str:
    """The link of the latest notice of this kind, as it stands in mail and inbox."""
    with staff_scope():
        return (
            StoredNotice.objects.filter(person=user, values__what=what).order_by("-at").values_list("url", flat=True)[0]
        )


def account(number: str, *, at: datetime, owner: User) -> str:
    proof = Proof("passkey", at - timedelta(days=30), at)
    with engine_scope():
        made = payout_accounts.ask(
            shops.seller_key(), number, "Viña", "CL", Actor(owner.id, MemberRole.OWNER), proof, at=at
        )
        payout_accounts.verified(made, BANK, name_matches=True, at=at)
    return made


def ripen(at: datetime) -> None:
    with engine_scope():
        payout_accounts.ripen(at)


def state(identity: str) -> str:
    with engine_scope():
        return {one.id: one.state for one in payout_accounts.accounts_of(shops.seller_key())}[identity]


def test_opening_the_link_changes_nothing_and_pressing_once_ends_the_thiefs_session_and_no_older_one() -> None:
    user = shops.member("sel-1")
    own = signs_in(user)
    thief = signs_in(user)
    link, mailbox = link_of(user), Client()
    text = mailbox.get(link, follow=True).content.decode()
    assert "Was this not you?" in text and "Signed in from a browser that was not known before" in text
    assert thief.get("/portal/").status_code == 200, "mail scanners open links"
    assert "It is stopped" in mailbox.post(link).content.decode()
    assert thief.get("/portal/").status_code == 302
    assert own.get("/portal/").status_code == 200
    with staff_scope():
        (case,) = AccountCase.objects.all()
        assert (case.person_id, case.frozen["sessions"]) == (user.id, 1)


def test_a_payout_account_that_is_still_ageing_is_cancelled_and_the_old_one_goes_on() -> None:
    user, now = shops.member("sel-1"), lanes.utc_now()
    old = account("CL9300123456", at=now - timedelta(days=30), owner=user)
    ripen(now - timedelta(days=20))
    signs_in(user)
    new = account("GB82WEST1234", at=lanes.utc_now(), owner=user)
    Client().post(link_of(user))
    assert (state(old), state(new)) == (AccountState.ACTIVE, AccountState.CANCELLED)
    ripen(now + timedelta(hours=73))
    assert state(new) == AccountState.CANCELLED


def test_an_account_that_is_in_force_already_is_frozen_with_all_others_and_pressing_again_gives_nothing_back() -> None:
    user, now = shops.member("sel-1"), lanes.utc_now()
    old = account("CL9300123456", at=now - timedelta(days=30), owner=user)
    ripen(now - timedelta(days=20))
    signs_in(user)
    new = account("GB82WEST1234", at=now - timedelta(days=4), owner=user)
    ripen(lanes.utc_now())
    assert state(new) == AccountState.ACTIVE
    link = link_of(user)
    for _ in range(3):
        Client().post(link)
        assert (state(old), state(new)) == (AccountState.FROZEN, AccountState.FROZEN)
    with engine_scope():
        assert payout_accounts.unpaid([shops.seller_key()], lanes.utc_now() + timedelta(days=365))
    with staff_scope():
        assert AccountCase.objects.count() == 1


def test_an_ex_employee_with_the_old_mailbox_can_stop_and_never_win() -> None:
    owner, clerk = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.FINANCE)
    signs_in(clerk)
    link, now = link_of(clerk), lanes.utc_now()
    (membership,) = members.sellers_of(clerk, at=now)
    with staff_scope():
        members.end_membership(membership.id, None, at=now)
    mine = account("GB82WEST1234", at=lanes.utc_now(), owner=owner)
    thiefs = Client()
    thiefs.post(link)
    assert state(mine) == AccountState.CANCELLED, "stopped"
    ripen(now + timedelta(hours=73))
    assert state(mine) == AccountState.CANCELLED, "and nobody is paid there after three days"
    assert thiefs.get("/portal/").status_code == 302, "the link signs nobody in"
    text = thiefs.get(link, follow=True).content.decode()
    assert owner.email not in text and "GB82" not in text, "and tells nothing"


def test_newer_keys_can_only_read_and_older_ones_are_left_alone() -> None:
    user = shops.member("sel-1")
    by = Actor(user.id, "owner")
    with staff_scope():
        old, _ = keys.create_key("ERP", ["disputes:write"], by, at=shops.ago(50))
    signs_in(user)
    with staff_scope():
        new, _ = keys.create_key("Thief", ["disputes:write", "money:read"], by, at=lanes.utc_now())
    Client().post(link_of(user))
    with staff_scope():
        new.refresh_from_db()
        old.refresh_from_db()
    assert (new.demoted_at is None, old.demoted_at is None) == (False, True)


def test_a_link_works_for_seven_days_for_this_event_only_and_not_when_it_was_changed() -> None:
    user = shops.member("sel-1")
    signs_in(user)
    link = link_of(user)
    event_id = link.split("/")[3].split(":")[0]
    assert Client().get(link.replace(event_id, "sev_01jy2d8m4kq5v6w7x8y9zabcde"), follow=True).status_code == 404
    with engine_scope():
        event = SecurityEvent.objects.get(id=event_id)
        token = not_me.token_of(event_id)
        assert not_me.event_of(token, event.at + not_me.GOOD_FOR) is None
        assert not_me.event_of(token, event.at + not_me.GOOD_FOR - timedelta(seconds=1)) == event


def test_everybody_near_the_money_hears_of_it_and_the_shop_sees_it_on_its_page() -> None:
    owner, clerk = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.FULFILMENT)
    signs_in(clerk)
    Client().post(link_of(clerk))
    own = Client()
    own.force_login(owner)
    assert "Said that something was not them" in shops.read(own, "/portal/accounts/")
    with staff_scope():
        told = query(
            "SELECT c.person_id FROM notice n JOIN notice_copy c ON c.notice_id = n.id WHERE n.code = 'account.frozen'"
        )
        assert [person for (person,) in told] == [owner.id]


def test_staff_find_the_case_say_what_it_was_once_and_nothing_comes_back_by_it() -> None:
    user, now = shops.member("sel-1"), lanes.utc_now()
    signs_in(user)
    mine = account("GB82WEST1234", at=lanes.utc_now(), owner=user)
    Client().post(link_of(user))
    staff, _ = staff_signed_in(StaffRole.ANALYST)
    with staff_scope():
        case = AccountCase.objects.get()
    page = f"/console/accounts/cases/{case.id}/"
    assert str(user) in shops.read(staff, "/console/accounts/cases/")
    assert "1 payout account cancelled or frozen" in shops.read(staff, page)
    refused = staff.post(page + "decide/", {"finding": "was_them", "why": "no"})
    assert refused.status_code == 409 and "Say why" in refused.content.decode()
    given = {"finding": "was_them", "why": "She was on the telephone: a new computer."}
    assert staff.post(page + "decide/", given).status_code == 303
    assert staff.post(page + "decide/", given).status_code == 409
    assert "it was the person" in shops.read(staff, page)
    assert str(user) not in shops.read(staff, "/console/accounts/cases/")
    assert str(user) in shops.read(staff, "/console/accounts/cases/?show=decided")
    assert state(mine) == AccountState.CANCELLED
    ripen(now + timedelta(hours=73))
    assert state(mine) == AccountState.CANCELLED


def test_a_case_without_reasons_is_refused_by_the_database() -> None:
    user = shops.member("sel-1")
    signs_in(user)
    Client().post(link_of(user))
    with owner_scope(), pytest.raises(Exception, match="account_case_decided_with_reasons"):
        query("UPDATE account_case SET decided_at = now()")


def payout_link(what: str) -> str:
    """The link of the latest notice about a payout account, as owners, finance and earlier mailboxes get it."""
    with staff_scope():
        rows = StoredNotice.objects.filter(code="payout_account.changed", values__what=what).order_by("-at")
        return rows.values_list("url", flat=True)[0]


@pytest.mark.parametrize("step", ["asked", "ageing"])
def test_two_taps_in_the_notice_about_a_payout_account_cancel_it_although_the_thiefs_session_is_older(
    step: str,
) -> None:
    """The thief sits at a session that the owner began hours ago: no sign-in was told of."""
    owner, now = shops.member("sel-1"), lanes.utc_now()
    thief, bank = Client(), Actor("bank", "engine")
    thief.force_login(owner)
    thief.get("/portal/")
    with engine_scope():
        (session,) = query("SELECT id FROM sign_in_session WHERE person_id = %s", [owner.id]).fetchone() or ("",)
        query("UPDATE sign_in_session SET started_at = started_at - interval '3 hours'")
        proof = Proof("passkey", now - timedelta(days=30), now, session)
        asker = Actor(owner.id, MemberRole.OWNER)
        made = payout_accounts.ask(shops.seller_key(), "GB82WEST1234", "Viña", "CL", asker, proof, at=now)
        payout_accounts.verified(made, bank, name_matches=True, at=now + timedelta(seconds=1))
    mailbox, link = Client(), payout_link(step)
    assert "Was this not you?" in mailbox.get(link, follow=True).content.decode()
    assert state(made) == AccountState.AGEING and thief.get("/portal/").status_code == 200
    assert "It is stopped" in mailbox.post(link).content.decode()
    assert state(made) == AccountState.CANCELLED
    assert thief.get("/portal/").status_code == 302, "the session in which it was asked for is over"
    ripen(now + timedelta(hours=73))
    assert state(made) == AccountState.CANCELLED


def test_what_the_bank_confirms_is_about_who_asked_and_the_staffs_own_sessions_go_on() -> None:
    owner, now = shops.member("sel-1"), lanes.utc_now()
    staff, lead = staff_signed_in(StaffRole.LEAD)
    assert staff.get("/console/").status_code == 200
    with engine_scope():
        proof = Proof("passkey", now - timedelta(days=30), now)
        asker = Actor(owner.id, MemberRole.OWNER)
        made = payout_accounts.ask(shops.seller_key(), "GB82WEST1234", "Viña", "CL", asker, proof, at=now)
        payout_accounts.verified(made, Actor(lead.id, "lead", "as the bank says"), name_matches=True, at=now)
    Client().post(payout_link("ageing"))
    assert state(made) == AccountState.CANCELLED
    assert staff.get("/console/").status_code == 200


def test_a_change_that_has_come_into_force_is_frozen_by_its_own_notice() -> None:
    owner, now = shops.member("sel-1"), lanes.utc_now()
    old = account("CL9300123456", at=now - timedelta(days=30), owner=owner)
    ripen(now - timedelta(days=20))
    new = account("GB82WEST1234", at=now - timedelta(hours=73), owner=owner)
    ripen(lanes.utc_now())
    assert state(new) == AccountState.ACTIVE
    Client().post(payout_link("active"))
    assert (state(old), state(new)) == (AccountState.FROZEN, AccountState.FROZEN)


def test_the_session_in_which_a_passkey_was_added_ends_although_it_is_older_than_that() -> None:
    user = shops.member("sel-1")
    thief = signs_in(user)
    with engine_scope():
        query("UPDATE sign_in_session SET started_at = started_at - interval '1 hour'")
    thief.post("/accounts/reauthenticate/", {"password": PASSWORD})
    thief.get("/accounts/2fa/totp/activate/")
    secret = thief.session["mfa.totp.secret"]
    assert thief.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    assert thief.get("/portal/").status_code == 200
    Client().post(link_of(user, "factor_added"))
    assert thief.get("/portal/").status_code == 302

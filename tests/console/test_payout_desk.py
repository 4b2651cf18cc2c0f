"""What the staff do about payout accounts: alone what one may, by two what takes two, and never about their own shop."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.console.test_console import MAX_BYTES, MAX_QUERIES, signed_in
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.portal.reading_time import ten_seconds_pass

from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.payout_accounts import AccountState, Proof
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope

PAGE, SHOP = "/console/accounts/payout/", "/portal/accounts/payout/"
OWNER = Actor("usr_owner", "owner")
WHY = {"reason": "The bank's letter of today names the shop."}


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def asked(number: str = "DE89370400440532013000", *, seller: str = "sel-1", hours_ago: float = 1) -> str:
    at = shops.ago(hours_ago)
    with engine_scope():
        return payout_accounts.ask(
            shops.seller_key(seller), number, "Viña del Mar Fruits SpA", "DE", OWNER,
            Proof("passkey", at - timedelta(days=9), at), at=at,
        )  # fmt: skip


def in_use(number: str = "DE89370400440532013000", *, seller: str = "sel-1") -> str:
    account = asked(number, seller=seller, hours_ago=24 * 30)
    with engine_scope():
        payout_accounts.verified(account, Actor("bank", "engine"), name_matches=True, at=shops.ago(24 * 30))
        payout_accounts.ripen(shops.ago(24 * 20))
    return account


def frozen() -> tuple[str, str]:
    """An account that somebody said was not theirs after it came into use; the account and the stop of payouts."""
    account = in_use()
    key = shops.seller_key()
    with engine_scope():
        payout_accounts.freeze(key, shops.ago(24 * 31), OWNER, at=shops.ago(2))
        (stop,) = payout_reading.stops_of(key, datetime.now(UTC))
    return account, stop.id


def state(account: str) -> AccountState:
    with engine_scope():
        return payout_reading.account(account).state


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def proposed(page: str) -> str:
    found = re.search(r"proposals/(\w+)/withdraw/", page)
    assert found is not None
    return found[1]


def test_the_holder_is_confirmed_with_reasons_and_only_then_the_account_begins_to_wait() -> None:
    account = asked()
    lead, _ = signed_in()
    assert "Confirm with the bank whose account it is" in read(lead, PAGE)
    assert lead.post(f"{PAGE}{account}/holder/", {"matches": "yes", "reason": " "}).status_code == 409
    assert state(account) is AccountState.DRAFT
    assert lead.post(f"{PAGE}{account}/holder/", {"matches": "yes", **WHY}).status_code == 303
    assert state(account) is AccountState.AGEING
    assert "No account waits" in read(lead, PAGE)


def test_an_account_under_another_name_is_judged_and_the_seller_reads_why() -> None:
    account = asked()
    lead, _ = signed_in()
    lead.post(f"{PAGE}{account}/holder/", {"matches": "no", "reason": "The bank names another company."})
    assert state(account) is AccountState.REVIEW
    assert "under another name" in read(lead, PAGE)
    assert lead.post(f"{PAGE}{account}/judge/", {"allow": "no", "reason": ""}).status_code == 409
    assert lead.post(f"{PAGE}{account}/judge/", {"allow": "no", "reason": "Not your company."}).status_code == 303
    assert state(account) is AccountState.CANCELLED
    assert "Not your company." in read(shops.signed_in("sel-1"), SHOP)


def test_the_number_is_shown_once_and_the_seller_sees_that_it_was_read() -> None:
    account = asked()
    lead, _ = signed_in()
    assert "370400440532" not in read(lead, f"{PAGE}{account}/")
    answer = lead.post(f"{PAGE}{account}/number/")
    assert "DE89370400440532013000" in answer.content.decode() and "Viña del Mar Fruits SpA" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert "read the whole number" in read(shops.signed_in("sel-1"), SHOP)


def test_an_analyst_reads_what_waits_and_does_nothing_about_it() -> None:
    account = asked()
    analyst, _ = signed_in(StaffRole.ANALYST)
    assert "Leads act here" in read(analyst, f"{PAGE}{account}/")
    for verb in ("number", "holder", "judge", "give-back"):
        assert analyst.post(f"{PAGE}{account}/{verb}/", {"matches": "yes", **WHY}).status_code == 403
    assert state(account) is AccountState.DRAFT


def test_a_shared_account_is_judged_with_what_the_seller_says_and_that_is_answered() -> None:
    in_use(seller="sel-2")
    account = asked()
    lead, _ = signed_in()
    lead.post(f"{PAGE}{account}/holder/", {"matches": "yes", **WHY})
    assert state(account) is AccountState.REVIEW
    owner = shops.signed_in("sel-1")
    owner.post(f"{SHOP}{account}/contest/", {"text": "One bookkeeper keeps both accounts."})
    page = read(lead, f"{PAGE}{account}/")
    assert "Kyoto Teas" in page and "One bookkeeper keeps both accounts." in page and "no ground to refuse" in page
    assert "The seller objected." in read(lead, PAGE)
    lead.post(f"{PAGE}{account}/judge/", {"allow": "yes", "reason": "The bookkeeper confirmed it."})
    assert state(account) is AccountState.AGEING
    page = read(owner, SHOP)
    assert "The answer:" in page and "The bookkeeper confirmed it." in page and "Kyoto" not in page


def test_two_people_give_an_account_back_and_let_payouts_go_on() -> None:
    shops.member("sel-1")
    account, stop = frozen()
    first, _ = signed_in()
    second, _ = signed_in()
    assert first.post(f"{PAGE}{account}/give-back/", WHY).status_code == 303
    proposal = proposed(read(first, f"{PAGE}{account}/"))
    assert first.post(f"{PAGE}proposals/{proposal}/agree/").status_code == 409
    assert state(account) is AccountState.FROZEN
    assert second.post(f"{PAGE}proposals/{proposal}/agree/").status_code == 303
    assert state(account) is AccountState.AGED
    assert second.post(f"{PAGE}proposals/{proposal}/agree/").status_code == 404  # a second click
    assert first.post(f"{PAGE}stops/{stop}/end/", WHY).status_code == 303
    proposal = proposed(read(second, PAGE))
    assert second.post(f"{PAGE}proposals/{proposal}/agree/").status_code == 303
    with staff_scope():
        assert not payout_reading.stops([shops.seller_key()], datetime.now(UTC))
        told = NoticeCopy.objects.filter(seller_key=shops.seller_key()).values_list("notice__code", flat=True)
        assert {"payout.stopped", "payout.resumed", "payout_account.changed"} <= set(told)


def test_the_owner_of_an_account_that_was_given_back_chooses_it_and_is_paid_again() -> None:
    account, stop = frozen()
    (first, _), (second, _) = signed_in(), signed_in()
    for address in (f"{PAGE}stops/{stop}/end/", f"{PAGE}{account}/give-back/"):
        first.post(address, WHY)
        second.post(f"{PAGE}proposals/{proposed(read(second, f'{PAGE}{account}/') + read(second, PAGE))}/agree/")
    person, owner = shops.member("sel-1"), Client()
    owner.force_login(person)
    passkey = Passkey.of(person)
    owner.post(f"{SHOP}{account}/use/")
    signed = passkey.sign(read(owner, f"{SHOP}confirm/"))
    ten_seconds_pass(owner)
    assert owner.post(f"{SHOP}confirm/", {"credential": signed}).headers["Location"] == SHOP
    assert state(account) is AccountState.ACTIVE


def test_a_proposal_can_be_withdrawn_and_another_be_made() -> None:
    account, _ = frozen()
    lead, _ = signed_in()
    for _ in range(2):
        assert lead.post(f"{PAGE}{account}/give-back/", WHY).status_code == 303
        assert lead.post(f"{PAGE}{account}/give-back/", WHY).status_code == 303  # sent twice
        proposal = proposed(read(lead, f"{PAGE}{account}/"))
        assert lead.post(f"{PAGE}proposals/{proposal}/withdraw/").status_code == 303
    assert state(account) is AccountState.FROZEN
    assert lead.post(f"{PAGE}{asked('GB29NWBK60161331926819')}/give-back/", WHY).status_code == 409


def test_nobody_of_the_staff_judges_a_shop_that_they_act_for() -> None:
    account = asked()
    lead, user = signed_in()
    with staff_scope():
        members.add_member(user, shops.seller_key(), MemberRole.OWNER, None, at=shops.ago(5))
    answer = lead.post(f"{PAGE}{account}/holder/", {"matches": "yes", **WHY})
    assert answer.status_code == 409 and "act for this shop yourself" in answer.content.decode()
    assert state(account) is AccountState.DRAFT


def test_what_is_not_there_is_not_found() -> None:
    lead, _ = signed_in()
    assert lead.get(f"{PAGE}pac_nothing/").status_code == 404
    for address in ("pac_nothing/number/", "pac_nothing/holder/", "pac_nothing/judge/", "pac_nothing/give-back/",
                    "stops/pst_nothing/end/", "proposals/pps_nothing/agree/", "proposals/pps_nothing/withdraw/"):  # fmt: skip
        assert lead.post(PAGE + address, WHY).status_code == 404, address


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_the_pages_are_small_ask_little_and_load_nothing_inline(language: str) -> None:
    account, _ = frozen()
    lead, _ = signed_in()
    lead.post(f"{PAGE}{account}/give-back/", WHY)
    for address in (PAGE, f"{PAGE}{account}/"):
        with CaptureQueriesContext(connections["staff"]) as asked_for:
            answer = lead.get(address, headers={"accept-language": language})
        page = answer.content.decode()
        assert answer.status_code == 200 and len(answer.content) < MAX_BYTES
        assert len(asked_for) <= MAX_QUERIES
        assert "style=" not in page
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)

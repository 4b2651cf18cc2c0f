"""Where a shop is paid, told through its pages: an honest owner, a thief, an ex-employee, and those who only watch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.actions import Entry, pay_out, post
from safeconduct.kernel.ledger.payout_accounts import AccountState
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.protections.transactions.money import due
from tests.kernel.builders import event, live_policy
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.portal.reading_time import ten_seconds_pass
from tests.portal.shops import read

PAGE = "/portal/accounts/payout/"
IBAN, OTHER, THIRD = "CH93 0076 2011 6238 5295 7", "DE89370400440532013000", "GB29NWBK60161331926819"
COUNTRIES = {IBAN: "CH", OTHER: "DE", THIRD: "GB"}
POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")
BANK = Actor("bank", "engine")


@pytest.fixture(autouse=True)
def a_marketplace() -> Iterator[None]:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)
    yield


@dataclass(slots=True)
class Person:
    """Somebody of the shop at a browser, with their passkey."""

    user: User
    client: Client
    passkey: Passkey | None

    def fills_in(self, number: str = OTHER, **fields: str) -> Any:
        form = read(self.client, PAGE + "add/")
        once = form.split('name="once" value="')[1].split('"')[0]
        given = {"once": once, "holder": "Viña del Mar Fruits SpA", "country": COUNTRIES.get(number, "CL"), **fields}
        return self.client.post(PAGE + "add/", {"number": number, **given})

    def confirms(self) -> Any:
        assert self.passkey is not None
        signed = self.passkey.sign(read(self.client, PAGE + "confirm/"))
        ten_seconds_pass(self.client)
        return self.client.post(PAGE + "confirm/", {"credential": signed})

    def asks(self, number: str = OTHER) -> str:
        """Everything a person does to be paid elsewhere; the account's id."""
        assert self.fills_in(number).headers["Location"] == PAGE + "confirm/"
        answer = self.confirms()
        assert answer.headers["Location"] == PAGE, answer.content.decode()[:400]
        return newest().id


def somebody(role: MemberRole = MemberRole.OWNER, *, hours_old: float | None = 720, seller: str = "sel-1") -> Person:
    user, client = shops.member(seller, role=role), Client()
    client.force_login(user)
    return Person(user, client, None if hours_old is None else Passkey.of(user, hours_old=hours_old))


def newest(seller: str = "sel-1") -> payout_reading.PayoutAccount:
    with engine_scope():
        return max(payout_reading.accounts_of(shops.seller_key(seller)), key=lambda one: one.asked_at)


def state(account: str) -> AccountState:
    with engine_scope():
        return payout_reading.account(account).state


def confirmed(account: str, *, at: datetime | None = None) -> AccountState:
    """The bank says whose account it is."""
    with engine_scope():
        return payout_accounts.verified(account, BANK, name_matches=True, at=at or datetime.now(UTC))


def in_use_since_long(number: str = IBAN, seller: str = "sel-1") -> str:
    """An account that has been paid to for weeks."""
    key, past = shops.seller_key(seller), shops.ago(24 * 60)
    owner = Actor("usr_founder", "owner")
    proof = payout_accounts.Proof("passkey", past - timedelta(days=9), past)
    plain = number.replace(" ", "")
    with engine_scope():
        account = payout_accounts.ask(key, plain, "Viña del Mar Fruits SpA", plain[:2], owner, proof, at=past)
        payout_accounts.verified(account, BANK, name_matches=True, at=past)
        payout_accounts.ripen(past + timedelta(hours=72))
    return account


def recovered(person: User, *, hours_ago: float) -> None:
    lanes.accept(
        [event("security.changed", at=shops.ago(hours_ago), seller="sel-1", member=person.id, change="recovery")],
        known=Known.WHEN_IT_HAPPENED,
    )


def paid_to(hours: float) -> set[str | None]:
    """What was sold lately is paid out, so many hours from now; the accounts it went to."""
    later = datetime.now(UTC) + timedelta(hours=hours)
    due.ripen_accounts(later)
    key = shops.seller_key()
    with engine_scope():
        post([
            Entry("capture", f"sale-{hours}", later, "USD", key, 70, {"sale": 10_000, "fee": 800}),
            Entry("release", f"release-{hours}", later, "USD", key, 70, {"amount": 9_200}),
        ])  # fmt: skip
        pay_out([key], later, run_key=f"run-{hours}")
        rows = query("SELECT account_id FROM ledger_payout WHERE run_key = %s", [f"run-{hours}"]).fetchall()
    return {account for (account,) in rows}


def test_an_owner_changes_where_the_money_goes_and_it_goes_there_72_hours_after_it_was_confirmed() -> None:
    old, owner, finance = in_use_since_long(), somebody(), somebody(MemberRole.FINANCE, hours_old=None)
    new = owner.asks()
    assert "being confirmed" in read(finance.client, PAGE)
    assert confirmed(new) is AccountState.AGEING
    page = read(owner.client, PAGE)
    assert "Used from" in page and "...3000" in page and "370400440532" not in page
    assert paid_to(71) == {old}
    assert paid_to(73) == {new}
    assert state(old) is AccountState.AGED


def test_every_owner_and_all_of_finance_are_told_and_nobody_else() -> None:
    owner, second = somebody(), somebody()
    finance, support = somebody(MemberRole.FINANCE), somebody(MemberRole.SUPPORT)
    owner.asks()
    with staff_scope():
        told = set(NoticeCopy.objects.filter(notice__code="payout_account.changed").values_list("person_id", flat=True))
    assert told == {owner.user.id, second.user.id, finance.user.id}
    assert support.client.get(PAGE).status_code == 403
    assert "payouts to go to another account" in read(finance.client, "/portal/accounts/")
    assert "payouts to go to another account" not in read(support.client, "/portal/accounts/")


@pytest.mark.parametrize(
    ("number", "fields", "named"),
    [
        ("DE89370400440532013001", {"country": "DE"}, "The check digits do not fit"),
        ("DE8937040044053201300", {"country": "DE"}, "has another length"),
        (OTHER, {"country": "FR"}, "of another country"),
        ("0532013000", {"country": "DE"}, "have an IBAN"),
        ("12/34", {"country": "CL"}, "letters and digits only"),
        (OTHER, {"country": ""}, "required"),
        (OTHER, {"holder": " "}, "required"),
        (OTHER, {"once": "x"}, "Open the page again"),
    ],
)
def test_bad_input_is_named_beside_its_field_and_nothing_is_asked(
    number: str, fields: dict[str, str], named: str
) -> None:
    owner = somebody()
    answer = owner.fills_in(number, **fields)
    assert answer.status_code == 422 and named in answer.content.decode()
    assert owner.client.get(PAGE + "confirm/").status_code == 303


def test_what_is_shown_is_what_is_confirmed() -> None:
    owner = somebody()
    owner.fills_in(OTHER)
    assert owner.passkey is not None
    first = owner.passkey.sign(read(owner.client, PAGE + "confirm/"))
    owner.fills_in(THIRD)  # in a second tab, by whoever sits there
    answer = owner.client.post(PAGE + "confirm/", {"credential": first})
    assert answer.headers["Location"] == PAGE + "confirm/"
    with engine_scope():
        assert not payout_reading.accounts_of(shops.seller_key())


def test_a_text_that_stood_open_for_six_minutes_has_to_be_confirmed_anew() -> None:
    owner = somebody()
    owner.fills_in()
    assert owner.passkey is not None
    signed = owner.passkey.sign(read(owner.client, PAGE + "confirm/"))
    session = owner.client.session
    shown = datetime.fromisoformat(session["payout_asking"]["shown_at"]) - timedelta(minutes=6)
    session["payout_asking"] = {**session["payout_asking"], "shown_at": shown.isoformat()}
    session.save()
    answer = owner.client.post(PAGE + "confirm/", {"credential": signed})
    assert answer.status_code == 409 and "longer than five minutes" in answer.content.decode()
    assert owner.confirms().headers["Location"] == PAGE


def test_what_is_confirmed_sooner_than_anybody_reads_is_not_done() -> None:
    owner = somebody()
    owner.fills_in()
    assert owner.passkey is not None
    signed = owner.passkey.sign(read(owner.client, PAGE + "confirm/"))
    answer = owner.client.post(PAGE + "confirm/", {"credential": signed}, follow=True)
    assert "sooner than anybody reads it" in answer.content.decode()
    with engine_scope():
        assert not payout_reading.accounts_of(shops.seller_key())
    assert owner.confirms().headers["Location"] == PAGE


def test_a_second_click_asks_nothing_twice() -> None:
    owner = somebody()
    account = owner.asks()
    assert owner.client.post(PAGE + "confirm/", {"credential": "{}"}).status_code == 303
    owner.asks()  # the same number once more
    assert newest().id == account


def test_a_passkey_that_is_new_confirms_nothing() -> None:
    owner = somebody(hours_old=71)
    owner.fills_in()
    assert "newer than 72 hours" in read(owner.client, PAGE + "confirm/")
    without = somebody(hours_old=None)
    without.fills_in()
    assert "needs a passkey" in read(without.client, PAGE + "confirm/")


def test_the_number_is_nowhere_in_the_clear() -> None:
    owner = somebody()
    owner.fills_in()
    kept = str(dict(owner.client.session))
    assert "370400440532" not in kept
    owner.confirms()
    with staff_scope():
        rows = query("SELECT a::text FROM payout_account a").fetchall()
    assert rows and "370400440532" not in str(rows)


def test_a_takeover_ends_with_nothing_paid_to_the_new_account() -> None:
    """A thief with the owner's session and a stolen telephone, after a recovery: stopped before a passkey is asked."""
    in_use_since_long()
    thief = somebody()
    recovered(thief.user, hours_ago=2)
    answer = thief.fills_in(THIRD)
    assert answer.headers["Location"].startswith("/portal/decisions/")
    assert "/accounts/login/" in thief.client.get(answer.headers["Location"]).headers["Location"], "signed out"
    other = Client()
    other.force_login(shops.member("sel-1"))
    assert "It was refused. If it was not one of you" in read(other, answer.headers["Location"])
    assert "/accounts/login/" in thief.client.get(PAGE + "confirm/").headers["Location"]
    assert paid_to(73) == set()  # to nobody, until two people say so
    assert "Payouts are stopped" in read(other, PAGE)


def test_an_ex_employee_with_the_old_mailbox_who_waits_73_hours_gets_nothing_paid() -> None:
    old = in_use_since_long()
    gone = somebody(hours_old=80)  # set up at once after the recovery by the mailbox that was never taken away
    recovered(gone.user, hours_ago=81)
    new = gone.asks(THIRD)
    assert confirmed(new) is AccountState.REVIEW
    assert "was recovered, or a contact changed" in read(gone.client, PAGE)
    assert new not in paid_to(73) and new not in paid_to(24 * 7)
    assert state(new) is AccountState.REVIEW
    assert old == newest_in_use()


def newest_in_use() -> str:
    with engine_scope():
        return payout_reading.destinations([shops.seller_key()])[shops.seller_key()]


def test_who_sees_a_change_that_nobody_wanted_cancels_it_with_one_click() -> None:
    old, thief, finance = in_use_since_long(), somebody(), somebody(MemberRole.FINANCE, hours_old=None)
    new = thief.asks(THIRD)
    confirmed(new)
    assert finance.client.post(f"{PAGE}{new}/cancel/").status_code == 303
    assert state(new) is AccountState.CANCELLED
    assert paid_to(80) == {old}
    assert "One of you cancelled it" in read(finance.client, PAGE)


def test_between_accounts_that_have_aged_an_owner_swaps_but_not_within_7_days_of_a_recovery() -> None:
    first, second = in_use_since_long(), in_use_since_long(OTHER)
    owner = somebody()
    assert state(first) is AccountState.AGED
    assert owner.client.post(f"{PAGE}{first}/use/").headers["Location"] == PAGE + "confirm/"
    assert "at once" in read(owner.client, PAGE + "confirm/")
    assert owner.confirms().headers["Location"] == PAGE
    assert (state(first), state(second)) == (AccountState.ACTIVE, AccountState.AGED)
    other = somebody()
    recovered(owner.user, hours_ago=30)
    other.client.post(f"{PAGE}{second}/use/")
    refused = other.confirms()
    assert refused.status_code == 409 and "less than seven days ago" in refused.content.decode()
    assert state(first) is AccountState.ACTIVE


def test_another_shops_account_cannot_be_touched() -> None:
    foreign = in_use_since_long(seller="sel-2")
    owner = somebody()
    for verb in ("use", "cancel", "contest"):
        assert owner.client.post(f"{PAGE}{foreign}/{verb}/", {"text": "It is ours, truly."}).status_code == 404
    assert "...2957" not in read(owner.client, PAGE)


def test_a_shop_that_shares_an_account_says_why_and_that_is_kept_for_who_decides() -> None:
    in_use_since_long(THIRD, seller="sel-2")
    owner = somebody()
    new = owner.asks(THIRD)
    assert confirmed(new) is AccountState.REVIEW
    assert "no ground against you" in read(owner.client, PAGE)
    assert owner.client.post(f"{PAGE}{new}/contest/", {"text": "no"}).status_code == 409
    said = "Both shops belong to my brother and me; one bookkeeper keeps the account."
    assert owner.client.post(f"{PAGE}{new}/contest/", {"text": said}).status_code == 303
    page = read(owner.client, PAGE)
    assert "one bookkeeper keeps the account" in page and "Object to the link" not in page


def test_a_shop_hears_every_reason_and_may_object_to_the_link_also_where_it_is_not_the_only_one() -> None:
    in_use_since_long(THIRD, seller="sel-2")
    owner = somebody()
    new = owner.asks(THIRD)
    with engine_scope():
        payout_accounts.stop(shops.seller_key(), "account_risk", at=shops.ago(1))
    assert confirmed(new) is AccountState.REVIEW
    page = read(owner.client, PAGE)
    assert "Payouts were stopped within the seven days before" in page and "no ground against you" in page
    said = "Both shops belong to my brother and me."
    assert owner.client.post(f"{PAGE}{new}/contest/", {"text": said}).status_code == 303

"""What else follows another root key: payout accounts, the directory's people, known browsers, usual places."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.kernel.builders import START
from tests.kernel.vault.root_key_world import Steps
from tests.kernel.vault.root_key_world import steps as steps

from safeconduct.foundation.ip_pack.facts import IpFacts
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.payout_reading import same_number
from safeconduct.kernel.parties import attempts, identities, sessions
from safeconduct.kernel.parties.directory import Directory
from safeconduct.kernel.parties.models import StaffIdentity, StaffRole, User
from safeconduct.kernel.parties.security_events import Origin
from safeconduct.kernel.parties.traits import each_traits_of, traits_of
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, visitor_scope
from safeconduct.kernel.vault import root_replacement
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.key_file import read_keys
from safeconduct.protections.accounts.sign_in import history

LATER = START + root_replacement.OVERLAP
OWNER, BANK = Actor("usr_owner", "owner"), Actor("bank", "engine")
DIRECTORY = Directory("https://login.example", "safeconduct", Path("secret"), ("shop.example",))
CLAIMS = {"sub": "00u1", "email": "li@shop.example", "email_verified": True}
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
PLACE = IpFacts(country="CL", asn=64500)


def wished(seller: int, number: str) -> str:
    proof = payout_accounts.Proof("passkey", START - timedelta(days=30), START)
    with engine_scope():
        return payout_accounts.ask(seller, number, "Andes Orchards", "CL", OWNER, proof, at=START)


def asked(seller: int, number: str) -> str:
    account = wished(seller, number)
    with engine_scope():
        payout_accounts.verified(account, BANK, name_matches=True, at=START)
    return account


def twins(account: str) -> list[int]:
    with engine_scope():
        return [one.seller_key for one in same_number(account)]


def test_one_number_at_two_sellers_is_seen_whichever_key_finds_it(steps: Steps) -> None:
    first = asked(1, "GB82WEST1234")
    steps.begin()
    second = asked(2, "gb82 west 1234")
    steps.process(steps.added)
    third = asked(3, "GB82WEST1234")
    assert wished(2, "GB82WEST1234") == second, "the same number asked again is the same account"
    steps.process(steps.used)
    assert (twins(first), twins(second), twins(third)) == ([2, 3], [1, 3], [1, 2])
    assert root_replacement.move()["payout_account"] == 2
    assert (twins(first), twins(second), twins(third)) == ([2, 3], [1, 3], [1, 2])
    with engine_scope():
        states = query("SELECT state FROM payout_account ORDER BY seller_key").fetchall()
    assert states == [("ageing",), ("review",), ("review",)], "the same number elsewhere goes to a person"
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    fourth = asked(4, "GB82WEST1234")
    assert (twins(first), twins(fourth)) == ([2, 3, 4], [1, 2, 3])


def test_only_the_owner_of_the_database_lets_another_key_find_a_number(steps: Steps) -> None:
    import psycopg

    asked(1, "GB82WEST1234")
    for change in ("blind = sha256(blind)", "blind_before = blind"):
        with pytest.raises(psycopg.errors.IntegrityError, match="it is replaced"), engine_scope():
            query(f"UPDATE payout_account SET {change}")
        with pytest.raises(psycopg.errors.IntegrityError, match="it is replaced"), owner_scope():
            query(f"UPDATE payout_account SET {change}, country = 'GB', asked_by = 'usr_thief'")


def admitted() -> str:
    with visitor_scope():
        return identities.admit(DIRECTORY, CLAIMS, START).person.id


def test_people_of_the_directory_are_found_and_follow_when_they_sign_in(steps: Steps) -> None:
    with owner_scope():
        li = User.objects.create_user("li@shop.example", None, staff_role=StaffRole.ANALYST)
        away = User.objects.create_user("bo@shop.example", None, staff_role=StaffRole.ANALYST)
    assert admitted() == li.id
    with visitor_scope():
        identities.admit(DIRECTORY, {**CLAIMS, "sub": "00u2", "email": "bo@shop.example"}, START)
        User.objects.filter(id=li.id).update(email="li.wei@shop.example")  # from now on the address finds nobody
    steps.begin()
    root_replacement.move()
    assert root_replacement.standing(START).left["staff_identity"] == 2
    assert admitted() == li.id
    with pytest.raises(VaultError, match=r"staff_identity \(1\): they sign in at the directory once, or .* unlinks"):
        root_replacement.retire(steps.new, at=LATER)
    with owner_scope():
        User.objects.filter(id=away.id).update(is_active=False)  # who may not sign in needs nothing
    root_replacement.retire(steps.new, at=LATER)
    steps.process(steps.new)
    assert admitted() == li.id
    with owner_scope():
        assert StaffIdentity.objects.get(person=li).hashed_with == read_keys(steps.new).current.name


def test_a_browser_that_was_known_before_is_known_until_the_key_is_retired(steps: Steps) -> None:
    cookies = {attempts.cookie_name("usr_1"): "token"}
    for file, seen in ((steps.added, "token"), (steps.used, "token"), (steps.new, "")):
        steps.process(file)
        assert attempts.cookie_of(cookies, "usr_1") == seen
    steps.process(steps.used)
    both = cookies | {attempts.cookie_name("usr_1"): "newer"}
    assert attempts.cookie_of(both, "usr_1") == "newer"


def test_a_usual_sign_in_stays_usual(steps: Steps) -> None:
    with owner_scope():
        ana = User.objects.create_user("ana@example.org", None)
        eve = User.objects.create_user("eve@example.org", None)
    with visitor_scope():
        for n in range(6):
            sessions.begin(ana.id, f"key{n}", Origin("198.51.100.7", CHROME), START - timedelta(days=n + 1))
            sessions.begin(eve.id, f"eve{n}", Origin(f"203.0.113.{n}", "curl/8"), START - timedelta(days=n + 1))
        before = history.score_of(ana.id, *each_traits_of("198.51.100.7", CHROME))
    steps.begin()
    with visitor_scope():
        after = history.score_of(ana.id, *each_traits_of("198.51.100.7", CHROME))
        unknown = history.score_of(ana.id, traits_of("198.51.100.7", CHROME))
    assert before is not None and after is not None and unknown is not None
    assert after == before and unknown.value > before.value


def test_places_are_told_under_each_key(steps: Steps) -> None:
    (one,) = each_traits_of("198.51.100.7", CHROME, PLACE)
    steps.begin()
    assert each_traits_of("198.51.100.7", CHROME, PLACE)[1] == one
    assert traits_of("198.51.100.7", CHROME, PLACE) != one

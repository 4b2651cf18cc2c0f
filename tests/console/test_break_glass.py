"""Sealed codes: two administrators, one use, one day, and everybody hears of it."""

from __future__ import annotations

import re
from datetime import timedelta

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from tests.console.test_key_pages import who_signed_in_again
from tests.kernel.builders import person

from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.models import BreakGlass, SecurityEvent, StaffRole, User
from safeconduct.kernel.scope import query, staff_scope

PAGE = "/console/people/break-glass/"
WHY = "Lost the telephone and the blue key; I called back at home"


@pytest.fixture(autouse=True)
def no_limits_of_an_earlier_test() -> None:
    cache.clear()


def ask(client: Client, someone: User, why: str = WHY) -> str:
    assert client.post(PAGE, {"person": someone.id, "why": why}).status_code == 303
    with staff_scope():
        return BreakGlass.objects.get(withdrawn_at=None).id


def code_in(page: str) -> str:
    found = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){7}", page)
    assert found is not None
    return found[0]


def test_two_administrators_let_somebody_in_who_sets_up_a_new_passkey_and_all_hear_of_it() -> None:
    first, asker = who_signed_in_again()
    second, agreer = who_signed_in_again()
    _lost, lost = who_signed_in_again(StaffRole.LEAD)
    key = ask(first, lost)
    assert first.post(f"{PAGE}{key}/agree/").status_code == 409
    answer = second.post(f"{PAGE}{key}/agree/")
    assert answer["Cache-Control"] == "no-store"
    code = code_in(answer.content.decode())
    assert code not in second.get(PAGE).content.decode()
    visitor = Client()
    answer = visitor.post("/console/sealed-code/", {"email": lost.email, "code": code.lower().replace("-", " ")})
    assert answer.status_code == 302, answer.content.decode()[:1500]
    assert visitor.get("/console/").headers["Location"].startswith("/accounts/2fa/")
    with staff_scope():
        assert not Authenticator.objects.filter(user=lost).exists()
        kinds = SecurityEvent.objects.filter(person=lost).order_by("id").values_list("kind", "actor", "why", "level")
        assert list(kinds) == [
            ("break_glass_asked", asker.id, WHY, "alert"), ("break_glass_made", agreer.id, WHY, "alert"),
            ("break_glass_used", lost.id, WHY, "alert"),
        ]  # fmt: skip
        for administrator in (asker, agreer):
            assert NoticeCopy.objects.filter(person=administrator, notice__code="staff.break_glass").count() == 3
        assert code.replace("-", "").encode() not in bytes(BreakGlass.objects.get().code_hash or b"")
    assert Client().post("/console/sealed-code/", {"email": lost.email, "code": code}).status_code == 422


def test_nobody_makes_a_code_for_themselves_nor_the_same_person_twice_whatever_the_code_does() -> None:
    first, asker = who_signed_in_again()
    assert first.post(PAGE, {"person": asker.id, "why": WHY}).status_code == 422
    target = person(StaffRole.ADMINISTRATOR)
    assert first.post(PAGE, {"person": target.id, "why": "lost"}).status_code == 422
    ask(first, target)
    for wrong in ("asked_by_id = person_id", "agreed_by_id = asked_by_id, code_hash = 'x'", "code_hash = 'x'"):
        with pytest.raises(psycopg.errors.CheckViolation), staff_scope():
            query(f"UPDATE break_glass SET {wrong}")


def test_a_code_that_is_old_withdrawn_anothers_or_of_someone_shut_out_lets_nobody_in() -> None:
    first, _asker = who_signed_in_again()
    second, _agreer = who_signed_in_again()
    lost, other = person(StaffRole.LEAD), person(StaffRole.LEAD)

    def fresh() -> tuple[str, str]:
        key = ask(first, lost)
        return key, code_in(second.post(f"{PAGE}{key}/agree/").content.decode())

    def lets_in(email: str, code: str) -> bool:
        return Client().post("/console/sealed-code/", {"email": email, "code": code}).status_code == 302

    key, code = fresh()
    assert not lets_in(other.email, code)
    with staff_scope():
        BreakGlass.objects.filter(id=key).update(expires_at=BreakGlass.objects.get(id=key).asked_at - timedelta(days=1))
    assert not lets_in(lost.email, code)
    key, code = fresh()
    assert second.post(f"{PAGE}{key}/withdraw/").status_code == 303
    assert not lets_in(lost.email, code)
    key, code = fresh()
    with staff_scope():
        User.objects.filter(id=lost.id).update(is_active=False)
    assert not lets_in(lost.email, code)
    with staff_scope():
        User.objects.filter(id=lost.id).update(is_active=True)
    assert lets_in(lost.email, code)


def test_who_guesses_has_to_wait_and_a_new_code_starts_the_count_anew() -> None:
    first, _asker = who_signed_in_again()
    second, _agreer = who_signed_in_again()
    lost = person(StaffRole.LEAD)
    key = ask(first, lost)
    code = code_in(second.post(f"{PAGE}{key}/agree/").content.decode())
    for _again in range(5):
        Client().post("/console/sealed-code/", {"email": lost.email, "code": "0000-1111"})
    assert Client().post("/console/sealed-code/", {"email": lost.email, "code": code}).status_code == 422
    key = ask(first, lost)
    code = code_in(second.post(f"{PAGE}{key}/agree/").content.decode())
    assert Client().post("/console/sealed-code/", {"email": lost.email, "code": code}).status_code == 302


def test_only_administrators_who_signed_in_again_open_the_page() -> None:
    lead, _user = who_signed_in_again(StaffRole.LEAD)
    assert lead.get(PAGE).status_code == 403

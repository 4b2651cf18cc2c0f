"""Names and addresses of members and staff lie sealed, and people are found by them all the same."""

from __future__ import annotations

import base64

import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.core.cache import cache
from django.core.exceptions import FieldError
from django.db import IntegrityError
from django.test import Client
from tests.kernel.builders import START, minutes, person
from tests.kernel.vault.test_dump import found_in_dump

from safeconduct.kernel.parties import invitations, sealing_people
from safeconduct.kernel.parties.models import Invitation, StaffRole, User
from safeconduct.kernel.parties.sealed_fields import MARK, field_of
from safeconduct.kernel.parties.sealed_sessions import SessionStore
from safeconduct.kernel.scope import owner_scope, query, staff_scope, visitor_scope
from safeconduct.kernel.vault.errors import SealBroken

NAME, ADDRESS, NEXT = "Zoila Zanahoria", "zoila.zanahoria@example.org", "zoila.berenjena@example.org"
PASSWORD = "a long pass phrase"


@pytest.fixture(autouse=True)
def no_limits_of_an_earlier_test() -> None:
    cache.clear()


def zoila() -> User:
    """Somebody who was invited, came, signed in, and has another address now."""
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        _invitation, token = invitations.invite(ADDRESS, StaffRole.LEAD, administrator, at=START)
    with visitor_scope():
        invitations.accept(token, NAME, PASSWORD, at=START + minutes(1), language="es")
    client = Client()
    assert client.post("/accounts/login/", {"login": ADDRESS.upper(), "password": PASSWORD}).status_code == 302
    with staff_scope():
        someone = User.objects.get(email=ADDRESS)
        assert EmailAddress.objects.get(email=ADDRESS).user == someone
        someone.email = NEXT
        someone.save(update_fields=["email"])
    return someone


def test_a_copy_of_the_database_names_nobody_and_tells_no_address() -> None:
    someone = zoila()
    assert found_in_dump([NAME, ADDRESS, NEXT]) == []
    with owner_scope():
        rows = query("SELECT session_data FROM django_session").fetchall()
        former = query("SELECT person_id, address FROM mail_former_address").fetchall()
    assert rows
    for (data,) in rows:
        assert ADDRESS.encode() not in base64.b64decode(data)
    ((whose, kept),) = former
    assert (whose, field_of(User, "email").opened(kept)) == (someone.id, ADDRESS)


def test_people_are_found_by_their_address_and_by_nothing_that_the_database_could_compare() -> None:
    someone = person(StaffRole.NONE, email="Ana@Example.org", name="Ana")
    with staff_scope():
        assert User.objects.get(email="ana@example.org") == someone
        assert list(User.objects.filter(email__in=["ana@example.org", "li@example.org"])) == [someone]
        assert str(User.objects.get(id=someone.id)) == "Ana"
        assert User.objects.filter(id=someone.id).values_list("email", "name").get() == ("ana@example.org", "Ana")
        for asked in ({"email__icontains": "ana"}, {"email__gt": "a"}, {"name": "Ana"}, {"name__startswith": "A"}):
            with pytest.raises(FieldError):
                User.objects.filter(**asked)


def test_the_database_keeps_addresses_unique_although_it_cannot_read_them() -> None:
    person(StaffRole.NONE, email="ana@example.org")
    with pytest.raises(IntegrityError):
        person(StaffRole.NONE, email="ana@example.org")
    one, other = person(), person()
    with pytest.raises(IntegrityError, match="unique_verified_email"), staff_scope():
        for user in (one, other):
            EmailAddress.objects.create(user=user, email="li@example.org", verified=True)


def test_the_same_name_is_sealed_differently_each_time_and_an_empty_one_stays_empty() -> None:
    one, other, nameless = person(name="Ana"), person(name="Ana"), person(name="")
    with owner_scope():
        kept = dict(query("SELECT id, name FROM person").fetchall())
    assert kept[one.id].startswith(MARK) and kept[one.id] != kept[other.id]
    assert kept[nameless.id] == "" and str(nameless) == nameless.email


def test_what_was_changed_or_comes_from_another_column_does_not_open() -> None:
    names, addresses, invited = field_of(User, "name"), field_of(User, "email"), field_of(Invitation, "email")
    kept = addresses.sealed(ADDRESS)
    for moved in (invited.sealed(ADDRESS), names.sealed(ADDRESS), kept[:-6] + "AAAA==", kept + "?", MARK):
        with pytest.raises(SealBroken):
            addresses.opened(moved)
    with pytest.raises(SealBroken):
        names.opened(kept)
    assert addresses.opened(kept) == ADDRESS


def test_a_session_that_is_put_into_another_row_is_nobodys() -> None:
    with visitor_scope():
        own, thief = SessionStore(), SessionStore()
        own["person"] = "usr_1"
        own.save()
        thief.save()
        assert SessionStore(own.session_key)["person"] == "usr_1"
        query(
            "UPDATE django_session t SET session_data = o.session_data FROM django_session o"
            " WHERE t.session_key = %s AND o.session_key = %s",
            [thief.session_key, own.session_key],
        )
        assert dict(SessionStore(thief.session_key).items()) == {}
        query("UPDATE django_session SET session_data = 'e30:in:clear'")
        assert dict(SessionStore(own.session_key).items()) == {}


def test_what_an_earlier_version_wrote_in_clear_is_read_and_sealed_by_the_upgrade() -> None:
    someone = person(StaffRole.LEAD, email="li@example.org", name="Li Wei")
    someone.set_password(PASSWORD)
    with staff_scope():
        someone.save()
        EmailAddress.objects.create(user=someone, email="li@example.org", verified=True)
    with owner_scope():
        query("UPDATE person SET email = %s, name = %s", [ADDRESS, NAME])
        query("UPDATE account_emailaddress SET email = %s", [ADDRESS])
        query("DELETE FROM mail_former_address")
        query("INSERT INTO mail_former_address VALUES (%s, %s, %s)", [someone.id, NEXT, START])
    with staff_scope():
        assert str(User.objects.get(id=someone.id)) == NAME
    assert sealing_people.seal_those_in_clear() == 4
    assert found_in_dump([NAME, ADDRESS, NEXT]) == []
    with owner_scope():
        assert len(query("SELECT FROM mail_former_address").fetchall()) == 1, "to seal an address is not to change it"
    assert Client().post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD}).status_code == 302
    assert sealing_people.seal_those_in_clear() == 0


def test_the_cipher_of_addresses_answers_as_its_standard_says() -> None:
    """RFC 5297, appendix A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    about = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    assert AESSIV(key).encrypt(plain, [about]).hex() == "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"

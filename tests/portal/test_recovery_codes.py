"""Recovery codes are shown once, kept as hashes that are their person's, and each opens once."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import flows
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.parties import factors, recovery_codes, security_events
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.recovery_codes import RecoveryCodes
from safeconduct.kernel.scope import close_connections, owner_scope, query, staff_scope, visitor_scope
from safeconduct.protections.accounts.protection import hash_recovery_codes
from tests.portal import shops
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD

CODES = "/accounts/2fa/recovery-codes/"
#: A seed, and the first of the codes that the scheme of the earlier version (HMAC-SHA1, eight digits) gave of it.
EARLIER_SEED = "5afe" * 20
EARLIER = ("47670553", "69522651", "42128854", "03042242", "93210945")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def somebody() -> tuple[User, str]:
    """A person with an app, and its seed."""
    user, secret = shops.member("sel-1"), generate_totp_secret()
    with staff_scope(), factors.of(user.id):
        TOTP.activate(user, secret)
    return user, secret


def with_codes() -> tuple[User, list[str]]:
    """A person with recovery codes, and the codes."""
    user, _secret = somebody()
    with visitor_scope():
        codes = RecoveryCodes.activate(user)
        codes.mark_as_viewed()
    return user, codes.get_unused_codes()


def with_earlier_codes(*, used: int = 0, viewed: bool = True) -> User:
    """A person whose codes an earlier version has made; ``used``: bits of those that are gone."""
    user, _secret = somebody()
    with staff_scope(), factors.of(user.id):
        data = {"seed": factors.sealed(EARLIER_SEED), "used_mask": used} | ({"viewed_at": 1.5} if viewed else {})
        Authenticator.objects.create(user=user, type="recovery_codes", data=data)
    return user


def gets_in(user: User, code: str) -> bool:
    cache.clear()
    client = Client()
    sent = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert sent.headers["Location"] == "/accounts/2fa/authenticate/"
    return client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302


def kept(user: User) -> dict[str, Any]:
    with staff_scope():
        return dict(Authenticator.objects.get(user=user, type="recovery_codes").data)


def kinds_of(user: User) -> list[str]:
    with staff_scope():
        return [event.kind for event in security_events.of_person(user.id, since=shops.ago(1))]


def put_into_the_row_of(user: User, data: dict[str, Any]) -> None:
    with owner_scope():
        query(
            "UPDATE mfa_authenticator SET data = %s::jsonb WHERE user_id = %s AND type = 'recovery_codes'",
            [json.dumps(data), user.id],
        )


def test_codes_are_shown_once_and_nothing_that_gives_them_again_is_kept() -> None:
    user, client = shops.member("sel-1"), Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    app = {"code": code_of(client.session["mfa.totp.secret"])}
    assert client.post("/accounts/2fa/totp/activate/", app).headers["Location"] == CODES
    assert kept(user) == {}, "nobody has seen them: there are none yet"
    page = client.get(CODES).content.decode()
    codes = re.findall(r"<code>([0-9A-Z-]+)</code>", page)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    data = kept(user)
    assert set(data) == {"key", "codes"} and data["key"].startswith("person.")
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in data["codes"])
    again = client.get(CODES).content.decode()
    assert "10 of your codes are left" in again and codes[0] not in again
    assert client.get(f"{CODES}download/").status_code == 403
    assert gets_in(user, codes[0]) and not gets_in(user, codes[0]), "a code opens once"
    assert gets_in(user, codes[1].lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert "8 of your codes are left" in client.get(CODES).content.decode()
    assert len(kept(user)["codes"]) == 8 and "recovered" in kinds_of(user)
    assert client.post(f"{CODES}generate/").headers["Location"] == CODES
    fresh = re.findall(r"<code>([0-9A-Z-]+)</code>", client.get(CODES).content.decode())
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    assert not gets_in(user, codes[2]) and gets_in(user, fresh[0]), "new ones end the old"


def test_of_two_who_open_the_page_at_once_one_is_shown_codes() -> None:
    user, _secret = somebody()
    with visitor_scope():
        RecoveryCodes.activate(user)
        first, second = (RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")) for _ in range(2))
        first.mark_as_viewed()
        second.mark_as_viewed()
    assert first.get_unused_codes()[0] and second.get_unused_codes() == [""] * 10
    assert gets_in(user, first.get_unused_codes()[0])


def test_a_code_that_two_show_at_once_lets_one_of_them_in() -> None:
    user, (code, *_others) = with_codes()
    with staff_scope():
        row = Authenticator.objects.get(user=user, type="recovery_codes")
    let_in: list[bool] = []

    def show() -> None:
        with visitor_scope():
            let_in.append(RecoveryCodes(Authenticator.objects.get(pk=row.pk)).validate_code(code))
        close_connections()

    both = [threading.Thread(target=show) for _ in range(2)]
    with owner_scope():  # both have read the row and wait to change it, as no chance would have them
        query("SELECT FROM mfa_authenticator WHERE id = %s FOR UPDATE", [row.pk])
        for one in both:
            one.start()
        waiting = 0
        while waiting < 2:
            query("SELECT pg_stat_clear_snapshot()")  # else who comes later is not seen in this transaction
            (waiting,) = query(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN"
                " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
            ).fetchone() or (0,)
            assert all(one.is_alive() for one in both)
    for one in both:
        one.join()
    assert sorted(let_in) == [False, True]


def test_codes_that_are_put_into_anothers_row_open_nothing_there_and_it_is_told() -> None:
    (thief, known), (owner, own) = with_codes(), with_codes()
    before = kept(owner)
    put_into_the_row_of(owner, kept(thief))
    assert not gets_in(owner, known[0]) and "factor_broken" in kinds_of(owner)
    put_into_the_row_of(owner, before | {"codes": kept(thief)["codes"]})
    assert not gets_in(owner, known[0]), "a hash alone is worth nothing without the key it was made with"
    put_into_the_row_of(owner, before)
    assert gets_in(owner, own[0]) and gets_in(thief, known[0])


def test_a_wrong_code_is_counted_and_uses_nothing_up() -> None:
    user, _codes = with_codes()
    for wrong in ("ABCD-EFGH-JKMN-PQRS-TVWX-YZ01", "12345678", "no code", "é" * 24):
        assert not gets_in(user, wrong)
    with staff_scope():
        assert query("SELECT count(*) FROM event WHERE type = 'session.failed'").fetchone() == (4,)
    assert len(kept(user)["codes"]) == 10 and "factor_broken" not in kinds_of(user)


def test_staff_come_in_and_confirm_who_they_are_with_a_code_each() -> None:
    user, codes = with_codes()
    with staff_scope():
        User.objects.filter(id=user.id).update(staff_role=StaffRole.ANALYST)
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    for code, status in ((codes[0], 200), (codes[1], 302), (codes[1], 200)):
        assert client.post("/accounts/2fa/reauthenticate/", {"code": code}).status_code == status
    assert len(kept(user)["codes"]) == 8


def test_codes_of_an_earlier_version_work_at_once_and_their_seed_is_gone_with_the_first_try() -> None:
    user = with_earlier_codes(used=0b101)
    assert not gets_in(user, EARLIER[0]), "what was used stays used"
    data = kept(user)
    assert set(data) == {"key", "salt", "codes"} and len(data["codes"]) == 8
    assert gets_in(user, EARLIER[1]) and not gets_in(user, EARLIER[1]) and not gets_in(user, EARLIER[2])
    assert gets_in(user, f"{EARLIER[3][:4]} {EARLIER[3][4:]}")
    assert len(kept(user)["codes"]) == 6


def test_a_job_destroys_the_seeds_that_nobody_tries_and_leaves_the_codes() -> None:
    user, never_shown, other = with_earlier_codes(used=0b1), with_earlier_codes(viewed=False), with_earlier_codes()
    put_into_the_row_of(other, kept(user))
    client = Client()
    client.force_login(user)
    assert "9 are left" in client.get("/accounts/2fa/").content.decode()
    hash_recovery_codes(shops.NOW)
    assert "seed" not in kept(user) and kept(never_shown) == {}
    assert "9 are left" in client.get("/accounts/2fa/").content.decode()
    assert "seed" in kept(other), "it opens nothing, and whose row it is in is told when somebody tries"
    assert not gets_in(other, EARLIER[1]) and "factor_broken" in kinds_of(other)
    before = kept(user)
    hash_recovery_codes(shops.NOW)
    assert kept(user) == before
    assert gets_in(user, EARLIER[4]) and not gets_in(user, EARLIER[0]) and not gets_in(never_shown, EARLIER[4])


def test_allauth_makes_and_reads_codes_through_ours() -> None:
    """No setting of allauth names the class: a new release that takes it from elsewhere would keep seeds again."""
    user, _secret = somebody()
    with staff_scope():
        made = flows.RecoveryCodes.activate(user)
        assert (
            type(made) is RecoveryCodes and type(Authenticator.objects.get(pk=made.instance.pk).wrap()) is RecoveryCodes
        )
    assert kept(user) == {}
    assert recovery_codes.LENGTH * 5 >= 112, "bits that a plain hash asks for"

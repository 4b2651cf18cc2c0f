"""What all processes count together."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import tests.django_world as world
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from tests.kernel.builders import person
from tests.portal.second_steps import code_of

from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import owner_scope, query, staff_scope, visitor_scope
from safeconduct.kernel.shared_cache import SharedCache, forget_what_is_over

PASSWORD = "a long pass phrase"


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def another_process() -> SharedCache:
    """What another process has: nothing in common but the database."""
    return SharedCache("", {})


def test_what_one_process_sets_another_finds_until_its_time_is_over() -> None:
    cache.set("limits", (0.5, 2), 60)
    assert another_process().get("limits") == [0.5, 2]
    assert another_process().touch("limits", -1)
    assert cache.get("limits", "nothing") == "nothing"
    assert not cache.touch("limits", 60)
    cache.set("limits", None, None)
    assert another_process().get("limits", "nothing") is None
    assert cache.delete("limits") and not cache.delete("limits")


def test_of_ten_who_add_at_once_one_succeeds_and_after_its_time_another_may() -> None:
    given: list[bool] = []
    threads = [world.thread_of(lambda: given.append(another_process().add("used", "y", 30))) for _ in range(10)]
    _run(threads)
    assert sorted(given) == [False] * 9 + [True]
    cache.set("used", "y", -1)
    assert cache.add("used", "y", 30)


def test_what_is_over_is_deleted_and_what_is_not_stays() -> None:
    cache.set("past", 1, -1)
    cache.set("present", 2, 60)
    assert forget_what_is_over() == 1
    with owner_scope():
        assert query("SELECT count(*) FROM shared_cache").fetchone() == (1,)
    assert cache.get("present") == 2


def test_keys_do_not_stand_there_in_clear_and_the_login_of_pages_may_not_touch_them() -> None:
    cache.set("tries:203.0.113.7", [1.0], 60)
    with owner_scope():
        assert "203.0.113.7" not in str(query("SELECT c::text FROM shared_cache c").fetchall())
    with visitor_scope(), pytest.raises(Exception, match="permission denied"):
        query("DELETE FROM shared_cache")


def test_a_try_that_is_then_rolled_back_stays_counted() -> None:
    with pytest.raises(ZeroDivisionError), visitor_scope():
        cache.set("tries", 1, 60)
        raise ZeroDivisionError
    assert cache.get("tries") == 1


def test_a_code_opens_once_whichever_process_it_is_shown_to() -> None:
    user, secret = person(StaffRole.NONE), generate_totp_secret()
    user.set_password(PASSWORD)
    with staff_scope():
        user.save()
        TOTP.activate(user, secret)
    code, answers = code_of(secret), []
    browsers = [_before_the_second_step(user) for _ in range(3)]
    threads = [world.thread_of(lambda b=browser: answers.append(_enters(b, code))) for browser in browsers]
    _run(threads)
    assert sorted(answers) == [False, False, True]


def test_tries_by_network_are_counted_over_all_processes() -> None:
    for n in range(10):
        _wrong(f"nobody-{n}@example.org")
    with owner_scope():
        (kept,) = query("SELECT max(jsonb_array_length(value)) FROM shared_cache"
                        " WHERE jsonb_typeof(value) = 'array'").fetchone() or (0,)  # fmt: skip
    assert kept == 10
    assert "Too many failed login attempts" in _wrong("nobody-11@example.org")


def _before_the_second_step(user: User) -> Client:
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    return browser


def _enters(browser: Client, code: str) -> bool:
    return bool(browser.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302)


def _wrong(address: str) -> str:
    answer = Client().post("/accounts/login/", {"login": address, "password": "wrong pass phrase"})
    return answer.content.decode()


def _run(threads: list[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()

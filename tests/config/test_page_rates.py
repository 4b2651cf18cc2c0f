"""How often pages may be called, counted over all processes, also when many call at once."""

from __future__ import annotations

import pytest
import tests.django_world as world
from django.test import Client, override_settings
from tests.portal import shops

from safeconduct.config.rates import network_of
from safeconduct.kernel.scope import owner_scope, query
from safeconduct.kernel.shared_cache import count

limited = override_settings(PAGE_RATE_PER_MINUTE=10)


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    world.forget_everything()
    shops.open_for_business()


def a_minute_later() -> None:
    with owner_scope():
        query("UPDATE shared_cache SET expires_at = now() - interval '1 second'")


@limited
@pytest.mark.parametrize("page", ["/record/", "/fairness/", "/returns/forged/", "/accounts/login/", "/message/"])
def test_a_strangers_network_is_told_when_to_come_again(page: str) -> None:
    found = [Client().get(page).status_code for _ in range(12)]
    assert 429 not in found[:10] and found[10:] == [429, 429]
    told = Client().get(page)
    assert 1 <= int(told.headers["Retry-After"]) <= 60
    assert Client().get("/healthz").status_code == 200 and Client().get("/static/safeconduct.css").status_code == 200
    other = Client().get(page, REMOTE_ADDR="192.0.2.7")
    assert other.status_code != 429, "another network is not held up"
    a_minute_later()
    assert Client().get(page).status_code != 429


@limited
def test_a_person_is_counted_and_not_the_office_they_sit_in() -> None:
    busy, colleague = shops.signed_in("sel-1"), shops.signed_in("sel-2")
    assert [busy.get("/portal/").status_code for _ in range(11)] == [200] * 10 + [429]
    assert colleague.get("/portal/").status_code == 200
    assert busy.get("/portal/", REMOTE_ADDR="192.0.2.7").status_code == 429, "another address does not help"


@limited
def test_what_changes_something_is_bounded_more_narrowly_and_is_not_done() -> None:
    owner = shops.signed_in()
    invited = [
        owner.post("/portal/people/invite/", {"email": f"p{n}@example.org", "role": "finance"}).status_code
        for n in range(4)
    ]
    assert invited == [200, 200, 429, 429]
    with owner_scope():
        assert query("SELECT count(*) FROM invitation").fetchall() == [(2,)]
    assert owner.get("/portal/people/").status_code == 200, "looking goes on"


def test_of_forty_at_once_each_has_a_number_of_its_own() -> None:
    numbers: list[int] = []
    threads = [world.thread_of(lambda: numbers.append(count("at once", 60)[0])) for _ in range(40)]
    for start in range(0, 40, 8):
        for thread in threads[start : start + 8]:
            thread.start()
        for thread in threads[start : start + 8]:
            thread.join(30)
    assert sorted(numbers) == list(range(1, 41))


def test_a_network_of_the_sixth_protocol_is_what_one_customer_has() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("192.0.2.1") != network_of("192.0.2.2") and network_of("nonsense") == ""

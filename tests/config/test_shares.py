"""Nobody takes all threads of a web process: places and turns, in threads, without a server."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
import tests.django_world as world
from django.http import HttpResponse, StreamingHttpResponse

from safeconduct.config.rates import network_of
from safeconduct.config.shares import TURNS, Client, Places, Turns, client_of

assert world
MOST = 8


class Pages:
    """Pages of which some are slow: they answer once they are let go."""

    def __init__(self) -> None:
        self.let_go, self.let_one_go = threading.Event(), threading.Event()
        self.order: list[str] = []
        self._guard = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        with self._guard:
            self.order.append(environ.get("HTTP_AUTHORIZATION", ""))
        match environ["PATH_INFO"]:
            case "/v1/slow":
                assert self.let_go.wait(20)
            case "/v1/one":
                assert self.let_one_go.wait(20)
            case "/v1/broken":
                raise RuntimeError
            case "/v1/long":
                return StreamingHttpResponse(iter([b"a", b"b", b"c"]))
        return HttpResponse(b"done")


@pytest.fixture
def pages() -> Iterator[Pages]:
    found = Pages()
    yield found
    found.let_go.set()


def server(pages: Pages, patience_s: float = 20.0) -> Places:
    return Places(Turns(pages, patience_s), MOST, lambda environ: client_of(environ, "sessionid", network_of, 0))


def begun(
    places: Places, path: str = "/v1/slow", key: str = "a", address: str = "203.0.113.1", cookie: str = ""
) -> tuple[str, dict[str, str], Iterable[bytes]]:
    told: list[Any] = []
    environ = {"PATH_INFO": path, "REMOTE_ADDR": address, "HTTP_AUTHORIZATION": key, "HTTP_COOKIE": cookie}
    answer = places(environ, lambda status, headers: told.extend((status, dict(headers))))
    return told[0], told[1], answer


def ask(places: Places, path: str = "/v1/quick", key: str = "a", address: str = "203.0.113.1") -> str:
    status, _, answer = begun(places, path, key, address)
    assert b"".join(answer)
    if not isinstance(answer, list):
        answer.close()  # type: ignore[attr-defined]
    return status[:3]


def beside(number: int, act: Callable[[], Any]) -> list[threading.Thread]:
    threads = [threading.Thread(target=act, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_with_many_slow_requests_leaves_turns_and_threads_to_others_and_hears_when_to_come_again(
    pages: Pages,
) -> None:
    places = server(pages)
    slow = beside(MOST, lambda: ask(places, "/v1/slow", "greedy"))
    until(lambda: places.held() == MOST)
    status, headers, answer = begun(places, "/v1/events", "greedy")
    told = json.loads(b"".join(answer))
    assert status == "429 Too Many Requests" and headers["Retry-After"] == "1" and told["type"].endswith("rate-limited")
    assert headers["Content-Type"] == "application/problem+json"
    assert [ask(places, "/v1/quick", "other"), ask(places, "/portal/", "", "198.51.100.7")] == ["200", "200"]
    pages.let_go.set()
    for thread in slow:
        thread.join(10)
    assert places.held() == 0 and ask(places, "/v1/quick", "greedy") == "200"


def test_refusals_are_told_of_now_and_then_with_how_many_there_were(pages: Pages) -> None:
    told: list[tuple[str, int]] = []
    places = Places(
        Turns(pages), MOST, lambda environ: client_of(environ, "sessionid", network_of, 0), lambda *of: told.append(of)
    )
    slow = beside(MOST, lambda: ask(places, "/v1/slow", "greedy"))
    until(lambda: places.held() == MOST)
    for _ in range(50):
        assert begun(places, "/v1/quick", "greedy")[0].startswith("429")
    time.sleep(1.1)
    begun(places, "/v1/quick", "greedy")
    assert len(told) < 5 and sum(number for _, number in told) == 51 and {of for of, _ in told} == {"203.0.113.1/32"}
    pages.let_go.set()
    for thread in slow:
        thread.join(10)


def test_made_up_keys_open_no_further_places_and_not_all_turns(pages: Pages) -> None:
    places, number = server(pages), iter(range(1000))
    slow = beside(MOST + MOST // 2, lambda: ask(places, "/v1/slow", f"made up {next(number)}"))
    until(lambda: places.held() == MOST + MOST // 2)
    assert begun(places, "/v1/quick", "made up again")[0].startswith("429")
    assert ask(places, "/v1/quick", "other", "198.51.100.7") == "200"
    pages.let_go.set()
    for thread in slow:
        thread.join(10)


def test_turns_go_round_among_those_who_wait(pages: Pages) -> None:
    places = server(pages)
    networks = {"a": "203.0.113.1", "b": "203.0.113.2", "c": "203.0.113.3"}
    beside(4, lambda: ask(places, "/v1/slow", "x", "203.0.113.8"))
    beside(1, lambda: ask(places, "/v1/slow", "y", "203.0.113.9"))
    beside(1, lambda: ask(places, "/v1/one", "y", "203.0.113.9"))
    until(lambda: len(pages.order) == TURNS)
    for number, key in enumerate("aaabc", TURNS + 1):
        beside(1, partial(ask, places, "/v1/quick", key, networks[key]))
        until(partial(lambda held: places.held() == held, number))
    pages.let_one_go.set()  # one turn for all of them
    until(lambda: len(pages.order) == TURNS + 5)
    assert "".join(pages.order[TURNS:]) == "abcaa", "who asks three times does not go before those who ask once"


def test_who_reads_slowly_holds_a_place_and_no_turn(pages: Pages) -> None:
    places = server(pages)
    reading = [begun(places, "/v1/long", "a")[2] for _ in range(MOST)]
    assert [next(iter(answer)) for answer in reading] == [b"a"] * MOST and places.held() == MOST
    assert begun(places, "/v1/quick", "a")[0].startswith("429")
    assert ask(places, "/v1/quick", "b") == "200", "no turn is held"
    assert b"".join(reading[0]) == b"bc"
    reading.pop(0).close()  # type: ignore[attr-defined]
    reading.pop(0).close()  # type: ignore[attr-defined]  # broken off in the middle
    assert places.held() == MOST - 2
    reading.clear()  # the client hung up, and nobody closes what nobody asked for
    gc.collect()
    assert places.held() == 0 and ask(places, "/v1/quick", "a") == "200"


def test_a_fault_gives_back_what_was_held(pages: Pages) -> None:
    places = server(pages)
    for _ in range(3 * MOST):
        with pytest.raises(RuntimeError):
            begun(places, "/v1/broken")
    assert places.held() == 0 and ask(places) == "200"


def test_whoever_gets_no_turn_in_time_hears_so_and_health_needs_none(pages: Pages) -> None:
    places = server(pages, patience_s=0.2)
    beside(4, lambda: ask(places, "/v1/slow", "x", "203.0.113.8"))
    beside(2, lambda: ask(places, "/v1/slow", "y", "203.0.113.9"))
    until(lambda: len(pages.order) == TURNS)
    status, headers, _ = begun(places, "/v1/quick", "z", "203.0.113.7")
    assert status.startswith("503") and headers["Retry-After"] == "5" and places.held() == TURNS
    assert begun(places, "/healthz")[0] == "200 OK"
    pages.let_go.set()
    until(lambda: places.held() == 0)
    assert ask(places, "/v1/quick", "z", "203.0.113.7") == "200"


def test_a_thousand_requests_at_once_leave_nothing_behind(pages: Pages) -> None:
    places = server(pages)
    answers: list[str] = []

    def many() -> None:
        for number in range(50):
            key = str(number % 3)
            answers.append(ask(places, "/v1/quick", key, f"203.0.113.{key}"))

    for thread in beside(20, many):
        thread.join(30)
    assert len(answers) == 1000 and answers.count("200") > 300 and set(answers) <= {"200", "429"}
    assert places.held() == 0
    assert [ask(places, key=key) for key in "abcdefg"] == ["200"] * 7


def test_whom_a_request_is_counted_for() -> None:
    def of(proxies: int = 0, **given: str) -> Client:
        return client_of({"PATH_INFO": "/portal/", "REMOTE_ADDR": "10.0.0.1"} | given, "sessionid", network_of, proxies)

    assert of() == Client("10.0.0.1/32", "10.0.0.1/32")
    assert of(HTTP_COOKIE="theme=dark; sessionid=abc; x=y") == Client("abc", "10.0.0.1/32")
    assert of(PATH_INFO="/v1/events", HTTP_AUTHORIZATION="Bearer k", HTTP_COOKIE="sessionid=abc").shown == "Bearer k"
    forwarded = {"HTTP_X_FORWARDED_FOR": "192.0.2.1, 2001:db8:1:2::3"}
    assert of(**forwarded).network == "10.0.0.1/32", "without a proxy nobody says where they come from"
    assert of(1, **forwarded).network == "2001:db8:1:2::/64" and of(2, **forwarded).network == "192.0.2.1/32"
    assert of(3, **forwarded).network == "10.0.0.1/32"

"""A key process that hangs, under a real server: it is there, and answers nothing. Nobody waits for it but the first."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tests.django_world as world
from tests.cli.test_serving_tls import exchanged, started
from tests.kernel.vault.key_process_world import KeyProcess

from safeconduct.cli.serving import Server

assert world
#: A buyer's link: whoever holds the keys says whether it is of ours.
NEEDS_KEYS = b"/returns/a:b:c/"
AT_ONCE_S = 2.0  # of a process that has to be given a turn on a busy machine; alone it is a few milliseconds


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyProcess]:
    with KeyProcess(tmp_path_factory.mktemp("keys")) as process:
        yield process


@pytest.fixture(scope="module")
def server(keys: KeyProcess) -> Iterator[Server]:
    """One web process that asks the key process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFECONDUCT_KEY_SOCKET", str(keys.socket))
        found = started(None)
    yield found
    found.web.stop()


def asked(server: Server, path: bytes) -> tuple[int, float, bytes]:
    """Status, seconds, and the head of the answer."""
    began = time.monotonic()
    head = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    _, _, answer = exchanged(server, head, patience_s=30)
    return int(answer.split(b" ", 2)[1]), time.monotonic() - began, answer.partition(b"\r\n\r\n")[0].lower()


def many(server: Server, path: bytes, number: int) -> list[tuple[int, float, bytes]]:
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(lambda _: asked(server, path), range(number)))


def test_while_it_hangs_callers_hear_at_once_when_to_come_again_and_then_all_is_well(
    server: Server, keys: KeyProcess
) -> None:
    assert {status for status, _, _ in many(server, NEEDS_KEYS, 8)} == {404}
    os.kill(keys.number, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as beside:
            first = beside.submit(many, server, NEEDS_KEYS, 12)
            time.sleep(0.05)
            others = [asked(server, path) for path in (b"/healthz", b"/accounts/login/", b"/healthz") * 3]
            found = first.result()
        assert {status for status, _, _ in found} == {503}
        assert max(seconds for _, seconds, _ in found) < 4, "and not the twenty seconds that an operation may take"
        assert {status for status, _, _ in others} == {200}
        again = many(server, NEEDS_KEYS, 12) + [asked(server, b"/readyz")]
        assert {status for status, _, _ in again} == {503}
        assert all(b"\r\nretry-after: " in head for _, _, head in again[:-1])
        alone = [asked(server, path) for path in (NEEDS_KEYS, b"/healthz", b"/accounts/login/") * 5]
        assert [status for status, _, _ in alone] == [503, 200, 200] * 5
        assert sorted(seconds for _, seconds, _ in alone)[len(alone) // 2] < 0.1
        assert max(seconds for _, seconds, _ in alone) < AT_ONCE_S
    finally:
        os.kill(keys.number, signal.SIGCONT)
    until = time.monotonic() + 5
    while asked(server, NEEDS_KEYS)[0] != 404:
        assert time.monotonic() < until, "it answers again, and nobody notices"
        time.sleep(0.05)
    assert {status for status, _, _ in many(server, NEEDS_KEYS, 12)} == {404}
    assert asked(server, b"/readyz")[0] == 200


def test_one_that_is_killed_while_it_hangs_is_found_again(server: Server, keys: KeyProcess, tmp_path: Path) -> None:
    os.kill(keys.number, signal.SIGSTOP)
    assert {status for status, _, _ in many(server, NEEDS_KEYS, 4)} == {503}
    keys.stop(signal.SIGKILL)
    assert asked(server, NEEDS_KEYS)[0] == 503
    keys.start()
    until = time.monotonic() + 5
    while asked(server, NEEDS_KEYS)[0] != 404:
        assert time.monotonic() < until
        time.sleep(0.05)

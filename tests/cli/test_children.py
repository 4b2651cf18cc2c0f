"""The processes of a server: what is killed comes back, however often; what cannot run here is given up."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
import tests.django_world as world

from safeconduct.cli import serving
from safeconduct.cli.serving import Child

assert world


def child(program: str) -> Child:
    one = Child([sys.executable, "-c", program], dict(os.environ))
    one.start()
    return one


@pytest.fixture
def sleeper() -> Iterator[Child]:
    one = child("import time; time.sleep(600)")
    yield one
    one.stop()


def kept(one: Child, until: float = 30.0) -> bool:
    """Looks after it as the server does, until it runs or is given up."""
    end = time.monotonic() + until
    while time.monotonic() < end:
        if not one.keep_running():
            return False
        if one.process is not None and one.process.poll() is None:
            return True
        time.sleep(0.02)
    raise AssertionError("it neither runs nor is it given up")


def test_a_child_that_is_killed_ten_times_within_a_minute_is_there_again(sleeper: Child) -> None:
    for _ in range(10):
        assert sleeper.process is not None
        os.kill(sleeper.process.pid, signal.SIGKILL)
        sleeper.process.wait()
        assert kept(sleeper)
    assert not sleeper.gave_up


def test_a_child_that_cannot_start_is_given_up_after_five_times() -> None:
    one = child("import sys; sys.exit(3)")
    starts = 1
    while True:
        assert one.process is not None
        one.process.wait()
        if not one.keep_running():
            break
        starts += 1
    assert one.gave_up and starts == 5
    one.stop()


def test_a_child_that_has_settled_may_end_by_itself_as_often_as_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_SETTLED_S", 0.0)
    monkeypatch.setattr(serving, "_BREATH_S", 0.01)
    one = child("import sys; sys.exit(3)")
    for _ in range(8):
        if one.process is not None:
            one.process.wait()
        assert one.keep_running()
        time.sleep(0.02)
    one.stop()

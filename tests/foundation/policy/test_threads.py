"""Policies are compiled by several threads of a server at once."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
from policy_shop import policy_text, read

from safeconduct.foundation.policy.to_python import compile_rules

CONDITION = " OR ".join(f"items + {n} * (items - {n}) > {n}" for n in range(40))


@pytest.fixture
def a_garbage_collection_lets_other_threads_run() -> Iterator[None]:
    """As a finalizer that waits for something does: the interpreter changes threads in the midst of a tree."""

    def pause(*_: object) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.callbacks.append(pause)
    gc.set_threshold(20)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(pause)


@pytest.mark.usefixtures("a_garbage_collection_lets_other_threads_run")
def test_threads_that_compile_at_once_do_not_spoil_each_others_policy() -> None:
    policy = read(policy_text(CONDITION)).policy
    assert policy is not None
    expected = compile_rules(policy).source
    problems: list[BaseException] = []

    def compile_again(depth: int) -> None:
        if depth:
            return compile_again(depth - 1)
        try:
            for _ in range(10):
                assert compile_rules(policy).source == expected
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=compile_again, args=[10 * depth]) for depth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems

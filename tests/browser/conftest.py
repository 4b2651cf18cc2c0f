from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import tests.django_world as world

# Playwright runs its loop in this thread; the database is asked from it all the same, never concurrently.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield

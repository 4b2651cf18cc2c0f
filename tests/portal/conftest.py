from __future__ import annotations

from collections.abc import Iterator

import pytest

import tests.django_world as world


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield

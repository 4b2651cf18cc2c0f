from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

import tests.django_world as world
from safeconduct.kernel.cases import publishing


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables, and nothing remembered of earlier ones."""
    world.forget_everything()
    publishing.forget()
    cache.clear()
    yield
    publishing.forget()

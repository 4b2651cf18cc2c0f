from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world


@pytest.fixture
def empty_database() -> Iterator[None]:
    """Empty tables before and after."""
    world.forget_everything()
    yield

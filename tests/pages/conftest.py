from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Empty tables before and after: what is multiplied here would slow down every later test."""
    world.forget_everything()
    yield
    world.forget_everything()

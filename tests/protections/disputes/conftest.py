from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world

from safeconduct.kernel.cases import publishing


@pytest.fixture
def empty_database() -> Iterator[None]:
    """Empty tables before and after."""
    world.forget_everything()
    publishing.forget()
    yield
    publishing.forget()

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world
from django.test import override_settings


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables, and the log has a name of its own."""
    world.forget_everything()
    with override_settings(RECORD_ORIGIN="shop.example/record"):
        yield

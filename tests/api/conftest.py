from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world
from django.test import override_settings


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """The process has seen no outage and knows no policy's answer."""
    from safeconduct.api import outage

    outage.forget()
    with override_settings(ROOT_URLCONF="safeconduct.api.urls"):  # the API's own addresses stand at the root
        yield
    outage.forget()

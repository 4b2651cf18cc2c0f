from __future__ import annotations

from collections.abc import Iterator

import pytest
import tests.django_world as world
from django.test import override_settings

SUBJECTS = {"decision": "safeconduct.kernel.decisions.record_payload.DECISIONS"}


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables, and with the decisions registered."""
    world.forget_everything()
    with override_settings(RECORD_SUBJECTS=SUBJECTS, RECORD_ORIGIN="shop.example/record"):
        yield

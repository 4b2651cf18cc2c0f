from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from safeconduct.kernel.cases import kinds, publishing
from safeconduct.kernel.decisions import reactions


def _forget() -> None:
    publishing.forget()
    kinds.kinds.cache_clear()
    reactions.reactions.cache_clear()
    reactions.event_types.cache_clear()


@pytest.fixture(autouse=True)
def neutral_protection() -> Iterator[None]:
    """The house with one protection: the neutral one."""
    with override_settings(PROTECTIONS=["tests.kernel.cases.neutral"]):
        _forget()
        yield
    _forget()

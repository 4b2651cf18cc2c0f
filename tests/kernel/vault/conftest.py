"""Key processes for stories of the vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.vault.key_process_world import KeyProcess, asking


@pytest.fixture(scope="module")
def key_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyProcess]:
    """One that runs for several tests."""
    with KeyProcess(tmp_path_factory.mktemp("keys"), as_typed=True) as found:
        yield found


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[KeyProcess]:
    """One of a test's own, that is asked by this process."""
    with KeyProcess(tmp_path) as found, asking(found):
        yield found

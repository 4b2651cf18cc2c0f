"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

#: An ordinary run tries the same made-up cases each time, so that a failure is a change's own; a long one looks for
#: new ones. Loaded before any test module makes settings of its own from it.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("SAFECONDUCT_LONG_TESTS") != "1":
    settings.load_profile("repeatable")

# Half of what a command costs is compiling what it imports, where the environment forbids to keep what was compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

#: Files that take longest. They begin first, so that none of them is left to one process while the other has no more.
LONGEST = (
    "pages/test_every_form.py", "crash/test_crashes.py", "demo/test_demo_dump.py", "roles/test_rights.py",
    "pages/test_every_page.py", "roles/test_two_sellers.py", "cli/test_root_key_commands.py",
    "api/test_fuzz.py", "protections/test_any_trouble.py", "kernel/record/test_killed.py",
    "browser/test_coverage_story.py", "browser/test_passkey_story.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first, the others in their order."""
    here = Path(__file__).parent
    stray = [
        item.nodeid
        for item in items
        if item.get_closest_marker("browser") and here / "browser" not in item.path.parents
    ]
    if stray:
        raise pytest.UsageError(f"tests for a browser are looked for in tests/browser alone: {', '.join(stray)}")
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.relative_to(here).as_posix(), len(places)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real input from elsewhere, which does not travel with the project; the test skips where it is absent."""
    folder = Path(os.environ.get("SAFECONDUCT_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the shared data folder is absent; set SAFECONDUCT_SHARED to where it is")
    return folder


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A connection string of an empty database on the test server, for tests of SQL that need no Django."""
    import tests.django_world as world

    return os.environ["SAFECONDUCT_DATABASE_URL"] if world else ""


@pytest.fixture(autouse=True)
def _no_language_of_an_earlier_test() -> Iterator[None]:
    """A request leaves its reader's language active in its thread, which the next test would inherit."""
    yield
    if "django.utils.translation" in sys.modules and os.environ.get("DJANGO_SETTINGS_MODULE"):
        from django.utils import translation

        translation.deactivate()

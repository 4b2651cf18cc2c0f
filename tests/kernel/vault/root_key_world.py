"""Processes with root key files of different steps, one after another in this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from tests.kernel.builders import START

from safeconduct.kernel.vault import data_keys, keys, pseudonyms, regions, root_replacement
from safeconduct.kernel.vault.key_file import read_keys, write_keys


class Steps:
    """The files of a replacement: `one` key, one that is `added`, one that is `used`, and the `new` one alone."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.one, self.added, self.used, self.new = (folder / name for name in ("one", "added", "used", "new"))
        self.one.write_text(Path(settings.ROOT_KEY_FILE).read_text())
        write_keys(self.added, read_keys(self.one).with_next())
        write_keys(self.used, read_keys(self.added).in_use())
        write_keys(self.new, read_keys(self.used).alone())

    def process(self, file: Path, *, late: bool = False) -> None:
        """As a process that began with this file; ``late``: a while ago, so that it has keys of regions opened."""
        self._monkeypatch.setattr(settings, "ROOT_KEY_FILE", str(file))
        for module in (keys, pseudonyms) if late else (keys, data_keys, regions, pseudonyms):
            module.forget()

    def begin(self) -> None:
        """`use`, by a process that knows the next key; this one goes on with both."""
        self.process(self.added)
        root_replacement.use(self.used, at=START)
        self.process(self.used)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """The database is used with one key, as `safeconduct migrate` leaves it."""
    world = Steps(tmp_path, monkeypatch)
    world.process(world.one)
    note()
    yield world
    world.process(world.one)
    root_replacement._index(wanted=False)
    root_replacement._memory.look_at = 0.0
    monkeypatch.undo()
    for module in (keys, data_keys, regions, pseudonyms):
        module.forget()


def note() -> None:
    """What `safeconduct migrate` writes down."""
    from safeconduct.kernel.scope import owner_scope
    from safeconduct.kernel.vault import root_key_use

    with owner_scope():
        root_key_use.note(START)

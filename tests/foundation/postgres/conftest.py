"""Folders with a fresh cluster, and commands that are ended with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_commands import SOURCE, Commands, wait_until_stopped

from safeconduct.foundation.postgres import lease


@pytest.fixture
def commands() -> Iterator[Commands]:
    started = Commands()
    try:
        yield started
    finally:
        started.end()


@pytest.fixture(scope="session")
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped server's folder with a fresh cluster, to be copied: initdb takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template") / "postgres"
    with lease(folder, durable=False, grace_seconds=0.0):
        pass
    wait_until_stopped(folder)
    return folder


@pytest.fixture
def folder(new_cluster: Path, tmp_path: Path) -> Path:
    """A folder with a fresh cluster that nobody uses."""
    copied = tmp_path / "pg"
    copied.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", new_cluster / "data", copied / "data"], check=True)
    return copied


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that other users may enter (pytest's own are closed)."""
    place = Path("/tmp") / f"sc-test-{os.getpid()}-{time.monotonic_ns() % 10**9}"
    place.mkdir(mode=0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    probe = ["/bin/sh", "-c", f"test -x {sys.executable} && test -r {SOURCE}/safeconduct/foundation/postgres/layout.py"]
    if subprocess.run(probe, user="nobody", group="nogroup", extra_groups=[], cwd="/").returncode != 0:
        pytest.skip("the checkout or its Python cannot be reached by the user nobody")

"""Folders with a fresh cluster, and commands that are ended with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_commands import SOURCE, Commands, OtherUser, wait_until_stopped

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
def other_user(open_place: Path) -> OtherUser:
    """The user nobody, when root runs the tests; with the system's Python when ours lies in root's closed home."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    account = pwd.getpwnam("nobody")
    source = open_place / "source"
    inner = source / "safeconduct" / "foundation"
    inner.mkdir(parents=True)
    shutil.copytree(SOURCE / "safeconduct" / "foundation" / "postgres", inner / "postgres")
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        candidate = OtherUser(account.pw_uid, account.pw_gid, python, source)
        try:
            if candidate.run("import sys; sys.exit(sys.version_info < (3, 11))").returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.skip("no Python 3.11 or newer here that the user nobody can reach")

"""Folders that cannot be used say why and what to do; odd but usable ones work."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_commands import Commands, wait_until_stopped

from safeconduct.foundation.postgres import (
    BinariesMissing,
    FolderUnusable,
    StartFailed,
    UnsupportedPlatform,
    WrongMajorVersion,
    cluster,
    find_system_binaries,
    lease,
    logfile,
    status,
)
from safeconduct.foundation.postgres.layout import Folder, Phase, State, open_folder


def test_data_of_another_major_version_is_refused_with_the_way_out(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(WrongMajorVersion) as refused, lease(folder):
        pass
    told = str(refused.value)
    assert "written by PostgreSQL 16; the programs at hand are 18" in told and "pg_dumpall" in told


@pytest.mark.skipif(not find_system_binaries(), reason="the distribution's PostgreSQL is not installed")
def test_data_of_the_distributions_postgresql_names_the_programs_that_can_open_it(folder: Path) -> None:
    system = find_system_binaries()[-1]
    (folder / "data" / "PG_VERSION").write_text(f"{system.parent.name}\n")
    with pytest.raises(WrongMajorVersion, match=str(system)), lease(folder):
        pass


def test_a_data_folder_that_is_none_is_refused_and_left_as_it_is(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").unlink()
    with pytest.raises(FolderUnusable, match="is not a PostgreSQL data folder"), lease(folder):
        pass
    assert (folder / "data" / "base").is_dir()


def test_a_half_made_database_is_made_again(commands: Commands, tmp_path: Path) -> None:
    place = tmp_path / "pg"
    (place / "data.new" / "base").mkdir(parents=True)
    (place / "data.new" / "PG_VERSION").write_text("18\n")
    with psycopg.connect(commands.start(place).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (place / "data.new").exists()


def test_a_broken_setting_is_told_with_the_servers_own_words(folder: Path) -> None:
    with (
        pytest.raises(StartFailed, match="could not be started") as failed,
        lease(folder, settings={"work_mem": "lots"}),
    ):
        pass
    assert 'invalid value for parameter "work_mem"' in str(failed.value)
    with (
        lease(folder, durable=False, grace_seconds=0.0) as server,
        psycopg.connect(server.url("postgres")) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,), "a failed start does not stand in the way of the next"
    wait_until_stopped(folder)


def test_a_setting_of_the_caller_counts_but_cannot_open_the_network(commands: Commands, folder: Path) -> None:
    chosen = {"max_connections": "17", "listen_addresses": "*"}
    with psycopg.connect(commands.start(folder, settings=chosen).url()) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("17",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_alter_system_cannot_open_the_network(commands: Commands, folder: Path) -> None:
    first = commands.start(folder)
    with psycopg.connect(first.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET listen_addresses = '*'")
    first.leave()
    wait_until_stopped(folder)
    with psycopg.connect(commands.start(folder).url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_locale_that_is_not_installed_does_not_matter(commands: Commands, tmp_path: Path) -> None:
    abroad = {
        "LC_ALL": "xx_YY.UTF-8",
        "LANG": "xx_YY.UTF-8",
        "TZ": "Mars/Olympus",
        "PGDATA": "/nonexistent",
        "PGPORT": "1",
    }
    with psycopg.connect(commands.start(tmp_path / "pg", env=abroad).url()) as connection:
        assert connection.execute("SHOW lc_messages").fetchone() == ("C",)


def test_postgresql_15_without_its_locale_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LIBC_UTF8_LOCALES", ("xx_YY.UTF-8",))
    with pytest.raises(StartFailed, match="has no locale"):
        cluster.libc_utf8_locale()


@pytest.mark.parametrize(
    ("said", "way_out"),
    [
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', "The disk is full: free some"),
        ("FATAL:  database locale is incompatible with operating system", "install it, or restore from a dump"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "Too little memory"),
    ],
)
def test_a_known_cause_is_told_first_and_the_log_after_it(said: str, way_out: str) -> None:
    first, *rest = cluster.explain("PostgreSQL could not be started.", ["LOG:  starting", said]).splitlines()
    assert first.startswith("PostgreSQL could not be started. ") and way_out in first
    assert rest == ["    LOG:  starting", f"    {said}"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 120 MB, which only root can make."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=0700", "none", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("making a small disk needs root and the right to mount")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 65536)
        except OSError:
            pass
        try:
            while True:
                filler.write(b"\0" * 512)
        except OSError:
            pass


def test_a_new_database_on_a_nearly_full_disk_is_refused_before_it_begins(commands: Commands, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * (60 * 2**20))
    told = commands.start(small_disk / "pg").told()
    assert told["error"] == "StartFailed" and "MB left; a new database needs 100 MB" in told["message"]


def test_an_old_database_on_a_full_disk_says_so_and_works_again_when_there_is_room(
    commands: Commands, small_disk: Path
) -> None:
    place = small_disk / "pg"
    first = commands.start(place, durable=True)
    with psycopg.connect(first.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 41 AS answer")
    first.leave()
    wait_until_stopped(place)
    fill(small_disk)
    told = commands.start(place, durable=True).told()
    assert told["error"] == "StartFailed" and "The disk is full" in told["message"], told
    (small_disk / "filler").unlink()
    again = commands.start(place, durable=True)
    with psycopg.connect(again.url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (41,)
    again.leave()
    wait_until_stopped(place)


def test_a_folder_with_a_path_longer_than_a_socket_may_have_works_and_keeps_its_socket(
    commands: Commands, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / ("long" * 20) / ("path" * 20)
    place.parent.mkdir()
    folder.rename(place)
    first = commands.start(place)
    url = first.url()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    first.leave()
    wait_until_stopped(place)
    socket_dir = status(place).socket_dir
    assert socket_dir is not None and not socket_dir.exists(), "nothing is left in a shared folder"
    assert commands.start(place).url() == url, "open programs find the server where it was"


def test_a_folder_with_blanks_quotes_and_commas_works(commands: Commands, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "my \"own\" 'data', really ü"
    folder.rename(place)
    with psycopg.connect(commands.start(place).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_folder_reached_through_a_link_is_the_same_server(commands: Commands, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert commands.start(folder).url() == commands.start(tmp_path / "link").url()


def test_the_log_is_rotated_by_size_and_keeps_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "BYTES_MAX", 1000)
    log = logfile.LogFile(open_folder(tmp_path / "pg"))
    for number in range(100):
        log.write(b"line %03d of a hundred, each of about fifty bytes\n" % number)
    files = sorted(path.name for path in (tmp_path / "pg").glob("postgres.log*"))
    assert files == ["postgres.log", "postgres.log.1", "postgres.log.2", "postgres.log.3"]
    assert all(path.stat().st_size <= 1000 for path in (tmp_path / "pg").glob("postgres.log*"))
    assert (tmp_path / "pg" / "postgres.log").read_text().endswith("line 099 of a hundred, each of about fifty bytes\n")
    assert log.tail[-1].startswith("line 099")


def test_a_state_comes_back_as_it_was_written_whatever_was_there_before(tmp_path: Path) -> None:
    ours: Folder = open_folder(tmp_path / "pg")
    assert ours.read_state() is None
    long = State(Phase.FAILED, 7, message="ä" * 10_000)
    ours.write_state(long)
    found = ours.read_state()
    assert found is not None and found.message == "ä" * 3500
    short = State(Phase.READY, 8, server_pid=9, socket_dir="/run/x", port=5432, version="18.4")
    ours.write_state(short)
    assert ours.read_state() == short
    (ours.path / "state.json").write_text('{"phase": "rea')
    assert ours.read_state() is None


def test_a_missing_wheel_says_what_to_install(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BinariesMissing, match="There is no PostgreSQL in"), lease(folder, binaries=tmp_path):
        pass


def test_another_platform_is_told_to_use_its_own_postgresql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(UnsupportedPlatform, match="set DATABASE_URL"), lease(tmp_path / "pg"):
        pass
    assert not (tmp_path / "pg").exists()

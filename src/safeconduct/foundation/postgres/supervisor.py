"""The process between the commands and postgres: starts it, watches it, stops it when the last command is gone.

Started detached by the first ``lease`` with the supervisor lock already taken (``leasing.spawn``). Single-threaded on
purpose: the parent-death signal of postgres follows the thread that forked it, and it dies with this process even when
this process is killed.

Ends: no holder of the lease for the grace period; SIGTERM or SIGINT, then as soon as the last holder leaves and after
``PATIENCE_AFTER_SIGNAL_SECONDS`` in any case; or too many crashes of postgres in a row.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from safeconduct.foundation.postgres import processes
from safeconduct.foundation.postgres.account import FAST_STOP, IMMEDIATE_STOP, Account, account_for, child_setup
from safeconduct.foundation.postgres.binaries import Binaries, clean_environment, usable_binaries
from safeconduct.foundation.postgres.cluster import (
    ensure_cluster,
    explain,
    reachable,
    server_command,
)
from safeconduct.foundation.postgres.errors import PostgresError, StartFailed
from safeconduct.foundation.postgres.layout import (
    Folder,
    Options,
    Phase,
    State,
    open_directory,
    open_folder,
    try_lock,
    unlock,
)
from safeconduct.foundation.postgres.logfile import LogFile
from safeconduct.foundation.postgres.probe import PORT, SOCKET_NAME, Liveness, probe
from safeconduct.foundation.postgres.sockets import leave_socket_folder, socket_folder

IDLE_TICK_SECONDS = 0.2
STARTING_TICK_SECONDS = 0.01
FAST_STOP_SECONDS = 30.0
IMMEDIATE_STOP_SECONDS = 5.0
PATIENCE_AFTER_SIGNAL_SECONDS = 10.0
CRASHES_MAX = 5
CRASH_WINDOW_SECONDS = 60.0
PIPE_BYTES = 64 * 1024


class Leaving(Exception):
    """Nobody needs the server any more."""


class Supervisor:
    """Owns one postgres. All waiting happens in ``tick``, which also keeps the log flowing and reaps signals."""

    def __init__(self, folder: Folder, options: Options) -> None:
        self.folder = folder
        self.options = options
        self.lease_fd = folder.open("lease", os.O_RDWR)
        self.log = LogFile(folder)
        self.child: subprocess.Popen[bytes] | None = None
        self.state = State(Phase.STARTING, os.getpid(), durable=options.durable)
        self.remembered_socket = ""
        self.idle_since: float | None = None
        self.told_to_stop_at: float | None = None
        self.crashes: deque[float] = deque(maxlen=CRASHES_MAX)
        self.wake_read, self.wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> int:
        """Serve until nobody needs it. 0 when it ended in order, 1 when PostgreSQL could not be run."""
        self.listen_to_signals()
        former = self.folder.read_state()
        self.remembered_socket = former.socket_dir if former else ""
        try:
            self.progress("starting")
            account = account_for(self.folder)
            binaries = usable_binaries(Path(self.options.binaries), account)
            while True:
                self.start(binaries, account)
                self.serve()
                self.note_crash()
        except Leaving:
            self.publish(replace(self.state, phase=Phase.STOPPING, message=""))
            self.stop()
            leave_socket_folder(Path(self.remembered_socket), self.folder)
            self.publish(replace(self.state, phase=Phase.STOPPED, server_pid=0))
            return 0
        except (PostgresError, OSError, subprocess.SubprocessError) as error:
            self.log.note(str(error))
            self.stop()
            kind = type(error).__name__
            self.publish(replace(self.state, phase=Phase.FAILED, server_pid=0, message=str(error), error=kind))
            return 1

    def listen_to_signals(self) -> None:
        def told(_signal: int, _frame: object) -> None:
            self.told_to_stop_at = self.told_to_stop_at or time.monotonic()

        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, told)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake up at once when postgres ends
        for name in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(name, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def publish(self, state: State) -> None:
        self.state = state
        with contextlib.suppress(PostgresError, OSError):  # a full disk must not end a running server
            self.folder.write_state(state)

    def progress(self, message: str) -> None:
        if (self.state.phase, self.state.message) != (Phase.STARTING, message):
            self.publish(replace(self.state, phase=Phase.STARTING, server_pid=0, message=message))

    def start(self, binaries: Binaries, account: Account | None) -> None:
        """Start postgres and wait until it answers, for as long as crash recovery needs."""
        lock_fd = self.claim_server_lock()
        try:
            if not self.folder.data.exists():
                self.progress("making a new database")
            ensure_cluster(self.folder, binaries, account, durable=self.options.durable, lock_fd=lock_fd)
            processes.clear_pid_file(self.folder.data)
            socket_dir = socket_folder(self.folder, account, self.remembered_socket)
            self.remembered_socket = str(socket_dir)
            for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
                (socket_dir / name).unlink(missing_ok=True)
            self.child = self.launch(binaries, account, socket_dir, lock_fd)
        finally:
            os.close(lock_fd)  # from here on only postgres holds it
        self.state = replace(self.state, socket_dir=str(socket_dir), port=PORT, version=binaries.version)
        if self.await_ready(self.child, socket_dir):
            self.publish(replace(self.state, phase=Phase.READY, server_pid=self.child.pid, message=""))

    def launch(
        self, binaries: Binaries, account: Account | None, socket_dir: Path, lock_fd: int
    ) -> subprocess.Popen[bytes]:
        data_fd, run_fd = open_directory(self.folder.data), open_directory(socket_dir)
        log_read, log_write = os.pipe2(os.O_CLOEXEC)
        try:
            child = subprocess.Popen(
                server_command(
                    binaries,
                    reachable(self.folder.data, data_fd, account),
                    reachable(socket_dir, run_fd, account),
                    durable=self.options.durable,
                    settings=self.options.settings,
                ),
                stdin=subprocess.DEVNULL,
                stdout=log_write,
                stderr=log_write,
                cwd="/",
                env=clean_environment(),
                pass_fds=[data_fd, run_fd, lock_fd],
                preexec_fn=child_setup(account, FAST_STOP),
            )
        except subprocess.SubprocessError as error:
            os.close(log_read)
            raise StartFailed(
                f"PostgreSQL could not be started as another user: {error} Run as an ordinary user or set DATABASE_URL."
            ) from error
        finally:
            for fd in (data_fd, run_fd, log_write):
                os.close(fd)
        self.log.follow(log_read)
        return child

    def claim_server_lock(self) -> int:
        """The lock that every postgres process inherits: having it proves that none of an earlier server is left."""
        fd = self.folder.open("server.lock", os.O_RDWR)
        waiting_since = time.monotonic()
        while not try_lock(fd):
            processes.end_leftovers(self.folder.data, time.monotonic() - waiting_since)
            self.progress("waiting for the former server to end")
            self.tick(STARTING_TICK_SECONDS)
        return fd

    def await_ready(self, child: subprocess.Popen[bytes], socket_dir: Path) -> bool:
        """Wait until it answers. False when it was killed meanwhile; raises StartFailed when it gave up itself."""
        while True:
            self.tick(STARTING_TICK_SECONDS)
            if (ended := child.poll()) is not None:
                self.log.drain()
                if ended < 0:
                    return False
                raise StartFailed(explain("PostgreSQL could not be started.", list(self.log.tail)))
            if self.log.progress:
                self.progress(self.log.progress)
            if not processes.pid_file_says_ready(self.folder.data, child.pid):
                continue
            answer = probe(socket_dir)
            if answer.liveness is Liveness.READY and answer.pid == child.pid:
                return True

    def serve(self) -> None:
        """Return when postgres has ended by itself or lost its socket; raise Leaving when nobody needs it."""
        assert self.child is not None
        socket = Path(self.state.socket_dir) / SOCKET_NAME
        while self.child.poll() is None:
            self.tick(IDLE_TICK_SECONDS)
            if not socket.exists():
                self.log.note(f"the socket {socket} was removed by somebody: starting again")
                self.stop()
                return
        if self.told_to_stop_at is not None:
            raise Leaving

    def note_crash(self) -> None:
        """Count an unexpected end. Raises StartFailed when they come too fast."""
        self.stop()
        now = time.monotonic()
        self.crashes.append(now)
        if len(self.crashes) == CRASHES_MAX and now - self.crashes[0] < CRASH_WINDOW_SECONDS:
            raise StartFailed(
                explain(f"PostgreSQL ended {CRASHES_MAX} times within a minute; giving up.", list(self.log.tail))
            )
        self.log.note("PostgreSQL ended unexpectedly: starting it again")
        self.state = replace(self.state, restarts=self.state.restarts + 1)
        self.progress("starting again")

    def tick(self, seconds: float) -> None:
        """Wait a little, keep the log flowing, and raise Leaving when it is time to go."""
        watched = [self.wake_read, *self.log.sources]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self.wake_read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self.wake_read, PIPE_BYTES)
        self.log.pump(ready)
        if self.state.phase is not Phase.STOPPING and self.unneeded():
            raise Leaving

    def unneeded(self) -> bool:
        """Whether to go. When the answer is yes the lease is locked against newcomers, who wait for our end."""
        now = time.monotonic()
        told = self.told_to_stop_at is not None
        if try_lock(self.lease_fd):
            self.idle_since = self.idle_since if self.idle_since is not None else now
            if told or now - self.idle_since >= self.options.grace_seconds:
                return True
            unlock(self.lease_fd)
        else:
            self.idle_since = None
        return self.told_to_stop_at is not None and now - self.told_to_stop_at > PATIENCE_AFTER_SIGNAL_SECONDS

    def stop(self) -> None:
        """Stop postgres: in order, then at once (the next start recovers), then by force."""
        child, self.child = self.child, None
        if child is None:
            return
        self.state = replace(self.state, phase=Phase.STOPPING)
        for how, patience in (
            (FAST_STOP, FAST_STOP_SECONDS),
            (IMMEDIATE_STOP, IMMEDIATE_STOP_SECONDS),
            (signal.SIGKILL, IMMEDIATE_STOP_SECONDS),
        ):
            deadline = time.monotonic() + patience
            if child.poll() is None:
                child.send_signal(how)
            while child.poll() is None and time.monotonic() < deadline:
                self.tick(STARTING_TICK_SECONDS)
            if child.poll() is not None:
                break
        self.log.drain()


def main(arguments: list[str]) -> int:
    """``supervisor FOLDER OPTIONS LOCK_FD``: detach, then supervise. The lock was taken by whoever started us."""
    folder, options = open_folder(Path(arguments[0])), Options(**json.loads(arguments[1]))
    lock_fd = int(arguments[2])
    os.set_inheritable(lock_fd, False)
    if os.fork():
        os._exit(0)  # the starter reaps us; the supervisor is nobody's child and cannot become its zombie
    os.umask(0o077)
    return Supervisor(folder, options).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

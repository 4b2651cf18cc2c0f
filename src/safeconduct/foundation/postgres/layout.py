"""The folder of one embedded server: what lies in it, and how its files are opened and locked.

::

    FOLDER/lease             every user of the server holds ``flock(LOCK_SH)`` on it
    FOLDER/supervisor.lock   the supervisor holds ``LOCK_EX``; whoever gets it starts the next supervisor
    FOLDER/server.lock       inherited by every postgres process: free only when the last of them is gone
    FOLDER/state.json        what the supervisor says about itself; believed only together with a live connection
    FOLDER/data/             the cluster (0700, owned by the user that postgres runs as)
    FOLDER/run/              the socket (0700), when the path is short enough
    FOLDER/postgres.log      log of server and supervisor, rotated by size

Locks are kernel locks on open files, never the presence of a file or a process id: both survive a crash and lie.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path

from safeconduct.foundation.postgres.errors import FolderUnusable

STATE_BYTES = 8 * 1024
STATE_BYTES_MAX = 64 * 1024
MESSAGE_CHARS_MAX = 3500
DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """What a supervisor publishes. ``message`` is progress while starting and the reason when failed;
    ``error`` is then the name of the error's class.
    """

    phase: Phase
    supervisor_pid: int
    server_pid: int = 0
    socket_dir: str = ""
    port: int = 0
    version: str = ""
    durable: bool = True
    restarts: int = 0
    message: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a lease asks for. The one that starts the server decides; later ones share it as it is."""

    binaries: str
    grace_seconds: float
    durable: bool
    settings: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Folder:
    """The resolved folder of one server and the user (uid, gid) who owns it."""

    path: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"

    def open(self, name: str, flags: int) -> int:
        """Open (creating, 0600) one of our files, never through a symbolic link; closed on exec.

        Raises FolderUnusable when the file belongs to somebody else.
        """
        path = self.path / name
        try:
            fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(path, error) from error
        self.give_to_owner(fd)
        return fd

    def give_to_owner(self, fd: int) -> None:
        """As root in somebody's folder: hand a file we made to that person, who can then go on without root."""
        found = os.fstat(fd)
        plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
        if os.geteuid() == 0 and self.uid != 0 and found.st_uid == 0 and plain:
            os.fchown(fd, self.uid, self.gid)

    def read_state(self) -> State | None:
        """The published state, or None when there is none or it cannot be understood."""
        try:
            fd = os.open(self.path / "state.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(self.path / "state.json", error) from error
        with os.fdopen(fd, "rb") as file:
            raw = file.read(STATE_BYTES_MAX)
        try:
            found = json.loads(raw)
            known = {field.name for field in fields(State)}
            values = {key: value for key, value in found.items() if key in known}
            return State(**{**values, "phase": Phase(values["phase"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def write_state(self, state: State) -> None:
        """Publish a state. Written over the old one in blocks that exist already: it must also work on a full disk.

        A reader who sees half of it cannot parse it and looks again; nobody trusts it without a live connection.
        """
        short = replace(state, message=state.message[:MESSAGE_CHARS_MAX])
        raw = json.dumps(asdict(short), ensure_ascii=False).encode("utf-8", "replace").ljust(STATE_BYTES)
        with closing(self.open("state.json", os.O_WRONLY)) as fd:
            os.pwrite(fd, raw, 0)
            os.ftruncate(fd, len(raw))


def open_folder(path: Path) -> Folder:
    """Make (0700) or find the folder. Root acts for the person in whose folder it works.

    A folder that root makes inside a person's folder is given to that person, so that a first run with ``sudo`` does
    not lock them out of a second one without. Existing folders are left as they are.
    """
    path = Path(os.path.realpath(path))
    try:
        if not path.is_dir():
            make_folders(path)
        found = path.stat()
    except OSError as error:
        raise unusable(path, error) from error
    if os.geteuid() not in (0, found.st_uid):
        raise FolderUnusable(
            f"{path} belongs to {account_name(found.st_uid)}, you are {account_name(os.geteuid())}. "
            "Run as that user, choose another folder, or set DATABASE_URL to a PostgreSQL you may use."
        )
    return Folder(path, found.st_uid, found.st_gid)


def make_folders(path: Path) -> None:
    """Make the missing folders one inside the other, each held open: nobody can put a link in their place."""
    anchor = next(parent for parent in path.parents if parent.is_dir())
    fd = open_directory(anchor)
    try:
        owner = os.fstat(fd)
        for name in path.relative_to(anchor).parts:
            with contextlib.suppress(FileExistsError):  # another command is making it, too
                os.mkdir(name, 0o700 if name == path.name else 0o755, dir_fd=fd)
            inner = os.open(name, DIRECTORY_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = inner
            if os.geteuid() == 0 == os.fstat(fd).st_uid and owner.st_uid != 0 and has_account(owner.st_uid):
                os.fchown(fd, owner.st_uid, owner.st_gid)
    finally:
        os.close(fd)


def open_directory(path: Path) -> int:
    """Open a folder itself, never through a symbolic link in its last part."""
    return os.open(path, DIRECTORY_FLAGS)


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Take a lock on an open file if it is free now."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(fd: int) -> None:
    fcntl.flock(fd, fcntl.LOCK_UN)


@contextlib.contextmanager
def closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def has_account(uid: int) -> bool:
    """Whether the uid has an account: initdb refuses to work for a uid without one."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def unusable(path: Path, error: OSError) -> FolderUnusable:
    """The error for a file or folder that this user cannot use, with its owner and the way out."""
    try:
        owner = f", which belongs to {account_name(path.lstat().st_uid)}"
    except OSError:
        owner = ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            way_out = "Free some space, or choose another folder."
        case errno.EROFS:
            way_out = "Choose a folder on a disk that can be written to."
        case _:
            way_out = "Run as its owner, choose another folder, or set DATABASE_URL to a PostgreSQL you may use."
    return FolderUnusable(f"Cannot use {path}{owner}, as {account_name(os.geteuid())}: {error.strerror}. {way_out}")

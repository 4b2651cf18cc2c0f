"""Where the socket lies: a folder that only the database's user and root can enter, with a path short enough."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from safeconduct.foundation.postgres.account import Account
from safeconduct.foundation.postgres.errors import FolderUnusable
from safeconduct.foundation.postgres.layout import Folder, closing, open_directory
from safeconduct.foundation.postgres.probe import SOCKET_NAME

SOCKET_PATH_BYTES_MAX = 107  # sun_path of unix(7) is 108 bytes with its closing zero
SHARED_HOME = Path("/tmp")
PREFIX = "safeconduct-"


def socket_folder(folder: Folder, account: Account | None, remembered: str) -> Path:
    """A private folder (0700, owned by postgres' user) with a path short enough for a socket.

    Beside the data when that is short; else under XDG_RUNTIME_DIR, named by the folder; else one with an unguessable
    name in /tmp. ``remembered`` is the last choice: it is kept while it is still ours, so that open programs find it.
    """
    owner = os.geteuid() if account is None else account.uid
    reasons = []
    for candidate in candidates(folder, remembered):
        try:
            if not fits(candidate):
                raise ValueError("path too long or with a comma")
            candidate.mkdir(mode=0o700, parents=False, exist_ok=True)
            own_privately(candidate, owner, account)
        except (OSError, ValueError) as error:
            reasons.append(f"{candidate}: {error}")
            continue
        return candidate
    raise FolderUnusable(f"No private folder for the database's socket could be made: {'; '.join(reasons)}")


def candidates(folder: Folder, remembered: str) -> list[Path]:
    if fits(folder.run):
        return [folder.run]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}")
    homes = [runtime, SHARED_HOME] if is_private(runtime) else [SHARED_HOME]
    named = [runtime / (PREFIX + hashlib.sha256(os.fsencode(folder.path)).hexdigest()[:16])] if len(homes) > 1 else []
    former = Path(remembered)  # from a file that the folder's owner may write: root must not follow it anywhere else
    known = [former] if former.parent in homes and former.name.startswith(PREFIX) else []
    return [*known, *named, SHARED_HOME / (PREFIX + secrets.token_hex(8))]


def leave_socket_folder(socket_dir: Path, folder: Folder) -> None:
    """Remove an empty socket folder that does not lie beside the data."""
    if socket_dir != folder.run:
        with contextlib.suppress(OSError):
            socket_dir.rmdir()


def is_private(path: Path) -> bool:
    """Whether a runtime directory is a folder of ours that nobody else can enter (root may inherit another's)."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def fits(candidate: Path) -> bool:
    """A socket path has a length limit, and libpq takes a comma in a host for a list."""
    return len(os.fsencode(candidate / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX and "," not in str(candidate)


def own_privately(candidate: Path, owner: int, account: Account | None) -> None:
    """Raise ValueError unless the folder is private to the owner; one that root just made is handed over."""
    with closing(open_directory(candidate)) as fd:
        found = os.fstat(fd)
        if account is not None and found.st_uid == 0 and not os.listdir(fd):
            os.fchown(fd, account.uid, account.gid)
            found = os.fstat(fd)
        if found.st_uid != owner or found.st_mode & 0o077:
            raise ValueError("exists already and is not private to the database's user; remove it")

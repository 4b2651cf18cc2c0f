"""Which user postgres runs as. It refuses root; root therefore lends it an existing unprivileged account.

No account is made and no permission of an existing folder is changed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
from collections.abc import Callable
from dataclasses import dataclass

from safeconduct.foundation.postgres.errors import FolderUnusable, StartFailed
from safeconduct.foundation.postgres.layout import Folder, has_account

# A database service's own account first: `nobody` may be shared with unrelated daemons, who could then read the data.
LENT_ACCOUNTS = ("postgres", "nobody", "daemon")
PR_SET_PDEATHSIG = 1
FAST_STOP = signal.SIGINT
IMMEDIATE_STOP = signal.SIGQUIT


@dataclass(frozen=True, slots=True)
class Account:
    """User and group that postgres runs as."""

    uid: int
    gid: int


def account_for(folder: Folder) -> Account | None:
    """None for an ordinary user (postgres runs as that user). As root: the owner of existing data, then the owner
    of the folder, then the first of the accounts usually present.

    Raises FolderUnusable when the data belongs to root, StartFailed when no unprivileged account exists.
    """
    if os.geteuid() != 0:
        return None
    try:
        found = folder.data.lstat()
    except FileNotFoundError:
        return lent_account(folder)
    if found.st_uid == 0:
        raise FolderUnusable(
            f"{folder.data} belongs to root, and PostgreSQL refuses to run as root. Give it to an unprivileged "
            f"account, for example: chown -R {lent_name()} '{folder.data}'"
        )
    return Account(found.st_uid, found.st_gid)


def lent_account(folder: Folder) -> Account:
    if folder.uid != 0 and has_account(folder.uid):
        return Account(folder.uid, folder.gid)
    entry = pwd.getpwnam(lent_name())
    return Account(entry.pw_uid, entry.pw_gid)


def lent_name() -> str:
    """The first usable account's name. Raises StartFailed when there is none."""
    for name in LENT_ACCOUNTS:
        try:
            if pwd.getpwnam(name).pw_uid != 0:
                return name
        except KeyError:
            continue
    raise StartFailed(
        f"PostgreSQL refuses to run as root and none of the accounts {', '.join(LENT_ACCOUNTS)} exists here. "
        "Run as an ordinary user or set DATABASE_URL."
    )


def child_setup(account: Account | None, on_parent_death: signal.Signals) -> Callable[[], None]:
    """What a child does between fork and exec: ordinary signals, the lent account, death with its parent.

    The order matters: a change of user clears the parent-death signal, and a parent that died before the request is
    never announced. The kernel watches the *thread* that forked, so call ``Popen`` from the main thread.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def become() -> None:
        os.umask(0o077)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(name, signal.SIG_DFL)  # `command &` in a script hands SIGINT down ignored
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        libc.prctl(PR_SET_PDEATHSIG, int(on_parent_death))
        if os.getppid() != parent:
            os._exit(1)

    return become

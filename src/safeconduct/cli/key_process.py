"""`keys serve`: the process that holds the keys. It starts no Django, and opens no database."""

from __future__ import annotations

import os
import pwd
import resource
import signal
import sys
import threading
from pathlib import Path

from safeconduct.cli.output import OK, UNAVAILABLE, USAGE, fail
from safeconduct.foundation.processes import keep_memory_to_itself


def serve(socket: Path, allow: list[str], log: Path | None, openings: int) -> int:
    """Answers until it is told to stop."""
    from django.conf import settings

    if os.environ.get("SAFECONDUCT_KEY_SOCKET"):
        fail("SAFECONDUCT_KEY_SOCKET is for those who ask; the key process is given the key file itself", USAGE)
    allowed = [_user(name) for name in allow] or [os.getuid()]
    # All that a Keyring asks for. What reads the other settings, and the rest of Django, is not even loaded here.
    var = Path(os.environ.get("SAFECONDUCT_VAR", "").strip() or "var")
    key_file = Path(os.environ.get("SAFECONDUCT_KEY_FILE", "").strip() or var / "keys" / "root.key")
    names = ("VAULT_ROOT", "VAULT_ROOT_BEFORE", "VAULT_CREDENTIALS_FILE")
    given = {name: os.environ.get(f"SAFECONDUCT_{name}", "").strip() for name in names}
    settings.configure(ROOT_KEY_FILE=str(key_file), **given)
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.key_file import KeyFileError
    from safeconduct.kernel.vault.key_journal import Journal, Limit
    from safeconduct.kernel.vault.key_process import KeyProcess
    from safeconduct.kernel.vault.keyring import Keyring

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no key in a file when it crashes
    keep_memory_to_itself()
    keys = Keyring()
    try:
        found = keys.roots()
        if key_file.stat().st_mode & 0o077:
            fail(f"{key_file} can be read by others: chmod 600", USAGE)
        keys.wrapping()
        journal = Journal(log or socket.with_name(socket.name + ".log"))
        process = KeyProcess(socket, keys, allowed, journal, Limit(openings))
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sys.stderr.write(f"key process: {' and '.join(found.names)} for users {sorted(allowed)} at {socket}\n")
        process.serve(stop)
    except (VaultError, KeyFileError, OSError) as problem:
        fail(str(problem), UNAVAILABLE)
    return OK


def _user(name: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        fail(f"there is no user {name} on this machine", USAGE)

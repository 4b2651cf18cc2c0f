"""The key process: a `Keyring` that answers others over a Unix socket, and writes down how often.

It runs as a user of its own, which alone may read the root key file, or has the right at the root elsewhere. It opens
no network and no database. Whoever takes over an application can have values opened through it as that application can;
they cannot take a key away, and not open many unseen (`Journal`), nor more than the operator allows (`Limit`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from safeconduct.kernel.vault import key_messages as messages
from safeconduct.kernel.vault.errors import KeyUseRefused, VaultError
from safeconduct.kernel.vault.key_journal import Journal, Limit
from safeconduct.kernel.vault.key_messages import Answer, MessageRefused
from safeconduct.kernel.vault.keyring import KeyUse

MOST_CONNECTIONS: Final = 512
#: Purposes of secrets that prove who somebody is: hashes are made under them (`macs`), and they are opened for nobody.
SHUT: Final = frozenset({"factor"})
#: How long a question may take to arrive once it has begun, and an answer to be taken.
_PATIENCE_S: Final = 30.0
_TICK_S: Final = 0.2


class KeyProcess:
    """Serves one socket until it is told to stop."""

    def __init__(self, path: Path, keys: KeyUse, allowed: Collection[int], journal: Journal, limit: Limit) -> None:
        self._path, self._keys, self._allowed = path, keys, frozenset(allowed)
        self._journal, self._limit = journal, limit
        self._lines: set[socket.socket] = set()
        self._guard = threading.Lock()

    def serve(self, stop: threading.Event) -> None:
        """Answers until `stop` is set. Raises VaultError where another key process serves the socket, or something
        else is in its place."""
        with self._alone(), self._listening() as door:
            self._journal.began()
            try:
                while not stop.is_set():
                    self._journal.keep_up(datetime.now(UTC))
                    with contextlib.suppress(TimeoutError):
                        self._let_in(door.accept()[0])
            finally:
                with self._guard:
                    for line in self._lines:
                        with contextlib.suppress(OSError):
                            line.shutdown(socket.SHUT_RDWR)
                self._journal.ended()

    @contextlib.contextmanager
    def _alone(self) -> Any:
        lock: IO[str]
        with self._path.with_name(self._path.name + ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise VaultError(f"another key process serves {self._path}") from None
            yield

    @contextlib.contextmanager
    def _listening(self) -> Any:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(self._path.lstat().st_mode):
                raise VaultError(f"{self._path} is there and no socket: name another place")
            self._path.unlink()  # of one that was killed
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        earlier = os.umask(0o117)  # from its first moment on, for this user and group
        try:
            door.bind(str(self._path))
        finally:
            os.umask(earlier)
        door.listen(128)
        door.settimeout(_TICK_S)
        try:
            yield door
        finally:
            door.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def _let_in(self, line: socket.socket) -> None:
        peer = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        user = int(struct.unpack("3i", peer)[1])
        with self._guard:
            full = len(self._lines) >= MOST_CONNECTIONS
            if user in self._allowed and not full:
                self._lines.add(line)
        if user not in self._allowed or full:
            self._journal.note(user, "connect", {"": 1}, refused=True)
            line.close()
            return
        threading.Thread(target=self._serve, args=(line, user), daemon=True).start()

    def _serve(self, line: socket.socket, user: int) -> None:
        try:
            while (message := messages.receive(line, patience_s=_PATIENCE_S)) is not None:
                messages.send(line, messages.packed(self._answer(user, message)))
        except (OSError, MessageRefused):
            pass  # they have gone, or speak another language: either ends the connection
        finally:
            with self._guard:
                self._lines.discard(line)
            line.close()

    def _answer(self, user: int, message: bytes) -> Answer:
        """Raises MessageRefused for what is no question."""
        operation, body = messages.read_question(message)
        does = messages.OPERATIONS[operation]
        counts = does.counts(body)
        if counts.total() > messages.MOST:
            raise MessageRefused
        try:
            if does.opens and not self._journal.works:
                raise KeyUseRefused("the key process cannot write its log, and opens nothing until it can")
            if does.opens and operation != "macs" and not SHUT.isdisjoint(counts):
                raise KeyUseRefused("what proves who somebody is is opened for nobody: ask for hashes under it")
            if does.opens and not self._limit.allows(user, counts.total(), datetime.now(UTC)):
                raise KeyUseRefused(f"more than {self._limit.a_minute:,} values a minute are opened for nobody")
            given = does.does(self._keys, body)
        except VaultError as problem:
            self._journal.note(user, operation, counts, refused=isinstance(problem, KeyUseRefused))
            return Answer(msgspec.Raw(messages.packed(None)), messages.trouble_of(problem), str(problem))
        except MessageRefused:
            raise
        except Exception as problem:  # its kind and nothing else: it could show what it was about
            self._journal.note(user, operation, counts, refused=True)
            said = f"the key process fails: {type(problem).__name__}"
            return Answer(msgspec.Raw(messages.packed(None)), "vault", said)
        self._journal.note(user, operation, counts)
        return Answer(msgspec.Raw(messages.packed(given)))

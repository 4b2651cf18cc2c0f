"""Asking the key process: `KeyUse` for a process that holds no key itself.

Each thread has a connection of its own. One that breaks is made anew and the question asked again, since a question
changes nothing where it is answered: a key process that is restarted is not noticed, but for the wait. A child process
that was forked begins with connections of its own.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar, cast

from safeconduct.kernel.vault import key_messages as messages
from safeconduct.kernel.vault.errors import KeyProcessUnavailable, VaultError
from safeconduct.kernel.vault.key_messages import MessageRefused
from safeconduct.kernel.vault.key_types import DataKey, Hashed, Item, Region, Roots

T = TypeVar("T")
#: How long a restart of the key process is waited for. One that has been away for longer than `_LATELY_S` is not waited
#: for: each page would hang in turn.
_WAIT_S: Final = 5.0
_LATELY_S: Final = 15.0
_PAUSE_S: Final = 0.05
#: A root on another machine may be asked meanwhile (`remote_roots`).
_ANSWER_S: Final = 20.0
#: Bytes that go into one question, where there are several values.
_ROOM: Final = 8 << 20


class KeyClient:
    """The key process behind a socket (`KeyUse`)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._mine = threading.local()
        self._roots: Roots | None = None
        self._answered_at = time.monotonic()

    def roots(self) -> Roots:
        """As they were when a connection was last made."""
        if self._roots is None:
            self._ask("roots", None)
        assert self._roots is not None
        return self._roots

    def wrapping(self) -> tuple[str, ...]:
        """See `KeyUse`."""
        return cast("tuple[str, ...]", self._ask("wrapping", None))

    def hashes(self, asked: Sequence[tuple[str, bytes]]) -> Hashed:
        """See `KeyUse`. Raises KeyProcessUnavailable where the key process was restarted with another root key in the
        middle of very many."""
        parts = [
            cast("Hashed", self._ask("hashes", asked[start : start + messages.MOST]))
            for start in range(0, max(1, len(asked)), messages.MOST)
        ]
        if any(part.roots != parts[0].roots for part in parts):
            raise KeyProcessUnavailable("the key process has other root keys than a moment ago: do it again")
        return Hashed(parts[0].roots, [digests for part in parts for digests in part.digests])

    def given_out(self, purpose: str) -> tuple[bytes, ...]:
        """See `KeyUse`."""
        return cast("tuple[bytes, ...]", self._ask("given_out", purpose))

    def new_region(self, name: str, version: int) -> tuple[str, bytes]:
        """See `KeyUse`."""
        return cast("tuple[str, bytes]", self._ask("new_region", (name, version)))

    def rewrapped(self, region: Region) -> tuple[str, bytes]:
        """See `KeyUse`."""
        return cast("tuple[str, bytes]", self._ask("rewrapped", region))

    def check(self, region: Region, root: str = "", *, anew: bool = True) -> None:
        """See `KeyUse`."""
        self._ask("check", (region, root, anew))

    def make(self, owners: Collection[tuple[str, str]], region: Region) -> list[DataKey]:
        """See `KeyUse`."""
        wanted = list(owners)
        return [
            key
            for start in range(0, len(wanted), messages.MOST)
            for key in cast("list[DataKey]", self._ask("make", (wanted[start : start + messages.MOST], region)))
        ]

    def rewrap(self, keys: Sequence[DataKey], region: Region) -> list[bytes]:
        """See `KeyUse`."""
        return [
            wrapped
            for start in range(0, len(keys), messages.MOST)
            for wrapped in cast("list[bytes]", self._ask("rewrap", (keys[start : start + messages.MOST], region)))
        ]

    def seal(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        return cast("list[bytes]", self._each("seal", items))

    def open(self, items: Sequence[Item]) -> list[bytes | None]:
        """See `KeyUse`."""
        return self._each("open", items)

    def seal_for_finding(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        return cast("list[bytes]", self._each("seal_for_finding", items))

    def open_found(self, items: Sequence[Item]) -> list[bytes | None]:
        """See `KeyUse`."""
        return self._each("open_found", items)

    def tags(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        return cast("list[bytes]", self._each("tags", items))

    def macs(self, kind: str, item: Item, messages: Sequence[bytes]) -> list[bytes]:
        """See `KeyUse`. Each hash counts as an opening."""
        return [
            made
            for part in _parts(messages, len)
            for made in cast("list[bytes]", self._ask("macs", (kind, item, part)))
        ]

    def new_signer(self, item: Item) -> tuple[bytes, bytes]:
        """See `KeyUse`."""
        return cast("tuple[bytes, bytes]", self._ask("new_signer", item))

    def sign(self, item: Item, messages: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
        """See `KeyUse`."""
        return cast("tuple[bytes, list[bytes]]", self._ask("sign", (item, messages)))

    def destroyed(self, ids: Collection[int]) -> None:
        """See `KeyUse`."""
        gone = list(ids)
        for start in range(0, len(gone), messages.MOST):
            self._ask("destroyed", gone[start : start + messages.MOST])

    def drop(self, *, regions: bool = False) -> None:
        """Nothing is kept here; what the key process keeps, it forgets in its own time."""

    def user(self) -> int:
        """The number of the user that the key process runs as."""
        peer = self._line().getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", peer)[1])

    def _each(self, operation: str, items: Sequence[Item]) -> list[bytes | None]:
        return [found for part in _parts(items, _size) for found in self._ask(operation, messages.batch_of(part))]

    def _ask(self, operation: str, body: Any) -> Any:
        question = messages.question(operation, body)
        answer = self._said(question)
        try:
            return messages.read_answer(operation, answer)
        except MessageRefused:
            self._end()
            raise KeyProcessUnavailable(
                "the key process answers with what cannot be read: is it another version?"
            ) from (None)

    def _said(self, question: bytes) -> bytes:
        if len(question) > messages.LARGEST:
            raise VaultError(f"a value of {len(question):,} bytes is too large for the key process")
        for last in (False, True):
            line = self._line()
            try:
                answer = _exchange(line, question)
            except TimeoutError:
                self._end()
                raise KeyProcessUnavailable(
                    f"the key process at {self.path} does not answer in {_ANSWER_S:.0f} s"
                ) from (None)
            except (OSError, MessageRefused):
                answer = None
            if answer is not None:
                self._answered_at = time.monotonic()
                return answer
            self._end()
            if last:
                break
        raise KeyProcessUnavailable(
            f"the key process at {self.path} ends the connection: is this user among those it answers (--allow)?"
        )

    def _line(self) -> socket.socket:
        if getattr(self._mine, "pid", None) != os.getpid():
            self._mine.line, self._mine.pid = None, os.getpid()
        if self._mine.line is None:
            self._mine.line = self._connected()
        return cast("socket.socket", self._mine.line)

    def _end(self) -> None:
        line, self._mine.line = self._mine.line, None
        if line is not None:
            line.close()

    def _connected(self) -> socket.socket:
        until = time.monotonic() + (_WAIT_S if time.monotonic() - self._answered_at < _LATELY_S else 0)
        while True:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.settimeout(_ANSWER_S)
                line.connect(self.path)
                # What it holds may be another than before: a question is asked with that known.
                first = _exchange(line, messages.question("roots", None))
                if first is not None:
                    self._roots = cast("Roots", messages.read_answer("roots", first))
                    return line
                problem = "it ends the connection: is this user among those it answers (--allow)?"
            except (OSError, MessageRefused) as refused:
                problem = (refused.strerror if isinstance(refused, OSError) else None) or type(refused).__name__
            except BaseException:
                line.close()
                raise
            line.close()
            if time.monotonic() >= until:
                raise KeyProcessUnavailable(
                    f"the key process does not answer at {self.path}: {problem}; `safeconduct keys serve` starts it"
                )
            time.sleep(_PAUSE_S)


def _exchange(line: socket.socket, question: bytes) -> bytes | None:
    line.settimeout(_ANSWER_S)
    messages.send(line, question)
    return messages.receive(line, patience_s=_ANSWER_S, idle_s=_ANSWER_S)


def _size(item: Item) -> int:
    return len(item.data) + len(item.bound)


def _parts(items: Sequence[T], size_of: Callable[[T], int]) -> Iterator[Sequence[T]]:
    """Values in parts that fit into a question."""
    start, room = 0, _ROOM
    for place, item in enumerate(items):
        size = size_of(item)
        if place > start and (room < size or place - start == messages.MOST):
            yield items[start:place]
            start, room = place, _ROOM
        room -= size
    if start < len(items):
        yield items[start:]

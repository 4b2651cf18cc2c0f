"""Asking the key process: `KeyUse` for a process that holds no key itself.

Each question has a connection to itself while it is asked. One that breaks is made anew and the question asked again,
since a question changes nothing where it is answered: a key process that is restarted is not noticed, but for the wait.
One that hangs is waited for by nobody for longer than a second (`key_pulse`). A child process that was forked begins
with connections of its own.
"""

from __future__ import annotations

import contextlib
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
from safeconduct.kernel.vault.key_pulse import LATE_S, Pulse, Silent, Watched
from safeconduct.kernel.vault.key_types import DataKey, Hashed, Item, Region, Roots

T = TypeVar("T")
#: How long a restart of the key process is waited for, by all who ask meanwhile, from when the first found it gone. One
#: that has been away for longer than `_LATELY_S` is not waited for: each page would hang in turn.
_WAIT_S: Final = 5.0
_LATELY_S: Final = 15.0
_PAUSE_S: Final = 0.05
#: So long an answer of one that lives may take: a root on another machine may be asked meanwhile (`remote_roots`).
_ANSWER_S: Final = 20.0
#: Bytes that go into one question, where there are several values.
_ROOM: Final = 8 << 20


class KeyClient:
    """The key process behind a socket (`KeyUse`)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._free: list[socket.socket] = []
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._pulse = Pulse(path)
        self._roots: Roots | None = None
        self._answered_at = time.monotonic()
        self._gone_since: float | None = None

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
        line = self._line()
        peer = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self._free.append(line)
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
        for _ in range(2):
            line = self._line()
            answer = None
            try:
                answer = self._exchange(line, question)
            except Silent:
                raise self._hangs() from None
            except (OSError, MessageRefused):
                pass  # it has ended: asked again on a new one
            finally:
                if answer is None:
                    line.close()
            if answer is not None:
                self._answered_at = time.monotonic()
                self._free.append(line)
                return answer
            self._end()  # those that wait were of the same process
        raise KeyProcessUnavailable(
            f"the key process at {self.path} ends the connection: is this user among those it answers (--allow)?"
        )

    def _line(self) -> socket.socket:
        if self._pid != os.getpid():
            with self._guard:
                if self._pid != os.getpid():
                    self._free, self._pid = [], os.getpid()
        if self._pulse.silent():
            raise self._hangs()
        with contextlib.suppress(IndexError):
            return self._free.pop()
        return self._connected()

    def _end(self) -> None:
        while self._free:
            with contextlib.suppress(IndexError):
                self._free.pop().close()

    def _hangs(self) -> KeyProcessUnavailable:
        return KeyProcessUnavailable(f"the key process at {self.path} is there and does not answer")

    def _connected(self) -> socket.socket:
        while True:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.settimeout(LATE_S)
                line.connect(self.path)
                # What it holds may be another than before: a question is asked with that known.
                first = self._exchange(line, messages.question("roots", None))
                if first is not None:
                    self._roots = cast("Roots", messages.read_answer("roots", first))
                    self._gone_since = None
                    return line
                problem = "it ends the connection: is this user among those it answers (--allow)?"
            except Silent:
                line.close()
                raise self._hangs() from None
            except (OSError, MessageRefused) as refused:
                problem = (refused.strerror if isinstance(refused, OSError) else None) or type(refused).__name__
            except BaseException:
                line.close()
                raise
            line.close()
            if not self._may_come_back() or self._pulse.silent():
                raise KeyProcessUnavailable(
                    f"the key process does not answer at {self.path}: {problem}; `safeconduct keys serve` starts it"
                )
            time.sleep(_PAUSE_S)

    def _may_come_back(self) -> bool:
        """Whether one that is gone is waited for."""
        now = time.monotonic()
        since = self._gone_since
        if since is None or self._answered_at > since:
            since = self._gone_since = now
        return since - self._answered_at < _LATELY_S and now - since < _WAIT_S

    def _exchange(self, line: socket.socket, question: bytes) -> bytes | None:
        with Watched(line, self._pulse, _ANSWER_S) as watched:
            messages.send(watched, question)
            answer = messages.receive(watched, patience_s=_ANSWER_S)
        if answer is not None:
            self._pulse.felt()
        return answer


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

"""What applications and a key process say to each other, over a Unix socket.

A message is its length (four bytes, the highest first) and MessagePack, which holds data and nothing that runs. Every
question has its type here and is checked against it; whatever else comes ends the connection. A question changes
nothing where it is answered, so it may be asked again when a connection breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, NamedTuple, Protocol

import msgspec

from safeconduct.kernel.vault.errors import (
    KeyProcessUnavailable,
    KeyUseRefused,
    RootUnavailable,
    SealBroken,
    VaultError,
)
from safeconduct.kernel.vault.key_types import DataKey, Hashed, Item, Region, Roots
from safeconduct.kernel.vault.keyring import KeyUse

#: Bytes of a message. The largest value that is sealed as one is a person's archive, or a file that somebody brought.
LARGEST: Final = 64 << 20
#: Values of a question. Whoever has more asks several times.
MOST: Final = 5_000
_HEAD: Final = 4
_PART: Final = 1 << 20


class MessageRefused(Exception):
    """What came is no message of this kind."""


class Question(msgspec.Struct, array_like=True):
    """An operation of `OPERATIONS`, and what it takes."""

    operation: str
    body: msgspec.Raw


class Answer(msgspec.Struct, array_like=True):
    """What the operation gives; or, where it is refused, which kind of trouble (`TROUBLES`) and the words for it."""

    body: msgspec.Raw
    trouble: str = ""
    said: str = ""


class Batch(msgspec.Struct, array_like=True):
    """Values, each with the place of its key among the keys, what is bound to it, its bytes and its salt."""

    keys: list[DataKey]
    values: list[tuple[int, bytes, bytes, bytes]]

    def items(self) -> list[Item]:
        """The values as whoever holds the keys takes them."""
        if any(not 0 <= place < len(self.keys) for place, *_ in self.values):
            raise MessageRefused
        return [Item(self.keys[place], *rest) for place, *rest in self.values]


def batch_of(items: Sequence[Item]) -> Batch:
    """Values with each key once."""
    places: dict[int, int] = {}
    keys: list[DataKey] = []
    values = []
    for item in items:
        place = places.get(id(item.key))
        if place is None:
            place = places[id(item.key)] = len(keys)
            keys.append(item.key)
        values.append((place, item.bound, item.data, item.salt))
    return Batch(keys, values)


class Operation(NamedTuple):
    """``takes`` and ``gives``: types; ``does``: asks whoever holds the keys; ``counts``: how often, by purpose;
    ``opens``: whether what was sealed is opened for it."""

    takes: Any
    gives: Any
    does: Callable[[KeyUse, Any], Any]
    counts: Callable[[Any], Counter[str]] = lambda _body: Counter({"": 1})
    opens: bool = False


def _of_batch(batch: Batch) -> Counter[str]:
    return Counter(batch.keys[place].purpose for place, *_ in batch.values if 0 <= place < len(batch.keys))


OPERATIONS: Final[dict[str, Operation]] = {
    "roots": Operation(None, Roots, lambda keys, _: keys.roots()),
    "wrapping": Operation(None, tuple[str, ...], lambda keys, _: keys.wrapping()),
    "hashes": Operation(
        list[tuple[str, bytes]], Hashed, lambda keys, asked: keys.hashes(asked),
        lambda asked: Counter(purpose for purpose, _ in asked),
    ),
    "given_out": Operation(
        str, tuple[bytes, ...], lambda keys, purpose: keys.given_out(purpose), lambda purpose: Counter({purpose: 1})
    ),
    "new_region": Operation(
        tuple[str, int], tuple[str, bytes], lambda keys, named: keys.new_region(*named)
    ),
    "rewrapped": Operation(Region, tuple[str, bytes], lambda keys, region: keys.rewrapped(region)),
    "check": Operation(
        tuple[Region, str, bool], None, lambda keys, asked: keys.check(asked[0], asked[1], anew=asked[2])
    ),
    "make": Operation(
        tuple[list[tuple[str, str]], Region], list[DataKey], lambda keys, asked: keys.make(*asked),
        lambda asked: Counter(purpose for _, purpose in asked[0]),
    ),
    "rewrap": Operation(
        tuple[list[DataKey], Region], list[bytes], lambda keys, asked: keys.rewrap(*asked),
        lambda asked: Counter(key.purpose for key in asked[0]),
    ),
    "seal": Operation(Batch, list[bytes], lambda keys, batch: keys.seal(batch.items()), _of_batch),
    "open": Operation(Batch, list[bytes | None], lambda keys, batch: keys.open(batch.items()), _of_batch, opens=True),
    "seal_for_finding": Operation(
        Batch, list[bytes], lambda keys, batch: keys.seal_for_finding(batch.items()), _of_batch
    ),
    "open_found": Operation(
        Batch, list[bytes | None], lambda keys, batch: keys.open_found(batch.items()), _of_batch, opens=True
    ),
    "tags": Operation(Batch, list[bytes], lambda keys, batch: keys.tags(batch.items()), _of_batch),
    "macs": Operation(
        tuple[str, Item, Annotated[list[bytes], msgspec.Meta(max_length=MOST)]], list[bytes],
        lambda keys, asked: keys.macs(*asked), lambda asked: Counter({asked[1].key.purpose: len(asked[2])}), opens=True,
    ),
    "new_signer": Operation(
        Item, tuple[bytes, bytes], lambda keys, item: keys.new_signer(item), lambda item: Counter({item.key.purpose: 1})
    ),
    "sign": Operation(
        tuple[Item, list[bytes]], tuple[bytes, list[bytes]], lambda keys, asked: keys.sign(*asked),
        lambda asked: Counter({asked[0].key.purpose: len(asked[1])}),
    ),
    "destroyed": Operation(
        list[int], None, lambda keys, ids: keys.destroyed(ids), lambda ids: Counter({"": len(ids)})
    ),
}  # fmt: skip

#: How trouble is called in an answer, the more particular first.
TROUBLES: Final[dict[str, type[VaultError]]] = {
    "process": KeyProcessUnavailable, "root": RootUnavailable, "broken": SealBroken, "refused": KeyUseRefused,
    "vault": VaultError,
}  # fmt: skip

packed: Final = msgspec.msgpack.Encoder().encode
_question: Final = msgspec.msgpack.Decoder(Question)
_answer: Final = msgspec.msgpack.Decoder(Answer)
_takes: Final = {name: msgspec.msgpack.Decoder(one.takes) for name, one in OPERATIONS.items()}
_gives: Final = {name: msgspec.msgpack.Decoder(one.gives) for name, one in OPERATIONS.items()}


def question(operation: str, body: Any) -> bytes:
    """A question as it travels."""
    return packed(Question(operation, msgspec.Raw(packed(body))))


def read_question(message: bytes) -> tuple[str, Any]:
    """An operation, and what it takes. Raises MessageRefused."""
    try:
        asked = _question.decode(message)
        return asked.operation, _takes[asked.operation].decode(asked.body)
    except (msgspec.MsgspecError, KeyError, RecursionError):
        raise MessageRefused from None


def read_answer(operation: str, message: bytes) -> Any:
    """What an operation gave. Raises the trouble it had, MessageRefused for what is no answer to it."""
    try:
        answer = _answer.decode(message)
        if answer.trouble:
            raise TROUBLES.get(answer.trouble, VaultError)(answer.said)
        return _gives[operation].decode(answer.body)
    except msgspec.MsgspecError:
        raise MessageRefused from None


def trouble_of(problem: VaultError) -> str:
    """How a trouble is called."""
    return next(name for name, kind in TROUBLES.items() if isinstance(problem, kind))


class Line(Protocol):
    """What messages go over: a socket, or what stands before one."""

    def settimeout(self, value: float | None, /) -> None:
        """See `socket`."""

    def sendall(self, data: bytes, /) -> None:
        """See `socket`."""

    def recv(self, bufsize: int, /) -> bytes:
        """See `socket`."""


def send(line: Line, message: bytes) -> None:
    """Sends a message. Raises OSError; MessageRefused for one that is too large."""
    if len(message) > LARGEST:
        raise MessageRefused
    line.sendall(len(message).to_bytes(_HEAD, "big") + message)


def receive(line: Line, *, patience_s: float, idle_s: float | None = None) -> bytes | None:
    """The next message; None where the other side has ended. ``idle_s``: how long it may take to begin (None: for
    ever), ``patience_s``: how long each further part may take. Raises OSError, MessageRefused."""
    line.settimeout(idle_s)
    head = line.recv(_HEAD)
    if not head:
        return None
    line.settimeout(patience_s)
    length = int.from_bytes(_rest(line, bytearray(head), _HEAD), "big")
    if length > LARGEST:
        raise MessageRefused
    return bytes(_rest(line, bytearray(), length))


def _rest(line: Line, found: bytearray, length: int) -> bytearray:
    while len(found) < length:
        part = line.recv(min(length - len(found), _PART))
        if not part:
            raise MessageRefused
        found += part
    return found

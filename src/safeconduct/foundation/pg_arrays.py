"""Lists as parameters of a statement, several times faster than psycopg writes them element by element.

A batch's statements take arrays of thousands of keys and texts, and an event that comes alone some forty of one
element. What is not a plain list of whole numbers, of texts or of bytes goes psycopg's own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

_INT8, _INT8_ARRAY = adapters.types["int8"].oid, adapters.types["int8"].array_oid
_TEXT, _TEXT_ARRAY = adapters.types["text"].oid, adapters.types["text"].array_oid
_BYTEA, _BYTEA_ARRAY = adapters.types["bytea"].oid, adapters.types["bytea"].array_oid
#: One dimension, no nulls, elements of a type, how many, counted from 1 (array_send in PostgreSQL's arrayfuncs.c).
_HEAD: Final = Struct("!iiIii")
#: An element that is a number: its length in bytes, and itself.
_ELEMENT: Final = Struct("!iq").pack
#: Before an element of another kind: its length in bytes.
_LENGTH: Final = Struct("!i").pack
_LEAST, _MOST = -(2**63), 2**63 - 1


class Numbers(list[int]):
    """Whole numbers of 64 bits."""


class Texts(list[str]):
    """Texts without quotes and backslashes."""


class Blobs(list[bytes]):
    """Bytes."""


class _NumbersAsText(Dumper):
    oid = _INT8_ARRAY

    def dump(self, obj: Numbers) -> bytes:
        return b"{%s}" % ",".join(map(str, obj)).encode()


class _NumbersAsBytes(Dumper):
    format = Format.BINARY
    oid = _INT8_ARRAY

    def dump(self, obj: Numbers) -> bytes:
        return _HEAD.pack(1, 0, _INT8, len(obj), 1) + b"".join([_ELEMENT(8, number) for number in obj])


class _TextsAsText(Dumper):
    # No oid: the statement's cast says what the texts are, as with psycopg's own.
    def dump(self, obj: Texts) -> bytes:
        return b'{"%s"}' % '","'.join(obj).encode()


class _TextsAsBytes(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY

    def dump(self, obj: Texts) -> bytes:
        return _elements(_TEXT, [text.encode() for text in obj])


class _BlobsAsBytes(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: Blobs) -> bytes:
        return _elements(_BYTEA, obj)


def _elements(oid: int, values: list[bytes]) -> bytes:
    return _HEAD.pack(1, 0, oid, len(values), 1) + b"".join([_LENGTH(len(value)) + value for value in values])


def quick(parameters: Sequence[Any]) -> list[Any]:
    """The same parameters, lists of one kind marked for the quick way."""
    return [_marked(value) if type(value) is list and value else value for value in parameters]


def _marked(values: list[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if kinds == {int} and min(values) >= _LEAST and max(values) <= _MOST:
        return Numbers(values)
    if kinds == {bytes}:
        return Blobs(values)
    if kinds == {str}:
        joined = "".join(values)
        if '"' not in joined and "\\" not in joined and "\0" not in joined:
            return Texts(values)
    return values


adapters.register_dumper(Numbers, _NumbersAsText)
adapters.register_dumper(Numbers, _NumbersAsBytes)
adapters.register_dumper(Texts, _TextsAsBytes)
adapters.register_dumper(Texts, _TextsAsText)  # the last is what `%s` takes
adapters.register_dumper(Blobs, _BlobsAsBytes)

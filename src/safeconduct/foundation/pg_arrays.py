"""Long lists as parameters of a statement, several times faster than psycopg writes them element by element.

A batch's statements take arrays of thousands of keys and texts, and writing them cost a tenth of a lane's time. What is
not a plain list of whole numbers or of texts goes psycopg's own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

#: Shorter lists are not worth the look at each element's type.
_LONG: Final = 8
_INT8, _INT8_ARRAY = adapters.types["int8"].oid, adapters.types["int8"].array_oid
#: One dimension, no nulls, elements of int8, how many, counted from 1 (array_send in PostgreSQL's arrayfuncs.c).
_HEAD: Final = Struct("!iiIii")
#: An element: its length in bytes, and itself.
_ELEMENT: Final = Struct("!iq").pack


class Numbers(list[int]):
    """Whole numbers of 64 bits."""


class Texts(list[str]):
    """Texts without quotes and backslashes."""


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


def quick(parameters: Sequence[Any]) -> list[Any]:
    """The same parameters, long lists of one kind marked for the quick way."""
    return [
        _marked(value) if type(value) is list and len(value) >= _LONG else value for value in parameters
    ]  # fmt: skip


def _marked(values: list[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return Numbers(values)
    if kinds == {str}:
        joined = "".join(values)
        if '"' not in joined and "\\" not in joined and "\0" not in joined:
            return Texts(values)
    return values


adapters.register_dumper(Numbers, _NumbersAsText)
adapters.register_dumper(Numbers, _NumbersAsBytes)
adapters.register_dumper(Texts, _TextsAsText)

"""JSON on the hot path: what goes to the database and comes from it, several times as fast as the standard library's.

Members of enumerations are written as their values, tuples as lists. Not for what is signed or hashed for good: that is
written by rules of its own.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()


def dumps(value: Any) -> str:
    """The value as JSON without spaces. Raises TypeError for what JSON does not have, and
    UnicodeEncodeError for half of a surrogate pair.
    """
    return _ENCODER.encode(value).decode()


def loads(text: str | bytes | bytearray | memoryview) -> Any:
    """What the JSON says. Raises ValueError where it is none."""
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError:  # a number beyond a double's range, which JSON and PostgreSQL allow
        return json.loads(bytes(text) if isinstance(text, memoryview) else text)

"""Canonical JSON, RFC 8785 (JCS), for values without fractions: the bytes that are hashed and signed.

Allowed are objects with text keys, arrays, text, true, false, null, and whole numbers up to 2^53 - 1, which is as far
as every reader of JSON agrees on (RFC 7493). Whoever makes the value writes larger numbers and fractions as text.
"""

from __future__ import annotations

import json
from typing import Any

#: The largest whole number that a double holds exactly together with its neighbours (RFC 7493, section 2.2).
LARGEST = 2**53 - 1

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_encode_as_ordered = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class NotCanonical(ValueError):
    """A value has no canonical form here; the message says which part of it."""


def canonical(value: Any) -> bytes:
    """The one spelling of a value, UTF-8. Raises NotCanonical for fractions, large numbers and other types."""
    text = _encode(value) if _plain_keys(value) else _encode_as_ordered(_ordered(value))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("text holds half of a surrogate pair, which is no character") from None


def _plain_keys(value: Any) -> bool:
    """Whether all keys are ASCII, so that Python's order is RFC 8785's. Refuses what may not stand in the value."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        if -LARGEST <= value <= LARGEST:
            return True
        raise NotCanonical(f"{value} is beyond 2^53 - 1; write it as text")
    plain = True
    if kind is dict:
        for key, part in value.items():
            if type(key) is not str:
                raise NotCanonical(f"the key {key!r} is not text")
            if type(part) is not str and not _plain_keys(part):
                plain = False
            if not key.isascii():
                plain = False
        return plain
    if kind is list or kind is tuple:
        for part in value:
            if type(part) is not str and not _plain_keys(part):
                plain = False
        return plain
    raise NotCanonical(f"{kind.__name__} has no canonical form here; use text or a whole number")


def _ordered(value: Any) -> Any:
    """The value with its keys in the order of their UTF-16 code units (RFC 8785, 3.2.3)."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(part) for part in value]
    return value

"""Cursors: where a page ended, opaque to the caller."""

from __future__ import annotations

import base64
import binascii

from safeconduct.kernel.operations.problems import invalid

_SEPARATOR = "\x1f"


def cursor_of(*parts: object) -> str:
    """The cursor of a page whose last item has these sort keys."""
    text = _SEPARATOR.join(str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def parts_of(cursor: str, count: int) -> list[str]:
    """The sort keys in a cursor. Raises Problem for a text that no page ended with."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(_SEPARATOR)
    except (UnicodeError, binascii.Error, ValueError):
        parts = []
    if len(parts) != count or any("\x00" in part for part in parts):
        raise invalid("cursor", "this is no cursor; use `next` of the page before")
    return parts


def number_of(part: str) -> int:
    """A sort key that is a 64-bit number. Raises Problem."""
    try:
        number = int(part)
    except ValueError:
        number = -1
    if not -(2**63) <= number < 2**63 or str(number) != part:
        raise invalid("cursor", "this is no cursor; use `next` of the page before")
    return number

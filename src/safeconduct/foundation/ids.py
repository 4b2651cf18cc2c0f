"""Ids that name their kind and sort by time: ``dec_`` + a UUIDv7 in lower-case Crockford base32 (26 letters).

UUIDv7 as in RFC 9562 section 5.7: 48 bits of Unix milliseconds, then 74 random bits.
"""

from __future__ import annotations

import re
import secrets
import time
from base64 import b32encode
from collections.abc import Callable

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_ID = re.compile(r"[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}")


def uuid7(now_ms: int, entropy: int) -> int:
    """A UUIDv7 as a 128-bit integer from Unix milliseconds and at least 74 random bits."""
    rand_a = (entropy >> 62) & 0xFFF
    rand_b = entropy & ((1 << 62) - 1)
    return (now_ms & ((1 << 48) - 1)) << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b


def encode(value: int) -> str:
    """128 bits as 26 letters of Crockford base32."""
    # 20 bytes are 32 letters exactly; the last 26 of them hold 130 bits.
    return b32encode(value.to_bytes(20, "big"))[6:].translate(_CROCKFORD).decode()


def new_id(prefix: str, *, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> str:
    """A fresh id of this kind, e.g. ``new_id("dec")`` → ``dec_01jf…``."""
    return f"{prefix}_{encode(uuid7(clock_ms(), secrets.randbits(80)))}"


def is_id(text: str, prefix: str) -> bool:
    """Whether the text has the form of an id of this kind."""
    return text.startswith(prefix + "_") and _ID.fullmatch(text) is not None


def brief(text: str) -> str:
    """An id as a line of a list has room for it: its end, which is the part that differs. Other text as it is."""
    return f"\N{HORIZONTAL ELLIPSIS}{text[-6:]}" if _ID.fullmatch(text) else text

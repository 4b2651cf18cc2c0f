"""Codes that people keep on paper and type from there.

Crockford's letters: none is taken for another. Each is five random bits of the system's generator.
"""

from __future__ import annotations

import secrets
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP: Final = 4
_MISREAD: Final = str.maketrans("OIL", "011")


def make(length: int) -> str:
    """A new code of so many letters, without the hyphens it is shown with (`shown`)."""
    return "".join(secrets.choice(_LETTERS) for _place in range(length))


def shown(letters: str) -> str:
    """A code as people read it: in groups."""
    return "-".join(letters[n : n + _GROUP] for n in range(0, len(letters), _GROUP))


def read(typed: str) -> str:
    """The letters of what somebody typed: hyphens, spaces, small letters and the usual misreadings do no harm."""
    return "".join(letter for letter in typed.upper() if letter.isalnum()).translate(_MISREAD)

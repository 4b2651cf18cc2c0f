"""How deep JSON from outside may be: deeper than any event, and far from what Python's own stack can hold."""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 32


def is_too_deep(value: Any, raw: bytes) -> bool:
    """Whether the value that was read from these bytes is nested more than `MAX_DEPTH` levels deep."""
    # It cannot be deeper than it has brackets: most need no walk.
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        level = below
    return any(isinstance(item, (dict, list)) for item in level)

"""Lengths of time as policies write them: '1 hour', '36 hours', '90 days'."""

from __future__ import annotations

import re

SECOND_US = 1_000_000
_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_LENGTH = re.compile(r"([0-9]{1,9}) (second|minute|hour|day|week)(s?)")


def read_duration_us(text: str) -> int:
    """Microseconds of '36 hours' or '1 day'. Raises ValueError, with a sentence for the author, for anything else."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text[:40]}` is not a length of time; write it like '36 hours', '10 minutes' or '90 days'")
    return int(match.group(1)) * _UNITS[match.group(2)] * SECOND_US


def write_duration(length_us: int) -> str:
    """The length in its largest whole unit: '36 hours', '1 day'; parts of a second as microseconds."""
    for unit in ("day", "hour", "minute", "second"):
        size = _UNITS[unit] * SECOND_US
        if length_us % size == 0:
            count = length_us // size
            return f"{count} {unit}" + ("" if abs(count) == 1 else "s")
    return f"{length_us} microseconds"

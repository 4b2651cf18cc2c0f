"""What `doctor` found of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: What should be done at once has waited for too long after a minute.
OLD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` says what to do where it is not in order."""

    check: str
    ok: bool
    found: str
    mend: str = ""

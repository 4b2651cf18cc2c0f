"""A protection that cannot digest an event: the setting `PROTECTIONS` names it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.protection import Protection

#: The order on which it breaks, by its key.
BREAKS_ON: set[int] = set()


def act(rows: Sequence[dict[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    if BREAKS_ON & {row["order"] for row in rows}:
        raise ValueError("what no protection can digest")


PROTECTION = Protection("breaking", "Breaking", "scales", act=act)

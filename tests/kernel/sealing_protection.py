"""A protection that keeps something sealed about each decision: the setting `PROTECTIONS` names it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.protection import Protection
from safeconduct.kernel.vault.sealing import Column, seal

NOTE = Column("test.note", "case_message")


def act(rows: Sequence[dict[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    for row in rows:
        seal(NOTE, str(row["moment"]), f"order/{row['order']}", b"what was decided")


PROTECTION = Protection("sealing", "Sealing", "scales", act=act)

"""Which decisions are taken once more by somebody who does not know them: about two in a hundred, as the hash falls.

The hash is of the outcome's id, which nobody knows before the decision is stored: who decides cannot tell whether this
one will be looked at. It is the same whenever it is asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.scope import query

_BASIS: Final = 10_000


def is_chosen(outcome_id: str, share_bp: int) -> bool:
    """Whether an outcome is among so many of 10,000."""
    digest = hashlib.sha256(f"blind review of {outcome_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * _BASIS < share_bp << 64


def choose(made: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Chooses among outcomes that were just stored, those that people decided: one statement."""
    share = settings.BLIND_REVIEWS_PER_10000
    rows = [
        {"id": new_id("blr"), "outcome_id": outcome["id"], "case_id": outcome["case_id"]}
        for outcome in made
        if outcome["decided_by"] is not None and is_chosen(outcome["id"], share)
    ]
    if rows:
        query(
            "INSERT INTO case_blind_review (id, outcome_id, case_id, share_bp, chosen_at, remedy, liability, standing,"
            " says, differs, found) SELECT id, outcome_id, case_id, %s, %s, '', '', '', '', '{}', ''"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, outcome_id text, case_id text)",
            [share, at, json.dumps(rows)],
        )

"""One file of evidence: what one channel of a claim brings, all its channels have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.claims.errors import NoSuchClaim
from safeconduct.kernel.scope import Actor, query


def adopt(cases: Sequence[tuple[str, str]], at: datetime) -> int:
    """The exhibits of cases belong to the claims of their channels; (claim, case). Returns how many are new."""
    return query(
        "INSERT INTO claim_evidence (claim_id, evidence_id, seller_key, at)"
        " SELECT DISTINCT c.id, x.evidence_id, c.seller_key, %s::timestamptz"
        " FROM unnest(%s::text[], %s::text[]) AS w(claim_id, case_id) JOIN claim c ON c.id = w.claim_id"
        " JOIN case_exhibit x ON x.case_id = w.case_id ON CONFLICT DO NOTHING",
        [at, [claim for claim, _ in cases], [case for _, case in cases]],
    ).rowcount


def share_evidence(claim_id: str, actor: Actor, *, at: datetime) -> list[str]:
    """Brings the evidence of the claim's cases into those that are open, and returns its ids.

    It locks the cases, which come before lines: call it in a scope that has not touched the claim. Raises NoSuchClaim.
    """
    if query("SELECT 1 FROM claim WHERE id = %s", [claim_id]).fetchone() is None:
        raise NoSuchClaim(claim_id)
    cases = query(
        "SELECT f.id, f.status <> 'closed' FROM claim_channel h JOIN case_file f ON f.id = h.case_id"
        " WHERE h.claim_id = %s ORDER BY f.id",
        [claim_id],
    ).fetchall()
    adopt([(claim_id, case) for case, _ in cases], at)
    found = query("SELECT evidence_id FROM claim_evidence WHERE claim_id = %s ORDER BY 1", [claim_id]).fetchall()
    ids = [key for (key,) in found]
    for case, is_open in cases:
        if is_open:
            evidence.exhibit(case, ids, actor, at=at)
    return ids

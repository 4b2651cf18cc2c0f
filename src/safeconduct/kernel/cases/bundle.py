"""A case as a ZIP for one of its readers: the evidence they may open, what is withheld with its gist, outcomes with
their reasons, history, and the hashes of it all.

``sha256sum -c SHA256SUMS`` checks it offline; the same case at the same step gives the same bytes. Who may not open a
piece gets neither its bytes nor their hash, as in the record.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import IO, Any, Final

from safeconduct.kernel.cases import evidence, queries, referrals
from safeconduct.kernel.cases.errors import NoSuchEvidence
from safeconduct.kernel.cases.models import Case, Evidence, Referral, Step, StoredOutcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import Actor

_VERSION: Final = 1
#: A ZIP knows no zones, and no time before this: what happened when stands in the manifest.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_OUTCOME: Final = (
    "id", "remedy", "amount_minor", "currency", "liability", "shares", "standing", "rule", "rule_version", "told",
    "disclosure", "category", "considered", "missing", "cure", "redress", "automated", "decided_role", "approved_role",
    "final", "replaces", "verdict",
)  # fmt: skip


def write(case_id: str, role: Role, into: IO[bytes], actor: Actor | None, at: datetime) -> None:
    """Writes the ZIP for a role, piece by piece, in the scope that is open. ``actor``: who reads, which is written down
    piece by piece; None for the buyer whose case it is. Raises NoSuchCase."""
    case = queries.case(case_id)
    sums: list[str] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as file:
        listed = [_piece(file, case, piece, role, sums, actor, at) for piece in evidence.of_case(case.id)]
        manifest = {
            "version": _VERSION, "case": case.id, "kind": case.kind, "state": case.state, "step": case.step,
            "opened_at": _stamp(case.opened_at), "for": role.value, "workflow": queries.workflow_of(case).version,
            "evidence": listed, "outcomes": [_outcome(one) for one in queries.outcomes(case.id)],
            "history": [_step(one) for one in queries.history(case.id)],
            "referrals": [_referral(one) for one in referrals.of_case(case.id)],
        }  # fmt: skip
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        _add(file, "manifest.json", [text.encode()], sums)
        _add(file, "SHA256SUMS", ["".join(sums).encode()], [])


def _piece(
    file: zipfile.ZipFile, case: Case, piece: Evidence, role: Role, sums: list[str], actor: Actor | None, at: datetime
) -> dict[str, Any]:  # fmt: skip
    told: dict[str, Any] = {
        "id": piece.id, "kind": piece.kind, "source": piece.source, "given_by": piece.given_by,
        "visibility": piece.visibility, "gist": dict(piece.gist), "media_type": piece.media_type,
        "captured_at": _stamp(piece.captured_at), "added_at": _stamp(piece.added_at), "file": None,
    }  # fmt: skip
    if piece.shredded_at is not None:
        return {**told, "why_not": "its bytes were destroyed", "shredded_at": _stamp(piece.shredded_at)}
    if not evidence.may_see(piece, role):
        return {**told, "why_not": f"not for the {role}; the gist says what it shows"}
    name = f"evidence/{evidence.file_name(piece)}"
    _, parts = evidence.read(case.id, piece.id, role, actor, at=at)
    try:
        first = next(parts)
    except NoSuchEvidence:  # the key of whom it is about is gone, or kept for other purposes
        return {**told, "why_not": "its bytes were erased"}
    _add(file, name, chain([first], parts), sums)
    return {**told, "file": name, "sha256": piece.sha256, "received_sha256": piece.received_sha256}


def _add(file: zipfile.ZipFile, name: str, parts: Iterable[bytes], sums: list[str]) -> None:
    digest = hashlib.sha256()
    with file.open(zipfile.ZipInfo(name, _NO_TIME), "w") as out:
        for part in parts:
            digest.update(part)
            out.write(part)
    sums.append(f"{digest.hexdigest()}  {name}\n")


def _outcome(one: StoredOutcome) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _OUTCOME} | {
        "at": _stamp(one.at), "appeal_until": None if one.appeal_until is None else _stamp(one.appeal_until),
    }  # fmt: skip


def _step(one: Step) -> dict[str, Any]:
    return {
        "number": one.number, "step": one.name, "from": one.from_state, "to": one.to_state, "role": one.role,
        "why": one.why, "at": _stamp(one.at),
    }  # fmt: skip


def _referral(one: Referral) -> dict[str, Any]:
    """A body that the case was taken to, by when it answers, and what came of it."""
    return {
        "id": one.id, "body": one.body.name, "url": one.body.url, "way": one.body.way, "state": one.state,
        "by": one.referred_role, "referred_at": _stamp(one.referred_at),
        "due_at": None if one.due_at is None else _stamp(one.due_at),
        "outcome": one.outcome_before, "found": one.found, "says": one.says, "followed": one.followed,
        "new_outcome": one.outcome_id,
    }  # fmt: skip


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

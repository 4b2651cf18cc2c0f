"""What the record commits to about cases: evidence by its hash, outcomes whole. Named in `RECORD_SUBJECTS`.

The seller is shown what they may see of it, with half of the salt; the rest is committed to all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.cases.words import Visibility
from safeconduct.kernel.cases.writing import outcomes_of
from safeconduct.kernel.record.commitments import plain, stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

_TOLD = (
    "id", "case_id", "remedy", "amount_minor", "currency", "liability", "shares", "standing", "rule", "rule_version",
    "told", "disclosure", "category", "considered", "missing", "cure", "automated", "final", "replaces", "verdict",
)  # fmt: skip


def evidence_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these pieces of evidence are: the hash of what a party may not open is withheld from it."""
    found = {}
    for piece in Evidence.objects.filter(id__in=list(ids)):
        shown = {
            "id": piece.id, "kind": piece.kind, "source": piece.source, "visibility": piece.visibility,
            "gist": plain(piece.gist), "media_type": piece.media_type, "captured_at": stamp(piece.captured_at),
            "added_at": stamp(piece.added_at),
        }  # fmt: skip
        hashes = {"sha256": piece.sha256, "received_sha256": piece.received_sha256}
        secret = piece.visibility != Visibility.BOTH
        found[piece.id] = Content(shown, hashes, "collected") if secret else Content(shown | hashes, None, "collected")
    return found


def outcome_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these outcomes say: the parties' words are shown, the whole reasons and who decided are withheld."""
    found = {}
    for key, row in outcomes_of(list(ids)).items():
        shown = {name: plain(row[name]) for name in _TOLD} | {"at": stamp(row["at"])}
        withheld = {name: plain(row[name]) for name in ("facts", "decided_by", "approved_by", "withheld_basis")}
        found[key] = Content(shown, withheld, row["remedy"], row["rule_version"])
    return found


def step_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these steps of histories say; who of the staff took one is withheld."""
    found = {}
    rows = query(
        "SELECT s.id, s.case_id, s.number, s.name, s.from_state, s.to_state, s.role, s.why, s.money, s.outcome_id,"
        " s.at, s.actor, s.facts, w.version FROM case_step s JOIN case_file c ON c.id = s.case_id"
        " JOIN case_workflow w ON w.id = c.workflow_id WHERE s.id = ANY(%s::text[])",
        [list(ids)],
    )
    for key, case_id, number, name, source, target, role, why, money, outcome, at, actor, facts, version in rows:
        shown = {
            "id": key, "case": case_id, "number": number, "step": name, "from": source, "to": target, "role": role,
            "why": why, "money": money, "outcome": outcome, "at": stamp(at),
        }  # fmt: skip
        found[key] = Content(shown, {"actor": actor, "facts": plain(facts)}, name, version)
    return found


def step_ids(after: str | None, limit: int) -> list[str]:
    """Steps by id: each must have an entry."""
    rows = query("SELECT id FROM case_step WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def evidence_ids(after: str | None, limit: int) -> list[str]:
    """Pieces by id: each must have an entry."""
    rows = query("SELECT id FROM case_evidence WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def outcome_ids(after: str | None, limit: int) -> list[str]:
    """Outcomes by id: each must have an entry."""
    rows = query("SELECT id FROM case_outcome WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


EVIDENCE = Subjects(evidence_contents, evidence_ids)
OUTCOMES = Subjects(outcome_contents, outcome_ids)
STEPS = Subjects(step_contents, step_ids)

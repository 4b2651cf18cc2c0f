"""What the record commits to about cases: evidence by its hash, outcomes whole. Named in `RECORD_SUBJECTS`.

The seller is shown what they may see of it, with half of the salt; the rest is committed to all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.kernel.cases.models import BlindReview, Evidence, Proposal
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
        if row["proposal_id"] is not None:  # only there, so that older entries are what they were
            shown |= {name: row[name] for name in ("decided_role", "approved_role", "second_above_minor")}
            withheld["proposal_id"] = row["proposal_id"]
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


def proposal_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these proposed decisions say: that there is one is shown, what it says is withheld."""
    found = {}
    for one in Proposal.objects.filter(id__in=list(ids)):
        shown = {
            "id": one.id, "case": one.case_id, "state": one.state_name, "step": one.name, "role": one.proposed_role,
            "at": stamp(one.at),
        }  # fmt: skip
        withheld = {
            "outcome": plain(one.outcome), "facts": plain(one.facts), "at_stake_minor": one.at_stake_minor,
            "above_minor": one.above_minor, "currency": one.currency, "proposed_by": one.proposed_by_id,
        }  # fmt: skip
        found[one.id] = Content(shown, withheld, one.name)
    return found


def blind_contents(ids: Sequence[str]) -> dict[str, Content]:
    """What these blind reviews came to; which decision they were of is withheld from its parties."""
    found = {}
    for one in BlindReview.objects.filter(id__in=list(ids), given_at__isnull=False):
        assert one.given_at is not None
        withheld = {
            "outcome": one.outcome_id, "remedy": one.remedy, "liability": one.liability, "standing": one.standing,
            "amount_minor": one.amount_minor, "says": one.says, "differs": list(one.differs), "by": one.taken_by_id,
        }  # fmt: skip
        found[one.id] = Content({"id": one.id, "at": stamp(one.given_at)}, withheld, "reviewed")
    return found


def proposal_ids(after: str | None, limit: int) -> list[str]:
    """Proposed decisions by id: each must have an entry."""
    rows = query("SELECT id FROM case_proposal WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def blind_ids(after: str | None, limit: int) -> list[str]:
    """Answered blind reviews by id: each must have an entry."""
    rows = query(
        "SELECT id FROM case_blind_review WHERE given_at IS NOT NULL AND id > %s ORDER BY id LIMIT %s",
        [after or "", limit],
    )
    return [key for (key,) in rows]


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
PROPOSALS = Subjects(proposal_contents, proposal_ids)
BLIND_REVIEWS = Subjects(blind_contents, blind_ids)
STEPS = Subjects(step_contents, step_ids)

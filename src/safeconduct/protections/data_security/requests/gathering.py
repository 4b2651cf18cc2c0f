"""What is kept of a person, as plain values for an archive: of a buyer by their pseudonym, of a member by account.

What belongs to others is left out or masked: other people's words, a recipient's name, the shop's accounts, and the
thresholds of rules against fraud. Everything has a limit, which the archive names where it is reached.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet

from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.models import Case, Evidence, StoredOutcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events import bodies
from safeconduct.kernel.notices.models import MailSetting, NoticeCopy
from safeconduct.kernel.parties import attempts, ownership, security_events
from safeconduct.kernel.parties.models import Membership, SecurityEvent, Seller, User
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.data_keys import reading_for
from safeconduct.kernel.vault.pseudonyms import mask
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.words import Kind

#: Rows of one kind that an archive holds, the latest: an archive is made in memory.
MOST: Final = 5_000
#: Fields of events that are the buyer's own; every other personal field is masked.
_OWN: Final = frozenset(
    ("buyer", "email", "phone", "address", "billing_address", "card", "device", "ip", "user_agent", "review_text")
)
#: Fields of events that may name somebody else.
_OTHERS: Final = ("recipient", "member", "bank_account")
#: What a person brought to claims to shops. Read by name: another protection has the table.
_PAPERS: Final = (
    "SELECT claim_id, number, media_type, size_bytes, sha256, at FROM ownership_paper WHERE author = %s"
    " ORDER BY at DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Files of an archive, by name: rows of plain values. ``left_out``: what is not in them, as `archives` names it.
    ``provided``: the files that hold what the person gave or caused."""

    files: Mapping[str, Sequence[Mapping[str, Any]]]
    left_out: tuple[str, ...] = ()
    provided: frozenset[str] = field(default_factory=frozenset)


def of_buyer(buyer_key: int) -> Gathered:
    """Everything about a buyer, in an engine scope. Ten queries, however much it is."""
    events = _events(buyer_key)
    orders = sorted({order for _row, order in events if order is not None})
    cases = list(Case.objects.filter(order_key__in=orders).order_by("-opened_at")[:MOST])
    ids = [case.id for case in cases]
    files: dict[str, Sequence[Mapping[str, Any]]] = {
        "events": [row for row, _order in events],
        "decisions": [
            {"policy": d.policy, "answer": d.action, "at": d.decided_at.isoformat(), "by": "a machine"}
            for d in Decision.objects.filter(order_key__in=orders, standing=True)
            .only("policy", "action", "decided_at").order_by("-decided_at")[:MOST]
        ],
        "cases": [
            {"case": c.id, "kind": c.kind, "state": c.state, "opened_at": c.opened_at.isoformat()} for c in cases
        ],
        "outcomes": [
            {"case": o.case_id, "remedy": o.remedy, "amount_minor": o.amount_minor, "currency": o.currency,
             "told": o.told, "at": o.at.isoformat()}
            for o in StoredOutcome.objects.filter(case_id__in=ids).order_by("-at")[:MOST]
        ],
        "messages": [
            {"case": case_id, "words": said.text("en"), "at": said.at.isoformat()}
            for case_id, said in messages.between(ids, [Role.BUYER])
        ],
        "erasures": erasures(DataRequest.objects.filter(buyer_key=buyer_key)),
        "evidence": [
            {"kind": e.kind, "media_type": e.media_type, "size_bytes": e.size_bytes, "sha256": e.sha256,
             "added_at": e.added_at.isoformat()}
            for e in Evidence.objects.filter(exhibits__case_id__in=ids, given_by=Role.BUYER.value)
            .distinct().order_by("-added_at")[:MOST]
        ],
    }  # fmt: skip
    left_out = ("words_of_others", "names_of_others", "thresholds", *_cut(files))
    return Gathered(files, left_out, frozenset({"events", "messages", "evidence"}))


def of_member(person: User) -> Gathered:
    """Everything about a person who acts for sellers, in a staff scope. Twelve queries."""
    memberships = list(Membership.objects.filter(person=person).order_by("created_at")[:MOST])
    names = dict(Seller.objects.filter(key__in=[m.seller_key for m in memberships]).values_list("key", "name"))
    mail = MailSetting.objects.filter(person=person).first()
    events = SecurityEvent.objects.filter(person=person).order_by("-id")[:MOST]
    files: dict[str, list[Mapping[str, Any]]] = {
        "account": [
            {"id": person.id, "email": person.email, "name": person.name, "language": person.language,
             "time_zone": person.time_zone, "created_at": person.created_at.isoformat()}
        ],
        "shops": [
            {"shop": names.get(m.seller_key, ""), "role": m.role, "since": m.created_at.isoformat(),
             "until": m.ended_at.isoformat() if m.ended_at else None}
            for m in memberships
        ],
        "browsers": [
            {"since": d.created_at.isoformat(), "last_used_at": d.last_used_at.isoformat()}
            for d in attempts.devices_of(person)
        ],
        "security": [_security(event, person) for event in events],
        "claims_to_shops": [
            {"claim": claim_id, "side": said.side, "words": said.text, "at": said.at.isoformat()}
            for claim_id, said in ownership.said_by(person, MOST)
        ],
        "papers_of_claims": [
            {"claim": claim_id, "number": number, "media_type": media_type, "size_bytes": size, "sha256": digest,
             "at": at.isoformat()}
            for claim_id, number, media_type, size, digest, at in query(_PAPERS, [person.id, MOST])
        ],
        "mail": [] if mail is None else [{"pace": mail.digest, "daily_hour": mail.daily_hour}],
        "notices": [
            {"at": n.at.isoformat(), "read_at": n.read_at.isoformat() if n.read_at else None,
             "mailed_at": n.mailed_at.isoformat() if n.mailed_at else None}
            for n in NoticeCopy.objects.filter(person=person).order_by("-at")[:MOST]
        ],
        "erasures": erasures(DataRequest.objects.filter(person=person)),
    }  # fmt: skip
    left_out = ("names_of_others", "secrets", *_cut(files))
    given = frozenset({"account", "shops", "mail", "claims_to_shops", "papers_of_claims"})
    return Gathered(files, left_out, given)


def erasures(requests: QuerySet[DataRequest]) -> list[Mapping[str, Any]]:
    """What was erased before, what stays, and the signed receipts. Two queries."""
    found = list(requests.filter(kind=Kind.ERASURE).exclude(statement={}).order_by("-asked_at")[:MOST])
    notes = receipts.notes([key for one in found for key in one.statement.get("receipts", [])])
    return [
        {
            "asked_at": one.asked_at.isoformat(), "gone": one.statement.get("gone", {}),
            "kept": one.statement.get("kept", []),
            "receipts": [notes[key] for key in one.statement.get("receipts", []) if key in notes],
        }
        for one in found
    ]  # fmt: skip


def _events(buyer_key: int) -> list[tuple[dict[str, Any], int | None]]:
    rows = query(
        "SELECT e.id, e.type, e.occurred_at, e.order_key, e.data FROM fact f JOIN event e ON e.moment = f.moment"
        " WHERE f.buyer = %s ORDER BY e.moment DESC LIMIT %s",
        [buyer_key, MOST],
    ).fetchall()
    with reading_for("data_request"):  # what is restricted to claims is the person's own still
        came = bodies.read([row[0] for row in rows])
    found = []
    for key, kind, at, order, data in rows:
        personal = _personal(came[key]) if key in came else {}
        found.append(({"what": kind, "at": at.isoformat(), "data": {**data, **personal}}, order))
    return found


def _personal(envelope: bytes) -> dict[str, Any]:
    """The personal fields of an event as it came: the buyer's own, and those that may be another's masked."""
    data = json.loads(envelope).get("data", {})
    own = {name: data[name] for name in sorted(_OWN & data.keys())}
    return own | {name: mask("name", str(data[name])) for name in _OTHERS if data.get(name)}


def _security(event: SecurityEvent, person: User) -> dict[str, Any]:
    origin = security_events.origin_of(event)
    return {
        "what": event.kind, "at": event.at.isoformat(), "by": "you" if event.actor == person.id else "somebody else",
        "address": origin.address if origin else None, "browser": origin.browser if origin else None,
    }  # fmt: skip


def _cut(files: Mapping[str, Sequence[object]]) -> list[str]:
    return ["older_rows"] if any(len(rows) >= MOST for rows in files.values()) else []

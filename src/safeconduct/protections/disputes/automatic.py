"""The seller's standing authorisation, and what is sent under it when the time to answer is about to end.

What is sent holds facts from records only, says that it was sent by itself and under which authorisation, and is never
a declaration, an admission or an offer. Where the records hold nothing, nothing is sent: silence brings the dispute to
a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import machine
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.models import Evidence, Exhibit
from safeconduct.kernel.cases.moves import Move
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.help import draft, help_with
from safeconduct.protections.disputes.models import Authorisation, Dispute

#: How long before the end of the time to answer a draft is sent. Ours: late enough for the seller's own answer.
BEFORE: Final = timedelta(hours=1)
_BATCH: Final = 200
_DUE: Final = """
SELECT d.number, a.id, coalesce(s.language, ''), coalesce(b.country, ''), coalesce(s.country, '')
FROM case_deadline c JOIN case_file f ON f.id = c.case_id JOIN dispute d ON d.case_id = f.id
JOIN dispute_authorisation a ON a.seller_key = d.seller_key AND a.ended_at IS NULL AND a.given_at <= %s
JOIN case_party s ON s.case_id = f.id AND s.role = 'seller' JOIN case_party b ON b.case_id = f.id AND b.role = 'buyer'
WHERE c.state = 'running' AND c.due_at <= %s AND c.due_at > %s AND f.state = 'open'
ORDER BY c.due_at, d.number LIMIT %s FOR UPDATE OF f SKIP LOCKED
"""


def authorise(seller_key: int, person: str, *, at: datetime) -> Authorisation:
    """Gives the standing authorisation, or returns the one that stands. In an engine scope; the caller has checked that
    this person may act for the seller."""
    there = standing(seller_key)
    if there is not None:
        return there
    return Authorisation.objects.create(id=new_id("aut"), seller_key=seller_key, given_by=person, given_at=at)


def end(seller_key: int, person: str, *, at: datetime) -> bool:
    """Ends the authorisation; nothing is sent by itself from now on. Says whether there was one."""
    rows = Authorisation.objects.filter(seller_key=seller_key, ended_at=None)
    return rows.update(ended_at=at, ended_by=person) > 0


def standing(seller_key: int) -> Authorisation | None:
    """The authorisation that stands."""
    return Authorisation.objects.filter(seller_key=seller_key, ended_at=None).first()


def send_due(now: datetime) -> int:
    """Answers the disputes whose time to answer ends within `BEFORE`, for sellers who authorised it; returns how many.

    Opens its own scope. One that cannot be answered is left to its deadline.
    """
    with engine_scope():
        rows = query(_DUE, [now, now + BEFORE, now, _BATCH]).fetchall()
        disputes = {d.number: d for d in Dispute.objects.filter(number__in=[row[0] for row in rows])}
        pieces = _exhibits([d.case_id for d in disputes.values()])
        moves = []
        for number, authorisation, language, buyer, seller in rows:
            dispute = disputes[number]
            found = help_with(
                ClaimType(dispute.type), pieces.get(dispute.case_id, ()), Route(buyer, seller), now.date()
            )
            words = draft(found, gaps=False)
            if words:
                moves.append(_move(dispute, authorisation, words.get(language[:2]) or words["en"]))
                dispute.sent_under_id, dispute.sent_at = authorisation, now
        answered = {one.case_id for one in machine.transition_each(moves, at=now)}
        sent = [dispute for dispute in disputes.values() if dispute.case_id in answered]
        Dispute.objects.bulk_update(sent, ["sent_under", "sent_at"])
    return len(sent)


def _move(dispute: Dispute, authorisation: str, words: str) -> Move:
    facts: Mapping[str, Any] = {"automatic": True, "authorisation": authorisation}
    return Move(dispute.case_id, "contest", Actor(authorisation, "authorisation", words), Role.SELLER, facts=facts)


def _exhibits(case_ids: Sequence[str]) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    rows = Exhibit.objects.filter(case_id__in=list(case_ids)).select_related("evidence")
    for exhibit in rows.order_by("case_id", "evidence__captured_at", "evidence_id"):
        found.setdefault(exhibit.case_id, []).append(exhibit.evidence)
    return found

"""Evidence that comes by itself while a case runs: shown to both sides, and told to the seller once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Count

from safeconduct.kernel.cases import evidence, publishing
from safeconduct.kernel.cases.models import Case, Evidence, Exhibit
from safeconduct.kernel.cases.telling import url_of
from safeconduct.kernel.cases.words import Visibility
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.scope import ENGINE_ACTOR

#: Pieces from which on records add no more to a case, or to an order; what the parties bring has room left.
_FULL: Final = 100
_FULL_ORDER: Final = 150


def full(cases: Mapping[str, int]) -> frozenset[str]:
    """Which of these cases, given with their order's key, have so much evidence that records add no more. Two
    queries."""
    shown = Exhibit.objects.filter(case_id__in=cases).values("case_id").annotate(n=Count("evidence_id"))
    crowded = {row["case_id"] for row in shown if row["n"] >= _FULL}
    holders = {f"order/{order}": case_id for case_id, order in cases.items()}
    kept = Evidence.objects.filter(holder__in=holders).values("holder").annotate(n=Count("id"))
    return frozenset(crowded | {holders[row["holder"]] for row in kept if row["n"] >= _FULL_ORDER})


def came(found: Mapping[str, Sequence[str]], *, at: datetime, quiet: bool = False) -> None:
    """Makes pieces of records exhibits of cases (id → pieces), and tells the sellers of those that are new in them.
    ``quiet``: nobody is mailed, for history that is imported or replayed. In an engine scope."""
    there = set(Exhibit.objects.filter(case_id__in=found).values_list("case_id", "evidence_id"))
    new = {
        case_id: fresh
        for case_id, ids in found.items()
        if (fresh := [key for key in dict.fromkeys(ids) if (case_id, key) not in there])
    }
    for case_id, ids in sorted(new.items()):
        evidence.exhibit(case_id, ids, ENGINE_ACTOR, at=at)
    _tell(new, at, quiet=quiet)


def _tell(new: Mapping[str, Sequence[str]], at: datetime, *, quiet: bool) -> None:
    if not new:
        return
    pieces = {piece.id: piece for piece in Evidence.objects.filter(id__in=[key for ids in new.values() for key in ids])}
    cases = list(Case.objects.filter(id__in=new).order_by("id"))
    workflows = publishing.by_id([case.workflow_id for case in cases])
    notices = []
    for case in cases:
        shown = [pieces[key] for key in new[case.id] if pieces[key].visibility == Visibility.BOTH]
        if not shown:
            continue
        latest = max(shown, key=lambda piece: (piece.captured_at, piece.id))
        values = {
            "case": case.id, "kind": dict(workflows[case.workflow_id].title), "shows": dict(latest.gist),
            "more": len(shown) - 1 or None,
        }  # fmt: skip
        notices.append(
            Notice(
                f"{case.id}/came/{latest.id}", "case.evidence",
                {name: value for name, value in values.items() if value is not None}, at, seller_key=case.seller_key,
                url=url_of(case.kind, case.id),
            )
        )  # fmt: skip
    notify(notices, mail=not quiet)

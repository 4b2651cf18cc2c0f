"""Which outcomes of returns are told as statements of reasons under article 17 of the Digital Services Act.

Only those of goods that were not as the offer described them, where law gave no right to send them back without a
reason, and the seller pays: the same wide reading as for disputes, for counsel to confirm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings

from safeconduct.kernel.cases.dsa import Restriction
from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.events.orders import placed_at
from safeconduct.presets.numbers import preset
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.words import Reason


def restricting(outcomes: Sequence[StoredOutcome]) -> Mapping[str, Restriction]:
    """Outcome → what it restricts, of those that do. Two queries. In an engine or staff scope."""
    costly = [
        one
        for one in outcomes
        if one.liability == Liability.SELLER and one.remedy in (Remedy.REFUND, Remedy.PARTIAL_REFUND)
    ]
    about = {
        one.case_id: one
        for one in Return.objects.filter(
            case_id__in={one.case_id for one in costly}, reason=Reason.NOT_AS_DESCRIBED, statutory=False
        )
    }
    placed = placed_at({one.order_key for one in about.values()})
    return {
        one.id: Restriction(
            {"monetary": "DECISION_MONETARY_TERMINATION"},
            "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
            ("CONTENT_TYPE_PRODUCT",),
            placed.get(about[one.case_id].order_key, about[one.case_id].requested_at).date(),
            terms=f"{one.rule} ({one.rule_version})",
            facts=_facts(one),
            notified="SOURCE_TYPE_OTHER_NOTIFICATION",
        )
        for one in costly
        if one.case_id in about
    }


def holding(cases: Sequence[Case]) -> Mapping[str, Restriction]:
    """Case → the payment it holds while it runs, of those where it is the offer that is complained of. A hold rests on
    what the buyer says, and on no finding. Two queries. In an engine or staff scope."""
    wanted = {one.id: one for one in cases if one.amount_minor}
    rows = list(Return.objects.filter(case_id__in=wanted, reason=Reason.NOT_AS_DESCRIBED, statutory=False))
    placed = placed_at({one.order_key for one in rows})
    found = {}
    for one in rows:
        opened_at = wanted[one.case_id].opened_at
        found[one.case_id] = Restriction(
            {"monetary": "DECISION_MONETARY_SUSPENSION"},
            "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
            ("CONTENT_TYPE_PRODUCT",),
            placed.get(one.order_key, opened_at).date(),
            terms=f"return/hold ({wanted[one.case_id].workflow_id})",
            facts="A buyer sends goods of one order back as not described by their offer. Until it is decided, their"
            " price is held from the seller's payment for that order. Nothing has been found yet.",
            notified="SOURCE_TYPE_OTHER_NOTIFICATION",
            until=(opened_at + preset(settings.PRESET).on(opened_at.date()).holds.dispute).date(),
        )
    return found


def _facts(one: StoredOutcome) -> str:
    who = "A rule" if one.automated else "A person who judged the goods"
    gets = "a full refund" if one.remedy == Remedy.REFUND else "a partial refund"
    return (
        f"A buyer sent goods of one order back as not described by their offer. {who} decided: {gets}, borne by the"
        f" seller. Pieces of evidence it rests on: {len(one.considered)}."
    )

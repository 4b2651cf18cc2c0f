"""Which outcomes of disputes are told as statements of reasons under article 17 of the Digital Services Act.

A restriction of that article rests on what the seller has put on show: it is illegal, or against the terms. So only a
claim about the offer itself can be one (not genuine, not as described), where the seller's payment for the order is
taken for it, wholly or in part. That a parcel did not come, or came broken, says nothing about the offer. It is a wide
reading, for counsel to confirm: recital 55 speaks of payments associated with the information.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from safeconduct.kernel.cases.dsa import Restriction
from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.events.orders import placed_at
from safeconduct.presets.numbers import preset
from safeconduct.protections.disputes.burden import ClaimType, burdens
from safeconduct.protections.disputes.models import Dispute

#: Claims about the offer → the category of the database.
_CATEGORY: Final = {
    ClaimType.NOT_GENUINE: "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    ClaimType.NOT_AS_DESCRIBED: "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
}
_TAKEN: Final = {
    Remedy.REFUND: "a full refund", Remedy.PARTIAL_REFUND: "a partial refund",
    Remedy.REFUND_ON_RETURN: "a refund when the goods are back",
}  # fmt: skip


def restricting(outcomes: Sequence[StoredOutcome]) -> Mapping[str, Restriction]:
    """Outcome → what it restricts, of those that do. Two queries. In an engine or staff scope."""
    costly = [one for one in outcomes if _costs_the_seller(one)]
    about = {
        one.case_id: one
        for one in Dispute.objects.filter(
            case_id__in={one.case_id for one in costly}, type__in=[kind.value for kind in _CATEGORY]
        )
    }
    placed = placed_at({one.order_key for one in about.values()})
    found = {}
    for one in costly:
        dispute = about.get(one.case_id)
        if dispute is None:
            continue
        kind = ClaimType(dispute.type)
        found[one.id] = Restriction(
            {"monetary": "DECISION_MONETARY_TERMINATION"},
            _CATEGORY[kind],
            ("CONTENT_TYPE_PRODUCT",),
            placed.get(dispute.order_key, dispute.opened_at).date(),
            terms=f"{one.rule} ({one.rule_version})",
            facts=_facts(one, kind),
            notified="SOURCE_TYPE_OTHER_NOTIFICATION",
        )
    return found


def holding(cases: Sequence[Case]) -> Mapping[str, Restriction]:
    """Case → the payment it holds while it runs, of those about the offer. A hold rests on what the buyer says, and on
    no finding. Two queries. In an engine or staff scope."""
    wanted = {one.id: one for one in cases if one.amount_minor}
    about = Dispute.objects.filter(case_id__in=wanted, type__in=[kind.value for kind in _CATEGORY])
    disputes = {one.case_id: one for one in about}
    placed = placed_at({one.order_key for one in disputes.values()})
    found = {}
    for case_id, one in disputes.items():
        kind, opened_at = ClaimType(one.type), wanted[case_id].opened_at
        found[case_id] = Restriction(
            {"monetary": "DECISION_MONETARY_SUSPENSION"},
            _CATEGORY[kind],
            ("CONTENT_TYPE_PRODUCT",),
            placed.get(one.order_key, opened_at).date(),
            terms=f"dispute/hold ({wanted[case_id].workflow_id})",
            facts=f"A buyer claimed of one order: {burdens()[kind].title['en']}. Until it is decided, what the buyer"
            " asks for is held from the seller's payment for that order. Nothing has been found yet.",
            notified="SOURCE_TYPE_OTHER_NOTIFICATION",
            until=(opened_at + preset(settings.PRESET).on(opened_at.date()).holds.dispute).date(),
        )
    return found


def _costs_the_seller(one: StoredOutcome) -> bool:
    pays = one.liability == Liability.SELLER or one.shares.get(Liability.SELLER, 0) > 0
    return pays and one.remedy in _TAKEN


def _facts(one: StoredOutcome, kind: ClaimType) -> str:
    burden = burdens()[kind]
    who = "A rule" if one.automated else "A person" if one.approved_by is None else "A person, and a second one,"
    whole = "the seller" if one.liability == Liability.SELLER else "the seller and others, in shares"
    return (
        f"A buyer claimed of one order: {burden.title['en']}. The rule of proof: {burden.rule['en']}"
        f" {who} decided: {_TAKEN[Remedy(one.remedy)]}, borne by {whole}. Pieces of evidence it rests on:"
        f" {len(one.considered)}."
    )

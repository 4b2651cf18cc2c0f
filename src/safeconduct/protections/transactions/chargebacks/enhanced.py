"""Compelling Evidence 3.0 in the fields of Stripe's interface, so that Visa's rule is applied and not only argued.

Stripe's shape: ``evidence[enhanced_evidence][visa_compelling_evidence_3]`` with the disputed transaction and exactly
two earlier ones, each of those by the id of its charge (docs.stripe.com/disputes/api/visa-ce3, read 2026-11). Only
identifiers that are equal in all three are sent: others would prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from safeconduct.protections.transactions.chargebacks.ce3 import ELIGIBLE, Answer, Payment, Status
from safeconduct.protections.transactions.chargebacks.identifiers import Identifier

#: What the name of such a field begins with, as a field of ``evidence[…]``.
_PLACE: Final = "enhanced_evidence][visa_compelling_evidence_3"
_PARTS: Final = ("line1", "line2", "city", "postal_code", "state", "country")


def fields(answer: Answer, disputed: Payment, history: Mapping[str, Payment], offer: Sequence[str]) -> dict[str, str]:
    """The fields of a dispute that qualifies, where the processor offers the rule for it and knows both earlier
    payments; else none."""
    priors = [history[prior] for prior in answer.priors]
    if answer.status is not Status.QUALIFIED or ELIGIBLE not in offer or not all(one.charge for one in priors):
        return {}
    found = _of(f"{_PLACE}][disputed_transaction", answer, disputed)
    found[f"{_PLACE}][disputed_transaction][merchandise_or_services"] = disputed.merchandise_or_services
    for number, one in enumerate(priors):
        place = f"{_PLACE}][prior_undisputed_transactions][{number}"
        found[f"{place}][charge"] = one.charge
        found |= _of(place, answer, one)
    return found


def _of(place: str, answer: Answer, payment: Payment) -> dict[str, str]:
    found = {f"{place}][product_description": payment.description}
    for proof in answer.proofs:
        if proof.identifier is not Identifier.SHIPPING_ADDRESS:
            found[f"{place}][{proof.identifier.value}"] = proof.value
        elif payment.address is not None:
            parts = ((part, getattr(payment.address, part)) for part in _PARTS)
            found |= {f"{place}][shipping_address][{part}": value for part, value in parts if value}
    return found

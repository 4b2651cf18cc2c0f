"""What other channels of the same order have: files that the seller or the platform brought into its disputes and
returns, what the two sides wrote, and a decision that no money was due.

What the buyer brought speaks for the buyer, and what nobody but the arbiter sees was given for that alone: neither goes
to the bank. Offers go nowhere: what somebody would have settled for says nothing about who is right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind as Kind
from safeconduct.kernel.cases.words import Disclosure, Remedy, Role, Visibility
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.dossier import PICTURES, Exhibit

#: Kind of a case's evidence → the document that it is for a bank. Kinds that depend on who tells them are not here.
DOCUMENTS: Final[Mapping[Kind, str]] = {
    Kind.OUTBOUND_PHOTO: "outbound_photo", Kind.CARRIER_STATEMENT: "carrier_photo",
    Kind.DELIVERY_SIGNATURE: "delivery_signature", Kind.PROOF_OF_DELIVERY: "proof_of_delivery",
    Kind.EXPERT_REPORT: "quality_report", Kind.SUPPLY_CHAIN: "supply_chain", Kind.AUTHORISATION: "brand_authorisation",
    Kind.CONTRACT: "terms", Kind.POLICY_TEXT: "policy_text", Kind.SELLER_STATEMENT: "rebuttal",
    Kind.SERVICE_DELIVERED: "activity_log", Kind.RESOLUTION: "replacement", Kind.REFUSAL_EXPLAINED: "credit_not_due",
}  # fmt: skip
#: Files of one order that are taken over, and the largest: the whole answer may have 4.5 MB.
_MOST_FILES: Final = 8
_MOST_BYTES: Final = 1_500_000

_FILES: Final = """
SELECT order_key, id, kind, media_type, captured_at FROM (
    SELECT o.order_key, e.id, e.kind, e.media_type, e.captured_at,
        row_number() OVER (PARTITION BY o.order_key ORDER BY e.captured_at, e.id) AS place
    FROM (
        SELECT c.order_key, x.evidence_id FROM claim c JOIN claim_evidence x ON x.claim_id = c.id
        WHERE c.order_key = ANY(%s::bigint[])
        UNION
        SELECT c.order_key, x.evidence_id FROM claim c JOIN claim_channel h ON h.claim_id = c.id
        JOIN case_exhibit x ON x.case_id = h.case_id WHERE c.order_key = ANY(%s::bigint[])
    ) o JOIN case_evidence e ON e.id = o.evidence_id
    WHERE e.kind = ANY(%s::text[]) AND e.media_type = ANY(%s::text[]) AND e.given_by <> %s AND e.visibility <> %s
        AND e.shredded_at IS NULL AND e.size_bytes <= %s
) found WHERE place <= %s ORDER BY order_key, captured_at, id
"""
_REFUSED: Final = """
SELECT DISTINCT ON (c.order_key) c.order_key, o.told, o.at FROM claim c JOIN claim_channel h ON h.claim_id = c.id
JOIN case_file f ON f.id = h.case_id JOIN case_outcome o ON o.id = f.outcome_id
WHERE c.order_key = ANY(%s::bigint[]) AND o.remedy = %s AND o.disclosure <> %s
ORDER BY c.order_key, o.at DESC
"""


def files(orders: Collection[int]) -> dict[int, list[Exhibit]]:
    """Order → the files of its cases that a bank is shown. Two queries. In a scope of the engine."""
    wanted = sorted(orders)
    kinds = [kind.value for kind in DOCUMENTS]
    rows = query(
        _FILES,
        [
            wanted, wanted, kinds, [*PICTURES, "text/plain"], Role.BUYER.value, Visibility.ADJUDICATOR.value,
            _MOST_BYTES, _MOST_FILES,
        ],
    ).fetchall()  # fmt: skip
    bytes_of = evidence.contents([identity for _order, identity, *_rest in rows])
    found: dict[int, list[Exhibit]] = {}
    for order, identity, kind, media_type, captured_at in rows:
        data = bytes_of[identity]
        found.setdefault(order, []).append(_file(DOCUMENTS[Kind(kind)], media_type, data, captured_at))
    return found


def refusals(orders: Collection[int]) -> dict[int, Exhibit]:
    """Order → the marketplace's latest decision that the buyer gets nothing, in the words both sides were told."""
    rows = query(_REFUSED, [sorted(orders), Remedy.NOTHING.value, Disclosure.WITHHELD.value]).fetchall()
    return {
        order: Exhibit("credit_not_due", _("Marketplace"), at, text=told.get("en") or next(iter(told.values())))
        for order, told, at in rows
    }


def _file(document: str, media_type: str, data: bytes, captured_at: datetime) -> Exhibit:
    source = _("Marketplace case")
    if media_type in PICTURES:
        return Exhibit(document, source, captured_at, picture=data, media_type=media_type, brought=True)
    return Exhibit(document, source, captured_at, text=data.decode("utf-8", "replace"), brought=True)

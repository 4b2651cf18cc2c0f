"""A dispute's earlier payments out of the log, judged by Compelling Evidence 3.0.

What is compared is kept for banks alone (`kernel.readings.defence`): the IP address, the device's fingerprint and own
id, the login, the e-mail address and the delivery address in its parts, each as the shop told it. An address in one
line has no parts, and the shop's id of a buyer is no login a cardholder would recognise: those two count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.moments import SECOND, at_micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.readings import defence
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import ce3, enhanced
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.identifiers import Address
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.coverage.causes import words_of
from safeconduct.protections.transactions.coverage.words import Cause

#: Further back nothing counts: no anchor is earlier than the payment, and none reaches back further than 365 days.
_BACK: Final = 366 * 86_400 * SECOND
#: Earlier orders of one card that are looked at, the oldest first.
_MOST: Final = 400

_HISTORY: Final = f"""
SELECT p."order", q.moment, q."order", q.occurred, q.card, q.seller, q.ip, q.device, q.email, q.digital, q.data,
    EXISTS (SELECT FROM fact x WHERE x."order" = q."order" AND x.type = {CATALOGUE["order.paid"].code}),
    EXISTS (SELECT FROM fact x WHERE x."order" = q."order" AND x.type = {CATALOGUE["fraud.warned"].code}),
    EXISTS (SELECT FROM fact x WHERE x."order" = q."order" AND x.type = {CATALOGUE["dispute.opened"].code}
        AND lower(x.reason) = ANY(%b::text[])),
    (SELECT max(x.occurred) FROM fact x WHERE x."order" = q."order"
        AND x.type = {CATALOGUE["shipment.delivered"].code}),
    (SELECT jsonb_object_agg(t.source, t.source_id) FROM fact x JOIN event t ON t.moment = x.moment
        WHERE x."order" = q."order" AND x.type = {CATALOGUE["payment.attempted"].code} AND x.outcome = 'approved')
FROM fact p CROSS JOIN LATERAL (
    SELECT f.moment, f."order", f.occurred, f.card, f.seller, f.ip, f.device, f.email, f.digital, e.data
    FROM fact f JOIN event e ON e.moment = f.moment
    WHERE f.card = p.card AND f.type = p.type AND f.moment > p.moment - {_BACK} AND f.moment <= p.moment
        AND NOT EXISTS (SELECT FROM fact c WHERE c."order" = f."order" AND c.type = {CATALOGUE["order.cancelled"].code})
    ORDER BY f.moment = p.moment DESC, f.moment LIMIT {_MOST + 1}
) q
WHERE p."order" = ANY(%b::bigint[]) AND p.type = {CATALOGUE["order.placed"].code} AND p.card IS NOT NULL
"""


def answers(disputes: Sequence[BankDispute], at: datetime) -> dict[str, dict[str, ce3.Answer]]:
    """Dispute → profile → what the rule says, for those that are about fraud with Visa. In a scope of the engine."""
    return {key: found for key, (found, *_rest) in _judged(disputes, at).items()}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rule says of a dispute, by profile; what the bank is shown where it qualifies with Stripe's, and the
    same as fields of Stripe's interface."""

    answers: Mapping[str, ce3.Answer]
    exhibit: Exhibit | None
    fields: Mapping[str, str]


def judged(disputes: Sequence[BankDispute], at: datetime) -> dict[str, Judged]:
    """Dispute → what the rule says, with what to show of its two earlier payments. In a scope of the engine.

    Other shops' orders may be among them, where the platform is merchant of record: the bank sees them, the seller not.
    """
    offers = {one.id: _offer(one.evidence_offer) or () for one in disputes}
    return {
        key: Judged(
            found, _exhibit(found[ce3.STRIPE.name], history),
            enhanced.fields(found[ce3.STRIPE.name], disputed, history, offers[key]),
        )
        for key, (found, disputed, history) in _judged(disputes, at).items()
    }  # fmt: skip


def _exhibit(answer: ce3.Answer, history: Mapping[str, ce3.Payment]) -> Exhibit | None:
    if answer.status is not ce3.Status.QUALIFIED:
        return None
    rows = [Row(proof.identifier.value, proof.value) for proof in answer.proofs]
    for prior in answer.priors:
        one = history[prior]
        rows.append(
            Row(_("Earlier payment"), f"{prior} · {one.processed_at:%Y-%m-%d %H:%M} UTC · {one.description}")
        )  # fmt: skip
    return Exhibit("earlier_payments", "platform", rows=tuple(rows), personal=True)


def _judged(
    disputes: Sequence[BankDispute], at: datetime
) -> dict[str, tuple[dict[str, ce3.Answer], ce3.Payment, dict[str, ce3.Payment]]]:
    asked = [one for one in disputes if one.order_key is not None and one.code_key == "visa/10.4"]
    if not asked:
        return {}
    rows = query(
        _HISTORY, [sorted(words_of(Cause.UNAUTHORISED)), sorted({one.order_key for one in asked if one.order_key})]
    ).fetchall()
    kept = defence.opened({row[2] for row in rows}, at)
    clear = {
        key: kept[row[2]][name]
        for row in rows for name, key in zip(("ip", "device", "email"), row[6:9], strict=True)
        if key is not None and name in kept.get(row[2], {})
    }  # fmt: skip
    payments: dict[int, dict[int, ce3.Payment]] = {}
    charges = {str(row[10].get("order", "")): row[-1] or {} for row in rows}
    for row in rows:
        payments.setdefault(row[0], {})[row[2]] = _payment(row, clear, kept.get(row[2], {}))
    found = {}
    for one in asked:
        of_card = payments.get(one.order_key or 0, {})
        disputed = of_card.get(one.order_key or 0)
        if disputed is None:
            continue
        history = [payment for key, payment in of_card.items() if key != one.order_key]
        # The bank's word about this very payment is what is answered; it does not speak against the others.
        given = ce3.Dispute(one.network, one.network_code, one.opened_at, None, _offer(one.evidence_offer))
        results = {profile.name: ce3.check(given, disputed, history, profile) for profile in ce3.PROFILES}
        known = {
            payment.id: replace(payment, charge=charges[payment.id].get(one.processor, "").partition(":")[0])
            for payment in history
        }
        found[one.id] = (results, disputed, known)
    return found


def _offer(text: str) -> tuple[str, ...] | None:
    return tuple(text.split(",")) if text else None


def _payment(row: Sequence[Any], clear: Mapping[int, str], told: Mapping[str, str]) -> ce3.Payment:
    (_order, _moment, _own, occurred, card, seller, ip, device, email, digital, data, paid, warned, disputed,
     delivered, _charges) = row  # fmt: skip
    at: datetime = at_micros(occurred)
    amount = data.get("amount") or {}
    goods = " ".join(str(data[name]) for name in ("listing_title", "listing", "category") if data.get(name))
    of_record = data.get("merchant_of_record") or settings.MERCHANT_OF_RECORD
    return ce3.Payment(
        id=str(data.get("order", "")), processed_at=at, credential=str(card),
        merchant="platform" if of_record == "platform" else str(seller),
        amount_minor=int(amount.get("minor", 0)), currency=str(amount.get("currency", "")), settled=paid,
        validation=amount.get("minor") == 0, fraud_reported=warned, fraud_disputed=disputed, ip=clear.get(ip or 0),
        fingerprint=clear.get(device or 0), fingerprint_attributes=data.get("device_attributes"),
        device_id=told.get("device_id"), account_id=told.get("login"), email=clear.get(email or 0),
        address=Address(
            told.get("ship_line1", ""), told.get("ship_line2", ""), told.get("ship_city", ""),
            told.get("ship_postal_code", ""), told.get("ship_state", ""), str(data.get("ship_country") or ""),
        ),
        description=goods,
        merchandise_or_services="" if digital is None else "services" if digital else "merchandise",
        provided_on=None if delivered is None else at_micros(delivered).date(),
    )  # fmt: skip

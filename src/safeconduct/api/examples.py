"""Examples of the reference."""

from __future__ import annotations

from typing import Any

EVENT: dict[str, Any] = {
    "specversion": "1.0", "id": "e-1", "source": "shop", "type": "order.placed", "time": "2026-06-01T12:00:00Z",
    "data": {
        "order": "ord-90112", "seller": "sel-1042", "buyer": "buy-20417", "amount": {"minor": 12990, "currency": "USD"},
        "card": "fp_9aX", "ip_country": "CL", "ship_country": "CL",
    },
}  # fmt: skip
DECISION: dict[str, Any] = {
    "id": "dec_01jy2d8m5nf9abt3k7r6x1q0wz", "policy": "order-risk", "version": 3, "kind": "live", "action": "review",
    "automated": True,
    "reasons": [
        {
            "rule": "card_at_many_shops", "action": "review", "decisive": True, "category": "risk",
            "disclosure": "category",
            "told": "A pattern of risk was found.", "full": "Card used at 3 shops within an hour", "missing": [],
            "teaches": None,
        }
    ],
    "unknown": [], "latency_us": 4210,
}  # fmt: skip
EVENT_ANSWER: dict[str, Any] = {
    "id": "evt_01jy2d8m4kq5v6w7x8y9zabcde", "status": "stored", "type_known": True, "action": "review",
    "provisional": False, "decisions": [DECISION],
}  # fmt: skip
BATCH_ANSWER: dict[str, Any] = {
    "results": [
        {"index": 0, **EVENT_ANSWER},
        {
            "index": 1, "status": "refused", "id": None, "field": "data.amount",
            "problem": "order.placed needs amount: the amount of this event, in the currency it happened in",
        },
    ],
    "stored": 1, "duplicates": 0, "refused": 1,
}  # fmt: skip
DECISION_LISTED: dict[str, Any] = DECISION | {
    "event": EVENT_ANSWER["id"], "event_type": "order.placed", "order": "ord-90112", "seller": "sel-1042",
    "standing": True, "replaces": None, "decided_by": "engine", "decided_at": "2026-06-01T12:00:01.204511Z",
}  # fmt: skip
DECISION_FOUND: dict[str, Any] = DECISION_LISTED | {
    "fired": ["card_at_many_shops"], "muted": [], "allowed_by": None, "control": False,
    "values": {"amount": 12990, "card_shops_1h": 3},
}  # fmt: skip
POLICY_TEXT = """\
policy: order-risk
on: order.placed
in: USD
rules:
  huge:
    when: amount > money('5000 USD')
    then: review
    because: {en: "Amount {amount} is above the limit"}
"""

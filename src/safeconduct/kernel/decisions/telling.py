"""What the shop's systems are told about decisions, in the transaction that makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.notices.outbox import Message, MessageKind, is_wanted, publish
from safeconduct.kernel.vault.pseudonyms import reveal


class _Decided(Protocol):
    id: str
    policy: str
    kind: Any
    action: Any
    seller_key: int | None
    order_key: int | None
    reasons: dict[str, Any]


def tell_made(made: Sequence[_Decided], at: datetime) -> None:
    """Tells of decisions that do not simply allow, as far as any endpoint wants to know."""
    stopped = [d for d in made if d.kind != DecisionKind.SHADOW and Action(d.action) is not Action.ALLOW]
    if stopped and is_wanted(MessageKind.DECISION_MADE):
        data = _data(stopped, at)
        publish([
            Message(f"decision/{d.id}/made", MessageKind.DECISION_MADE, data[d.id], at, d.seller_key) for d in stopped
        ])  # fmt: skip


def tell_changed(earlier: Decision, made: _Decided, at: datetime) -> None:
    """Tells that a decision took the place of another."""
    if is_wanted(MessageKind.DECISION_CHANGED):
        data = _data([made], at)[made.id] | {"was": str(earlier.action), "replaces": earlier.id}
        publish([Message(f"decision/{made.id}/changed", MessageKind.DECISION_CHANGED, data, at, made.seller_key)])


def _data(made: Sequence[_Decided], at: datetime) -> dict[str, dict[str, Any]]:
    # The shop's own ids of order and seller name no person.
    names = reveal(key for d in made for key in (d.order_key, d.seller_key) if key is not None)
    return {
        d.id: {
            "decision": d.id, "policy": d.policy, "action": Action(d.action).value,
            "automated": d.reasons.get("automated", True),
            "order": names[d.order_key][1] if d.order_key in names else None,
            "seller": names[d.seller_key][1] if d.seller_key in names else None,
            "decided_at": at,
        }
        for d in made
    }  # fmt: skip

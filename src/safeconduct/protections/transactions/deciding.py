"""What sellers are told about risk decisions on their orders. Keys make each of it said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.decisions.second_look import MAY_ASK_FOR
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.coverage.words import Action
from safeconduct.protections.transactions.gathering import PLACED

_WITHHELD: Final = {
    "en": "Some details are kept back, because they would help people who pay with stolen cards.",
    "es": "Se reservan algunos detalles, porque ayudarían a quienes pagan con tarjetas robadas.",
    "zh": "部分细节不予公开，以免被盗刷者利用。",
}
#: As long as an order's id may be in a notice.
_ID: Final = 300


def tell(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], now: datetime | None) -> None:
    """Tells sellers of adverse decisions about their orders, and of those that a person lifted.

    ``now``: None in a world that is replayed: notices go to the inbox only.
    """
    if not made:
        return
    placed = {row["moment"] for row in rows if row["type"] == PLACED}
    of_orders = [d for d in made if d.moment in placed and d.order_key is not None and d.seller_key is not None]
    told = [d for d in of_orders if str(d.action) != Action.ALLOW or d.kind == DecisionKind.OVERRIDE]
    if told:
        notify(_notices(told, now), mail=now is not None)


def _notices(told: Sequence[Decided], now: datetime | None) -> list[Notice]:
    names = reveal({d.order_key for d in told if d.order_key is not None})
    known = {
        identity: (number, was, ship_by)
        for identity, number, was, ship_by in query(
            "SELECT d.id, v.number, p.action, c.ship_by_at FROM decision d JOIN policy_version v ON v.id = d.version_id"
            " LEFT JOIN decision p ON p.id = d.replaces LEFT JOIN coverage c ON c.order_key = d.order_key"
            " WHERE d.id = ANY(%s::text[])",
            [[d.id for d in told]],
        )
    }
    found = []
    for decision in told:
        number, was, ship_by = known[decision.id]
        if str(decision.action) == Action.ALLOW and was in (None, Action.ALLOW):
            continue
        order = decision.order_key
        at = moment_time(decision.moment) if now is None else now
        lines = decision.reasons.get("statement", [])
        values: dict[str, Any] = {
            "order": names[order][1][:_ID] if order in names else str(order),
            "by": "machine" if decision.reasons.get("automated", True) else "person",
        }
        if str(decision.action) == Action.ALLOW:
            code = "decision.lifted"
            values |= {"was": was, "reason": lines[0]["told"] if lines else None, "ship_by": ship_by}
        else:
            code = "decision.adverse"
            values |= {
                "action": str(decision.action), "rules": f"{decision.policy} {number}",
                "reasons": [line["told"] for line in lines if line["decisive"]] or [line["told"] for line in lines],
                "withheld": _WITHHELD if any(line["disclosure"] != "full" for line in lines) else None,
                "appeal_until": at + MAY_ASK_FOR,
            }  # fmt: skip
        url = f"/portal/transactions/orders/{order}/"
        found.append(Notice(f"decision/{decision.id}", code, values, at, decision.seller_key, url=url))
    return found

"""What buyer and seller wrote to each other about an order, in whichever case, and what the buyer asked of the shop:
the bank may read it too.

Only words that both sides read are shown: messages, and what somebody said with a step, such as an answer. Offers and
proposals are none: what somebody would have settled for says nothing about who is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.messages import Said
from safeconduct.kernel.cases.models import Step
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit
from safeconduct.protections.transactions.chargebacks.known import Fact, Known

#: About two pages. Of a longer conversation the end is shown, which is where it came to.
_MOST_CHARACTERS: Final = 8_000
#: Steps with words in the cases of a batch of orders.
_MOST: Final = 2_000

#: What is said through the shop, by codes: event → who says it.
_BY_CODE: Final = {
    "order.cancelled": Role.BUYER, "refund.requested": Role.BUYER, "return.requested": Role.BUYER,
    "review.posted": Role.BUYER, "refund.created": Role.SELLER,
}  # fmt: skip


def conversations(orders: Mapping[int, Known]) -> dict[int, Exhibit]:
    """Order → its conversation, for those that have one. Three queries. In a scope of the engine."""
    cases = dict(
        query(
            "SELECT h.case_id, c.order_key FROM claim c JOIN claim_channel h ON h.claim_id = c.id"
            " WHERE c.order_key = ANY(%b::bigint[]) AND h.case_id <> ''",
            [sorted(orders)],
        ).fetchall()
    )
    lines = {order: [(one.at, _told(one)) for one in known.all(*_BY_CODE)] for order, known in orders.items()}
    for case_id, one in messages.between(list(cases), (Role.BUYER, Role.SELLER)):
        lines[cases[case_id]].append((one.at, f"{one.role.value}: {_words(one)}"))
    with_steps = Step.objects.filter(case_id__in=list(cases), role__in=[Role.BUYER, Role.SELLER]).exclude(why="")
    for case_id, role, at, words in with_steps.order_by("at", "id").values_list("case_id", "role", "at", "why")[:_MOST]:
        lines[cases[case_id]].append((at, f"{role}: {words}"))
    return {
        order: Exhibit("conversation", _("Marketplace"), max(at for at, _line in said), text=_text(sorted(said)))
        for order, said in lines.items()
        if said
    }


def _words(one: Said) -> str:
    return one.text("en")


def _told(fact: Fact) -> str:
    """What was said through the shop, in its own codes."""
    stars = f"{fact.data['stars']}/5" if fact.data.get("stars") else ""
    parts = (fact.name, fact.text("reason"), stars, fact.amount())
    return f"{_BY_CODE[fact.name].value}: {' '.join(part for part in parts if part)}"


def _text(said: list[tuple[datetime, str]]) -> str:
    """The last lines, each with its time and who said it, alike in every language so that its hash is too."""
    kept: list[str] = []
    room = _MOST_CHARACTERS
    for at, words in reversed(said):
        line = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} {words}"
        if len(line) > room and kept:
            break
        room -= len(line)
        kept.append(line[:_MOST_CHARACTERS])
    return "\n".join(reversed(kept))

"""What buyer and seller wrote to each other about an order, in whichever case: the bank may read it too.

Only words that both sides read are shown. Offers and proposals are none: what somebody would have settled for says
nothing about who is right.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.messages import Said
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit

#: About two pages. Of a longer conversation the end is shown, which is where it came to.
_MOST_CHARACTERS: Final = 8_000


def conversations(orders: Collection[int]) -> dict[int, Exhibit]:
    """Order → its conversation, for those that have one. Two queries. In a scope of the engine."""
    cases = dict(
        query(
            "SELECT h.case_id, c.order_key FROM claim c JOIN claim_channel h ON h.claim_id = c.id"
            " WHERE c.order_key = ANY(%b::bigint[]) AND h.case_id <> ''",
            [sorted(orders)],
        ).fetchall()
    )
    said: dict[int, list[Said]] = {}
    for case_id, one in messages.between(list(cases), (Role.BUYER, Role.SELLER)):
        said.setdefault(cases[case_id], []).append(one)
    return {
        order: Exhibit("conversation", _("Marketplace"), found[-1].at, text=_text(found))
        for order, found in said.items()
    }


def _text(found: list[Said]) -> str:
    """The last lines, each with its time and who wrote it, alike in every language so that its hash is too."""
    kept: list[str] = []
    room = _MOST_CHARACTERS
    for one in reversed(found):
        words = one.words or one.by_language.get("en", "")
        line = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M} {one.role.value}: {words}"
        if len(line) > room and kept:
            break
        room -= len(line)
        kept.append(line[:_MOST_CHARACTERS])
    return "\n".join(reversed(kept))

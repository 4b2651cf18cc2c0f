"""The portal's own names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

Text = str | Promise

#: A member's role → its name, and what it is for.
MEMBER_ROLES: Final[Mapping[str, tuple[Text, Text]]] = {
    "owner": (lazy("owner"), lazy("may do everything, and manages people")),
    "finance": (lazy("finance"), lazy("money, payouts, statements")),
    "fulfilment": (lazy("fulfilment"), lazy("shipping and its deadlines")),
    "listing": (lazy("listings"), lazy("offers and brands")),
    "support": (lazy("support"), lazy("buyers and disputes")),
    "read_only": (lazy("reads only"), lazy("sees everything, changes nothing")),
}
#: Level of a protection's status → tone, its word in the list, and the shield's word for the shop.
LEVELS: Final[Mapping[str, tuple[str, Text, Text]]] = {
    "good": ("good", lazy("On"), lazy("Protected")),
    "attention": ("warn", lazy("Act"), lazy("Needs your attention")),
    "restricted": ("bad", lazy("Restricted"), lazy("Restricted")),
}


def role_name(role: str) -> str:
    """A member's role in the reader's language."""
    return str(MEMBER_ROLES[role][0])

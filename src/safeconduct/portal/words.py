"""The portal's own names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
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


#: What a mail was about, by the beginning of its notice's code → as much as a stranger may learn.
MAILS: Final[Mapping[str, Text]] = {
    "case": lazy("a case"),
    "chargeback": lazy("a chargeback"),
    "coverage": lazy("the protection of an order"),
    "decision": lazy("a decision about an order"),
    "limit": lazy("a limit"),
    "money": lazy("money that is held"),
    "payout": lazy("a payout"),
    "webhook": lazy("the marketplace's own systems"),
    "key": lazy("the marketplace's own systems"),
    "staff": lazy("access of the marketplace's staff"),
    "account": lazy("an account's security"),
    "security": lazy("an account's security"),
    "invitation": lazy("an invitation"),
    "ownership": lazy("a claim to a shop"),
    "payout_account": lazy("where payouts go"),
    "app": lazy("apps that read a shop's data"),
    "people": lazy("who acts for a shop"),
    "collection": lazy("several things: a day's collection"),
}


def mail_about(about: str) -> str:
    """What kind of matter a mail was about, in the reader's language."""
    found = MAILS.get(about.split(".")[0])
    return _("a notice") if found is None else str(found)

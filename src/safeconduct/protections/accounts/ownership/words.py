"""Claims to a shop, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

Text = str | Promise

#: What somebody has to do with the shop.
RELATIONS: Final[Mapping[str, Text]] = {
    "partner": lazy("I own it, or own it with others"),
    "agency": lazy("My agency set it up or runs it"),
    "employee": lazy("I worked for it"),
    "heir": lazy("I inherit from its owner"),
    "other": lazy("Something else"),
}
#: What was found → what it is called, and what follows once it is final.
FINDINGS: Final[Mapping[str, tuple[Text, Text]]] = {
    "claimant": (
        lazy("it is the claimant's"), lazy("An administrator makes the claimant its owner and ends other access."),
    ),
    "shop": (lazy("it is its present owners'"), lazy("Everything stays as it is.")),
    "both": (lazy("it is both's"), lazy("An administrator makes the claimant an owner beside the present ones.")),
    "not_shown": (lazy("nothing was shown"), lazy("Everything stays as it is; with papers, it can be claimed anew.")),
}  # fmt: skip
#: State → name, tone, what it means for the shop.
STATES: Final[Mapping[str, tuple[Text, str, Text]]] = {
    "waiting": (
        pgettext_lazy("claim", "Waits to be heard"), "info", lazy("A person of the marketplace looks at it first."),
    ),
    "open": (
        pgettext_lazy("claim", "Is heard"), "warn",
        lazy("Until it is decided nobody becomes or ceases to be an owner, and payouts go where they go now."),
    ),
    "decided": (
        pgettext_lazy("claim", "Decided"), "good",
        lazy("Either side can appeal until the day below; until then owners and payouts stay as they are."),
    ),
    "appealed": (
        pgettext_lazy("claim", "In appeal"), "warn", lazy("Another person decides. All stays as it is."),
    ),
    "closed": (pgettext_lazy("claim", "Decided for good"), "", lazy("An administrator carries it out.")),
}  # fmt: skip
#: Who said something.
SIDES: Final[Mapping[str, Text]] = {
    "claimant": lazy("the claimant"), "shop": lazy("the shop"), "staff": lazy("the marketplace"),
}  # fmt: skip
#: What helps to decide, asked of both sides alike.
PAPERS: Final[tuple[Text, ...]] = (
    lazy("the entry in the register of companies, or the partnership's contract"),
    lazy("the contract with the agency, and who paid for what"),
    lazy("tax numbers and since when they are yours"),
    lazy("who opened the bank account that is paid, and statements that show it"),
    lazy("the certificate of inheritance"),
)

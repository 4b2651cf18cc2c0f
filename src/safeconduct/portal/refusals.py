"""Refusals in the seller's language: what it was, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: Final[Mapping[str, tuple[str | Promise, str | Promise]]] = {
    "reason_missing": (_("Say why"), _("Write at least a sentence: the person who looks at it reads it first.")),
    "asked_already": (
        _("You have asked already"), _("Somebody is looking at it. You will find the answer among your notices."),
    ),
    "too_late_to_ask": (
        _("The time to ask has passed"), _("A second look can be asked for within six months of the decision."),
    ),
    "end_refused": (
        _("Access cannot end then"), _("An owner's access has no end, and everybody else's ends on a day to come."),
    ),
    "owners_frozen": (
        _("Two people claim this shop"), _("Until that is decided, nobody becomes or ceases to be its owner."),
    ),
    "last_owner": (_("A shop keeps one owner"), _("Make somebody else owner first.")),
    "not_found": (_("There is nothing here"), _("It may have been decided anew. Look among the latest decisions.")),
    "changed_meanwhile": (
        _("This has changed in the meantime"), _("Load the page again to see how it stands now."),
    ),
}  # fmt: skip
_OTHER: Final = (_("That was refused"), _("Go back, correct it and try again."))


def words_of(code: str) -> tuple[str, str]:
    """Title and way out for an error's code."""
    title, way_out = _WORDS.get(code, _OTHER)
    return str(title), str(way_out)

"""Refusals of the kernel in the reader's language: what it was, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: Final[Mapping[str, tuple[str | Promise, str | Promise]]] = {
    "policy_has_errors": (
        _("The policy has errors"), _("Open the draft: each error stands with its line and a suggestion."),
    ),
    "policy_name_differs": (
        _("The text names another policy"), _("A policy keeps its name. Correct the first line of the text."),
    ),
    "wrong_state": (
        _("That is not possible in this state"), _("Someone may have been faster. Load the page again to see how it stands."),
    ),
    "changed_meanwhile": (
        _("This has changed in the meantime"), _("Load the page again, see what was decided, and repeat your change if it still holds."),
    ),
    "taken_by_other": (
        _("A colleague is working on this"), _("Talk to them, or take it over on the page, and decide then."),
    ),
    "second_person_needed": (
        _("A second person is needed"), _("Whoever wrote a version cannot approve it. Ask a lead who did not."),
    ),
    "role_needed": (_("Your role does not include this"), _("An administrator can give it to you.")),
    "administrator_needed": (_("Your role does not include this"), _("An administrator can do it.")),
    "nothing_to_roll_back_to": (
        _("There is nothing to roll back to"), _("This policy has had no other live version. Publish one first."),
    ),
    "share_refused": (
        _("That is no share of the orders"), _("Give a whole number from 1 to 100. Nothing was published."),
    ),
    "nothing_to_challenge": (
        _("There is no live version beside it"),
        _("A challenger decides a share of orders, and the live version the others. Publish for all orders."),
    ),
    "reason_missing": (
        _("Say why"), _("Write a sentence: it becomes the statement of reasons, and your colleagues read it."),
    ),
    "break_glass_refused": (
        _("That cannot be done with a sealed code"), _("Look at the open requests, and ask anew where one is over."),
    ),
    "device_refused": (
        _("That cannot be done with this browser"), _("Load the list of browsers again, and see how it stands."),
    ),
    "look_refused": (_("You cannot look as this seller"), _("Write why, in a sentence: the shop reads it.")),
    "not_found": (_("There is nothing here"), _("It may have been ended by someone else. Search from the queue.")),
    "address_taken": (_("This address has an account already"), _("Change the role of that account instead.")),
    "not_oneself": (_("Nobody changes their own access"), _("Ask another administrator.")),
    "no_such_person": (_("There is nothing here"), _("Search among the people.")),
    "invitation_gone": (
        _("This invitation cannot be used"), _("It was used already, has expired or never existed. Ask for a new one."),
    ),
    "endpoint_refused": (_("That cannot be an endpoint"), _("Correct what is named below.")),
    "endpoint_off": (_("The endpoint is switched off"), _("Switch it on first. What waits for it is sent then.")),
    "no_such_endpoint": (_("There is nothing here"), _("Look among the webhooks.")),
    "no_such_delivery": (
        _("There is nothing here"), _("Deliveries are kept for 30 days. Look in the endpoint's log."),
    ),
    "file_unreadable": (_("The file could not be read"), _("Correct the line named below and send the file again.")),
}  # fmt: skip
_OTHER: Final = (_("That was refused"), _("Go back, correct it and try again."))


def words_of(code: str) -> tuple[str, str]:
    """Title and way out for an error's code."""
    title, way_out = _WORDS.get(code, _OTHER)
    return str(title), str(way_out)

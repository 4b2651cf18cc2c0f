"""Who looks, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Role of an actor → its name.
ROLES: Final[Mapping[str, str | Promise]] = {
    "analyst": _("Analyst"),
    "lead": _("Lead"),
    "administrator": _("Administrator"),
    "engine": _("Machine"),
    "operator": _("Operator"),
    "owner": _("Owner"),
    "finance": _("Finance"),
    "fulfilment": _("Fulfilment"),
    "listing": _("Listing"),
    "support": _("Support"),
    "read_only": _("Only reads"),
    "seller": _("Member of the shop"),
}


def role_said(role: str) -> str:
    """A role in words; one without words is named, never left out."""
    return str(ROLES.get(role, role.replace("_", " ")))

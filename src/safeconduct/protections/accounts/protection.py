"""The face of account security: who gets in, with what, and what a thief who does is kept from."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import Protection
from safeconduct.protections.accounts.risk import acting

PROTECTION = Protection(
    "accounts", _("Account security"), "key", event_types=frozenset({"access.requested"}), act=acting.act
)

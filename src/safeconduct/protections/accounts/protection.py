"""The face of account security: who gets in, with what, and what a thief who does is kept from."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel import shared_cache
from safeconduct.kernel.parties import security_events, sessions
from safeconduct.kernel.protection import Periodic, Protection
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.accounts.risk import acting, shipped_policies
from safeconduct.protections.accounts.risk.new_keys import judge_key


def portal_menu() -> tuple[MenuEntry, ...]:
    """The seller's page about security."""
    return (MenuEntry(_("Security"), reverse("portal:accounts:security"), "lock"),)


def console_menu() -> tuple[MenuEntry, ...]:
    """Where sellers are paid, and accounts whose people said *this was not me*."""
    return (
        MenuEntry(_("Payout accounts"), reverse("console:accounts:payout"), "coins", go="a"),
        MenuEntry(_("Account cases"), reverse("console:accounts:account_cases"), "lock"),
    )


def forget_origins(now: datetime) -> None:
    """Takes out where requests came from, once it is past its time; each batch is a transaction of its own."""
    done = 1
    while done:
        with engine_scope():
            done = security_events.forget_origins(now) + sessions.forget(now)


def forget_counts(_now: datetime) -> None:
    """Takes out counts whose time is over; nobody reads them any more."""
    while shared_cache.forget_what_is_over():
        pass


PROTECTION = Protection(
    "accounts",
    _("Account security"),
    "lock",
    event_types=frozenset({"access.requested"}),
    act=acting.act,
    portal_menu=portal_menu,
    portal_urls="safeconduct.protections.accounts.portal_urls",
    console_menu=console_menu,
    console_urls="safeconduct.protections.accounts.console_urls",
    judge_key=judge_key,
    public_urls="safeconduct.protections.accounts.public_urls",
    jobs=(
        Periodic("where sign-ins came from", 3600, forget_origins),
        Periodic("counts at sign-in that are over", 600, forget_counts),
    ),
    policies=shipped_policies,
)

"""The face of account security: who gets in, with what, and what a thief who does is kept from."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel import shared_cache
from safeconduct.kernel.parties import ownership, recovery_codes, sessions
from safeconduct.kernel.protection import Periodic, Protection
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.menu import ACCOUNT, MONEY, SELLERS
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.accounts.ownership import papers
from safeconduct.protections.accounts.risk import acting, shipped_policies
from safeconduct.protections.accounts.risk.new_keys import judge_key
from safeconduct.protections.accounts.risk.new_members import judge_member

#: Who forgets, as receipts name it.
_DRAFTS: Final = Actor("unconfirmed-claims", "engine")


def portal_menu() -> tuple[MenuEntry, ...]:
    """The seller's page about security."""
    return (MenuEntry(_("Security"), reverse("portal:accounts:security"), "lock", group=ACCOUNT),)


def console_menu() -> tuple[MenuEntry, ...]:
    """Where sellers are paid, and accounts whose people said *this was not me*."""
    return (
        MenuEntry(_("Payout accounts"), reverse("console:accounts:payout"), "coins", go="a", group=MONEY),
        MenuEntry(_("Account cases"), reverse("console:accounts:account_cases"), "lock", group=SELLERS),
        MenuEntry(_("Claims to shops"), reverse("console:accounts:ownership"), "shop", group=SELLERS),
    )


def forget_sessions(now: datetime) -> None:
    """Deletes old sessions with where they began; each batch is a transaction of its own. Where security events came
    from is taken out by the schedule of retention, with proof."""
    done = 1
    while done:
        with engine_scope():
            done = sessions.forget(now)


def forget_counts(_now: datetime) -> None:
    """Takes out counts whose time is over; nobody reads them any more."""
    while shared_cache.forget_what_is_over():
        pass


def forget_claims(now: datetime) -> None:
    """Deletes forms of claims to shops whose mailbox nobody confirmed, and destroys the keys that sealed them."""
    ids = [""]
    while ids:
        with engine_scope():
            ids = ownership.forget_drafts(now)
            if ids:
                receipts.erase(list(map(ownership.subject_of, ids)), [ownership.WORDS.purpose], _DRAFTS, at=now)


def hash_recovery_codes(_now: datetime) -> None:
    """Recovery codes of an earlier version become hashes; after that there is nothing to do."""
    recovery_codes.hash_earlier()


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
    judge_member=judge_member,
    public_urls="safeconduct.protections.accounts.public_urls",
    jobs=(
        Periodic("claims that nobody confirmed", 3600, forget_claims),
        Periodic("old sign-in sessions", 3600, forget_sessions),
        Periodic("counts at sign-in that are over", 600, forget_counts),
        Periodic("recovery codes of an earlier version", 600, hash_recovery_codes, apart=True),
    ),
    policies=shipped_policies,
    file=papers.opened,
)

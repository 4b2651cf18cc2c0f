"""The face of data security: who reads what about whom, why, and what happens when it leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.protection import Periodic, Protection
from safeconduct.kernel.readings import defence, embargoes
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.menu import ACCOUNT, DATA
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.data_security import desk
from safeconduct.protections.data_security.leases import touches
from safeconduct.protections.data_security.readings import judging as mass_reading
from safeconduct.protections.data_security.transfers.asking import may_send


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    """Hears whether a canary comes in. A person who decides anew brings in nothing that was not heard before."""
    if not any(decision.kind == DecisionKind.OVERRIDE for decision in made):
        touches.hear(rows, at)


def portal_menu() -> tuple[MenuEntry, ...]:
    """The seller's pages: who looked, files with contacts, one's own data."""
    return (
        MenuEntry(_("Who looked"), reverse("portal:data_security:readings"), "eye", group=ACCOUNT),
        MenuEntry(_("Contact files"), reverse("portal:data_security:exports"), "download", group=ACCOUNT),
        *desk.portal_menu(),
    )


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's access log, and their desk for personal data."""
    return (
        MenuEntry(_("Access log"), reverse("console:data_security:access_log"), "eye", group=DATA),
        *desk.console_menu(),
    )


def recipient_url(order_key: int) -> str:
    """The portal's page on which an order's recipient can be shown."""
    return reverse("portal:data_security:recipient", args=[order_key])


def lift_embargoes(now: datetime) -> None:
    """Shows sellers what an investigation hid from them; each batch is a transaction of its own."""
    done = 1
    while done:
        with engine_scope():
            done = embargoes.lift(now)


def keep_defence(now: datetime) -> None:
    """Keeps what answers banks of orders that have come in; the schedule of retention deletes it."""
    done = 1
    while done:
        with engine_scope():
            done = defence.keep_new(now)


PROTECTION = Protection(
    "data_security",
    _("Data security"),
    "eye",
    event_types=touches.EVENTS,
    act=act,
    sweep=touches.judge,
    portal_menu=portal_menu,
    portal_urls="safeconduct.protections.data_security.portal_urls",
    console_menu=console_menu,
    console_urls="safeconduct.protections.data_security.console_urls",
    recipient_url=recipient_url,
    jobs=(
        Periodic("embargoes that have ended", 60.0, lift_embargoes),
        Periodic("payment-defence data", 60.0, keep_defence),
        Periodic("who of the staff reads much", 60.0, mass_reading.judge),
        *desk.JOBS,
    ),
    public_urls="safeconduct.protections.data_security.hosted_urls",
    may_send=may_send,
)

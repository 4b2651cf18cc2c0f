"""The face of transaction protection: what it does, its policies, and the lists they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.protection import Periodic, Protection
from safeconduct.kernel.ui.menu import MONEY, ORDERS, RULES
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.presets.numbers import preset
from safeconduct.protections.transactions import actions, console_order, deciding, portal_home, versions
from safeconduct.protections.transactions.chargebacks import answers, early, hearing, sending, telling
from safeconduct.protections.transactions.gathering import EVENTS, attribute_and_lock
from safeconduct.protections.transactions.money import acting, due

ShippedList = tuple[str, str, str, str, tuple[str, ...]]
"""Name, kind (allow, deny, custom), entity (or "text"), purpose, first members."""


@lru_cache(maxsize=1)
def shipped_policies() -> tuple[str, ...]:
    """The texts of the policies that are put in force where there are none."""
    folder = files(__package__) / "policies"
    names = sorted(p.name for p in folder.iterdir() if p.name.endswith(".yaml") and ".tests." not in p.name)
    return tuple((folder / name).read_text(encoding="utf-8") for name in names)


def shipped_lists() -> tuple[ShippedList, ...]:
    """The lists that the shipped policies ask for. All but one begin empty: they are the operator's to fill."""
    return (
        ("trusted-buyers", "allow", "buyer", noop("Buyers whom a person has checked; lifts rules marked listable"), ()),
        ("denied-cards", "deny", "card", noop("Cards that must not pay here"), ()),
        ("denied-devices", "deny", "device", noop("Devices that must not order here"), ()),
        ("denied-addresses", "deny", "address", noop("Addresses to which nothing is sent"), ()),
        ("denied-emails", "deny", "email", noop("E-mail addresses that must not order here"), ()),
        (
            "shared-addresses", "custom", "address",
            noop("Dormitories, offices, pick-up points: many buyers are normal"), (),
        ),
        (
            "disposable-email-domains", "custom", "text", noop("Domains that give out addresses for minutes"),
            (
                "mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com", "trashmail.com",
                "temp-mail.org",
            ),
        ),
    )  # fmt: skip


def example_draft(live: str) -> str:
    """The live text with one threshold changed: something to try a backtest on."""
    for before, after in ((">= 3", ">= 2"), (">= 4", ">= 3"), (">= 5", ">= 4")):
        if before in live:
            return live.replace(before, after, 1)
    return live


def install(now: datetime) -> None:
    """Puts the coverage template of the preset in force where there is none. In a scope of staff or engine."""
    versions.install(now, preset(settings.PRESET).on(now.date()).coverage)


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    """Certificates first, then money, which pays what they say, then banks' warnings and disputes, then what people
    are told."""
    events = attribute_and_lock(rows)
    orders = {order for _, about in events for order in about}
    if orders:
        actions.act(events, made, at)
        acting.settle(orders, at)
    early.hear(rows, at)
    early.carry_over(hearing.hear(rows, at), at)
    deciding.tell(rows, made, at)


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's pages about coverage and chargebacks."""
    return (
        MenuEntry(_("Coverage"), reverse("console:transactions:templates"), "shield", go="c", group=RULES),
        MenuEntry(_("Costs"), reverse("console:transactions:costs"), "chart", go="o", group=MONEY),
        MenuEntry(_("Chargebacks"), reverse("console:transactions:chargebacks"), "shield", go="b", group=ORDERS),
    )


PROTECTION = Protection(
    "transactions",
    _("Transaction protection"),
    "shield",
    event_types=frozenset((*EVENTS, "fraud.warned")),
    act=act,
    sweep=actions.sweep,
    jobs=(
        Periodic("money that is due", 5.0, due.release),
        Periodic("payout accounts that have aged", 60.0, due.ripen_accounts),
        Periodic("payouts", 300.0, due.run_payouts),
        Periodic("orders that a bank warned of", 5.0, early.hold_due),
        Periodic("answers to banks that are due", 60.0, answers.auto_submit_due),
        Periodic("reminders of banks' last moments", 60.0, telling.remind),
        Periodic("answers to banks", 5.0, sending.send_due, apart=True),
    ),
    status=portal_home.status,
    portal_menu=portal_home.menu,
    portal_urls="safeconduct.protections.transactions.portal_urls",
    order_url=portal_home.order_url,
    about_order=console_order.notes_of,
    console_menu=console_menu,
    console_urls="safeconduct.protections.transactions.console_urls",
    api="safeconduct.protections.transactions.api",
)

"""What transaction protection brings along: its policies, and the lists they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import OrderNote, Protection
from safeconduct.kernel.ui.parts import MenuEntry

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
        ("trusted-buyers", "allow", "buyer", "Buyers whom a person has checked; lifts rules marked listable", ()),
        ("denied-cards", "deny", "card", "Cards that must not pay here", ()),
        ("denied-devices", "deny", "device", "Devices that must not order here", ()),
        ("denied-addresses", "deny", "address", "Addresses to which nothing is sent", ()),
        ("denied-emails", "deny", "email", "E-mail addresses that must not order here", ()),
        ("shared-addresses", "custom", "address", "Dormitories, offices, pick-up points: many buyers are normal", ()),
        (
            "disposable-email-domains", "custom", "text", "Domains that give out addresses for minutes",
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


def about_order(order_key: int) -> Sequence[OrderNote]:
    """How an order is covered, and how long its card authorisation lasts."""
    from safeconduct.protections.transactions.console_order import notes_of

    return notes_of(order_key)


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's pages about coverage."""
    return (
        MenuEntry(_("Coverage"), reverse("console:transactions:templates"), "shield", go="c"),
        MenuEntry(_("Costs"), reverse("console:transactions:costs"), "chart", go="o"),
    )


PROTECTION = Protection(
    "transactions", _("Transaction protection"), "shield",
    about_order=about_order, console_menu=console_menu,
    console_urls="safeconduct.protections.transactions.console_urls",
)  # fmt: skip

"""What stands around every page of the portal. The protections bring menu entries of their own."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.kernel.notices.queries import unread_count
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.protection import protections
from safeconduct.kernel.ui.parts import Account, MenuEntry, Shell


def shell_of(user: User, seller: Seller, current: str) -> Shell:
    """The shell for a member, with the entry of `current` marked: a section of the portal, or a protection's name."""
    menu = [_entry("home", _("Home"), "portal:home", "home", current, go="h")]
    for protection in protections():
        if protection.portal_menu is not None:
            menu += [replace(entry, current=current == protection.name) for entry in protection.portal_menu()]
    menu += [
        _entry("money", _("Money"), "portal:money", "coins", current, go="m"),
        _entry("decisions", _("Decisions"), "portal:decisions", "list", current, go="d"),
        _entry("notices", _("Notices"), "portal:notices", "bell", current, go="n", count=unread_count(user.id)),
        _entry("settings", _("Settings"), "portal:settings", "gear", current, go="s"),
    ]
    account = Account(str(user), str(seller), reverse("account_logout"), _links(user))
    return Shell(menu, reverse("portal:home"), name=str(seller), account=account)


def _entry(
    key: str, label: str, url_name: str, icon: str, current: str, *, go: str, count: int | None = None
) -> MenuEntry:
    return MenuEntry(label, reverse(url_name), icon, count, current=key == current, go=go)


def _links(user: User) -> tuple[tuple[str, str, str], ...]:
    links = [
        (_("Second step"), reverse("mfa_index"), "key"),
        (_("Password"), reverse("account_change_password"), "lock"),
    ]
    if user.is_staff:
        links.append((_("Console"), reverse("console:queue"), "list"))
    return tuple(links)

"""What stands around every page of the portal. The protections bring menu entries of their own."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.kernel.member_pages import MemberRequest
from safeconduct.kernel.notices.queries import unread_count
from safeconduct.kernel.parties.models import StaffLook, User
from safeconduct.kernel.protection import protections
from safeconduct.kernel.ui.menu import ACCOUNT
from safeconduct.kernel.ui.parts import Account, Looking, MenuEntry, Shell


def shell_of(request: MemberRequest, look: StaffLook | None = None) -> Shell:
    """The shell for a member, or a member of staff who looks as one, with the entry marked that leads to this page or
    to what it belongs to."""
    user, seller = request.user, request.seller
    menu = [MenuEntry(_("Home"), reverse("portal:home"), "home", go="h")]
    for protection in protections():
        if protection.portal_menu is not None:
            menu += protection.portal_menu()
    menu += [
        MenuEntry(_("Money"), reverse("portal:money"), "coins", go="m"),
        MenuEntry(_("Decisions"), reverse("portal:decisions"), "scale", go="d"),
        MenuEntry(_("Notices"), reverse("portal:notices"), "bell", unread_count(user.id), go="n"),
        MenuEntry(_("People"), reverse("portal:people"), "people", go="p", group=ACCOUNT),
        MenuEntry(_("Settings"), reverse("portal:settings"), "gear", go="s", group=ACCOUNT),
    ]
    here = max(menu, key=lambda entry: entry.leads_to(request.path))
    menu = [replace(entry, current=entry is here) for entry in menu]
    account = Account(str(user), str(seller), reverse("account_logout"), _links(user))
    banner = None if look is None else Looking(str(seller), look.ends_at, reverse("console:look_end"))
    return Shell(menu, reverse("portal:home"), account=account, looking=banner)


def _links(user: User) -> tuple[tuple[str, str, str], ...]:
    links = [
        (_("Second step"), reverse("mfa_index"), "key"),
        (_("Password"), reverse("account_change_password"), "lock"),
    ]
    if user.is_staff:
        links.append((_("Console"), reverse("console:queue"), "list"))
    return tuple(links)
